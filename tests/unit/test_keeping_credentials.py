"""Credential files as they are written, and read again."""

from __future__ import annotations

import base64
import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from hangar.configuration import Configuration, Credential, CredentialKey, Credentials
from hangar.configuration.credentials import primary_file
from hangar.errors import HangarError, InvalidConfiguration, InvalidInput

ME = Credential("me", "secret:word")
AUTH = base64.b64encode(b"me:secret:word").decode()
REG = CredentialKey("reg.io")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def credentials(home: Path, **environ: str) -> Credentials:
    usual = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home / "run")}
    return Configuration.load(environ={**usual, **environ}).credentials


def named(path: Path) -> Credentials:
    return Configuration.load(authfile=path, environ={}).credentials


def write(path: Path, value: Any, mode: int = 0o600) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    path.chmod(mode)
    return path


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_new_file_is_for_its_owner_alone(home: Path) -> None:
    place = credentials(home).store(REG, ME)

    path = home / "run/containers/auth.json"
    assert place == str(path)
    entry = f'"reg.io": {{\n\t\t\t"auth": "{AUTH}"\n\t\t}}'
    assert path.read_text() == f'{{\n\t"auths": {{\n\t\t{entry}\n\t}}\n}}\n'
    assert (mode(path), mode(path.parent)) == (0o600, 0o700)
    assert files(path.parent) == ["auth.json"]


def test_an_open_file_is_closed_when_it_is_written(home: Path) -> None:
    path = write(home / "auth.json", {"auths": {}}, 0o644)
    kept = named(path)
    kept.find("reg.io")
    assert kept.warnings

    kept.store(REG, ME)

    assert mode(path) == 0o600
    assert not kept.warnings


def test_whatever_else_a_file_says_stays_as_it_was(home: Path) -> None:
    before = {
        "psFormat": "é",
        "auths": {"z.io": {"auth": "eDp5"}, "reg.io": {"email": "a@b", "auth": "eDp5"}},
        "aliases": {"b": 1, "a": [None, 1.5, True]},
    }
    path = write(home / "auth.json", before)

    named(path).store(REG, ME)

    expected = json.loads(json.dumps(before))
    expected["auths"]["reg.io"]["auth"] = AUTH
    assert json.dumps(read(path)) == json.dumps(expected)


def test_a_new_credential_takes_the_place_of_all_older_secrets(home: Path) -> None:
    old = {"identitytoken": "t", "registrytoken": "r", "username": "x", "password": "y"}
    path = write(home / "auth.json", {"auths": {"reg.io": old, "https://reg.io": old}})

    named(path).store(REG, ME)

    assert read(path) == {"auths": {"reg.io": {"auth": AUTH}}}


def test_an_entry_keeps_the_name_that_it_has(home: Path) -> None:
    path = write(home / "auth.json", {"auths": {"https://reg.io/v1/": {}}})

    named(path).store(REG, ME)

    assert read(path) == {"auths": {"https://reg.io/v1/": {"auth": AUTH}}}


def test_nothing_is_written_when_nothing_changes(home: Path) -> None:
    compact = json.dumps({"auths": {"reg.io": {"auth": AUTH}}})
    path = write(home / "auth.json", compact)

    named(path).store(REG, ME)
    assert not named(path).erase(CredentialKey("other.io"))

    assert path.read_text() == compact


def test_a_link_stays_a_link(home: Path) -> None:
    real = write(home / "dotfiles/auth.json", {})
    link = home / "auth.json"
    link.symlink_to(real)

    named(link).store(REG, ME)

    assert link.is_symlink()
    assert "reg.io" in read(real)["auths"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root writes for others")
def test_what_root_writes_into_the_folder_of_another_user_stays_that_users(
    home: Path,
) -> None:
    theirs = write(home / "theirs/auth.json", {})
    planted = write(home / "planted.json", {})
    for path in (theirs.parent, theirs, planted):
        os.chown(path, 1234, 2345)

    for path in (theirs, planted):
        named(path).store(REG, ME)

    assert (theirs.stat().st_uid, theirs.stat().st_gid) == (1234, 2345)
    assert planted.stat().st_uid == 0  # in a folder of root's: who knows whose it is
    assert mode(theirs) == mode(planted) == 0o600


def test_what_a_killed_writer_left_behind_goes(home: Path) -> None:
    left = write(home / ".auth.json.new", "half", 0o644)

    named(home / "auth.json").store(REG, ME)

    assert not left.exists()
    assert named(home / "auth.json").find("reg.io") == ME


def test_many_writers_at_once_lose_nothing(home: Path) -> None:
    path = home / "auth.json"

    def store(number: int) -> None:
        named(path).store(CredentialKey(f"reg{number}.io"), ME)

    threads = [threading.Thread(target=store, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(read(path)["auths"]) == 8


def test_what_is_stored_is_found_at_once_and_later(home: Path) -> None:
    kept = credentials(home)
    assert kept.find("reg.io", "a") is None

    kept.store(REG, ME)

    assert kept.find("reg.io", "a") == ME
    assert credentials(home).find("reg.io", "a") == ME


def test_parts_of_registries_have_credentials_of_their_own(home: Path) -> None:
    kept = credentials(home)
    team = Credential("team", "1")
    kept.store(REG, ME)
    kept.store(CredentialKey("reg.io", "team"), team)

    assert kept.find("reg.io", "team/app") == team
    assert kept.find("reg.io", "teams/app") == ME

    assert kept.erase(CredentialKey("reg.io", "team"))
    assert kept.find("reg.io", "team/app") == ME
    assert not kept.erase(CredentialKey("reg.io", "team"))


def test_an_identity_token_survives(home: Path) -> None:
    token = Credential("me", identity_token="t")

    credentials(home).store(REG, token)

    assert credentials(home).find("reg.io") == token


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("a:b", "x"),
        ("", "x"),
        ("me", ""),
        ("me", "\udcff"),
        ("me", "x\0"),
        ("me", "x" * 20_000),
    ],
)
def test_what_could_not_be_read_back_is_not_kept(
    home: Path, username: str, password: str
) -> None:
    with pytest.raises(InvalidInput):
        credentials(home).store(REG, Credential(username, password))

    assert not files(home / "run")


@pytest.mark.parametrize("name", ["https://reg.io/v1/", "http://reg.io", "reg.io"])
def test_logging_out_removes_every_name_of_the_registry(home: Path, name: str) -> None:
    auths = {name: {"auth": AUTH}, "reg.io/": {"auth": "!"}, "other.io": {}}
    path = write(home / "auth.json", {"auths": auths})

    assert named(path).erase(REG)

    assert read(path) == {"auths": {"other.io": {}}}


def test_everything_goes_at_once_but_what_is_no_credential(home: Path) -> None:
    value = {"auths": {"a.io": {"auth": AUTH}, "b.io/c": {}}, "psFormat": "x"}
    path = write(home / "auth.json", value)

    named(path).erase_all()

    assert read(path) == {"auths": {}, "psFormat": "x"}


def test_docker_finds_what_is_written_for_it(home: Path) -> None:
    kept = credentials(home, DOCKER_CONFIG=str(home / "docker"))

    kept.store(CredentialKey("docker.io"), ME)

    value = read(home / "docker/config.json")
    assert value == {"auths": {"https://index.docker.io/v1/": {"auth": AUTH}}}
    assert kept.find("docker.io", "library/nginx") == ME
    with pytest.raises(InvalidConfiguration, match="docker knows no credentials"):
        kept.store(CredentialKey("docker.io", "me"), ME)


def test_a_file_of_dockers_can_be_named(home: Path) -> None:
    path = home / "config.json"
    kept = Configuration.load(compat_auth_file=path, environ={}).credentials

    kept.store(CredentialKey("docker.io"), ME)

    assert list(read(path)["auths"]) == ["https://index.docker.io/v1/"]
    assert kept.find("docker.io") == ME


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({}, "run/containers/auth.json"),
        ({"DOCKER_CONFIG": "{home}/d"}, "d/config.json"),
        ({"DOCKER_CONFIG": "{home}/d", "REGISTRY_AUTH_FILE": "{home}/f"}, "f"),
    ],
)
def test_the_environment_says_where_to_write(
    home: Path, environ: dict[str, str], place: str
) -> None:
    filled = {name: value.format(home=home) for name, value in environ.items()}

    assert credentials(home, **filled).store(REG, ME) == str(home / place)


@pytest.mark.parametrize(
    ("environ", "system", "path"),
    [
        ({"XDG_RUNTIME_DIR": "/r"}, "linux", "/r/containers/auth.json"),
        ({}, "linux", f"/run/containers/{os.getuid()}/auth.json"),
        ({"XDG_RUNTIME_DIR": ""}, "linux", f"/run/containers/{os.getuid()}/auth.json"),
        ({"HOME": "/h"}, "darwin", "/h/.config/containers/auth.json"),
    ],
)
def test_each_system_has_a_usual_file(
    environ: dict[str, str], system: str, path: str
) -> None:
    assert str(primary_file(environ, system)) == path


def test_a_runtime_folder_that_is_gone_is_not_made(home: Path) -> None:
    kept = credentials(home, XDG_RUNTIME_DIR=str(home / "gone"))

    with pytest.raises(InvalidConfiguration, match="XDG_RUNTIME_DIR"):
        kept.store(REG, ME)

    assert not (home / "gone").exists()


def test_what_cannot_be_written_is_an_error_and_changes_nothing(home: Path) -> None:
    (home / "auth.json").mkdir()
    with pytest.raises(InvalidConfiguration, match=r"auth\.json"):
        named(home / "auth.json").store(REG, ME)

    write(home / "file", "")
    with pytest.raises(HangarError, match="cannot write"):
        named(home / "file/auth.json").store(REG, ME)


def test_a_device_is_never_replaced(home: Path) -> None:
    pipe = home / "device"
    pipe.symlink_to("/dev/null")

    with pytest.raises(HangarError, match="not a regular file"):
        named(pipe).store(REG, ME)

    assert Path("/dev/null").is_char_device()
    assert not named(pipe).warnings


def test_a_file_that_was_named_and_is_missing_is_told_of(home: Path) -> None:
    kept = named(home / "auth.json")

    assert kept.find("reg.io") is None
    assert kept.warnings == [f"there is no credential file {home}/auth.json"]
    with pytest.raises(InvalidConfiguration, match="not accessible: stat"):
        kept.erase(REG)

    kept.store(REG, ME)
    assert not kept.warnings


def test_without_files_there_is_nothing_to_forget(home: Path) -> None:
    assert not credentials(home).erase(REG)
    credentials(home).erase_all()

    assert not files(home / "run")
