"""A small HTTP/1.1 server: a thread for each connection, TLS if wanted."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import selectors
import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Self

from hangar.closing import Closing
from hangar.errors import InvalidConfiguration, InvalidInput
from hangar.serving.connection import Connection
from hangar.serving.messages import Handler
from hangar.serving.wire import PATIENCE

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 400
"""At once; with the files that they read and write, less than 1024 descriptors."""

GRACE = 5.0
"""Seconds that answers under way get when the server is closed."""

_BACKLOG = 1024
_ADDRESS = re.compile(r"(?:\[([0-9a-fA-F:]+)\]|([^\[\]:]*)):([0-9]{1,5})", re.ASCII)


class Server(Closing):
    """Lets a handler answer requests at a TCP address, for the time of a block.

    Attributes:
        address: where it listens, ``host:port``.
    """

    def __init__(
        self,
        handler: Handler,
        address: str = "127.0.0.1:0",
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """Listen at ``address``, ``host:port``; port 0 is one that is free.

        Raises:
            InvalidInput: not of that form.
            InvalidConfiguration: one cannot listen there.
        """
        self._handler = handler
        self._tls = tls
        self._listener = _listener(address)
        host, port = self._listener.getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        self._waker, self._woken = socket.socketpair()
        self._slots = threading.Semaphore(MAX_CONNECTIONS)
        self._lock = threading.Lock()
        self._open: dict[socket.socket, threading.Thread] = {}
        self._accepting = threading.Thread(target=self._accept, name="accept")

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def close(self) -> None:
        """Accept nothing more; give what is being answered a moment."""
        self._waker.close()
        self._slots.release()  # the accepting thread may be waiting for one
        self._accepting.join()
        self._hang_up(socket.SHUT_RD)  # no more requests; answers still go out
        self._hang_up(socket.SHUT_RDWR)

    def _hang_up(self, how: int) -> None:
        with self._lock:
            connections = dict(self._open)
        for sock in connections:
            with contextlib.suppress(OSError):
                # not SSLSocket's own, after which it would go on in plain text
                socket.socket.shutdown(sock, how)
        end = time.monotonic() + GRACE
        for thread in connections.values():
            thread.join(max(0, end - time.monotonic()))

    def _accept(self) -> None:
        with self._listener, self._woken, selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while self._woken not in [key.fileobj for key, _ in selector.select()]:
                self._slots.acquire()
                try:
                    self._start(self._listener.accept()[0])
                except OSError as error:
                    self._slots.release()
                    logger.debug("cannot accept a connection: %s", error)
                    time.sleep(0.01)  # out of descriptors, it would fail at once again

    def _start(self, sock: socket.socket) -> None:
        sock.settimeout(PATIENCE)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._tls:
            sock = self._tls.wrap_socket(
                sock, server_side=True, do_handshake_on_connect=False
            )
        thread = threading.Thread(target=self._serve, args=(sock,), daemon=True)
        with self._lock:
            self._open[sock] = thread
        try:
            thread.start()
        except RuntimeError as error:  # there can be no more of them
            with self._lock:
                del self._open[sock]
            sock.close()
            raise OSError(str(error)) from error

    def _serve(self, sock: socket.socket) -> None:
        try:
            if isinstance(sock, ssl.SSLSocket):
                sock.do_handshake()
            Connection(sock, self._handler).serve()
        except OSError as error:
            logger.debug("no TLS with this client: %s", error)
        finally:
            with self._lock:
                del self._open[sock]
            sock.close()
            self._slots.release()


def tls_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """Read a server's certificate chain and unencrypted private key, both PEM.

    Raises:
        InvalidConfiguration: they cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except OSError as error:
        reason = error if isinstance(error, ssl.SSLError) else error.strerror
        message = f"cannot use {certificate} with {key}: {reason}"
        hint = "expected a PEM certificate and its private key, not encrypted"
        raise InvalidConfiguration(message, hint=hint) from error
    return context


def _no_password() -> str:
    """Keep OpenSSL from asking on the terminal."""
    return ""


def _listener(address: str) -> socket.socket:
    match = _ADDRESS.fullmatch(address)
    if match is None or int(match[3]) > 0xFFFF:
        message = f"not an address to listen at: {address!r:.120}"
        raise InvalidInput(message, hint="expected HOST:PORT, as in 127.0.0.1:5000")
    family = socket.AF_INET6 if match[1] else socket.AF_INET
    where = (match[1] or match[2] or "", int(match[3]))
    try:
        listener = socket.create_server(where, family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else error  # plain words
        message = f"cannot listen at {address}: {reason}"
        raise InvalidConfiguration(message) from error
    listener.settimeout(0)
    return listener
