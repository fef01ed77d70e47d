"""A Harbor, played in front of a real registry: its projects, tokens and cookies.

    with Harbor(registry.address) as harbor:
        harbor.proxy.requests

Repositories exist only below a project; without a token nobody gets anywhere; every
answer sets a session cookie, and who sends it back with a POST is refused.
"""

from __future__ import annotations

import base64
import json
import re
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

from hangar.closing import Closing
from tests.support.proxy import ALWAYS, FaultyProxy, Forward, Message

_NAME = re.compile(r"[a-z0-9]+(?:[._-][a-z0-9]+)*")
_COOKIE = "sid=0123456789; Path=/; HttpOnly"


def refusal(status: int, code: str, message: str, **headers: str) -> Message:
    """An error as Harbor writes them."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps({"errors": [{"code": code, "message": message}]}).encode()
    return Message(status=status, headers=fields, body=body)


class Harbor(Closing):
    """Stands in for a Harbor for the time of a block.

    Attributes:
        proxy: what listens; remembers all requests.
        projects: by name, whether they are public.
        users: passwords by user name.
        admins: who may make projects.
        raced: names of projects that somebody else makes at the last moment.
    """

    def __init__(self, upstream: str, **projects: bool) -> None:
        self.proxy = FaultyProxy(upstream)
        self.projects = dict(projects)
        self.users = {"admin": "secret", "robot$carrier": "secret"}
        self.admins = {"admin"}
        self.raced: set[str] = set()
        for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
            self.proxy.fault(method, "", self._answer, times=ALWAYS)

    @property
    def address(self) -> str:
        """Where it listens, ``host:port``."""
        return self.proxy.address

    @property
    def asked(self) -> list[tuple[str, str]]:
        """Method and path of the requests to its own interface, in order."""
        return [
            (request.method, request.path.removeprefix("/api/v2.0/"))
            for request in self.proxy.requests
            if request.path.startswith("/api/")
        ]

    def __enter__(self) -> Self:
        self.proxy.__enter__()
        return self

    def close(self) -> None:
        self.proxy.close()

    def _answer(self, request: Message, forward: Forward) -> Message:
        reply = self._routed(request, forward)
        reply.headers["Set-Cookie"] = _COOKIE
        return reply

    def _routed(self, request: Message, forward: Forward) -> Message:
        url = urlsplit(request.path)
        if request.method == "POST" and "Cookie" in request.headers:
            return refusal(403, "FORBIDDEN", "CSRF token not found in request")
        match url.path:
            case "/api/v2.0/ping":
                return Message(status=200, body=b"Pong")
            case "/api/v2.0/projects":
                return self._project(request, parse_qs(url.query))
            case "/service/token":
                return self._token(request, parse_qs(url.query))
            case _:
                return self._registry(request, url.path, forward)

    def _project(self, request: Message, query: dict[str, list[str]]) -> Message:
        user = self._user(request)
        if not user:
            return refusal(401, "UNAUTHORIZED", "unauthorized")
        if request.method == "HEAD":
            there = query["project_name"][0] in self.projects
            return Message(status=200 if there else 404)
        value: dict[str, Any] = json.loads(request.body)
        name = value["project_name"]
        if user not in self.admins:
            return refusal(403, "FORBIDDEN", "Only system admin can create project")
        if not _NAME.fullmatch(name):
            return refusal(400, "BAD_REQUEST", "invalid project name")
        if name in self.projects or name in self.raced:
            self.projects.setdefault(name, False)
            return refusal(409, "CONFLICT", f"The project named {name} already exists")
        self.projects[name] = value["metadata"]["public"] == "true"
        return Message(status=201, headers={"Location": "/api/v2.0/projects/7"})

    def _token(self, request: Message, query: dict[str, list[str]]) -> Message:
        """A token says what it is good for; of a missing project, for nothing."""
        granted = [
            scope
            for scope in query.get("scope", [])
            if self._user(request)
            and scope.split(":")[1].split("/")[0] in self.projects
        ]
        token = base64.urlsafe_b64encode(json.dumps(granted).encode()).decode()
        value = {"token": token, "access_token": "", "expires_in": 1800}
        return Message(status=200, body=json.dumps(value).encode())

    def _registry(self, request: Message, path: str, forward: Forward) -> Message:
        authorization = request.headers.get("Authorization", "")
        if not authorization:
            realm = f"http://{self.address}/service/token"
            challenge = f'Bearer realm="{realm}",service="harbor-registry"'
            return refusal(401, "UNAUTHORIZED", "nobody", WWW_Authenticate=challenge)
        if path == "/v2/":
            return Message(status=200)
        repository = re.sub(r"/(?:manifests|blobs|tags|referrers)/.*", "", path[4:])
        if repository.partition("/")[0] not in self.projects:
            return refusal(
                401, "UNAUTHORIZED", "project not found", WWW_Authenticate=""
            )
        token = authorization.removeprefix("Bearer ")
        scopes = json.loads(base64.urlsafe_b64decode(token))
        if not any(scope.split(":")[1] == repository for scope in scopes):
            challenge = 'Basic realm="harbor"'
            return refusal(401, "UNAUTHORIZED", "token", WWW_Authenticate=challenge)
        kept = {k: v for k, v in request.headers.items() if k != "Authorization"}
        request.headers = kept
        reply = forward(request)
        upstream = f"http://{self.proxy.upstream}"
        for name, value in reply.headers.items():
            reply.headers[name] = value.replace(upstream, "")
        return reply

    def _user(self, request: Message) -> str:
        scheme, _, pair = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Basic":
            return ""
        user, _, password = unquote(base64.b64decode(pair).decode()).partition(":")
        return user if self.users.get(user) == password else ""
