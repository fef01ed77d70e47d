"""One registry: how it is reached and what it wants to know, found out once."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from hangar import deadline
from hangar.configuration import Credential
from hangar.errors import (
    AccessDenied,
    CredentialsRefused,
    TimedOut,
    TlsError,
    TransferError,
)
from hangar.http import Client, Origin, Response, Stream, Trust, resolve
from hangar.reference import DOCKER_HUB
from hangar.registry.authentication import Access, Authentication
from hangar.registry.refusals import refusal
from hangar.retry import Patience

HOSTS = {DOCKER_HUB: "registry-1.docker.io"}
"""Registries that are not where their name says."""

_REST = 60.0
"""Seconds that a registry is left alone after it could not be reached."""


class Unreachable(TransferError):
    """A registry could not be reached though it was tried again and again."""

    @property
    def retryable(self) -> bool:
        return False


class Registry:
    """A registry, by what all its repositories share; for many threads.

    Attributes:
        name: host as users say it; ``docker.io``.
        patience: how often it is asked again.
        insecure: whether neither certificates nor encryption are insisted on.
        has_referrers: whether it lists referrers; None while that is not known.
        mounts: whether it mounts blobs; None while that is not known.
    """

    def __init__(
        self,
        name: str,
        client: Client,
        *,
        trust: Trust,
        patience: Patience,
        insecure: bool = False,
    ) -> None:
        self.name = name
        self.patience = patience
        self.insecure = insecure
        self.has_referrers: bool | None = None
        self.mounts: bool | None = None
        self._client = client
        self._trust = trust
        self._schemes = ("https", "http") if insecure else ("https",)
        self._authentication = Authentication(name, client, trust)
        self._lock = threading.Lock()
        self._base = ""
        self._failure: TransferError | None = None
        self._failed_at = 0.0

    @property
    def base(self) -> str:
        """Where its interface is, with a slash at the end; asks it once.

        Raises:
            TransferError: it cannot be reached; not tried again for a while.
        """
        if self._base:
            return self._base
        with deadline.holding(self._lock):
            if not self._base:
                self._base = self._reach()
        return self._base

    def authenticate(self, credential: Credential) -> bool:
        """Have it accept a credential; return False if it asks nobody for one.

        Raises:
            CredentialsRefused: it does not.
            HangarError: it could not be asked.
        """

        def ask() -> None:
            with self.send("GET", "", Access((), credential)) as response:
                if response.status != 200:
                    raise refusal(response, self.name, self.name)

        try:
            self.patience.again(ask, self.name)
        except AccessDenied as error:
            message = f'logging into "{self.name}": invalid username/password'
            raise CredentialsRefused(message, hint=str(error)) from error
        return self._authentication.is_demanded

    def send(
        self,
        method: str,
        path: str,
        access: Access,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Stream = b"",
    ) -> Response:
        """Send a request, authorized; a second time if the first was not enough.

        Args:
            method: of the request.
            path: below ``/v2/``, or an absolute URL that `locate` gave; only one of
                the registry itself is sent an authorization.
            access: what the request needs.
            headers: more of them.
            body: a `Stream` is sent but once; after a 401, what is sent next will
                be authorized anew.
        """
        url = path if "://" in path else f"{self.base}{path}"
        headers = headers or {}
        if url is path and Origin.of(url) != Origin.of(self.base):
            return self.request(method, url, headers=headers, body=body)
        used = self._authentication.authorization(access)
        response = self.request(method, url, headers=_with(headers, used), body=body)
        if response.status != 401 or response.url != url:
            return response
        renewed = self._authentication.renew(access, used, response)
        if not renewed or isinstance(body, Stream):
            return response
        response.close()
        return self.request(method, url, headers=_with(headers, renewed), body=body)

    def locate(self, response: Response, location: str) -> str:
        """The URL that the registry means by a ``Location`` or ``Link``.

        Registries behind a proxy that does TLS for them often think that they are
        reached by plain HTTP.

        Raises:
            TransferError: it is none, or one that is not encrypted elsewhere.
        """
        url = resolve(response.url, location)
        here, there = Origin.of(self.base), Origin.of(url)
        if here.scheme == "https" and there.scheme == "http":
            if there.host == here.host:
                parts = urlsplit(url)
                own = parts._replace(scheme=here.scheme, netloc=here.authority)
                return own.geturl()
            if self._trust(there.authority).verify:
                message = f"{self.name} sends us to {there}, which is not encrypted"
                raise TransferError(message)
        return url

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | Stream = b"",
    ) -> Response:
        """Send a request as it is, to an absolute URL."""
        return self._client.request(
            method, url, headers=headers or {}, body=body, trust=self._trust
        )

    def _reach(self) -> str:
        if self._failure and time.monotonic() - self._failed_at < _REST:
            raise self._failure
        try:
            return self.patience.again(self._ping, self.name)
        except TimedOut:
            raise
        except TransferError as error:
            self._failure, self._failed_at = error, time.monotonic()
            if error.retryable:
                self._failure = Unreachable(str(error), hint=error.hint)
            raise self._failure from error

    def _ping(self) -> str:
        """Ask who is there and what is wanted (distribution-spec, end-1)."""
        failure: TransferError | None = None
        host = HOSTS.get(self.name, self.name)
        for scheme in self._schemes:
            base = f"{scheme}://{host}/v2/"
            try:
                response = self.request("GET", base)
            except TimedOut:
                raise
            except TransferError as error:
                if failure is None or isinstance(failure, TlsError):
                    failure = error
                continue
            with response:
                if response.status >= 500 or response.status in (408, 429):
                    raise refusal(response, f"ping of {self.name}", self.name)
                if failure and response.status == 400:
                    break  # so servers of TLS answer to plain HTTP
                self._authentication.learn(response)
            return base
        raise failure or TransferError(self.name)


def _with(headers: Mapping[str, str], authorization: str) -> Mapping[str, str]:
    return {**headers, "Authorization": authorization} if authorization else headers
