"""What credentials are for: a registry, or a part of one (containers-auth.json(5))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from hangar.errors import InvalidReference
from hangar.reference import DOCKER_HUB, is_registry, is_repository

HUB_URL = "https://index.docker.io/v1/"
"""What docker calls Docker Hub in its files and to its helpers."""

_HUB_HOSTS = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})


@dataclass(frozen=True, slots=True)
class CredentialKey:
    """A registry, or what lies below a path of it.

    Attributes:
        registry: host, with the port if there is one; Docker Hub is ``docker.io``.
        path: of a namespace or repository; "" is the whole registry.
    """

    registry: str
    path: str = ""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``HOST[:PORT][/PATH]`` as users write it; a URL is cut to its host.

        Raises:
            InvalidReference: it is something else.
        """
        key = cls.stored_as(text)
        if is_registry(key.registry) and (not key.path or is_repository(key.path)):
            return key
        if is_registry(key.registry) and (":" in key.path or "@" in key.path):
            message = f'reference "{text:.200}" contains tag or digest'
        else:
            message = f"{text!r:.200} is no registry"
        raise InvalidReference(message, hint="expected HOST[:PORT][/NAMESPACE]")

    @classmethod
    def stored_as(cls, name: str, *, hosts_only: bool = False) -> Self:
        """Read a name in a file; one that is a URL stands for its host."""
        bare = name.removeprefix("https://").removeprefix("http://")
        host, _, path = bare.partition("/")
        if bare != name or hosts_only:
            path = ""
        return cls(DOCKER_HUB if host in _HUB_HOSTS else host, path.rstrip("/"))

    @property
    def above(self) -> Iterator[CredentialKey]:
        """The keys that cover this one, itself first, the whole registry last."""
        parts = self.path.split("/") if self.path else []
        for count in range(len(parts), -1, -1):
            yield CredentialKey(self.registry, "/".join(parts[:count]))

    def spelled(self, *, for_docker: bool) -> str:
        """How it is written into files, and told to helpers."""
        is_hub = self == CredentialKey(DOCKER_HUB)
        return HUB_URL if for_docker and is_hub else str(self)

    def __str__(self) -> str:
        return f"{self.registry}/{self.path}" if self.path else self.registry
