"""Requests of one repository: what every one of them needs, said once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from hangar.configuration import Credential
from hangar.errors import HangarError
from hangar.http import Response, Stream
from hangar.registry.authentication import Access
from hangar.registry.refusals import refusal
from hangar.registry.registry import Registry

T = TypeVar("T")

PULL, PUSH, DELETE = "pull", "pull,push", "pull,delete"
"""What one may want to do in a repository (distribution, "scope")."""


class Desk:
    """Where requests of one repository are sent from.

    Attributes:
        registry: where they go.
        path: the repository's path there.
        name: full name of the repository, as logs and errors call it.
    """

    def __init__(
        self, registry: Registry, path: str, credential: Credential | None
    ) -> None:
        self.registry = registry
        self.path = path
        self.name = f"{registry.name}/{path}"
        self._credential = credential

    def send(
        self,
        method: str,
        path: str,
        actions: str = PULL,
        *,
        lender: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | Stream = b"",
    ) -> Response:
        """Send a request; return whatever is answered.

        Args:
            method: of the request.
            path: below the repository's, or an absolute URL.
            actions: what we want to do there.
            lender: path of another repository that is read from.
            headers: more of them.
            body: what to send.
        """
        wanted = {self.path: actions, lender: PULL} if lender else {self.path: actions}
        scopes = tuple(f"repository:{path}:{what}" for path, what in wanted.items())
        where = path if "://" in path else f"{self.path}/{path}"
        access = Access(scopes, self._credential)
        return self.registry.send(method, where, access, headers=headers, body=body)

    def refusal(
        self, response: Response, what: str, absent: str = "not found"
    ) -> HangarError:
        """Make an error of a response to a request for ``what`` in the repository."""
        return refusal(response, f"{self.name}{what}", self.registry.name, absent)

    def again(self, operation: Callable[[], T], what: str) -> T:
        """Call ``operation``, and again as often as the registry is worth it."""
        return self.registry.patience.again(operation, f"{self.name}{what}")
