"""A small token server, as the docker registry's token authentication wants it.

(distribution, "Token Authentication Specification" and "Token Scope Documentation".)
"""

from __future__ import annotations

import base64
import json
import subprocess
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.support.answering import Answering

SERVICE = "test registry"
ISSUER = "test tokens"


@dataclass(frozen=True)
class TokenRequest:
    """What somebody asked a token for."""

    method: str
    scopes: tuple[str, ...]
    user: str


class TokenServer(Answering):
    """Hands out tokens for the time of a block.

    Attributes:
        login: who may push; everybody may pull.
        refresh_token: accepted in place of a password; also handed out.
        lifetime: seconds that a token is good for.
        requests: what it was asked, in order.
    """

    def __init__(self, folder: Path, login: tuple[str, str] = ("me", "secret")) -> None:
        self.login = login
        self.refresh_token = "a-refresh-token"
        self.lifetime = 300
        self.requests: list[TokenRequest] = []
        self.certificate = folder / "tokens.crt"
        self._key = folder / "tokens.key"
        subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "rsa:2048",
                "-nodes",
                "-days",
                "9",
                "-subj",
                "/CN=tokens",
                "-keyout",
                self._key,
                "-out",
                self.certificate,
            ],
            check=True,
            capture_output=True,
        )
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self.realm = f"http://127.0.0.1:{self._server.server_address[1]}/token"

    @property
    def settings(self) -> dict[str, Any]:
        """The ``auth`` section of a registry's configuration."""
        return {
            "token": {
                "realm": self.realm,
                "service": SERVICE,
                "issuer": ISSUER,
                "rootcertbundle": str(self.certificate),
            }
        }

    def token(self, scopes: tuple[str, ...], user: str) -> str:
        """Make a token: everybody may pull, the one user may do anything."""
        access = []
        for scope in scopes:
            kind, name, asked = scope.split(":", 2)
            actions = [a for a in asked.split(",") if user or a == "pull"]
            access.append({"type": kind, "name": name, "actions": actions})
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": user,
            "aud": SERVICE,
            "exp": now + self.lifetime,
            "nbf": now - 10,
            "iat": now,
            "jti": str(len(self.requests)),
            "access": access,
        }
        der = "".join(self.certificate.read_text().splitlines()[1:-1])
        header = {"typ": "JWT", "alg": "RS256", "x5c": [der]}
        signed = ".".join(
            _encoded(json.dumps(part).encode()) for part in (header, claims)
        )
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", self._key],
            input=signed.encode(),
            check=True,
            capture_output=True,
        ).stdout
        return f"{signed}.{_encoded(signature)}"

    def _answer(self, method: str, fields: dict[str, list[str]], auth: str) -> Any:
        """Return the answer's JSON, or None if whoever asks is not who he says."""
        scopes = tuple(
            one for given in fields.get("scope", []) for one in given.split() if one
        )
        user = ""
        if auth:
            name, _, password = (
                base64.b64decode(auth.rsplit(maxsplit=1)[-1]).decode().partition(":")
            )
            if (name, password) != self.login:
                return None
            user = name
        if method == "POST":
            if fields.get("refresh_token") != [self.refresh_token]:
                return None
            user = self.login[0]
        self.requests.append(TokenRequest(method, scopes, user))
        token = self.token(scopes, user)
        return {
            "token": token,
            "access_token": token,
            "expires_in": self.lifetime,
            "refresh_token": self.refresh_token,
        }

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                """Say nothing; `TokenServer.requests` remembers."""

            def do_GET(self) -> None:
                self._answer(parse_qs(urlsplit(self.path).query))

            def do_POST(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                self._answer(parse_qs(self.rfile.read(length).decode()))

            def _answer(self, fields: dict[str, list[str]]) -> None:
                auth = self.headers.get("Authorization", "")
                value = server._answer(self.command, fields, auth)
                body = json.dumps(value).encode()
                self.send_response(200 if value else 401)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        return Handler


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
