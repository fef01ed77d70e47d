"""Logging in with hangar, skopeo or podman: each reads what another has written."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hangar.configuration import Configuration, Credential, CredentialKey
from tests.support.content import put_image
from tests.support.helpers import HelperProgram
from tests.support.registries import DockerRegistry, docker_registry
from tests.support.running import Desk, Ran
from tests.support.seeding import draft, push

ME = ("me", "a secret:wörd")


@pytest.fixture(scope="module")
def guarded() -> Iterator[DockerRegistry]:
    """A registry that wants a password, with an image."""
    with docker_registry(login=ME) as registry:
        store = draft()
        put_image(store, b"layer", tag="1")
        push(registry.http, "team/app", store)
        yield registry


@dataclass(frozen=True)
class Person:
    """Somebody who has hangar, another program, and one registry.

    Attributes:
        desk: where both are run.
        address: of the registry.
        program: the other one, skopeo or podman.
    """

    desk: Desk
    address: str
    program: str

    @property
    def file(self) -> Path:
        """Where both of them look first."""
        return self.desk.folder / "home/containers/auth.json"

    def theirs(self, *arguments: str, typed: str = "") -> Ran:
        """Run the other program in the same environment as hangar."""
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.desk.folder,
            env=self.desk.environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def they_read(self, *flags: str) -> bool:
        """Whether the other program is let in to look at the image."""
        name = f"{self.address}/team/app"
        if self.program == "skopeo":
            look = ("inspect", "--raw", f"docker://{name}:1")
        else:
            look = ("search", "--list-tags", name)
        ran = self.theirs(*look, "--tls-verify=false", *flags)
        assert ran.status == 0 or "authentication required" in ran.err, ran.err
        return ran.status == 0

    def they_log_in(self, *flags: str, name: str = "") -> None:
        more = ("--tls-verify=false", "-u", ME[0], "--password-stdin", *flags)
        ran = self.theirs("login", *more, name or self.address, typed=ME[1])
        assert ran.status == 0, ran.err

    def hangar_reads(self) -> bool:
        """Whether hangar is let in to look at the image."""
        image = f"{self.address}/team/app:1"
        ran = self.desk.hangar("inspect", "--raw", "--tls-verify=false", image)
        assert ran.status == 0 or "authentication required" in ran.err
        return ran.status == 0

    def hangar_login(self, *flags: str, name: str = "") -> None:
        more = ("--tls-verify=false", "-u", ME[0], "--password-stdin", *flags)
        ran = self.desk.hangar("login", name or self.address, *more, typed=ME[1])
        assert ran.status == 0, ran.err


@pytest.fixture(params=["skopeo", "podman"])
def person(
    request: pytest.FixtureRequest, desk: Desk, guarded: DockerRegistry
) -> Person:
    folder = desk.folder / "storage"
    storage = desk.write(
        "storage.conf",
        "[storage]",
        'driver = "vfs"',
        f'runroot = "{folder}/run"',
        f'graphroot = "{folder}/images"',
    )
    desk.environment["CONTAINERS_STORAGE_CONF"] = str(desk.folder / storage)
    return Person(desk, guarded.address, request.param)


def test_they_read_what_hangar_wrote(person: Person) -> None:
    assert not person.they_read()
    person.hangar_login()
    user = person.theirs("login", "--get-login", person.address)

    assert person.they_read()
    assert user.out == "me\n"
    person.desk.hangar("logout", person.address)
    assert not person.they_read()


def test_hangar_reads_what_they_wrote(person: Person) -> None:
    assert not person.hangar_reads()
    person.they_log_in()

    assert person.hangar_reads()
    assert person.desk.hangar("login", person.address, "--get-login").out == "me\n"
    assert person.theirs("logout", person.address).status == 0
    assert not person.hangar_reads()


def test_either_logs_out_of_what_the_other_logged_in_to(person: Person) -> None:
    person.hangar_login()
    assert person.theirs("logout", person.address).status == 0
    assert not person.hangar_reads()

    person.they_log_in()
    assert person.desk.hangar("logout", person.address).status == 0
    assert not person.they_read()


def test_both_write_the_same_file(person: Person) -> None:
    person.they_log_in()
    theirs = person.file.read_text()
    person.file.unlink()

    person.hangar_login()

    assert person.file.read_text() == f"{theirs}\n"


@pytest.mark.parametrize("path", ["team", "team/app"])
def test_parts_of_a_registry_mean_the_same_to_both(person: Person, path: str) -> None:
    person.hangar_login(name=f"{person.address}/{path}")
    assert person.they_read()
    assert person.desk.hangar("logout", f"{person.address}/{path}").status == 0

    person.they_log_in(name=f"{person.address}/{path}")
    assert person.hangar_reads()


def test_a_part_that_the_image_is_not_in_lets_nobody_in(person: Person) -> None:
    person.hangar_login(name=f"{person.address}/teams")

    assert not person.they_read()
    assert not person.hangar_reads()


def test_a_file_that_is_named_is_read_by_both(person: Person) -> None:
    person.hangar_login("--authfile=own.json")
    assert person.they_read("--authfile=own.json")
    assert not person.they_read()

    person.desk.environment["REGISTRY_AUTH_FILE"] = "theirs.json"
    person.they_log_in()
    assert person.hangar_reads()


def test_a_file_for_docker_is_read_by_them(person: Person) -> None:
    folder = person.desk.folder / "home/.docker"
    folder.mkdir()
    (folder / "config.json").write_text('{"psFormat": "x"}')

    person.hangar_login(f"--compat-auth-file={folder}/config.json")

    assert person.they_read()
    assert json.loads((folder / "config.json").read_text())["psFormat"] == "x"


def test_both_use_the_same_helper(person: Person, tmp_path: Path) -> None:
    program = HelperProgram.at(tmp_path / "bin")
    person.desk.environment["PATH"] = program.path
    person.file.parent.mkdir()
    configured = json.dumps({"credHelpers": {person.address: "test"}})
    person.file.write_text(configured)
    person.file.chmod(0o600)

    person.hangar_login()
    assert program.kept == {person.address: list(ME)}
    assert person.file.read_text() == configured
    assert person.they_read()
    assert person.theirs("logout", person.address).status == 0
    assert program.kept == {}

    person.they_log_in()
    assert person.hangar_reads()
    assert person.desk.hangar("logout", person.address).status == 0
    assert program.kept == {}


def test_both_use_the_helper_of_registries_conf(person: Person, tmp_path: Path) -> None:
    program = HelperProgram.at(tmp_path / "bin")
    person.desk.environment["PATH"] = program.path
    conf = person.desk.folder / "home/.config/containers/registries.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text('credential-helpers = ["test", "containers-auth.json"]\n')

    person.hangar_login()
    assert program.kept == {person.address: list(ME)}
    assert person.they_read()
    assert person.theirs("logout", person.address).status == 0

    person.they_log_in()
    assert person.hangar_reads()
    assert person.desk.hangar("logout", "--all").status == 0
    assert program.kept == {}


@pytest.mark.parametrize("for_docker", [False, True])
def test_they_find_docker_hub_by_either_name(person: Person, for_docker: bool) -> None:
    path = person.desk.folder / "own.json"
    named = (
        Configuration.load(compat_auth_file=path, environ={})
        if for_docker
        else Configuration.load(authfile=path, environ={})
    )
    named.credentials.store(CredentialKey("docker.io"), Credential(*ME))

    for name in ("docker.io", "index.docker.io"):
        ran = person.theirs("login", "--get-login", "--authfile=own.json", name)
        assert (ran.status, ran.out) == (0, "me\n"), ran.err


def test_a_helper_is_asked_once_a_run_however_many_images_there_are(
    desk: Desk, guarded: DockerRegistry, target: DockerRegistry, tmp_path: Path
) -> None:
    program = HelperProgram.at(tmp_path / "bin", **{guarded.address: ME})
    desk.environment["PATH"] = program.path
    desk.write("auth.json", json.dumps({"credsStore": "test"}))
    (desk.folder / "auth.json").chmod(0o600)
    lines = [
        f"{guarded.address}/team/app:1 {target.address}/team/app{number} 1"
        for number in range(5)
    ]
    flags = ("--authfile=auth.json", "--tls-verify=false")

    ran = desk.hangar("mirror", "-f", desk.write("list", *lines), *flags)

    assert ran.status == 0, ran.err
    asked = [(verb, server) for verb, server, _ in program.requests]
    assert sorted(asked) == sorted([("get", guarded.address), ("get", target.address)])
