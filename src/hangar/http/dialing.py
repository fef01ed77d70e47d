"""Making connections: names, addresses, proxies, TLS."""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from urllib3.connection import HTTPConnection, HTTPSConnection, ProxyConfig
from urllib3.util import make_headers
from urllib3.util.url import Url

from hangar import deadline
from hangar.errors import TlsError
from hangar.http.connection import Connection
from hangar.http.origin import Origin

CONNECT_TIMEOUT = 30.0
"""Seconds for all addresses of a host together."""

HANDSHAKE_TIMEOUT = 10.0
"""Seconds without a byte, for a proxy's answer and for TLS."""

_LOCAL_TIMEOUT = 600.0
"""Seconds; a daemon of this machine may have much to do before it answers."""


@dataclass(frozen=True, slots=True)
class Proxy:
    """Who to ask to connect for us.

    Attributes:
        origin: where it is, and whether it speaks TLS.
        credentials: ``user:password``, or "".
    """

    origin: Origin
    credentials: str = field(default="", repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """What it wants to see in a request."""
        if not self.credentials:
            return {}
        return make_headers(proxy_basic_auth=self.credentials)


def dial(
    origin: Origin,
    context: ssl.SSLContext,
    proxy: Proxy | None,
    proxy_context: ssl.SSLContext | None = None,
) -> Connection:
    """Connect to ``origin``, or to the proxy that forwards requests to it.

    Args:
        origin: whom to talk to.
        context: how it has to prove who it is.
        proxy: who is asked to connect to it, if anybody.
        proxy_context: how the proxy has to prove who it is, which is another host.

    Raises:
        OSError, urllib3.exceptions.HTTPError: there is no connection to be had.
        TlsError: the proxy cannot be trusted.
    """
    host = _on_the_wire(origin.host)
    peer = origin if proxy is None else proxy.origin
    connection: _Plain | _Secure
    if "https" not in (origin.scheme, peer.scheme):
        connection = _Plain(peer.host, peer.port)
    elif proxy is None:
        connection = _Secure(peer.host, peer.port, ssl_context=context)
    elif origin.scheme == "http":  # whole requests are sent to it
        connection = _Secure(peer.host, peer.port, ssl_context=proxy_context)
    else:
        connection = _Secure(
            peer.host,
            peer.port,
            ssl_context=context,
            proxy=Url(peer.scheme, host=peer.host, port=peer.port),
            proxy_config=ProxyConfig(
                ssl_context=proxy_context,
                use_forwarding_for_https=False,
                assert_hostname=None,
                assert_fingerprint=None,
            ),
        )
        connection.set_tunnel(host, origin.port, proxy.headers, scheme=peer.scheme)
    try:
        connection.connect()
    except ssl.SSLError as error:
        is_proxys = peer.scheme == "https" and not connection.proxy_is_verified
        connection.close()
        if proxy is None or not is_proxys:
            raise
        raise _untrusted(peer, error) from error
    except BaseException:
        connection.close()
        raise
    return Connection(connection.sock)


def _on_the_wire(host: str) -> str:
    """A host's name as resolvers and proxies take it; it may come from a redirect."""
    with contextlib.suppress(UnicodeError):
        name = host.encode("idna").decode()
        if name.isprintable() and " " not in name:
            return name
    message = f"no name of a host: {host!r:.80}"
    raise OSError(message)


def _untrusted(proxy: Origin, error: ssl.SSLError) -> TlsError:
    reason = getattr(error, "verify_message", "") or error.reason or str(error)
    message = f"proxy {proxy}: certificate or TLS refused: {reason}"
    hint = "the system's authorities have to know it; SSL_CERT_FILE may name others"
    return TlsError(message, hint=hint)


def dial_local(path: Path) -> Connection:
    """Connect to a Unix socket, at which somebody on this machine listens.

    Raises:
        OSError, urllib3.exceptions.HTTPError: there is no connection to be had.
    """
    connection = _Local(path)
    try:
        connection.connect()
    except BaseException:
        connection.close()
        raise
    return Connection(connection.sock, answer_timeout=_LOCAL_TIMEOUT)


class _Dialing(HTTPConnection):
    """Connects within the deadline, and can be woken."""

    def connect(self) -> None:
        with contextlib.ExitStack() as self._until_connected:
            super().connect()

    def _new_conn(self) -> socket.socket:
        end = time.monotonic() + CONNECT_TIMEOUT
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in socket.getaddrinfo(
            self._dns_host, self.port, type=socket.SOCK_STREAM
        ):
            sock = socket.socket(family, kind, protocol)
            try:
                self._connect(sock, address, max(end - time.monotonic(), 0.01))
            except OSError as error:
                sock.close()
                failure = error
            except BaseException:
                sock.close()
                raise
            else:
                return sock
        raise failure

    def _connect(
        self, sock: socket.socket, address: tuple[Any, ...] | str, timeout: float
    ) -> None:
        limit = deadline.current()
        handle = sock.dup()  # TLS will take the socket itself away
        self._until_connected.enter_context(handle)
        wake = functools.partial(_shut_down, handle)
        self._until_connected.enter_context(limit.stop.waking(wake))
        sock.settimeout(limit.remaining(timeout))
        sock.connect(address)
        if sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.settimeout(limit.remaining(HANDSHAKE_TIMEOUT))


class _Plain(_Dialing):
    pass


class _Secure(_Dialing, HTTPSConnection):
    pass


class _Local(_Dialing):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost")
        self._path = path

    def _new_conn(self) -> socket.socket:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect(sock, str(self._path), CONNECT_TIMEOUT)
        except BaseException:
            sock.close()
            raise
        return sock


def _shut_down(sock: socket.socket) -> None:
    with contextlib.suppress(OSError):  # not connected
        sock.shutdown(socket.SHUT_RDWR)
