"""HTTP/1.1 from a socket: the head of a request, and its body piece by piece."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Generator

from hangar.serving.messages import Disconnected, Refusal

PATIENCE = 60.0
"""Seconds that a client may be silent, and that the head of a request may take."""

MAX_HEAD = 32 << 10
"""Bytes; more than a request's line and headers together ever need."""

BUFFER = 1 << 20
"""Bytes that are read or written at once."""

_LINE = re.compile(r"([A-Z]+) (/[!-~]*) HTTP/1\.([01])", re.ASCII)
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*", re.ASCII)
_MAX_CHUNK_LINE = 256

_TLS = b"\x16"
"""How a TLS handshake begins; whoever sends one waits for an answer (RFC 8446)."""


class Reader:
    """Takes from a socket what a client sends.

    Whatever goes wrong with the connection raises `Disconnected`.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._held = bytearray()

    def head(self) -> list[str]:
        """Take the lines of a request's head.

        Raises:
            Refusal: it is too long.
        """
        end = time.monotonic() + PATIENCE
        while (found := self._held.find(b"\r\n\r\n")) < 0:
            if len(self._held) > MAX_HEAD:
                raise Refusal(431, "UNSUPPORTED", "the headers are too long")
            self._fill()
            if self._held[:1] == _TLS:
                raise Refusal(400, "UNSUPPORTED", "this is HTTP, not HTTPS")
            if time.monotonic() > end:
                message = "the head of a request takes too long"
                raise Disconnected(message)
        head = self._held[:found].decode("latin-1")
        del self._held[: found + 4]
        return head.lstrip("\r\n").split("\r\n")

    def line(self) -> bytes:
        """Take a short line of a body that comes in chunks."""
        while (found := self._held.find(b"\r\n")) < 0:
            if len(self._held) > _MAX_CHUNK_LINE:
                message = "malformed chunks"
                raise Disconnected(message)
            self._fill()
        line = bytes(self._held[:found])
        del self._held[: found + 2]
        return line

    def take(self, room: memoryview) -> int:
        """Read at least one byte into ``room``; return how many there are."""
        if not self._held:
            return self._received(room)
        count = min(len(room), len(self._held))
        room[:count] = self._held[:count]
        del self._held[:count]
        return count

    def _fill(self) -> None:
        room = memoryview(bytearray(16 << 10))
        self._held += room[: self._received(room)]

    def _received(self, room: memoryview) -> int:
        try:
            count = self._socket.recv_into(room)
        except OSError as error:
            raise Disconnected(str(error)) from error
        if not count:
            message = "the client hung up"
            raise Disconnected(message)
        return count


def parse_head(lines: list[str]) -> tuple[str, str, int, dict[str, str]]:
    """Tell method, target, minor version of HTTP and headers.

    Raises:
        Refusal: this is no request.
    """
    request = _LINE.fullmatch(lines[0])
    if request is None:
        raise Refusal(400, "UNSUPPORTED", "malformed request line")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        header = _HEADER.fullmatch(line)
        if header is None:
            raise Refusal(400, "UNSUPPORTED", "malformed header")
        name, value = header[1].lower(), header[2]
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return request[1], request[2], int(request[3]), headers


def body_length(headers: dict[str, str]) -> int | None:
    """Tell how long the body is (RFC 9112, 6.3); None: it comes in chunks.

    Raises:
        Refusal: the headers contradict each other, or say nothing that we know.
    """
    length = headers.get("content-length")
    encoding = headers.get("transfer-encoding")
    if encoding is None:
        if length is None:
            return 0
        if re.fullmatch(r"\d{1,18}", length, re.ASCII):
            return int(length)
        raise Refusal(400, "SIZE_INVALID", "malformed Content-Length")
    if encoding.lower() != "chunked" or length is not None:
        raise Refusal(400, "UNSUPPORTED", "malformed Transfer-Encoding")
    return None


def read_body(reader: Reader, length: int | None) -> Generator[memoryview, None, None]:
    """Yield the body; a piece is valid until the next one is asked for."""
    if length is not None:
        yield from _counted(reader, length, _room(length))
        return
    room = _room(BUFFER)
    while size := _chunk_size(reader.line()):
        yield from _counted(reader, size, room)
        if reader.line():
            message = "malformed chunks"
            raise Disconnected(message)
    while reader.line():  # trailers say nothing that we need
        pass


def _room(length: int) -> memoryview:
    return memoryview(bytearray(min(length, BUFFER)))


def _counted(
    reader: Reader, length: int, room: memoryview
) -> Generator[memoryview, None, None]:
    while length:
        count = reader.take(room[:length])
        length -= count
        yield room[:count]


def _chunk_size(line: bytes) -> int:
    text = line.partition(b";")[0].strip()
    if not re.fullmatch(rb"[0-9a-fA-F]{1,15}", text):
        message = "malformed chunks"
        raise Disconnected(message)
    return int(text, 16)
