"""What credential helpers keep: docker/docker-credential-helpers, "Development"."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from hangar.configuration import helpers
from hangar.configuration.credential import TOKEN_USER, Credential
from hangar.configuration.keys import CredentialKey
from hangar.errors import InvalidConfiguration


class Keychain:
    """The credentials that one helper keeps; it is asked but once for each.

    Errors of all methods: `InvalidConfiguration` if the helper cannot be run or does
    not do its work.

    Args:
        helper: its name.
        environ: its environment.
        for_docker: whether it knows Docker Hub by the name that docker has for it.
    """

    def __init__(
        self, helper: str, environ: Mapping[str, str], *, for_docker: bool = False
    ) -> None:
        self._helper = helper
        self._environ = environ
        self._for_docker = for_docker
        self._known: dict[str, Credential | InvalidConfiguration | None] = {}

    def __str__(self) -> str:
        return f"credential helper: {self._helper}"

    def find(self, key: CredentialKey) -> Credential | None:
        """The credential of a key's registry; helpers know nothing of parts."""
        found = (self._get(server) for server in self._servers(key))
        return next(filter(None, found), None)

    def store(self, key: CredentialKey, credential: Credential) -> str:
        """Have it keep a credential; return where that is."""
        if key.path:
            message = f"{self} keeps nothing for a part of a registry: {key}"
            hint = "log in to the registry, or name a file with --authfile"
            raise InvalidConfiguration(message, hint=hint)
        server = self._servers(key)[0]
        token = credential.identity_token
        value = {
            "ServerURL": server,
            "Username": TOKEN_USER if token else credential.username,
            "Secret": token or credential.password,
        }
        told = json.dumps(value, ensure_ascii=False)
        if helpers.ask(self._helper, "store", told, self._environ) is None:
            raise helpers.failed(self._helper, "store", "refused")
        self._known[server] = credential
        return str(self)

    def erase(self, key: CredentialKey) -> bool:
        """Have it forget the credential of a registry; tell whether it had one."""
        if key.path:
            return False
        had = [server for server in self._servers(key) if self._get(server)]
        for server in had:
            self._tell("erase", server)
            self._known[server] = None
        return bool(had)

    def erase_all(self) -> None:
        """Have it forget everything."""
        for server in self._object("list", self._tell("list", "")):
            self._tell("erase", server)
        self._known.clear()

    def _servers(self, key: CredentialKey) -> list[str]:
        """What it may call a registry, in the order of asking."""
        whole = CredentialKey(key.registry)
        names = (whole.spelled(for_docker=f) for f in (self._for_docker, True, False))
        return list(dict.fromkeys(names))

    def _get(self, server: str) -> Credential | None:
        """What it answers for a server, or what was wrong with that."""
        if server not in self._known:
            try:
                self._known[server] = self._asked(server)
            except InvalidConfiguration as error:
                self._known[server] = error
        known = self._known[server]
        if isinstance(known, InvalidConfiguration):
            raise known
        return known

    def _asked(self, server: str) -> Credential | None:
        answer = helpers.ask(self._helper, "get", server, self._environ)
        if answer is None:
            return None
        match self._object("get", answer):
            case {"Username": "", "Secret": ""}:
                return None
            case {"Username": str(username), "Secret": str(secret)}:
                if username == TOKEN_USER:
                    return Credential(identity_token=secret)
                return Credential(username, secret)
        raise self._nonsense(verb="get")

    def _tell(self, verb: str, text: str) -> bytes:
        """Have it do something; that it does not know the server is as good as done."""
        return helpers.ask(self._helper, verb, text, self._environ) or b"{}"

    def _object(self, verb: str, answer: bytes) -> dict[str, Any]:
        try:
            value = json.loads(answer)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise self._nonsense(verb)
        return value

    def _nonsense(self, verb: str) -> InvalidConfiguration:
        return helpers.failed(self._helper, verb, "answered nonsense")
