"""Whom to trust when connecting, as a value, and the TLS context made of it."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from hangar.errors import InvalidConfiguration


@dataclass(frozen=True, slots=True)
class Tls:
    """How a host proves who it is, and we who we are.

    Attributes:
        verify: whether a certificate that cannot be verified ends the connection.
        authorities: files of CA certificates that count beside the system's.
        pairs: files of our certificates and their keys, for who asks for them.
    """

    verify: bool = True
    authorities: tuple[Path, ...] = ()
    pairs: tuple[tuple[Path, Path], ...] = ()

    def context(self) -> ssl.SSLContext:
        """Make a context for client connections.

        Raises:
            InvalidConfiguration: a file cannot be read or used.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            context.load_default_certs()
        for path in self.authorities:
            with _using(path):
                context.load_verify_locations(path)
        for certificate, key in self.pairs:
            with _using(certificate):
                context.load_cert_chain(certificate, key, password="")
        return context


Trust = Callable[[str], Tls]
"""Tells by ``host`` or ``host:port`` how it is trusted."""


@contextlib.contextmanager
def _using(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:  # ssl.SSLError is one
        message = f"{path}: cannot be used as a certificate: {error.strerror or error}"
        raise InvalidConfiguration(
            message, hint="expected PEM; keys must not be encrypted"
        ) from error
