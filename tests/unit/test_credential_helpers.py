"""Programs that keep credentials, good and bad ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hangar.configuration import (
    Configuration,
    Credential,
    CredentialKey,
    Credentials,
    helpers,
)
from hangar.deadline import Deadline, applied
from hangar.errors import InvalidConfiguration, TimedOut
from tests.support.helpers import HelperProgram

ME = Credential("me", "secret é")
REG = CredentialKey("reg.io")


@pytest.fixture
def program(tmp_path: Path) -> HelperProgram:
    return HelperProgram.at(tmp_path / "bin")


class Place:
    """A home with files that name the helper."""

    def __init__(self, folder: Path, program: HelperProgram) -> None:
        self.folder = folder
        self.file = folder / "run/containers/auth.json"
        self.file.parent.mkdir(parents=True)
        self.environ = {
            "HOME": str(folder),
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "PATH": program.path,
        }

    def credentials(self, **environ: str) -> Credentials:
        return Configuration.load(environ={**self.environ, **environ}).credentials

    def says(self, value: Any) -> None:
        self.file.write_text(json.dumps(value))
        self.file.chmod(0o600)

    def registries_conf(self, text: str) -> None:
        (self.folder / ".config/containers").mkdir(parents=True)
        (self.folder / ".config/containers/registries.conf").write_text(text)

    @property
    def said(self) -> Any:
        return json.loads(self.file.read_text())


@pytest.fixture
def place(tmp_path: Path, program: HelperProgram) -> Place:
    return Place(tmp_path, program)


@pytest.mark.parametrize(
    "value", [{"credsStore": "test"}, {"credHelpers": {"reg.io": "test"}}]
)
def test_a_helper_keeps_finds_and_forgets(
    place: Place, program: HelperProgram, value: Any
) -> None:
    place.says(value)

    assert place.credentials().store(REG, ME) == "credential helper: test"
    assert program.kept == {"reg.io": ["me", "secret é"]}
    assert place.credentials().find("reg.io", "a/b") == ME
    assert place.credentials().erase(REG)
    assert program.kept == {}
    assert not place.credentials().erase(REG)
    assert place.said == value


def test_a_helper_is_asked_once_for_each_registry(
    place: Place, program: HelperProgram
) -> None:
    place.says({"credsStore": "test"})
    kept = place.credentials()

    for repository in ("a", "b", "c"):
        assert kept.find("reg.io", repository) is None
    kept.find("other.io")

    asked = [text for verb, text, _ in program.requests]
    assert asked == ["reg.io", "other.io"]


def test_a_helper_that_failed_is_not_asked_again(
    place: Place, program: HelperProgram
) -> None:
    program.does(f"#!/bin/sh\necho x >> {program.folder}/count\nexit 3\n")
    place.says({"credsStore": "test"})
    kept = place.credentials()

    for _ in range(2):
        with pytest.raises(InvalidConfiguration, match="exit status 3") as failure:
            kept.find("reg.io")

    assert "docker-credential-test get" in failure.value.hint
    assert (program.folder / "count").read_text() == "x\n"


def test_what_is_stored_is_found_without_asking_again(
    place: Place, program: HelperProgram
) -> None:
    place.says({"credsStore": "test"})
    kept = place.credentials()
    kept.find("reg.io")

    kept.store(REG, ME)

    assert kept.find("reg.io") == ME
    assert [verb for verb, _, _ in program.requests] == ["get", "store"]


def test_helpers_do_not_inherit_our_secrets(
    place: Place, program: HelperProgram
) -> None:
    place.says({"credsStore": "test"})

    place.credentials(HANGAR_LOGIN_PASSWORD="secret", LANG="C").find("reg.io")

    ((_, _, environ),) = program.requests
    assert environ["LANG"] == "C"
    assert "HANGAR_LOGIN_PASSWORD" not in environ


def test_an_older_secret_leaves_the_file_when_the_helper_has_the_new_one(
    place: Place,
) -> None:
    place.says(
        {
            "auths": {"reg.io": {"auth": "eDp5", "email": "a@b"}, "z.io": {}},
            "credHelpers": {"reg.io": "test"},
        }
    )

    place.credentials().store(REG, ME)

    assert place.said["auths"] == {"reg.io": {"email": "a@b"}, "z.io": {}}


def test_an_empty_name_is_the_file_itself(place: Place) -> None:
    place.says({"credsStore": "test", "credHelpers": {"reg.io": ""}})

    assert place.credentials().store(REG, ME) == str(place.file)
    assert place.credentials().find("reg.io") == ME


def test_helpers_keep_nothing_for_parts_of_registries(place: Place) -> None:
    place.says({"credsStore": "test"})

    with pytest.raises(InvalidConfiguration, match="part of a registry"):
        place.credentials().store(CredentialKey("reg.io", "team"), ME)
    assert not place.credentials().erase(CredentialKey("reg.io", "team"))


def test_identity_tokens_have_a_user_of_their_own(
    place: Place, program: HelperProgram
) -> None:
    place.says({"credsStore": "test"})
    token = Credential(identity_token="t")

    place.credentials().store(REG, token)

    assert program.kept == {"reg.io": ["<token>", "t"]}
    assert place.credentials().find("reg.io") == token


@pytest.mark.parametrize("server", ["docker.io", "https://index.docker.io/v1/"])
def test_docker_hub_is_found_by_either_name(
    tmp_path: Path, place: Place, server: str
) -> None:
    program = HelperProgram.at(tmp_path / "b", **{server: ("me", "secret é")})
    place.says({"credHelpers": {"index.docker.io": "test"}})

    assert place.credentials(PATH=program.path).find("docker.io", "a/b") == ME


def test_docker_finds_its_hub_with_its_helper(
    place: Place, program: HelperProgram
) -> None:
    folder = place.folder / "docker"
    folder.mkdir()
    (folder / "config.json").write_text('{"credsStore": "test"}')

    place.credentials(DOCKER_CONFIG=str(folder)).store(CredentialKey("docker.io"), ME)

    assert list(program.kept) == ["https://index.docker.io/v1/"]


def test_forgetting_everything_includes_the_helpers_of_the_file(
    tmp_path: Path, place: Place
) -> None:
    kept = dict.fromkeys(("a.io", "b.io", "c.io"), ("me", "x"))
    program = HelperProgram.at(tmp_path / "b", **kept)
    place.says({"credHelpers": {"a.io": "test", "d.io": ""}, "auths": {"e.io": {}}})
    place.credentials(PATH=program.path).erase_all()
    assert list(program.kept) == ["b.io", "c.io"]
    assert place.said == {"credHelpers": {"a.io": "test", "d.io": ""}, "auths": {}}

    place.says({"credsStore": "test"})
    place.credentials(PATH=program.path).erase_all()
    assert program.kept == {}


def test_registries_conf_puts_a_helper_before_the_files(
    place: Place, program: HelperProgram
) -> None:
    place.registries_conf('credential-helpers = ["test", "containers-auth.json"]')
    place.says({"auths": {"reg.io": {"auth": "eDp5"}}})
    assert place.credentials().find("reg.io") == Credential("x", "y")

    assert place.credentials().store(REG, ME) == "credential helper: test"
    assert place.credentials().find("reg.io") == ME

    team = CredentialKey("reg.io", "team")
    assert place.credentials().store(team, ME) == str(place.file)
    assert place.credentials().erase(REG)
    assert (program.kept, list(place.said["auths"])) == ({}, ["reg.io/team"])


def test_of_several_registries_conf_the_last_one_that_says_something_counts(
    place: Place, program: HelperProgram
) -> None:
    place.registries_conf('credential-helpers = ["none"]')
    folder = place.folder / ".config/containers/registries.conf.d"
    folder.mkdir()
    (folder / "1.conf").write_text('credential-helpers = ["test"]')
    (folder / "2.conf").write_text('unqualified-search-registries = ["a.io"]')

    configuration = Configuration.load(environ=place.environ)

    assert configuration.registries.credential_helpers == ("test",)
    assert configuration.registries.search_registries == ("a.io",)
    configuration.credentials.store(REG, ME)
    assert list(program.kept) == ["reg.io"]


def test_a_file_that_is_named_has_no_helpers_besides_it(
    place: Place, program: HelperProgram
) -> None:
    place.registries_conf('credential-helpers = ["test"]')
    path = str(place.folder / "named.json")

    assert place.credentials(REGISTRY_AUTH_FILE=path).store(REG, ME) == path

    assert not program.requests


@pytest.mark.parametrize("value", ['"test"', "[1]", "{}"])
def test_helpers_that_are_no_list_are_an_error(place: Place, value: str) -> None:
    place.registries_conf(f"credential-helpers = {value}")

    with pytest.raises(InvalidConfiguration, match=r"registries\.conf"):
        place.credentials().find("reg.io")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo secret; exit 3", "exit status 3"),
        ("echo secret", "nonsense"),
        ("echo '[\"secret\"]'", "nonsense"),
        ('echo \'{"Username": "me", "Secret": 5}\'', "nonsense"),
        ("""echo '{"Username": "me", "Secret": "secret'""", "nonsense"),
        ("kill -9 $$", "exit status -9"),
        ("cat /dev/zero", "answers without end"),
    ],
)
def test_a_helper_that_misbehaves_is_named_and_not_quoted(
    place: Place, program: HelperProgram, script: str, message: str
) -> None:
    program.does(f"#!/bin/sh\n{script}\n")
    place.says({"credsStore": "test"})

    with pytest.raises(InvalidConfiguration, match=message) as failure:
        place.credentials().find("reg.io")

    assert "docker-credential-test" in str(failure.value)
    assert "secret" not in f"{failure.value} {failure.value.hint}"


def test_an_empty_answer_is_no_credential(place: Place, program: HelperProgram) -> None:
    program.does('#!/bin/sh\necho \'{"Username": "", "Secret": ""}\'\n')
    place.says({"credsStore": "test"})

    assert place.credentials().find("reg.io") is None


def test_a_helper_that_stores_nothing_is_no_success(
    place: Place, program: HelperProgram
) -> None:
    program.does("#!/bin/sh\necho credentials not found; exit 1\n")
    place.says({"credsStore": "test"})

    with pytest.raises(InvalidConfiguration, match="refused"):
        place.credentials().store(REG, ME)


def test_a_helper_without_a_program_is_named(place: Place) -> None:
    place.says({"credsStore": "../../bin/sh"})
    with pytest.raises(InvalidConfiguration, match="not on PATH"):
        place.credentials().find("reg.io")

    place.says({"credsStore": "other"})
    with pytest.raises(InvalidConfiguration, match=r"other.* is not on PATH"):
        place.credentials().find("reg.io")


def test_a_program_that_is_none_cannot_be_run(
    place: Place, program: HelperProgram
) -> None:
    program.does("\x7fELF nonsense")
    place.says({"credsStore": "test"})

    with pytest.raises(InvalidConfiguration, match="cannot be run"):
        place.credentials().find("reg.io")


@pytest.mark.parametrize(
    "script",
    [
        "exec sleep 600",
        "sleep 5 &\nexit 0",  # the child keeps the output open
        "exec >&-; exec sleep 600",
    ],
)
def test_a_helper_that_hangs_is_given_up(program: HelperProgram, script: str) -> None:
    program.does(f"#!/bin/sh\n{script}\n")
    environ = {"PATH": program.path}

    with pytest.raises(InvalidConfiguration, match=r"no answer within 0\.2 s"):
        helpers.ask("test", "get", "reg.io", environ, time_limit=0.2)


def test_a_helper_that_reads_nothing_may_answer(program: HelperProgram) -> None:
    program.does("#!/bin/sh\nexec <&-\necho '{}'\n")

    answer = helpers.ask("test", "get", "reg.io", {"PATH": program.path})

    assert answer == b"{}\n"


def test_a_helper_gets_no_more_time_than_there_is(program: HelperProgram) -> None:
    program.does("#!/bin/sh\nexec sleep 600\n")

    with applied(Deadline(0.2)), pytest.raises(TimedOut):
        helpers.ask("test", "get", "reg.io", {"PATH": program.path})
