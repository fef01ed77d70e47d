"""A response whose body is read as a stream, or into memory up to a limit."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping

from hangar.closing import Closing
from hangar.errors import TransferError, Unsupported
from hangar.http.connection import READ_TIMEOUT, Closed, Connection
from hangar.http.failures import translated
from hangar.http.limits import Bucket
from hangar.http.origin import Origin
from hangar.http.wire import Head

CHUNK = 1 << 20
"""Bytes that are passed on at once."""

MAX_REFUSAL = 64 << 10
"""Bytes that are read of what explains an error."""

_MOST_TRAILERS = 1000
"""Lines behind a body in chunks."""

_CHUNK_LENGTH = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(?:;|$)")

_REFUSAL_TIMEOUT = 5.0
"""Seconds that an explanation may take; some promise bytes that never come."""


class Response(Closing):
    """An answer; close it, or read all of it, to free its connection.

    Attributes:
        status: code of three digits.
        headers: by lower-case name.
        url: what was asked for, after redirects.
        length: bytes of the body; None if only its end will tell.
    """

    def __init__(
        self,
        head: Head,
        url: str,
        origin: Origin,
        length: int | None,
        connection: Connection,
        finish: Callable[[bool], None],
        rate: Bucket | None = None,
    ) -> None:
        self.status = head.status
        self.headers: Mapping[str, str] = head.headers
        self.url = url
        self._origin = origin
        self.length = length
        self._left = length
        self._chunked = length is None and head.chunked
        self._persistent = head.persistent
        self._connection = connection
        self._finish: Callable[[bool], None] | None = finish
        self._rate = rate
        self._excerpt = b""
        if length == 0:
            self._end(whole=True)

    def close(self) -> None:
        """Free the connection; what was not read of the body is lost."""
        if self._finish is None:
            return
        rest = None if self._chunked else self._left  # after a chunk comes another
        if rest is not None and rest <= self._connection.buffered:
            self._connection.receive_into(memoryview(bytearray(rest)))
            self._end(whole=True)
        else:
            self._end(whole=False)

    def chunks(self, size: int = CHUNK, *, decode: bool = False) -> Iterator[bytes]:
        """Yield the body in pieces of at most ``size`` bytes.

        With ``decode`` a compression that is a matter of the transfer is undone
        (``Content-Encoding: gzip``, which we never ask for).

        Raises:
            TransferError: the connection broke before the body's end.
        """
        pieces = self._pieces(size, READ_TIMEOUT)
        return _inflated(pieces) if decode and self.encoded else pieces

    @property
    def encoded(self) -> bool:
        """Whether the body is compressed for the transfer."""
        return self.headers.get("content-encoding", "") in ("gzip", "x-gzip")

    def read(self, limit: int) -> bytes:
        """Read all of the body.

        Raises:
            Unsupported: it has more than ``limit`` bytes.
            TransferError: the connection broke before the body's end.
        """
        body = bytearray()
        with self:
            if (self._left or 0) <= limit:
                for piece in self.chunks(min(CHUNK, limit + 1), decode=True):
                    body += piece
                    if len(body) > limit:
                        break
                else:
                    return bytes(body)
        message = f"{self.url.partition('?')[0]}: an answer of over {limit} bytes"
        raise Unsupported(message)

    def excerpt(self) -> bytes:
        """The body's beginning, as far as it can be had: of an explanation.

        It stays, and can be asked for again.
        """
        with self:
            try:
                for piece in self._pieces(MAX_REFUSAL, _REFUSAL_TIMEOUT):
                    self._excerpt += piece
                    if len(self._excerpt) >= MAX_REFUSAL:
                        break
            except TransferError:
                pass  # the status has said what matters
        return self._excerpt

    def _pieces(self, size: int, timeout: float) -> Iterator[bytes]:
        if self._rate is not None:
            size = min(size, self._rate.portion)
        buffer = memoryview(bytearray(min(size, self._left or size)))
        while self._finish is not None:
            with translated(self._origin):
                piece = self._next(buffer, timeout)
            if self._rate is not None:
                self._rate.take(len(piece))
            if piece:
                yield piece

    def _next(self, buffer: memoryview, timeout: float) -> bytes:
        """The next piece; ends the response with its last byte."""
        if self._chunked and not self._left:
            self._left = self._chunk_length()
            if not self._left:
                self._end(whole=True)
                return b""
        wanted = len(buffer) if self._left is None else min(self._left, len(buffer))
        received = self._connection.receive_into(buffer[:wanted], timeout)
        if self._left is None:
            if not received:
                self._end(whole=False)  # closed: the only end that it has
        elif not received:
            raise Closed
        else:
            self._left -= received
            if self._chunked and not self._left:
                self._connection.receive_line()
            elif not self._left:
                self._end(whole=True)
        return bytes(buffer[:received])

    def _chunk_length(self) -> int:
        line = self._connection.receive_line()
        found = _CHUNK_LENGTH.match(line)
        if found is None:
            message = f"{self.url.partition('?')[0]}: broken chunk {line!r:.40}"
            raise TransferError(message)
        length = int(found[1], 16)
        if not length:
            self._skip_trailers()
        return length

    def _skip_trailers(self) -> None:
        for _ in range(_MOST_TRAILERS):
            if not self._connection.receive_line():
                return
        message = f"{self.url.partition('?')[0]}: a body without end"
        raise TransferError(message)

    def _end(self, *, whole: bool) -> None:
        finish, self._finish = self._finish, None
        if finish is not None:
            finish(whole and self._persistent)


def _inflated(pieces: Iterator[bytes]) -> Iterator[bytes]:
    inflator = zlib.decompressobj(wbits=31)
    try:
        for piece in pieces:
            data = inflator.decompress(piece, CHUNK)
            while data:
                yield data
                data = inflator.decompress(inflator.unconsumed_tail, CHUNK)
        if not inflator.eof:
            message = "a compressed body ended early"
            raise TransferError(message)
    except zlib.error as error:
        message = f"a body that claims to be gzip is not: {error}"
        raise TransferError(message) from error
