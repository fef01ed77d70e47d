"""All registries of a run: one set of connections, one set of tokens."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from hangar.closing import Closing
from hangar.configuration import Configuration, Credential, CredentialKey, Endpoint
from hangar.errors import AccessDenied, NotFound
from hangar.http import Client, Origin, Tls, Trust
from hangar.oci import Digest
from hangar.reference import DEFAULT_TAG, Reference
from hangar.registry import manifests, uploads
from hangar.registry.desk import Desk
from hangar.registry.harbor import Harbor
from hangar.registry.mirrored import MirroredRepository
from hangar.registry.registry import HOSTS, Registry
from hangar.registry.repository import Repository
from hangar.registry.web import Site, Web, WebAddress
from hangar.retry import Patience


class Registries(Closing):
    """Gives repositories of registries; safe to use from many threads.

    Args:
        configuration: what is configured about registries; None: as the files of
            docker and podman have it.
        authfile: the one file to look for credentials in, if ``configuration`` is
            not given.
        cert_dir: the one directory to look for certificates in, likewise.
        verify_tls: None insists on certificates unless the configuration says that
            a registry is insecure; False does not, and falls back to plain HTTP
            where TLS fails; True always insists.
        credentials: ``user:password`` for all registries, or "" for the configured.
        patience: how often registries are asked again.
        bytes_per_second: of all transfers together, in each direction; None: as many
            as there can be.
        requests_per_second: by host, as users call it.
        client: whose connections to share, limits included; without one, its own.
    """

    def __init__(
        self,
        configuration: Configuration | None = None,
        *,
        authfile: Path | None = None,
        cert_dir: Path | None = None,
        verify_tls: bool | None = None,
        credentials: str = "",
        patience: Patience | None = None,
        bytes_per_second: float | None = None,
        requests_per_second: Mapping[str, float] | None = None,
        client: Client | None = None,
    ) -> None:
        self._configuration = configuration or Configuration.load(
            authfile=authfile, cert_dir=cert_dir
        )
        self._verify_tls = verify_tls
        username, _, password = credentials.partition(":")
        self._given = Credential(username, password) if credentials else None
        self._patience = patience or Patience()
        rates = requests_per_second or {}
        self._client = client or Client(
            os.environ,
            requests_per_second={HOSTS.get(h, h): rate for h, rate in rates.items()},
            bytes_per_second=bytes_per_second,
        )
        self._is_owner = client is None
        self._lock = threading.Lock()
        self._registries: dict[tuple[str, bool], Registry] = {}
        self._repositories: dict[str, Repository] = {}
        self._sources: dict[str, Repository] = {}

    def close(self) -> None:
        """Close the connections, unless they are another's."""
        if self._is_owner:
            self._client.close()

    def sharing(
        self,
        configuration: Configuration,
        *,
        verify_tls: bool | None = None,
        credentials: str = "",
        patience: Patience | None = None,
    ) -> Registries:
        """Others, spoken to in another way, over connections that these here close.

        Limits hold for all of them together.
        """
        return Registries(
            configuration,
            verify_tls=verify_tls,
            credentials=credentials,
            patience=patience or self._patience,
            client=self._client,
        )

    def repository(self, reference: Reference) -> Repository:
        """The repository at its own name, to be written or compared with.

        It is never read elsewhere: what a mirror has says nothing of what is here.

        Raises:
            AccessDenied: its registry is blocked by the configuration.
            InvalidConfiguration: a file cannot be used.
        """
        return self._known(self._repositories, reference, self._own)

    def source(self, reference: Reference) -> Repository:
        """The repository to read an image from: by way of mirrors, if there are any.

        Raises:
            VerificationError: the policy does not let the image be read.
            AccessDenied: its registry is blocked by the configuration.
            InvalidConfiguration: a file cannot be used.
        """
        self._configuration.policy.check_image(reference)
        return self._known(self._sources, reference, self._open)

    def expanded(self, name: str) -> str:
        """A source's name with what its alias stands for, if it has one.

        Raises:
            InvalidConfiguration: a file cannot be used.
        """
        return self._configuration.registries.expanded(name)

    def _known(
        self,
        known: dict[str, Repository],
        reference: Reference,
        make: Callable[[Reference], Repository],
    ) -> Repository:
        """The same repository each time, though several threads may ask at once."""
        name = reference.full_repository
        return known.get(name) or known.setdefault(name, make(reference))

    def _own(self, reference: Reference) -> Repository:
        return Repository(self._desk(self._configuration.endpoint(reference)))

    @property
    def configuration(self) -> Configuration:
        """What is configured about registries."""
        return self._configuration

    @property
    def gives_credentials(self) -> bool:
        """Whether credentials were given for whoever is asked."""
        return self._given is not None

    def registry(self, key: CredentialKey) -> Registry:
        """The registry of which a key is a part; nothing is asked yet.

        Raises:
            AccessDenied: it is blocked by the configuration.
            InvalidConfiguration: a file cannot be used.
        """
        named = Reference(key.registry, key.path)
        return self._registry(self._configuration.endpoint(named))

    def demands_login(self, reference: Reference, *, to_write: bool) -> bool:
        """Whether the registry wants to know who we are, and we cannot tell it.

        Raises:
            HangarError: it could not be asked, or is blocked by the configuration.
        """
        endpoint = self._configuration.endpoint(reference)
        if self._credential(endpoint.registry, endpoint.repository):
            return False
        desk = Desk(self._registry(endpoint), endpoint.repository, None)
        try:
            if to_write:
                uploads.rehearse(desk)
            else:
                manifests.resolve(desk, reference.locator)
        except AccessDenied:
            return True
        except NotFound:
            pass
        return False

    def project(self, reference: Reference) -> tuple[str, str]:
        """The registry that a repository is really in, and its project there.

        Raises:
            AccessDenied: it is blocked by the configuration.
            InvalidConfiguration: a file cannot be used.
        """
        endpoint = self._configuration.endpoint(reference)
        return endpoint.registry, endpoint.repository.partition("/")[0]

    def harbor(self, reference: Reference) -> Harbor:
        """The projects of a repository's registry, if it is a Harbor; nothing is asked.

        Raises:
            AccessDenied: it is blocked by the configuration.
            InvalidConfiguration: a file cannot be used.
        """
        endpoint = self._configuration.endpoint(reference)
        credential = self._credential(endpoint.registry, endpoint.repository)
        return Harbor(self._registry(endpoint), credential)

    def web(self, address: WebAddress | None = None) -> Web:
        """Where to get files from, beginning at an address that the user named.

        What was given to prove who the user is goes nowhere but there.
        """
        if address is None:
            return Web(self._site)
        home = Origin.of(address.url)
        return Web(self._site, home, address.credential or self._given)

    def _site(self, host: str) -> Site:
        key = CredentialKey.stored_as(host)
        kept = self._configuration.credentials
        return Site(self.registry(key), kept.find(key.registry))

    def _open(self, reference: Reference) -> Repository:
        own = self._configuration.endpoint(reference)
        by_tag, by_digest = (
            self._configuration.endpoints(asked)
            for asked in (
                replace(reference, tag=DEFAULT_TAG, digest=None),
                replace(reference, tag="", digest=Digest.of(b"")),
            )
        )
        here = [own.reference.full_repository]
        if all(
            [e.reference.full_repository for e in s] == here
            for s in (by_tag, by_digest)
        ):
            return self.repository(reference)
        return MirroredRepository(
            self._desk(own),
            [Repository(self._desk(place, by_tag[-1])) for place in by_tag],
            [Repository(self._desk(place, by_digest[-1])) for place in by_digest],
        )

    def _desk(self, endpoint: Endpoint, own: Endpoint | None = None) -> Desk:
        """Where to ask; what was given for ``own`` goes to no mirror of it."""
        if own is None or own.registry == endpoint.registry:
            credential = self._credential(endpoint.registry, endpoint.repository)
        else:
            kept = self._configuration.credentials
            credential = kept.find(endpoint.registry, endpoint.repository)
        return Desk(self._registry(endpoint), endpoint.repository, credential)

    def _credential(self, registry: str, repository: str) -> Credential | None:
        return self._given or self._configuration.credentials.find(registry, repository)

    def _registry(self, endpoint: Endpoint) -> Registry:
        insecure = (
            endpoint.insecure if self._verify_tls is None else not self._verify_tls
        )
        with self._lock:
            registry = self._registries.get((endpoint.registry, insecure))
            if registry is None:
                registry = self._registries[endpoint.registry, insecure] = Registry(
                    endpoint.registry,
                    self._client,
                    trust=self._trust(endpoint.registry, verify=not insecure),
                    patience=self._patience,
                    insecure=insecure,
                )
            return registry

    def _trust(self, registry: str, *, verify: bool) -> Trust:
        """Finds the certificates of a registry, and of where it sends us.

        Those of the registry are called as the user calls it, usual port or not.
        """
        names = {host: name for name, host in HOSTS.items()}

        @functools.cache
        def trust(host: str) -> Tls:
            there = Origin.of(f"https://{HOSTS.get(registry, registry)}").authority
            name = registry if host == there else names.get(host, host)
            files = self._configuration.certificates(name)
            return Tls(verify, files.authorities, files.pairs)

        return trust
