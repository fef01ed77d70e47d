"""A file with credentials: containers-auth.json(5), docker's config.json."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from hangar.configuration.credential import Credential, without_secrets
from hangar.configuration.files import invalid, read_json, table, text
from hangar.configuration.keychain import Keychain
from hangar.configuration.keys import CredentialKey
from hangar.configuration.secrecy import edited, replace_json


class KeychainOf(Protocol):
    """Gives what a helper keeps; the same one each time."""

    def __call__(self, helper: str, *, for_docker: bool) -> Keychain:
        """By its name, and whether docker is to find there what is written."""


class AuthFile:
    """A credential file, read when first needed, and the helpers that it names.

    Errors of all methods: `InvalidConfiguration` if the file or a helper cannot be
    used; of those that change it also `HangarError` if it cannot be written.

    Args:
        path: where it is, or is to be.
        keychain_of: what helpers keep.
        for_docker: whether docker is to find what is written.
        is_oldest: whether it has docker's oldest format, which is read only: no
            ``auths`` around the entries, and names of hosts only.
    """

    def __init__(
        self,
        path: Path,
        keychain_of: KeychainOf,
        *,
        for_docker: bool = False,
        is_oldest: bool = False,
    ) -> None:
        self.path = path
        self._keychain_of = keychain_of
        self._for_docker = for_docker
        self._is_oldest = is_oldest

    def __str__(self) -> str:
        return str(self.path)

    @property
    def is_there(self) -> bool:
        """Whether there is such a file."""
        return self._value is not None

    def find(self, key: CredentialKey) -> Credential | None:
        """What a helper knows of the registry, else the entry with the longest key."""
        keychain = self._keychain(key)
        found = keychain.find(key) if keychain else None
        if found:
            return found
        for covering in key.above:
            for name in self._names(covering):
                entry = self._entry(name)
                if found := Credential.from_entry(entry, self.path, name):
                    return found
        return None

    def store(self, key: CredentialKey, credential: Credential) -> str:
        """Keep a credential here or with the registry's helper; return where."""
        if self._for_docker and key.path:
            reason = f"docker knows no credentials for a part of a registry: {key}"
            raise invalid(self.path, reason, "name another file with --authfile")
        with edited(self.path) as path:
            self._value = read_json(path)
            names = self._names(key)
            if keychain := self._keychain(key):
                place = keychain.store(key, credential)
                kept = {n: without_secrets(self._entry(n)) for n in names}
                self._write(path, {**self._auths, **kept})
                return place
            name, *others = names or [key.spelled(for_docker=self._for_docker)]
            auths = {n: e for n, e in self._auths.items() if n not in others}
            before = self._entry(name) if names else {}
            self._write(path, {**auths, name: credential.entry(before)})
        return str(self)

    def erase(self, key: CredentialKey) -> bool:
        """Forget what is kept for exactly this key; tell whether that was anything."""
        if not self.is_there:
            return False
        with edited(self.path) as path:
            self._value = read_json(path)
            keychain = self._keychain(key)
            erased = keychain.erase(key) if keychain else False
            names = self._names(key)
            auths = {n: e for n, e in self._auths.items() if n not in names}
            self._write(path, auths)
        return erased or bool(names)

    def erase_all(self) -> None:
        """Forget everything, with the helpers that are named here, too."""
        if not self.is_there:
            return
        with edited(self.path) as path:
            self._value = read_json(path)
            for key, helper in self._helpers.items():
                if helper:
                    self._kept_by(helper).erase(key)
            if self._store:
                self._kept_by(self._store).erase_all()
            self._write(path, {})

    @cached_property
    def _value(self) -> dict[str, Any] | None:
        return read_json(self.path)

    @property
    def _auths(self) -> dict[str, Any]:
        value = self._value or {}
        auths = value if self._is_oldest else value.get("auths")
        return table(auths, self.path, "auths")

    @property
    def _helpers(self) -> dict[CredentialKey, str]:
        """Names of helpers by registry; "" is the file itself."""
        named = (self._value or {}).get("credHelpers")
        return {
            CredentialKey.stored_as(name): text(
                helper, self.path, f"credHelpers.{name}"
            )
            for name, helper in table(named, self.path, "credHelpers").items()
        }

    @property
    def _store(self) -> str:
        """Name of the helper for all other registries, or ""."""
        return text((self._value or {}).get("credsStore"), self.path, "credsStore")

    def _keychain(self, key: CredentialKey) -> Keychain | None:
        helper = self._helpers.get(CredentialKey(key.registry), self._store)
        return self._kept_by(helper) if helper else None

    def _kept_by(self, helper: str) -> Keychain:
        return self._keychain_of(helper, for_docker=self._for_docker)

    def _names(self, key: CredentialKey) -> list[str]:
        """Under which names there are entries for a key, the usual one first."""
        names = [
            name
            for name in self._auths
            if CredentialKey.stored_as(name, hosts_only=self._is_oldest) == key
        ]
        usual = key.spelled(for_docker=self._for_docker)
        return sorted(names, key=lambda name: name != usual)

    def _entry(self, name: str) -> Mapping[str, Any]:
        return table(self._auths[name], self.path, f"auths.{name}")

    def _write(self, path: Path, auths: Mapping[str, Any]) -> None:
        """Write the file with other entries, unless they are as they were."""
        if auths != self._auths:
            value = {**(self._value or {}), "auths": auths}
            replace_json(path, value)
            self._value = value
