"""All registries of a run: one set of connections, one set of tokens."""

from __future__ import annotations

import functools
import os
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from hangar.configuration import Configuration
from hangar.http import Client, Tls
from hangar.reference import Reference
from hangar.registry.desk import Desk
from hangar.registry.registry import Registry
from hangar.registry.repository import Repository
from hangar.registry.settings import Credential, Settings
from hangar.retry import Patience


@dataclass(frozen=True, slots=True)
class _Given:
    """A user name and password that were given for every registry."""

    username: str
    password: str = field(repr=False)
    identity_token: str = ""


class Registries:
    """Gives repositories of registries; safe to use from many threads.

    Args:
        settings: credentials, certificates and detours; None: as the files of
            docker and podman have them.
        verify_tls: None insists on certificates unless the settings say that a
            registry is insecure; False does not, and falls back to plain HTTP
            where TLS fails; True always insists.
        credentials: ``user:password`` for all registries, or "" for the settings'.
        patience: how often registries are asked again.
        client: whose connections to share; without one, its own.
    """

    def __init__(
        self,
        settings: Settings | None = None,
        *,
        verify_tls: bool | None = None,
        credentials: str = "",
        patience: Patience | None = None,
        client: Client | None = None,
    ) -> None:
        self._settings = settings or Configuration.load()
        self._verify_tls = verify_tls
        username, _, password = credentials.partition(":")
        self._given = _Given(username, password) if credentials else None
        self._patience = patience or Patience()
        self._client = client or Client(os.environ)
        self._is_owner = client is None
        self._lock = threading.Lock()
        self._registries: dict[tuple[str, bool], Registry] = {}
        self._repositories: dict[str, Repository] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, unless they are another's."""
        if self._is_owner:
            self._client.close()

    def repository(self, reference: Reference) -> Repository:
        """The repository that an image is in; the same one each time."""
        name = reference.full_repository
        repository = self._repositories.get(name)
        if repository is None:
            repository = self._repositories.setdefault(name, self._open(reference))
        return repository

    def _open(self, reference: Reference) -> Repository:
        endpoint = self._settings.endpoint(reference)
        insecure = (
            endpoint.insecure if self._verify_tls is None else not self._verify_tls
        )
        registry = self._registry(endpoint.registry, insecure)
        credential = self._credential(endpoint.registry, endpoint.repository)
        return Repository(
            Desk(registry, endpoint.repository, reference.full_repository, credential)
        )

    def _registry(self, name: str, insecure: bool) -> Registry:
        with self._lock:
            registry = self._registries.get((name, insecure))
            if registry is None:
                registry = self._registries[name, insecure] = Registry(
                    name,
                    self._client,
                    trust=functools.cache(functools.partial(self._tls, not insecure)),
                    patience=self._patience,
                    insecure=insecure,
                )
            return registry

    def _credential(self, registry: str, repository: str) -> Credential | None:
        return self._given or self._settings.credentials.find(registry, repository)

    def _tls(self, verify: bool, host: str) -> Tls:
        files = self._settings.certificates(host)
        return Tls(verify, files.authorities, files.pairs)
