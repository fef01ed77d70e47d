"""A web server of files, with a password and faults if a test wants them."""

from __future__ import annotations

import base64
import http.server
import re
from dataclasses import dataclass, field

from tests.support.answering import Answering
from tests.support.registries import Certificates
from tests.support.scripted import Heard, server_context


@dataclass
class FileServer(Answering):
    """Serves files for the time of a block.

    Attributes:
        files: contents by path.
        statuses: paths that are refused.
        moved: where paths are now.
        fields: further headers by path.
        login: who may read anything, or None: everybody.
        cuts: by path, after how many bytes connections break, one after another.
        certificates: speak TLS with these.
        heard: what it was asked.
    """

    files: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, int] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    fields: dict[str, dict[str, str]] = field(default_factory=dict)
    login: tuple[str, str] | None = None
    cuts: dict[str, list[int]] = field(default_factory=dict)
    certificates: Certificates | None = None
    heard: list[Heard] = field(default_factory=list)

    def __post_init__(self) -> None:
        handler = type("Handler", (_Handler,), {"site": self})
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.address = f"127.0.0.1:{self._server.server_port}"
        scheme = "http"
        if self.certificates:
            context = server_context(self.certificates, ask=False)
            plain = self._server.socket
            self._server.socket = context.wrap_socket(plain, server_side=True)
            scheme = "https"
        self.url = f"{scheme}://{self.address}"

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for, with their queries."""
        return [heard.target for heard in self.heard]

    def secrets(self, path: str = "") -> list[str]:
        """What was said of who asks, for a path or for all."""
        return [
            heard.headers.get("authorization", "")
            for heard in self.heard
            if not path or heard.target == path
        ]


def basic(login: tuple[str, str]) -> str:
    """How a user and password are told."""
    return f"Basic {base64.b64encode(':'.join(login).encode()).decode()}"


class _Handler(http.server.BaseHTTPRequestHandler):
    site: FileServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments: object) -> None:
        del arguments

    def do_GET(self) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.site.heard.append(Heard("GET", self.path, headers))
        path = self.path.partition("?")[0]
        if self.site.login and headers.get("authorization") != basic(self.site.login):
            self._answer(401, b"who?", {"WWW-Authenticate": 'Basic realm="x"'})
        elif path in self.site.moved:
            self._answer(302, b"", {"Location": self.site.moved[path]})
        elif path in self.site.statuses:
            self._answer(self.site.statuses[path], b"<html>no</html>", {})
        elif path not in self.site.files:
            self._answer(404, b"<html>not here</html>", {})
        else:
            self._file(path, headers)

    def _file(self, path: str, headers: dict[str, str]) -> None:
        content, fields = self.site.files[path], self.site.fields.get(path, {})
        wanted = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
        if wanted and headers.get("if-range") == fields.get("ETag"):
            start, size = int(wanted[1]), len(content)
            span = {"Content-Range": f"bytes {start}-{size - 1}/{size}"}
            self._answer(206, content[start:], {**fields, **span}, path)
        else:
            self._answer(200, content, fields, path)

    def _answer(
        self, status: int, body: bytes, fields: dict[str, str], path: str = ""
    ) -> None:
        self.send_response(status)
        if "Transfer-Encoding" in fields:
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif "Connection" not in fields:
            self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        cuts = self.site.cuts.get(path)
        if cuts:
            body = body[: cuts.pop(0)]
            self.close_connection = True
        self.wfile.write(body)
        if "Connection" in fields:
            self.close_connection = True
