"""Projects of a Harbor: repositories can only be made below one that exists.

(goharbor/harbor, API v2.0.) Harbor answers with a session cookie, and refuses whoever
sends it back without a CSRF token; we keep no cookies.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

from hangar.configuration import Credential
from hangar.http import Response
from hangar.registry.authentication import basic
from hangar.registry.refusals import refusal
from hangar.registry.registry import Registry

_ROBOT = "robot$"
"""What names of robot accounts begin with, unless an administrator changed it."""


class Harbor:
    """A registry, as far as it is a Harbor."""

    def __init__(self, registry: Registry, credential: Credential | None) -> None:
        self._registry = registry
        self._username = credential.username if credential else ""
        authorization = basic(credential)
        self._headers = {"Authorization": authorization} if authorization else {}

    def reach(self) -> None:
        """Find the registry, as whoever pushes to it has to anyway.

        Raises:
            TransferError: it cannot be reached.
        """
        _ = self._registry.base

    def is_there(self) -> bool:
        """Ask once whether the registry is a Harbor of version 2.

        Raises:
            TransferError: it did not answer.
        """
        with self._send("GET", "ping") as response:
            return response.status == 200 and response.excerpt().strip() == b"Pong"

    def has(self, project: str) -> bool:
        """Whether a project exists.

        Raises:
            AccessDenied: we may not know.
        """
        query = urlencode({"project_name": project})

        def ask() -> bool:
            with self._send("HEAD", f"projects?{query}") as response:
                if response.status in (200, 404):
                    return response.status == 200
                raise refusal(response, f"project {project}", self._registry.name)

        return self._registry.patience.again(ask, project)

    def create(self, project: str, *, is_public: bool = False) -> bool:
        """Make a project; return False if somebody else has made it meanwhile.

        Raises:
            AccessDenied: we may not.
            RegistryError: the name is none that Harbor accepts.
        """
        value = {
            "project_name": project,
            "metadata": {"public": "true" if is_public else "false"},
        }

        def post() -> bool:
            with self._send("POST", "projects", json.dumps(value).encode()) as response:
                if response.status in (201, 409):
                    return response.status == 201
                error = refusal(response, f"project {project}", self._registry.name)
                if response.status == 403:
                    error.hint = self._who_may()
                raise error

        return self._registry.patience.again(post, project)

    def _who_may(self) -> str:
        """What to do about it that we may not make projects."""
        rights = "make it by hand, or log in as somebody who may"
        if not self._username.startswith(_ROBOT):
            return rights
        return (
            f"{rights}: a robot account may if it is one of the system, not of a"
            " project, and was given the right to create projects"
        )

    def _send(self, method: str, path: str, body: bytes = b"") -> Response:
        headers = {**self._headers, "Content-Type": "application/json"}
        url = f"{self._registry.base.removesuffix('v2/')}api/v2.0/{path}"
        return self._registry.request(method, url, headers=headers, body=body)
