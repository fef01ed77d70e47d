"""What the client has to be told about registries: credentials, trust, detours.

`hangar.configuration` finds it in the files of the containers world.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from hangar.reference import Reference


class Credential(Protocol):
    """Who we are at a registry; hashable, and silent about its secrets."""

    @property
    def username(self) -> str:
        """Name to log in with, or ""."""

    @property
    def password(self) -> str:
        """Its password, or ""."""

    @property
    def identity_token(self) -> str:
        """What is exchanged for tokens instead of a password, or ""."""


class Credentials(Protocol):
    """Who we are, wherever we go."""

    def find(self, registry: str, repository: str) -> Credential | None:
        """What to say at ``registry``; None to be nobody there."""


class Certificates(Protocol):
    """Files of certificates for one host."""

    @property
    def authorities(self) -> tuple[Path, ...]:
        """CA certificates to trust beside the system's."""

    @property
    def pairs(self) -> tuple[tuple[Path, Path], ...]:
        """Our certificates and their keys."""


class Endpoint(Protocol):
    """Where a repository really is."""

    @property
    def registry(self) -> str:
        """Host, with the port if there is one."""

    @property
    def repository(self) -> str:
        """Path at that host."""

    @property
    def insecure(self) -> bool:
        """Whether neither certificates nor encryption are insisted on."""


class Settings(Protocol):
    """All that is configured about registries."""

    @property
    def credentials(self) -> Credentials:
        """Who we are."""

    def certificates(self, host: str) -> Certificates:
        """What proves identity between ``host`` and us."""

    def endpoints(self, reference: Reference) -> Sequence[Endpoint]:
        """Where to read an image, in the order in which to try."""

    def endpoint(self, reference: Reference) -> Endpoint:
        """Where to write an image."""
