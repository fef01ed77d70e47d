"""What registries are said to be like, without any configuration files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hangar.reference import Reference


@dataclass(frozen=True)
class Login:
    """A credential; implements `hangar.registry.settings.Credential`."""

    username: str = ""
    password: str = ""
    identity_token: str = ""


@dataclass(frozen=True)
class Files:
    """Certificates; implements `hangar.registry.settings.Certificates`."""

    authorities: tuple[Path, ...] = ()
    pairs: tuple[tuple[Path, Path], ...] = ()


@dataclass(frozen=True)
class At:
    """A place; implements `hangar.registry.settings.Endpoint`."""

    registry: str
    repository: str
    insecure: bool = True


@dataclass
class Logins:
    """Credentials by registry; implements `hangar.registry.settings.Credentials`."""

    known: Mapping[str, Login] = field(default_factory=dict)

    def find(self, registry: str, repository: str) -> Login | None:
        """The login for a registry, whatever the repository."""
        del repository
        return self.known.get(registry)


@dataclass
class TestSettings:
    """Implements `hangar.registry.settings.Settings`.

    Attributes:
        insecure: whether plain HTTP will do.
        credentials: who we are.
        files: certificates for every host.
        detours: where to read a repository, by ``registry/repository``.
    """

    __test__ = False

    insecure: bool = True
    credentials: Logins = field(default_factory=Logins)
    files: Files = Files()
    detours: dict[str, Sequence[At]] = field(default_factory=dict)

    def certificates(self, host: str) -> Files:
        """The same for every host."""
        del host
        return self.files

    def endpoint(self, reference: Reference) -> At:
        """Where its name says."""
        return At(reference.registry, reference.repository, self.insecure)

    def endpoints(self, reference: Reference) -> Sequence[At]:
        """The detours that were set, or where its name says."""
        detours = self.detours.get(reference.full_repository)
        return detours or (self.endpoint(reference),)
