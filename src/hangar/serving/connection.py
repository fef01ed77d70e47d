"""One client's connection: request, answer, request, answer."""

from __future__ import annotations

import contextlib
import inspect
import logging
import socket
import time
from collections.abc import Generator
from email.utils import formatdate
from http import HTTPStatus
from urllib.parse import parse_qsl

from hangar.serving.messages import (
    Content,
    Disconnected,
    Handler,
    Refusal,
    Request,
    Response,
)
from hangar.serving.wire import BUFFER, Reader, body_length, parse_head, read_body

logger = logging.getLogger(__name__)

_LEFTOVER = 1 << 20
"""Bytes of an unwanted body that are skipped to keep the connection."""

_FAREWELL = 2.0
"""Seconds that a client gets to read the last answer before the connection closes."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection:
    """Lets ``handler`` answer the requests that come over a socket."""

    def __init__(self, sock: socket.socket, handler: Handler) -> None:
        self._socket = sock
        self._reader = Reader(sock)
        self._handler = handler

    def serve(self) -> None:
        """Answer requests until the client goes, or breaks the rules."""
        try:
            while self._exchange():
                pass
            self._part()
        except Disconnected as error:
            logger.debug("connection closed: %s", error)

    def _exchange(self) -> bool:
        """Answer one request; return whether another one may follow."""
        try:
            request, lasting = self._request()
        except Refusal as refusal:
            self._send(refusal.response, lasting=False)
            return False
        response = self._answer(request)
        lasting = lasting and _skipped(request)
        self._send(response, lasting=lasting, head_only=request.method == "HEAD")
        return lasting

    def _request(self) -> tuple[Request, bool]:
        method, target, minor, headers = parse_head(self._reader.head())
        path, _, query = target.partition("?")
        length = body_length(headers)
        request = Request(
            method,
            path,
            dict(parse_qsl(query, keep_blank_values=True)) if query else {},
            headers,
            self._body(length, expect=headers.get("expect", "")),
            length,
        )
        return request, bool(minor) and headers.get("connection", "").lower() != "close"

    def _body(
        self, length: int | None, expect: str
    ) -> Generator[memoryview, None, None]:
        if expect.lower() == "100-continue":
            self._write(_CONTINUE)
        yield from read_body(self._reader, length)

    def _answer(self, request: Request) -> Response:
        try:
            return self._handler(request)
        except Refusal as refusal:
            return refusal.response
        except Disconnected:
            raise
        except Exception:
            logger.exception("%s %s", request.method, request.path)
            return Refusal(500, "UNKNOWN", "the registry failed").response

    def _send(
        self, response: Response, *, lasting: bool, head_only: bool = False
    ) -> None:
        body = response.body
        headers = {"Date": formatdate(usegmt=True), **response.headers}
        if response.status != HTTPStatus.NO_CONTENT:
            length = body.length if isinstance(body, Content) else len(body)
            headers.setdefault("Content-Length", str(length))
        if not lasting:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {response.status} {_phrase(response.status)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        head = "\r\n".join((*lines, "", "")).encode("latin-1", "replace")
        if isinstance(body, bytes):
            self._write(head if head_only else head + body)
            return
        with body.file:
            self._write(head)
            if not head_only:
                self._send_content(body)

    def _send_content(self, content: Content) -> None:
        left = content.length
        room = memoryview(bytearray(min(left, BUFFER)))
        while left:
            count = content.file.readinto(room[:left])  # type: ignore[attr-defined]  # typeshed: BinaryIO lacks it
            if not count:
                message = "the content is shorter than its size says"
                raise Disconnected(message)
            self._write(room[:count])
            left -= count

    def _write(self, data: bytes | memoryview) -> None:
        try:
            self._socket.sendall(data)
        except OSError as error:
            raise Disconnected(str(error)) from error

    def _part(self) -> None:
        """Let the client read the last answer: closing on unread bytes resets."""
        with contextlib.suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_WR)
            self._socket.settimeout(_FAREWELL)
            end = time.monotonic() + _FAREWELL
            while time.monotonic() < end and self._socket.recv(BUFFER):
                pass


def _skipped(request: Request) -> bool:
    """Read what the handler left of a body, unless that is too much."""
    if request.headers.get("expect") and _is_unread(request):
        return False  # who waits for our leave to send does not send
    taken = 0
    for piece in request.body:
        taken += len(piece)
        if taken > _LEFTOVER:
            return False
    return True


def _is_unread(request: Request) -> bool:
    body = request.body
    return (
        inspect.isgenerator(body)
        and inspect.getgeneratorstate(body) == inspect.GEN_CREATED
    )


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
