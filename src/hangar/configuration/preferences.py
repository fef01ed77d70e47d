"""What ``registries.conf`` says of logging in (containers-registries.conf(5))."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from hangar.configuration.files import invalid, read_toml
from hangar.configuration.registries import _files as files_of

AUTH_FILES = "containers-auth.json"
"""Stands among credential helpers for the credential files."""


class Preferences:
    """Where to log in, and who keeps what is needed for that; read when first asked.

    Of several files the last one that states something counts. A file that cannot be
    used raises `InvalidConfiguration`.
    """

    def __init__(self, path: Path | None, environ: Mapping[str, str]) -> None:
        self._path = path
        self._environ = environ

    @cached_property
    def search_registries(self) -> tuple[str, ...]:
        """Registries to look in; the first one is meant where none is named."""
        return self._last("unqualified-search-registries")

    @cached_property
    def credential_helpers(self) -> tuple[str, ...]:
        """Names of helpers, in the order of asking."""
        return self._last("credential-helpers") or (AUTH_FILES,)

    def _last(self, key: str) -> tuple[str, ...]:
        found: tuple[str, ...] = ()
        for file in files_of(self._path, self._environ):
            stated = (read_toml(file) or {}).get(key, [])
            if not (isinstance(stated, list) and all(type(t) is str for t in stated)):
                raise invalid(file, f"{key}: expected a list of texts")
            found = tuple(stated) or found
        return found
