"""A server that says, byte for byte, what a test has written for it.

    with Scripted(reply(200, b"hello"), CLOSE) as server:
        ...

Each request is answered by the next entry; when none is left, connections are closed.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

from hangar.closing import Closing
from tests.support.registries import Certificates

Script = bytes | Callable[[socket.socket], None]


def reply(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Write an answer; ``_`` in a header's name is ``-``."""
    fields = {"Content-Length": str(len(body))}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    lines = [f"HTTP/1.1 {status} Whatever"]
    lines += [f"{name}: {value}" for name, value in fields.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def refuse_early(status: int) -> Script:
    """Answer before the body was read, and read no further."""

    def play(connection: socket.socket) -> None:
        connection.sendall(reply(status, b"too much", Connection="close"))

    return play


def fall_silent(connection: socket.socket) -> None:
    """Say nothing until the client hangs up."""
    with contextlib.suppress(OSError):
        while connection.recv(1 << 16):
            pass


def silent_in_body(connection: socket.socket) -> None:
    """Begin an answer, and say no more until the client hangs up."""
    connection.sendall(reply(200, b"begun", Content_Length="1000000"))
    fall_silent(connection)


CLOSE = b""
"""Close the connection without an answer."""


def server_context(certificates: Certificates, *, ask: bool) -> ssl.SSLContext:
    """Make what a server needs for TLS; it may ask for certificates, too."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.certificate, certificates.key)
    context.load_verify_locations(certificates.authority)
    context.verify_mode = ssl.CERT_REQUIRED if ask else ssl.CERT_NONE
    return context


INTERIM = b"HTTP/1.1 102 Processing\r\n\r\n"
"""Sent before the request's body is read, if an answer begins with it."""


TLS_HELLO = b"\x16\x03"
"""How somebody begins who believes that we speak TLS."""


@dataclass
class Heard:
    """A request as it came; header names in lower case."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Scripted(Closing):
    """Plays a script for the time of a block.

    Attributes:
        address: where it listens, ``host:port``.
        url: the same with its scheme.
        heard: the requests, in order of arrival.
        connections: how many were made.
        drop_tls: whether to hang up on who speaks TLS, rather than to complain.
    """

    def __init__(
        self,
        *script: Script,
        certificates: Certificates | None = None,
        asks_for_certificates: bool = False,
    ) -> None:
        self.heard: list[Heard] = []
        self.connections = 0
        self.drop_tls = False
        self._script = list(script)
        self._context = None
        if certificates:
            self._context = server_context(certificates, ask=asks_for_certificates)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{'https' if certificates else 'http'}://{self.address}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def close(self) -> None:
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def then(self, *script: Script) -> None:
        """Go on with these entries: they may need to know the address."""
        self._script.extend(script)

    def _listen(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                self.connections += 1
                threading.Thread(
                    target=self._serve, args=(connection,), daemon=True
                ).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
            stack.enter_context(connection)
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
                stack.enter_context(connection)
            while self._answer(connection):
                pass

    def _answer(self, connection: socket.socket) -> bool:
        """Play the next entry; return whether the connection stays open."""
        reader = connection.makefile("rb")
        begin = reader.readline()
        if begin.startswith(TLS_HELLO) and not self.drop_tls:
            connection.sendall(reply(400))
        request = begin.decode("latin-1").split()
        if len(request) != len(("GET", "/", "HTTP/1.1")):
            return False
        headers = {}
        while line := reader.readline().decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        heard = Heard(request[0], request[1], headers)
        self.heard.append(heard)
        entry = self._script.pop(0) if self._script else CLOSE
        if callable(entry):
            entry(connection)
            return False
        if entry.startswith(INTERIM):
            connection.sendall(INTERIM)
            entry = entry.removeprefix(INTERIM)
        heard.body = reader.read(int(headers.get("content-length", 0)))
        connection.sendall(entry)
        return bool(entry) and b"\r\nconnection: close" not in entry.lower()
