"""One connection: a request out, an answer in, and no wait without bound.

Every wait is limited by the current deadline and ends at once when the run is to
stop, for then the socket is shut down under whoever waits for it.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from collections.abc import Iterable, Iterator

from hangar import deadline
from hangar.errors import TransferError
from hangar.http.wire import END_OF_HEAD, MAX_HEAD, Head, parse_head

READ_TIMEOUT = 60.0
"""Seconds without a single byte, in either direction."""

COMMIT_RATE = 16 << 20
"""Bytes a second; how slowly a registry may check and file what was sent to it."""

_SLICE = 256 << 10
"""Bytes handed to the socket at once; each slice has the whole timeout."""

_SMALL = 64 << 10
"""Bytes; a body's first chunk up to this size goes out together with the head."""

_LINGER = 0.2
"""Seconds after which bytes are passed on though more were asked for."""

_INTERIM = b"HTTP/1.1 1"
"""How an answer begins that is not final, as far as it is here."""

_MOST_INTERIM = 1000
"""Answers that are not final, to one request."""

_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError)


class Closed(ConnectionError):
    """The other side closed the connection."""

    def __init__(self) -> None:
        super().__init__("the connection was closed")


class Connection:
    """A connected socket, and what was read from it but is not used yet.

    Args:
        sock: the socket.
        answer_timeout: seconds without a byte until an answer begins.

    Attributes:
        touched: whether anything came in answer to the last request.
    """

    def __init__(
        self, sock: socket.socket, *, answer_timeout: float = READ_TIMEOUT
    ) -> None:
        self._sock = sock
        self._answer_timeout = answer_timeout
        self._pending = b""
        self.touched = False

    def wake(self) -> None:
        """End, from another thread, whatever waits for this connection."""
        sock = getattr(self._sock, "socket", self._sock)  # of TLS within a proxy's TLS
        with contextlib.suppress(OSError):  # closed meanwhile
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # leaves TLS's state alone

    def close(self) -> None:
        """Give the socket back."""
        with contextlib.suppress(OSError):
            self._sock.close()

    @property
    def usable(self) -> bool:
        """Whether another request may be sent: open, and nothing unasked came."""
        try:
            return not self._pending and not self._peek()
        except OSError:
            return False

    @property
    def buffered(self) -> int:
        """Bytes that can be had without waiting."""
        return len(self._pending)

    def exchange(
        self, request: bytes, body: Iterable[bytes] = (), length: int = 0
    ) -> Head:
        """Send a request with ``length`` bytes of ``body``; return the answer's head.

        A refusal that comes before everything was sent ends the sending; the
        connection is not persistent then.

        Raises:
            OSError: the connection broke.
            TransferError: ``body`` has another length, or the answer is not HTTP.
        """
        self.touched = False
        with deadline.current().stop.waking(self.wake):
            whole = self._send_all(request, body, length)
            head = self._receive_head(self._answer_timeout + length / COMMIT_RATE)
        if whole:
            return head
        if head.status < 400:
            message = "the answer came before everything was sent"
            raise TransferError(message)
        return Head(head.status, head.headers, persistent=False)

    def receive_into(self, buffer: memoryview, timeout: float = READ_TIMEOUT) -> int:
        """Receive into ``buffer``, and return how much; 0 if no more will come.

        It is filled unless that takes longer than a short while.

        Raises:
            OSError: the connection broke.
        """
        filled = min(len(self._pending), len(buffer))
        buffer[:filled] = self._pending[:filled]
        self._pending = self._pending[filled:]
        if filled:
            return filled
        patience = time.monotonic() + _LINGER
        with self._waiting(timeout):
            while filled < len(buffer):
                received = self._sock.recv_into(buffer[filled:])
                filled += received
                if not received or time.monotonic() > patience:
                    break
        return filled

    def receive_line(self) -> bytes:
        """The next line without its end, as chunked bodies have them.

        Raises:
            OSError: the connection broke.
            TransferError: the line does not end.
        """
        with self._waiting(READ_TIMEOUT):
            while b"\n" not in self._pending:
                self._receive_more()
        line, _, self._pending = self._pending.partition(b"\n")
        return line.rstrip(b"\r")

    @contextlib.contextmanager
    def _waiting(self, timeout: float) -> Iterator[None]:
        limit = deadline.current()
        self._sock.settimeout(limit.remaining(timeout))
        with limit.stop.waking(self.wake):
            yield

    def _send_all(self, request: bytes, body: Iterable[bytes], length: int) -> bool:
        """Send head and body unless an answer comes; return whether all went out."""
        unsent = len(request) + length
        for piece in _pieces(request, body, length):
            unsent -= len(piece)
            if not self._send(piece) or (unsent and self._answered()):
                return False
        return True

    def _send(self, data: bytes) -> bool:
        """Send ``data``; return False if an answer came instead of it being read."""
        view = memoryview(data)
        try:
            while view:
                self._sock.settimeout(deadline.current().remaining(READ_TIMEOUT))
                view = view[self._sock.send(view[:_SLICE]) :]
        except OSError:
            if not self._answered():
                raise
            return False
        return True

    def _answered(self) -> bool:
        """Whether the final answer has begun to arrive."""
        self._pending += self._peek()
        self.touched = bool(self._pending)
        return not _INTERIM.startswith(self._pending[: len(_INTERIM)])

    def _peek(self) -> bytes:
        """Take what came already, without waiting."""
        self._sock.settimeout(0)
        try:
            data = self._sock.recv(4096)
        except _WOULD_BLOCK:  # of TLS: what came is not for us
            return b""
        if not data:
            raise Closed
        return data

    def _receive_head(self, timeout: float) -> Head:
        self._sock.settimeout(deadline.current().remaining(timeout))
        for _ in range(_MOST_INTERIM):
            while (end := END_OF_HEAD.search(self._pending)) is None:
                self._receive_more()
            head = parse_head(self._pending[: end.start()])
            self._pending = self._pending[end.end() :]
            if head.status >= 200:
                return head
        message = f"no answer, but {_MOST_INTERIM} times that there will be one"
        raise TransferError(message)

    def _receive_more(self) -> None:
        """Wait for something to add to what is pending."""
        if len(self._pending) > MAX_HEAD:
            message = f"an answer whose head or line has over {MAX_HEAD} bytes"
            raise TransferError(message)
        data = self._sock.recv(_SMALL)
        if not data:
            raise Closed
        self._pending += data
        self.touched = True


def _pieces(request: bytes, body: Iterable[bytes], length: int) -> Iterator[bytes]:
    """What to send, the head joined to a small first chunk."""
    received = 0
    for chunk in body:
        received += len(chunk)
        if received > length:
            break
        if len(chunk) <= _SMALL:
            yield request + chunk
        else:
            if request:
                yield request
            yield chunk
        request = b""
    if received != length:
        message = f"{length} bytes were promised, {received} came to be sent"
        raise TransferError(message)
    if request:
        yield request
