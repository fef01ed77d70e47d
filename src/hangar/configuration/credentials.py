"""User names and passwords, from where docker and podman keep them.

(containers-auth.json(5); docker's config.json.)
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hangar.configuration import helpers
from hangar.configuration.files import (
    home,
    invalid,
    is_readable_by_others,
    read_json,
    table,
    text,
    user_configuration,
)
from hangar.reference import DOCKER_HUB

_HUB_KEYS = ("docker.io", "index.docker.io", "registry-1.docker.io")
_TOKEN_USER = "<token>"  # noqa: S105 - what helpers call the user of a token


@dataclass(frozen=True, slots=True)
class Credential:
    """Who we are at a registry; its repr keeps the secrets."""

    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)


class Credentials:
    """Finds credentials, the most specific key of the first file that has one.

    Attributes:
        warnings: what the user should know of the files that were read.
    """

    def __init__(self, authfile: Path | None, environ: Mapping[str, str]) -> None:
        self.warnings: list[str] = []
        self._environ = environ
        self._paths = _paths(authfile, environ)
        self._files: dict[Path, dict[str, Any] | None] = {}

    def find(self, registry: str, repository: str = "") -> Credential | None:
        """Look for a credential; None if none of the files knows the registry.

        Raises:
            InvalidConfiguration: a file or helper cannot be used.
        """
        for path, value in self._read():
            helper = table(value.get("credHelpers"), path, "credHelpers").get(registry)
            store = helper or value.get("credsStore")
            if store:
                found = self._ask(text(store, path, "credsStore"), registry)
                if found:
                    return found
            # The oldest format has no "auths" around its entries.
            auths = value if path.name == ".dockercfg" else value.get("auths")
            found = _best(table(auths, path, "auths"), path, registry, repository)
            if found:
                return found
        return None

    def _read(self) -> Iterator[tuple[Path, dict[str, Any]]]:
        for path in self._paths:
            if path not in self._files:
                value = self._files[path] = read_json(path)
                if value and is_readable_by_others(path):
                    self.warnings.append(f"{path} can be read by other users")
            value = self._files[path]
            if value is not None:
                yield path, value

    def _ask(self, helper: str, registry: str) -> Credential | None:
        server = registry
        if registry == DOCKER_HUB:
            server = "https://index.docker.io/v1/"
        found = helpers.get(helper, server, self._environ)
        if found is None:
            return None
        username, secret = found
        if username == _TOKEN_USER:
            return Credential(identity_token=secret)
        return Credential(username, secret)


def _paths(authfile: Path | None, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Where to look, in order; a file that was named is the only one."""
    named = authfile or environ.get("REGISTRY_AUTH_FILE")
    if named:
        return (Path(named),)
    runtime = environ.get("XDG_RUNTIME_DIR") or f"/run/containers/{os.getuid()}"
    docker = environ.get("DOCKER_CONFIG") or home(environ) / ".docker"
    first = (
        Path(runtime) / "containers" if "XDG_RUNTIME_DIR" in environ else Path(runtime)
    )
    return (
        first / "auth.json",
        user_configuration(environ) / "containers" / "auth.json",
        Path(docker) / "config.json",
        home(environ) / ".dockercfg",
    )


def _best(
    auths: dict[str, Any], path: Path, registry: str, repository: str
) -> Credential | None:
    """The entry with the longest key that the repository is in."""
    named = {_normal(key): entry for key, entry in auths.items()}
    parts = repository.split("/") if repository else []
    for count in range(len(parts), -1, -1):
        for host in _HUB_KEYS if registry == DOCKER_HUB else (registry,):
            entry = named.get("/".join([host, *parts[:count]]))
            if entry is not None:
                return _credential(table(entry, path, registry), path, registry)
    return None


def _normal(key: str) -> str:
    """A key without the URL that docker makes of it."""
    for scheme in ("https://", "http://"):
        if key.startswith(scheme):
            return key.removeprefix(scheme).partition("/")[0]
    return key.rstrip("/")


def _credential(entry: dict[str, Any], path: Path, registry: str) -> Credential | None:
    token = text(entry.get("identitytoken"), path, "identitytoken")
    encoded = text(entry.get("auth"), path, "auth")
    username = text(entry.get("username"), path, "username")
    password = text(entry.get("password"), path, "password")
    if encoded:
        try:
            decoded = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            decoded = ""
        username, colon, password = decoded.partition(":")
        if not colon:
            raise invalid(
                path, f"the auth of {registry} is not base64 of user:password"
            )
    if token:
        return Credential(username, identity_token=token)
    if not username and not password:
        return None
    return Credential(username, password.rstrip("\0"))
