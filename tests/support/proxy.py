"""A reverse proxy that misbehaves on demand, in front of a real registry.

    with FaultyProxy(registry.address) as proxy:
        proxy.fault("GET", "/blobs/", cut(after=1000))
        proxy.fault("PUT", "/manifests/", answer(500), times=2)

Each fault is used up by the first ``times`` requests that match; then the registry
answers undisturbed again.
"""

from __future__ import annotations

import contextlib
import http.client
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.support.answering import Answering

ALWAYS = 1_000_000


@dataclass
class Message:
    """A request as it came, or an answer as it is to go.

    Attributes:
        line: method and path of a request; "" for an answer.
        status: of an answer; 0: close the connection instead.
        headers: by name; an answer's Content-Length is set if it is not given.
        body: all of it.
        sent: how many bytes of the body really go out; None: all.
    """

    method: str = ""
    path: str = ""
    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    sent: int | None = None


Forward = Callable[[Message], Message]
Fault = Callable[[Message, Forward], Message]


def answer(status: int, body: bytes = b"", **headers: str) -> Fault:
    """Answer without asking the registry; ``_`` in a header's name is ``-``."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}

    def fault(request: Message, forward: Forward) -> Message:
        del request, forward
        return Message(status=status, headers=dict(fields), body=body)

    return fault


def refuse(status: int, code: str) -> Fault:
    """Answer with an error as registries write them."""
    body = b'{"errors":[{"code":"%s","message":"%s"}]}' % ((code.encode(),) * 2)
    return answer(status, body, Content_Type="application/json")


def drop(request: Message, forward: Forward) -> Message:
    """Close the connection; the registry never hears of the request."""
    del request, forward
    return Message()


def lose_answer(request: Message, forward: Forward) -> Message:
    """Let the registry do what it is asked, then close the connection."""
    forward(request)
    return Message()


def cut(after: int) -> Fault:
    """Close the connection after so many bytes of the answer's body."""

    def fault(request: Message, forward: Forward) -> Message:
        reply = forward(request)
        reply.sent = after
        return reply

    return fault


def corrupt(request: Message, forward: Forward) -> Message:
    """Turn a bit of the answer's body."""
    reply = forward(request)
    reply.body = bytes([reply.body[0] ^ 1]) + reply.body[1:]
    return reply


def replace_headers(**changes: str | None) -> Fault:
    """Set headers of the answer; None takes one away."""

    def fault(request: Message, forward: Forward) -> Message:
        reply = forward(request)
        for keyword, value in changes.items():
            name = keyword.replace("_", "-")
            for old in [key for key in reply.headers if key.lower() == name.lower()]:
                del reply.headers[old]
            if value is not None:
                reply.headers[name] = value
        return reply

    return fault


def change(edit: Callable[[Message], None]) -> Fault:
    """Edit the answer by hand."""

    def fault(request: Message, forward: Forward) -> Message:
        reply = forward(request)
        edit(reply)
        return reply

    return fault


def without_request_header(name: str) -> Fault:
    """Hide one of the request's headers (``Range``) from the registry."""

    def fault(request: Message, forward: Forward) -> Message:
        request.headers = {
            key: value
            for key, value in request.headers.items()
            if key.lower() != name.lower()
        }
        return forward(request)

    return fault


@dataclass
class _Rule:
    method: str
    path: re.Pattern[str]
    fault: Fault
    left: int


def read_body(handler: BaseHTTPRequestHandler) -> bytes:
    """Read a request's body, chunked or not."""
    if handler.headers.get("Transfer-Encoding", "").lower() != "chunked":
        return handler.rfile.read(int(handler.headers.get("Content-Length") or 0))
    chunks = []
    while size := int(handler.rfile.readline().split(b";")[0], 16):
        chunks.append(handler.rfile.read(size))
        handler.rfile.readline()
    handler.rfile.readline()
    return b"".join(chunks)


class FaultyProxy(Answering):
    """A proxy for the time of a block.

    Attributes:
        address: where it listens, ``host:port``.
        upstream: the registry behind it.
        requests: what it was asked, with the headers; in order of arrival.
        statuses: method, path and status of what it answered.
    """

    def __init__(self, upstream: str) -> None:
        self.upstream = upstream
        self.requests: list[Message] = []
        self.statuses: list[tuple[str, str, int]] = []
        self._rules: list[_Rule] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.address = f"127.0.0.1:{self._server.server_address[1]}"

    def fault(
        self,
        method: str,
        path: str,
        fault: Fault,
        times: int = 1,
        *,
        first: bool = False,
    ) -> None:
        """Add a fault for requests of ``method`` whose path contains a pattern.

        It strikes when those that were added before do not, or ``first`` of all.
        """
        rule = _Rule(method, re.compile(path), fault, times)
        self._rules.insert(0 if first else len(self._rules), rule)

    @property
    def used_up(self) -> bool:
        """Whether every fault that is not for always has struck."""
        return not any(0 < rule.left < ALWAYS // 2 for rule in self._rules)

    def _find(self, request: Message) -> Fault | None:
        with self._lock:
            self.requests.append(request)
            for rule in self._rules:
                if rule.left and rule.method == request.method:
                    if rule.path.search(request.path):
                        rule.left -= 1
                        return rule.fault
        return None

    def _forward(self, request: Message) -> Message:
        connection = http.client.HTTPConnection(self.upstream, timeout=60)
        try:
            connection.request(
                request.method, request.path, request.body or None, request.headers
            )
            reply = connection.getresponse()
            return Message(
                status=reply.status,
                headers={
                    key: value
                    for key, value in reply.getheaders()
                    if key.lower() not in ("connection", "transfer-encoding", "date")
                },
                body=reply.read(),
            )
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                """Say nothing; `FaultyProxy.requests` remembers."""

            def answer(self) -> None:
                """Handle any method."""
                request = Message(
                    self.command, self.path, headers=dict(self.headers.items())
                )
                fault = proxy._find(request)
                request.body = read_body(self)
                reply = (
                    fault(request, proxy._forward) if fault else proxy._forward(request)
                )
                proxy.statuses.append((self.command, self.path, reply.status))
                with contextlib.suppress(ConnectionError):
                    self._reply(reply)

            do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - the base class asks for these names

            def _reply(self, reply: Message) -> None:
                if not reply.status:
                    self.close_connection = True
                    return
                body = b"" if self.command == "HEAD" else reply.body
                names = {name.lower() for name in reply.headers}
                self.send_response(reply.status)
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                if "content-length" not in names:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if reply.sent is not None:
                    body = body[: reply.sent]
                    self.close_connection = True
                self.wfile.write(body)

        return Handler
