"""One credential, and its entry in a file (containers-auth.json(5), config.json)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hangar.configuration.files import invalid, text
from hangar.errors import InvalidInput

TOKEN_USER = "<token>"  # noqa: S105 - what helpers call the user of a token

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")
_LONGEST = 10_000
"""Characters; what helpers are told has to fit into a pipe."""

_SECRETS = ("auth", "identitytoken", "password", "registrytoken", "username")
"""What an entry proves with; whatever else it says is not ours to change."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Who we are at a registry; its repr keeps the secrets."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def user(self) -> str:
        """The user's name; that of a token says that it is one."""
        return self.username or TOKEN_USER

    def check(self) -> None:
        """Make sure that it survives being written down and read again.

        Raises:
            InvalidInput: it does not, or it is empty.
        """
        pair = self.username + self.password + self.identity_token
        if not self.identity_token and not (self.username and self.password):
            reason = "neither user name nor password may be empty"
        elif len(pair) > _LONGEST:
            reason = f"user name and password have more than {_LONGEST} characters"
        elif ":" in self.username:
            reason = "a user name cannot have a colon"
        elif _UNSTORABLE.search(pair):
            reason = "user name or password is not text in UTF-8"
        else:
            return
        raise InvalidInput(reason)

    def entry(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """Its entry, with what the one ``before`` says besides secrets."""
        kept = without_secrets(before)
        if self.identity_token:
            kept["identitytoken"] = self.identity_token
        if self.username:
            pair = f"{self.username}:{self.password}".encode()
            kept["auth"] = base64.b64encode(pair).decode()
        return kept

    @classmethod
    def from_entry(
        cls, entry: Mapping[str, Any], path: Path, name: str
    ) -> Credential | None:
        """Read the entry ``name`` of a file; None if it holds no credential.

        Raises:
            InvalidConfiguration: it is malformed, or of a kind that we cannot use.
        """
        auth, token, password, unusable, username = (
            text(entry.get(secret), path, f"auths.{name}.{secret}")
            for secret in _SECRETS
        )
        if auth:
            username, password = _decoded(auth, path, name)
        if token:
            return cls(username, identity_token=token)
        if username or password:
            return cls(username, password)
        if unusable:
            raise invalid(path, f"auths.{name}.registrytoken is not supported")
        return None


def without_secrets(entry: Mapping[str, Any]) -> dict[str, Any]:
    """What an entry says besides its credential."""
    return {name: value for name, value in entry.items() if name not in _SECRETS}


def _decoded(auth: str, path: Path, name: str) -> tuple[str, str]:
    try:
        pair = base64.b64decode(auth, validate=True).decode()
    except (binascii.Error, ValueError):  # its text is a secret: keep no cause
        pair = ""
    username, colon, password = pair.partition(":")
    if not colon:
        raise invalid(path, f"auths.{name}.auth is not base64 of user:password")
    return username, password.strip("\0")
