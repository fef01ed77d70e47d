"""Proving to a registry who we are: Basic, and tokens for Bearer.

Tokens as in distribution's "Token Authentication Specification" and "OAuth2 Token
Authentication": one for each set of scopes, kept until shortly before it expires.
"""

from __future__ import annotations

import base64
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from hangar import deadline
from hangar.configuration import Credential
from hangar.errors import RegistryError, TransferError
from hangar.http import Client, Origin, Response, Trust, resolve
from hangar.registry.challenge import Challenge, parse_challenges
from hangar.registry.refusals import refusal

MAX_TOKEN = 1 << 20
"""Bytes of a token server's answer."""

_LIFETIME = 60.0
"""Seconds that a token is valid if nothing is said about it."""

_LONGEST = 1e9
"""Seconds; who promises more than decades is not believed."""

_MARGIN = 30.0
"""Seconds, at most a quarter of its life, that a token is not used any more."""

_CLIENT_ID = "hangar"


@dataclass(frozen=True, slots=True)
class Access:
    """What a request is to be allowed.

    Attributes:
        scopes: such as ``repository:library/nginx:pull``.
        credential: who asks; None is nobody.
    """

    scopes: tuple[str, ...]
    credential: Credential | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Token:
    value: str = field(repr=False)
    good_until: float


class Authentication:
    """How requests to one registry are authorized; safe to use from many threads."""

    def __init__(self, registry: str, client: Client, trust: Trust) -> None:
        self._registry = registry
        self._client = client
        self._trust = trust
        self._url = ""
        self._challenge: Challenge | None = None
        self._scopes: dict[Access, tuple[str, ...]] = {}
        self._tokens: dict[Access, _Token] = {}
        self._locks: dict[Access, threading.Lock] = {}

    @property
    def is_demanded(self) -> bool:
        """Whether the registry has ever asked who we are."""
        return self._challenge is not None

    def learn(self, response: Response) -> None:
        """Take note of what the registry asks for."""
        supported = {
            challenge.scheme: challenge
            for challenge in parse_challenges(
                response.headers.get("www-authenticate", "")
            )
        }
        challenge = supported.get("bearer") or supported.get("basic")
        if challenge is not None:
            self._challenge, self._url = challenge, response.url

    def authorization(self, access: Access) -> str:
        """What to send as ``Authorization``; "" for nothing.

        Raises:
            AccessDenied: the token server does not let us.
            RegistryError: it answered with something else than a token.
        """
        challenge = self._challenge
        if challenge is None:
            return ""
        if challenge.scheme == "basic":
            return basic(access.credential)
        token = self._tokens.get(access)
        if token is None or token.good_until <= time.monotonic():
            token = self._renewed(challenge, access, token)
        return f"Bearer {token.value}"

    def renew(self, access: Access, used: str, response: Response) -> str:
        """Make another authorization after a 401; "" if there is none to be had.

        Args:
            access: what was asked for.
            used: the authorization that did not do.
            response: the refusal.
        """
        before = self._challenge
        self.learn(response)
        challenge = self._challenge
        if challenge is None or not response.headers.get("www-authenticate"):
            return ""
        if challenge.scheme == "basic":
            if before is not None and before.scheme == "bearer":
                self._challenge = before  # Harbor's way to say that a token won't do
                return ""
            authorization = basic(access.credential)
            return authorization if authorization != used else ""
        wanted = challenge.parameters.get("scope", "")
        if wanted and wanted not in access.scopes:
            self._scopes[access] = (*access.scopes, wanted)
        token = self._tokens.get(access)
        if token is not None and used == f"Bearer {token.value}":
            self._tokens.pop(access, None)
        return self.authorization(access)

    def _renewed(
        self, challenge: Challenge, access: Access, expired: _Token | None
    ) -> _Token:
        """Get a token, once for all threads that want it."""
        with deadline.holding(self._locks.setdefault(access, threading.Lock())):
            token = self._tokens.get(access)
            if token is None or token is expired:
                token = self._tokens[access] = self._fetch(challenge, access)
            return token

    def _fetch(self, challenge: Challenge, access: Access) -> _Token:
        url = self._realm(challenge)
        scopes = self._scopes.get(access, access.scopes)
        service = challenge.parameters.get("service", "")
        asked_at = time.monotonic()
        credential = access.credential
        if credential is not None and credential.identity_token:
            with self._exchange(url, service, scopes, credential) as response:
                if response.status not in (404, 405):
                    return self._token(response, asked_at)
        with self._ask(url, service, scopes, credential) as response:
            return self._token(response, asked_at)

    def _realm(self, challenge: Challenge) -> str:
        url = resolve(self._url, challenge.parameters.get("realm", ""))
        here, there = Origin.of(self._url), Origin.of(url)
        if here.scheme == "https" and there.scheme == "http":
            if self._trust(there.authority).verify:
                message = f"{self._registry}: its token server is not encrypted"
                raise TransferError(message)
        return url

    def _exchange(
        self,
        url: str,
        service: str,
        scopes: tuple[str, ...],
        credential: Credential,
    ) -> Response:
        """Turn an identity token into an access token (OAuth2)."""
        form = {
            "grant_type": "refresh_token",
            "service": service,
            "client_id": _CLIENT_ID,
            "scope": " ".join(scopes),
            "refresh_token": credential.identity_token,
        }
        return self._client.request(
            "POST",
            url,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            trust=self._trust,
        )

    def _ask(
        self,
        url: str,
        service: str,
        scopes: tuple[str, ...],
        credential: Credential | None,
    ) -> Response:
        query = [("scope", scope) for scope in scopes]
        if service:
            query.insert(0, ("service", service))
        if credential is not None and credential.username:
            query.insert(0, ("account", credential.username))
        authorization = basic(credential)
        return self._client.request(
            "GET",
            f"{url}{'&' if '?' in url else '?'}{urlencode(query)}",
            headers={"Authorization": authorization} if authorization else {},
            trust=self._trust,
        )

    def _token(self, response: Response, asked_at: float) -> _Token:
        if response.status != 200:
            raise refusal(response, f"{self._registry}: token", self._registry)
        value = _object(response.read(MAX_TOKEN))
        token = value.get("token") or value.get("access_token")
        if not isinstance(token, str) or not token.isprintable():
            message = f"{self._registry}: the token server answered without a token"
            raise RegistryError(message, status=response.status)
        lifetime = value.get("expires_in")
        if not isinstance(lifetime, (int, float)) or not 0 < lifetime <= _LONGEST:
            lifetime = _LIFETIME
        return _Token(token, asked_at + lifetime - min(_MARGIN, lifetime / 4))


def _object(raw: bytes) -> Mapping[str, Any]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {}


def basic(credential: Credential | None) -> str:
    """An ``Authorization`` of the scheme Basic (RFC 7617); "" for nobody."""
    if credential is None:
        return ""
    username = credential.username or "<token>"
    password = credential.password or credential.identity_token
    pair = f"{username}:{password}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"
