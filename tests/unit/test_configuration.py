"""The configuration files that docker and podman share."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from hangar.configuration import Configuration, Credential
from hangar.errors import InvalidConfiguration

AUTH = base64.b64encode(b"me:secret:word").decode()


def load(home: Path, **environ: str) -> Configuration:
    return Configuration.load(environ={"HOME": str(home), **environ})


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    path.chmod(0o600)
    return path


def helper(folder: Path, script: str) -> str:
    """Write a credential helper; return the PATH on which it is found."""
    program = write(folder / "bin" / "docker-credential-test", f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return f"{folder / 'bin'}:/usr/bin:/bin"


def test_the_longest_key_of_the_first_file_counts(tmp_path: Path) -> None:
    one = {"auth": base64.b64encode(b"one:1").decode()}
    auths = {"reg.io": {"auth": AUTH}, "reg.io/a": one}
    write(tmp_path / ".config/containers/auth.json", {"auths": auths})
    write(tmp_path / ".docker/config.json", {"auths": {"other.io": {"auth": AUTH}}})
    found = load(tmp_path).credentials

    assert found.find("reg.io", "a/b") == Credential("one", "1")
    assert found.find("reg.io", "b") == Credential("me", "secret:word")
    assert found.find("other.io", "x") == Credential("me", "secret:word")
    assert found.find("none.io", "x") is None


def test_a_file_that_is_named_is_the_only_one(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {"reg.io": {"auth": AUTH}}})
    empty = write(tmp_path / "auth.json", {})

    assert (
        load(tmp_path, REGISTRY_AUTH_FILE=str(empty)).credentials.find("reg.io") is None
    )


@pytest.mark.parametrize("key", ["docker.io", "https://index.docker.io/v1/"])
def test_docker_hub_has_several_names(tmp_path: Path, key: str) -> None:
    write(tmp_path / ".docker/config.json", {"auths": {key: {"auth": AUTH}}})

    found = load(tmp_path).credentials.find("docker.io", "library/nginx")

    assert found == Credential("me", "secret:word")


def test_the_oldest_docker_file_and_identity_tokens_are_understood(
    tmp_path: Path,
) -> None:
    names = ("https://reg.io", "other.io/v1/")
    write(tmp_path / ".dockercfg", {n: {"identitytoken": "token"} for n in names})

    for registry in ("reg.io", "other.io"):
        found = load(tmp_path).credentials.find(registry)
        assert found == Credential(identity_token="token")


def test_secrets_are_not_shown_and_open_files_are_told_of(tmp_path: Path) -> None:
    path = write(
        tmp_path / ".docker/config.json", {"auths": {"reg.io": {"auth": AUTH}}}
    )
    path.chmod(0o644)
    credentials = load(tmp_path).credentials

    assert "secret" not in repr(credentials.find("reg.io"))
    assert credentials.warnings == [
        f"{path} can be read by other users: chmod 600 {path}"
    ]


@pytest.mark.parametrize("key", ["credsStore", "credHelpers"])
def test_helpers_are_asked(tmp_path: Path, key: str) -> None:
    value = "test" if key == "credsStore" else {"reg.io": "test"}
    write(tmp_path / ".docker/config.json", {key: value})
    answer = '{"Username": "me", "Secret": "from a helper"}'
    path = helper(tmp_path, f"read server; echo '{answer}'")

    found = load(tmp_path, PATH=path).credentials.find("reg.io")

    assert found == Credential("me", "from a helper")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "exit status 3"),
        ("echo nonsense", "nonsense"),
        ("echo '[]'", "nonsense"),
    ],
)
def test_a_helper_that_fails_is_named(
    tmp_path: Path, script: str, message: str
) -> None:
    write(tmp_path / ".docker/config.json", {"credsStore": "test"})
    path = helper(tmp_path, script)

    with pytest.raises(InvalidConfiguration, match=message):
        load(tmp_path, PATH=path).credentials.find("reg.io")


def test_a_helper_that_knows_nothing_or_a_token(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"credsStore": "test"})
    path = helper(tmp_path, "echo credentials not found in native keychain; exit 1")
    assert load(tmp_path, PATH=path).credentials.find("reg.io") is None

    path = helper(tmp_path, """echo '{"Username": "<token>", "Secret": "t"}'""")
    found = load(tmp_path, PATH=path).credentials.find("reg.io")
    assert found == Credential(identity_token="t")


def test_a_helper_that_is_missing_is_named(tmp_path: Path) -> None:
    write(tmp_path / ".docker/config.json", {"credsStore": "../../bin/sh"})

    with pytest.raises(InvalidConfiguration, match="not on PATH"):
        load(tmp_path, PATH="/usr/bin").credentials.find("reg.io")


@pytest.mark.parametrize(
    "text",
    ["{", "[]", '{"auths": []}', '{"auths": {"reg.io": {"auth": "!"}}}', "\xff"],
)
def test_a_corrupt_file_is_named(tmp_path: Path, text: str) -> None:
    path = write(tmp_path / ".docker/config.json", "")
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(InvalidConfiguration, match=r"config\.json"):
        load(tmp_path).credentials.find("reg.io")


def test_certificates_are_found_by_host(tmp_path: Path) -> None:
    folder = tmp_path / ".config/containers/certs.d/reg.io:5000"
    names = ("ca.crt", "client.cert", "client.key", "notes.txt")
    ca, cert, key, _ = (write(folder / name, "") for name in names)
    configuration = load(tmp_path)

    found = configuration.certificates("reg.io:5000")

    assert (found.authorities, found.pairs) == ((ca,), ((cert, key),))
    assert configuration.certificates("reg.io").authorities == ()
    key.unlink()
    with pytest.raises(InvalidConfiguration, match="both"):
        configuration.certificates("reg.io:5000")


def test_a_directory_of_certificates_that_is_named_is_the_only_one(
    tmp_path: Path,
) -> None:
    write(tmp_path / ".config/containers/certs.d/reg.io/ca.crt", "")
    named = write(tmp_path / "certs/own.crt", "").parent
    environ = {"HOME": str(tmp_path)}

    found = Configuration.load(cert_dir=named, environ=environ).certificates("reg.io")

    assert found.authorities == (named / "own.crt",)
    gone = Configuration.load(cert_dir=tmp_path / "typo", environ=environ)
    with pytest.raises(InvalidConfiguration, match="no such directory"):
        gone.certificates("reg.io")
