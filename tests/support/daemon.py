"""A stand-in for docker at a Unix socket: it gives the images that a test has."""

from __future__ import annotations

import json
import re
import socketserver
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

_GET = re.compile(r"(?:/v[0-9.]+)?/images/(?:(.+)/)?get")


@dataclass
class StandIn:
    """What it listens at, has, and was asked.

    Attributes:
        path: of its socket.
        images: what ``docker save`` writes, by name or ID.
        asked: the targets of all requests, in order.
        fails: whether it answers 500.
    """

    path: Path
    images: Mapping[str, bytes]
    asked: list[str] = field(default_factory=list)
    fails: bool = False

    @property
    def host(self) -> str:
        """Its address, as DOCKER_HOST has it."""
        return f"unix://{self.path}"

    def answer(self, target: str) -> tuple[int, bytes]:
        """Status and body for a request."""
        self.asked.append(target)
        parts = urlsplit(target)
        found = _GET.fullmatch(parts.path)
        if self.fails:
            return 500, b'{"message":"out of order"}'
        if found is None:
            return (200, b"OK") if parts.path.endswith("_ping") else (404, b"no page")
        name = unquote(found[1] or parse_qs(parts.query)["names"][0])
        if name in self.images:
            return 200, self.images[name]
        return 404, json.dumps({"message": f"No such image: {name}"}).encode()


@contextmanager
def daemon(path: Path, images: Mapping[str, bytes]) -> Iterator[StandIn]:
    """Let a stand-in listen at ``path`` for the time of a block."""
    stand_in = StandIn(path, images)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            status, body = stand_in.answer(self.path)
            self.send_response(status)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            pieces = (body[at : at + 1000] for at in range(0, len(body), 1000))
            for piece in (*pieces, b""):
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))

        do_HEAD = do_GET  # noqa: N815 - the base class wants that name

        def log_message(self, *_: object) -> None:
            pass

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield stand_in
        server.shutdown()
