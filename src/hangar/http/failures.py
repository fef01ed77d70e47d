"""What went wrong on the network, in Hangar's own errors."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from http.client import HTTPException

from urllib3.exceptions import HTTPError

from hangar import deadline
from hangar.errors import TlsError, TransferError
from hangar.http.origin import Origin

_NOT_TLS = frozenset(
    {"WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "RECORD_LAYER_FAILURE"}
)
"""What OpenSSL makes of an answer in plain text."""


@contextlib.contextmanager
def translated(origin: Origin) -> Iterator[None]:
    """Turn failures of a connection to ``origin`` into Hangar's errors.

    Raises:
        Interrupted, TimedOut: that is why the connection was cut or gave up.
        TlsError: certificates, or no TLS at all.
        TransferError: anything else.
    """
    try:
        yield
    except (OSError, HTTPError, HTTPException) as error:
        deadline.current().check()
        raise _translate(error, origin) from error


def _translate(error: Exception, origin: Origin) -> TransferError:
    where, kind = origin.authority, TransferError
    match error:
        case ssl.SSLCertVerificationError():
            kind = TlsError
            text = f"certificate verification failed: {error.verify_message}"
            hint = (
                f"put the CA's certificate into certs.d/{where}/ca.crt,"
                " or use --tls-verify=false"
            )
        case ssl.SSLError() if error.reason in _NOT_TLS:
            kind = TlsError
            text = "server gave HTTP response to HTTPS client"
            hint = (
                "allow plain HTTP with --tls-verify=false,"
                " or insecure = true in registries.conf"
            )
        case ssl.SSLError():
            text = f"TLS failed: {(error.reason or str(error)).replace('_', ' ')}"
            hint = "does the registry ask for a client certificate (certs.d)?"
        case socket.gaierror():
            text = f"no address found for this host name: {error.strerror}"
            hint = "check the name and the DNS settings"
        case TimeoutError():
            text, hint = "no answer in time", "is a proxy needed (HTTPS_PROXY)?"
        case ConnectionRefusedError():
            text, hint = "connection refused", "is it running, and on this port?"
        case HTTPException() if not isinstance(error, ConnectionError):
            text, hint = "the proxy's answer is not HTTP", "see HTTPS_PROXY"
        case ConnectionError():
            text, hint = f"connection broke: {_text(error)}", ""
        case _:
            text = f"cannot connect: {_text(error)}"
            hint = (
                "proxies are set by HTTPS_PROXY and HTTP_PROXY, exceptions by NO_PROXY"
            )
    return kind(f"{where}: {text}", hint=hint)


def _text(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
