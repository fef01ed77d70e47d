"""How registries are reached, as options and the environment want it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from hangar import Registries
from hangar.cli.access import TwoSided
from hangar.cli.tree import Entry, every_path, path_to
from tests.support.content import put_image
from tests.support.registries import (
    Certificates,
    DockerRegistry,
    docker_registry,
)
from tests.support.running import Desk, Ran
from tests.support.scripted import Scripted, reply
from tests.support.seeding import draft, push

ME, YOU = ("me", "my-secret"), ("you", "your-secret")
ACCEPT, REJECT = ({"type": t} for t in ("insecureAcceptAnything", "reject"))


def seed(registry: DockerRegistry, *tags: str) -> None:
    store = draft()
    for tag in tags:
        put_image(store, tag.encode(), tag=tag)
    push(registry.http, "team/app", store)


@dataclass(frozen=True)
class Two:
    """Two registries that demand different passwords, one of them by TLS."""

    desk: Desk
    source: DockerRegistry
    target: DockerRegistry
    trusting: Path

    def mirror(self, *flags: str) -> Ran:
        name = self.desk.write("list", f"{self.source.address}/team/app:1")
        where = ("-f", name, "-d", self.target.address)
        return self.desk.hangar("mirror", *where, *flags)


@pytest.fixture
def two(desk: Desk, certificates: Certificates) -> Iterator[Two]:
    trusting = desk.folder / "certs"
    trusting.mkdir()
    shutil.copy(certificates.authority, trusting)
    with (
        docker_registry(login=ME) as source,
        docker_registry(login=YOU, certificates=certificates) as target,
    ):
        seed(source, "1")
        yield Two(desk, source, target, trusting)


def policy(desk: Desk, value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return desk.write("policy.json", text)


def tags(desk: Desk, registry: DockerRegistry, *flags: str) -> Ran:
    name = f"{registry.address}/team/app"
    return desk.hangar("list-tags", name, "--tls-verify=false", *flags)


def test_source_and_destination_are_reached_each_in_its_way(two: Two) -> None:
    ran = two.mirror(
        f"--src-creds={':'.join(ME)}",
        f"--dest-creds={':'.join(YOU)}",
        "--src-tls-verify=false",
        f"--dest-cert-dir={two.trusting}",
    )

    assert ran.status == 0, ran.err
    assert two.target.http.tags("team/app") == {"1"}


def test_validating_knows_both_sides_too(two: Two) -> None:
    seed(two.target, "1")
    listed = two.desk.write("list", f"{two.source.address}/team/app:1")
    for side, (username, password) in {"src": ME, "dest": YOU}.items():
        login = {"username": username, "password": password}
        auths = {registry.address: login for registry in (two.source, two.target)}
        name = two.desk.write(f"{side}.json", json.dumps({"auths": auths}))
        (two.desk.folder / name).chmod(0o600)

    ran = two.desk.hangar(
        *f"mirror validate -f {listed} -d {two.target.address}".split(),
        *("--src-authfile=src.json", "--dest-authfile=dest.json"),
        *("--tls-verify=false", "--dest-tls-verify", f"--cert-dir={two.trusting}"),
    )

    assert ran.status == 0, ran.err


def test_one_sides_password_is_not_told_to_the_other(two: Two) -> None:
    ran = two.mirror(f"--dest-creds={':'.join(ME)}", "--tls-verify=false")

    assert ran.status == 1
    assert f"{two.source.address}/team/app" in ran.err
    assert not two.target.http.tags("team/app")


def test_mirror_wants_to_know_whose_password_it_is(two: Two) -> None:
    ran = two.mirror(f"--creds={':'.join(ME)}")

    assert ran.status == 2
    assert "--src-creds or --dest-creds" in ran.err
    assert ME[1] not in ran.err


def test_a_password_comes_from_an_option_or_the_environment(two: Two) -> None:
    given = ":".join(ME)
    desk = replace(
        two.desk,
        environment={**two.desk.environment, "HANGAR_LIST_TAGS_CREDS": given},
    )

    assert tags(two.desk, two.source).status == 1
    assert json.loads(tags(two.desk, two.source, f"--creds={given}").out) == ["1"]
    assert json.loads(tags(desk, two.source).out) == ["1"]


@pytest.mark.parametrize(
    "given", ["just-a-secret", ":secret", "me:wrong-secret", "me:secret\udcff"]
)
def test_a_password_that_does_not_do_is_never_shown(two: Two, given: str) -> None:
    ran = tags(two.desk, two.source, f"--creds={given}", "--debug")

    assert ran.status in (1, 2)
    assert "secret" not in ran.err
    assert "a bug" not in ran.err
    assert ("USER:PASSWORD" in ran.err) == (ran.status == 2)


def test_what_the_policy_rejects_fails_and_the_rest_is_copied(
    desk: Desk, source: DockerRegistry, target: DockerRegistry
) -> None:
    seed(source, "good", "bad")
    lines = [f"{source.address}/team/app:{tag}" for tag in ("bad", "good")]
    docker = {lines[0]: [REJECT]}
    name = policy(desk, {"default": [ACCEPT], "transports": {"docker": docker}})
    listed = desk.write("list", *lines)
    run = f"mirror -f {listed} -d {target.address} --tls-verify=false".split()

    ran = desk.hangar(*run, f"--policy={name}")

    assert ran.status == 1
    assert f'policy.json states "reject" for docker "{lines[0]}"' in ran.err
    assert desk.read("mirror-failed.txt") == f"{lines[0]}\n"
    assert target.http.tags("team/app") == {"good"}
    read = [r for r in source.requests if r.method in ("GET", "HEAD")]
    assert not [request for request in read if request.path.endswith("/bad")]

    ran = desk.hangar(*run, "--insecure-policy")
    assert ran.status == 0
    assert target.http.tags("team/app") == {"good", "bad"}


def test_the_users_policy_holds_without_being_named(
    desk: Desk, source: DockerRegistry
) -> None:
    seed(source, "1")
    folder = desk.folder / "home/.config/containers"
    folder.mkdir(parents=True)
    (folder / "policy.json").write_text(json.dumps({"default": [REJECT]}))
    ask = ("inspect", f"{source.address}/team/app:1", "--tls-verify=false", "--raw")

    ran = desk.hangar(*ask)

    assert (ran.status, ran.out) == (1, "")
    assert "is rejected" in ran.err
    assert "--insecure-policy accepts anything" in ran.err
    assert desk.hangar(*ask, "--insecure-policy").status == 0


@pytest.mark.parametrize("transport", ["oci", "dir", "docker-archive"])
def test_the_policy_is_for_images_in_files_too(desk: Desk, transport: str) -> None:
    rules = {"docker": {"": [ACCEPT]}, transport: {"": [REJECT]}}
    name = policy(desk, {"default": [ACCEPT], "transports": rules})

    ran = desk.hangar("inspect", f"{transport}:{desk.folder}/x", f"--policy={name}")

    assert ran.status == 1
    assert f'states "reject" for {transport}' in ran.err


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("policy.json", '{\n"default": []}', "policy.json: line 1: 'default'"),
        ("policy.json", '{"default"', "policy.json: line 2, column 1: "),
        ("registries.conf", "[[registry", "registries.conf: line 1"),
    ],
)
def test_a_file_for_all_registries_that_is_corrupt_is_told_before_anything_is_done(
    desk: Desk, name: str, text: str, said: str
) -> None:
    option = "--policy" if name == "policy.json" else "--registries-conf"
    desk.write(name, text)
    listed = desk.write("list", "a.invalid/b:1", "a.invalid/b:2")

    ran = desk.hangar("mirror", "-f", listed, "-d", "b.invalid", f"{option}={name}")

    assert ran.status == 2
    assert ran.err.count(name) == 1
    assert said in ran.err
    assert not (desk.folder / "mirror-failed.txt").exists()


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("--policy=x --insecure-policy", "exclude each other"),
        ("--policy=none.json", "none.json: no such file"),
        ("--registries-conf=none.conf", "none.conf: no such file"),
        ("--cert-dir=none", "none: no such directory"),
        ("--limit-rate=fast", "such as 500000, 10MB or 10MiB"),
        ("--requests-per-second=5", "expected HOST=N"),
        ("--requests-per-second=a.io=0", "expected HOST=N"),
        ("--retry-times=-1", "retry-times"),
    ],
)
def test_what_makes_no_sense_is_wrong_usage(desk: Desk, flags: str, said: str) -> None:
    ran = desk.hangar("list-tags", "localhost:1/app", *flags.split())

    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err


def test_an_image_is_read_from_the_mirror_that_a_named_file_states(
    desk: Desk, source: DockerRegistry
) -> None:
    seed(source, "1")
    name = desk.write(
        "own.conf",
        f'[[registry]]\nprefix = "nowhere.invalid"\nunknwon = 1\n'
        f'[[registry.mirror]]\nlocation = "{source.address}"\ninsecure = true',
    )
    image = "nowhere.invalid/team/app:1"

    ran = desk.hangar("inspect", image, "--raw", f"--registries-conf={name}")

    assert (ran.status, ran.out) == (0, source.http.manifest("team/app", "1").decode())
    assert "[WARN] own.conf: unknown key 'unknwon' has no effect" in ran.err


@pytest.mark.parametrize(("retries", "asked"), [("0", 1), ("2", 3)])
def test_a_registry_is_asked_again_as_often_as_wanted(
    desk: Desk, retries: str, asked: int
) -> None:
    busy = reply(503, Retry_After="0")
    with Scripted(*[busy] * 9) as server:
        flags = (f"--retry-times={retries}", "--tls-verify=false")
        ran = desk.hangar("list-tags", f"{server.address}/app", *flags)

    assert ran.status == 1
    assert len([heard for heard in server.heard if heard.target == "/v2/"]) == asked


def test_limits_do_not_keep_a_run_from_ending_well(
    desk: Desk, source: DockerRegistry, target: DockerRegistry
) -> None:
    seed(source, "1")
    listed = desk.write("list", f"{source.address}/team/app:1")
    rates = f"--requests-per-second={source.address}=500"

    ran = desk.hangar(
        *f"mirror -f {listed} -d {target.address} --tls-verify=false".split(),
        *f"--limit-rate=1MiB {rates} --requests-per-second=docker.io=0.5".split(),
        f"--cache-dir={desk.folder / 'cache'}",
    )

    assert ran.status == 0, ran.err
    assert target.http.tags("team/app") == {"1"}
    assert not (desk.folder / "cache").exists()


def test_nothing_that_is_reached_needs_a_policy(desk: Desk, nobody: str) -> None:
    ran = desk.hangar("list-tags", f"{nobody}/app", "--retry-times=0")

    assert ran.status == 1
    assert "policy" not in ran.err


COMMON = {
    *("--authfile", "--cert-dir", "--policy", "--registries-conf", "--cache-dir"),
    *("--retry-times", "--limit-rate", "--requests-per-second", "--creds"),
    "--tls-verify",
}
TALKING = {
    *("login", "mirror", "mirror validate", "save", "save validate", "sync"),
    *("sync validate", "load", "load validate", "inspect", "inspect list"),
    *("list-tags", "delete", "merge-manifest"),
    "archive store chart",
}


@pytest.mark.parametrize("path", [*every_path()], ids=lambda path: path[-1].home)
def test_every_command_that_talks_to_a_registry_has_all_common_options(
    path: tuple[Entry, ...],
) -> None:
    command = path[-1].load()
    offered = {option.long for option in command.options}

    name = " ".join(command.names)
    if name in TALKING:
        assert offered >= COMMON
    elif name == "archive store file":  # of web servers, which no policy is about
        assert offered >= COMMON - {"--policy"}
    else:
        assert not offered >= {"--tls-verify", "--creds"}, "add it to TALKING"


@pytest.mark.parametrize("name", ["mirror", "mirror validate"])
def test_mirror_has_twins_of_all_that_may_differ_between_the_sides(name: str) -> None:
    options = {option.long for option in path_to(name.split())[-1].load().options}
    may_differ = {name.removeprefix("--") for name in COMMON} - {"policy", "cache-dir"}

    assert options >= {f"--src-{option}" for option in may_differ}
    assert options >= {f"--dest-{option}" for option in may_differ}


def test_each_side_has_a_registries_conf_of_its_own(
    desk: Desk, source: DockerRegistry, target: DockerRegistry
) -> None:
    seed(source, "1")
    for side, registry in {"src": source, "dest": target}.items():
        conf = f'[[registry]]\nlocation = "{registry.address}"\ninsecure = true'
        desk.write(f"{side}.conf", conf)
    listed = desk.write("list", f"{source.address}/team/app:1")
    run = ("mirror", "-f", listed, "-d", target.address)

    half = desk.hangar(*run, "--src-registries-conf=src.conf")
    whole = desk.hangar(
        *run, "--src-registries-conf=src.conf", "--dest-registries-conf=dest.conf"
    )

    assert half.status == 1
    assert "server gave HTTP response to HTTPS client" in half.err
    assert f"{target.address}/team/app" in half.err
    assert whole.status == 0, whole.err
    assert target.http.tags("team/app") == {"1"}


@pytest.mark.parametrize(("side", "asked"), [("src", 1), ("dest", 3)])
def test_each_side_is_asked_again_as_often_as_wanted(
    desk: Desk, source: DockerRegistry, side: str, asked: int
) -> None:
    seed(source, "1")
    busy = reply(503, Retry_After="0")
    with Scripted(*[busy] * 9) as server:
        host = source.address if side == "dest" else server.address
        to = server.address if side == "dest" else source.address
        listed = desk.write("list", f"{host}/team/app:1")
        ran = desk.hangar(
            *("mirror", "-f", listed, "-d", to, "--tls-verify=false"),
            *("--src-retry-times=0", "--dest-retry-times=2"),
        )

    assert ran.status == 1
    assert len([heard for heard in server.heard if heard.target == "/v2/"]) == asked


def sides(*flags: str) -> tuple[Registries, Registries]:
    """What the two sides of a mirror with such flags are made of."""
    context = path_to(["mirror"])[-1].load().make_context("mirror", ["-f", "x", *flags])
    with context:
        names = {field.name for field in fields(TwoSided)}
        values = {k: v for k, v in context.params.items() if k in names}
        return TwoSided(**values).both()


@pytest.mark.parametrize(
    ("flags", "shared"),
    [
        ((), True),
        (("--limit-rate=10MB", "--dest-creds=a:b"), True),
        (("--limit-rate=10MB", "--src-limit-rate=10MB"), True),
        (("--limit-rate=10MB", "--src-limit-rate=0"), False),
        (("--dest-requests-per-second=a.io=5",), False),
    ],
)
def test_limits_hold_for_both_sides_together_unless_one_has_its_own(
    flags: tuple[str, ...], shared: bool
) -> None:
    source, destination = sides(*flags)

    assert (source._client is destination._client) == shared


def test_a_mirror_with_limits_for_each_side_ends_well(
    desk: Desk, source: DockerRegistry, target: DockerRegistry
) -> None:
    seed(source, "1")
    listed = desk.write("list", f"{source.address}/team/app:1")

    ran = desk.hangar(
        *f"mirror -f {listed} -d {target.address} --tls-verify=false".split(),
        *("--src-limit-rate=1MiB", f"--dest-requests-per-second={target.address}=500"),
    )

    assert ran.status == 0, ran.err
    assert target.http.tags("team/app") == {"1"}


def test_a_file_is_no_directory_for_temporary_files(desk: Desk) -> None:
    name = desk.write("file", "")

    ran = desk.hangar("list-tags", "localhost:1/app", f"--cache-dir={name}")

    assert (ran.status, ran.out) == (2, "")
    assert "file: no directory" in ran.err
