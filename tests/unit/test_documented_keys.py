"""What docs/configuration.md says of each key of credential files."""

from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from hangar.configuration import Configuration, Credential, CredentialKey, Credentials
from hangar.errors import InvalidConfiguration
from tests.support.helpers import HelperProgram

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"
AUTH = base64.b64encode(b"me:secret").decode()
ME = Credential("me", "secret")
TOKEN = Credential("me", identity_token="t")
PAIR = {"username": "me", "password": "secret"}

HONOURED: dict[str, tuple[Any, Credential | None]] = {
    "auths": ({"auths": {}}, None),
    "auths.KEY": ({"auths": {"http://reg.io/v1/": {"auth": AUTH}}}, ME),
    "auths.KEY.auth": ({"auths": {"reg.io/team": {"auth": AUTH}}}, ME),
    "auths.KEY.username": ({"auths": {"reg.io": {**PAIR, "auth": AUTH}}}, ME),
    "auths.KEY.password": ({"auths": {"reg.io": PAIR}}, ME),
    "auths.KEY.identitytoken": (
        {"auths": {"reg.io": {"auth": AUTH, "identitytoken": "t"}}},
        TOKEN,
    ),
    "credHelpers.HOST": ({"credHelpers": {"reg.io": "test"}, "credsStore": "x"}, ME),
    "credsStore": ({"credHelpers": {"other.io": "x"}, "credsStore": "test"}, ME),
}
KEPT = {"auths.KEY.email", "all others"}
REFUSED = {"auths.KEY.registrytoken"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "auth.json"


def reading(path: Path, value: Any) -> Credentials:
    program = HelperProgram.at(path.parent / "bin", **{"reg.io": ("me", "secret")})
    path.write_text(json.dumps(value))
    environ = {"PATH": program.path}
    return Configuration.load(authfile=path, environ=environ).credentials


def test_every_row_is_proved_below() -> None:
    section = PAGE.read_text().partition("## Credential files")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.*?) \| (\w*)", section, re.MULTILINE)
    said: dict[str, set[str]] = {}
    for cell, verdict in rows[1:]:
        names = re.findall(r"`([^`]*)`", cell) or [cell]
        said.setdefault(verdict, set()).update(names)

    assert said == {"honoured": set(HONOURED), "kept": KEPT, "refused": REFUSED}


@pytest.mark.parametrize("key", HONOURED)
def test_a_key_is_honoured(path: Path, key: str) -> None:
    value, credential = HONOURED[key]

    assert reading(path, value).find("reg.io", "team/app") == credential


def test_what_says_something_else_is_kept(path: Path) -> None:
    entry = {"email": "me@example.com", "auth": AUTH}
    kept = reading(path, {"auths": {"reg.io": entry}, "proxies": {"a": 1}})

    kept.store(CredentialKey("reg.io"), Credential("you", "1"))

    value = json.loads(path.read_text())
    assert value["auths"]["reg.io"]["email"] == "me@example.com"
    assert value["proxies"] == {"a": 1}


def test_tokens_for_the_registry_itself_are_refused(path: Path) -> None:
    kept = reading(path, {"auths": {"reg.io": {"registrytoken": "secret"}}})

    with pytest.raises(InvalidConfiguration, match="registrytoken") as failure:
        kept.find("reg.io")

    assert "secret" not in str(failure.value)
