"""``hangar inspect docker-daemon:``, with a stand-in for the daemon; skopeo judges."""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from hangar.oci import Digest
from tests.support.daemon import StandIn, daemon
from tests.support.judges import skopeo
from tests.support.registries import Certificates
from tests.support.running import Desk, Ran
from tests.support.scripted import Scripted, reply

NAME = "docker.io/library/app:1"


def tar(**members: bytes) -> bytes:
    """A tar of members whose names have ``_`` for a dot."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as made:
        for name, data in members.items():
            info = tarfile.TarInfo(name.replace("_", "."))
            info.size = len(data)
            made.addfile(info, io.BytesIO(data))
    return file.getvalue()


LAYER = tar(file=b"content")
CONFIG = json.dumps(
    {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Env": ["A=1"]},
        "rootfs": {"type": "layers", "diff_ids": [Digest.of(LAYER)]},
    }
).encode()
ID = Digest.of(CONFIG)
LISTED = [{"Config": "config.json", "Layers": ["layer.tar"], "RepoTags": ["app:1"]}]
SAVED = tar(
    config_json=CONFIG, layer_tar=LAYER, manifest_json=json.dumps(LISTED).encode()
)


@pytest.fixture
def docker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    path = Path(os.path.relpath(tmp_path_factory.mktemp("d") / "s"))
    with daemon(path, {NAME: SAVED, "app:1": SAVED, ID: SAVED}) as stand_in:
        yield replace(stand_in, path=path.resolve())


def inspect(desk: Desk, host: str, *arguments: str, **variables: str) -> Ran:
    environment = {**desk.environment, "DOCKER_HOST": host, **variables}
    own = replace(desk, environment=environment)
    return own.hangar("inspect", *arguments, "--hide-log-time", "--quiet")


@pytest.mark.parametrize("name", ["app:1", "docker.io/library/app:1", ID])
def test_an_image_of_the_daemon_is_shown(
    desk: Desk, docker: StandIn, name: str
) -> None:
    ran = inspect(desk, docker.host, f"docker-daemon:{name}")

    assert (ran.status, ran.err) == (0, "")
    value = json.loads(ran.out)
    assert (value["Architecture"], value["Env"]) == ("amd64", ["A=1"])
    assert value["Layers"] == [Digest.of(LAYER)]
    assert docker.asked == [f"/images/{ID if name == ID else NAME}/get"]


def test_it_agrees_with_skopeo(desk: Desk, docker: StandIn) -> None:
    for flags in (("--raw",), ("--config", "--raw")):
        theirs = skopeo(
            "inspect", *flags, f"--daemon-host={docker.host}", "docker-daemon:app:1"
        )
        ours = inspect(desk, docker.host, *flags, "docker-daemon:app:1")
        assert ours.out.encode() == theirs


def test_a_table_shows_the_daemons_image(desk: Desk, docker: StandIn) -> None:
    ran = inspect(desk, docker.host, "--format=table", "docker-daemon:app:1")

    assert ran.out.splitlines()[0] == "Image:   docker-daemon:docker.io/library/app:1"
    assert "linux/amd64" in ran.out


def test_nothing_is_left_where_temporary_files_go(desk: Desk, docker: StandIn) -> None:
    folder = desk.folder / "some/cache"

    ran = inspect(desk, docker.host, "docker-daemon:app:1", f"--cache-dir={folder}")

    assert ran.status == 0
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == []


def test_without_room_for_temporary_files_another_place_is_asked_for(
    desk: Desk, docker: StandIn
) -> None:
    variables = {"TMPDIR": "/proc/nowhere"}

    ran = inspect(desk, docker.host, "docker-daemon:app:1", **variables)

    assert (ran.status, ran.out) == (1, "")
    assert "cannot write a temporary file in /proc/nowhere" in ran.err
    assert "--cache-dir" in ran.err


def test_what_the_daemon_does_not_have_is_not_found(
    desk: Desk, docker: StandIn
) -> None:
    ran = inspect(desk, docker.host, "docker-daemon:other")

    assert (ran.status, ran.out) == (1, "")
    assert "docker-daemon:docker.io/library/other:latest: No such image" in ran.err


def test_what_the_daemon_cannot_do_is_said_in_its_words(
    desk: Desk, docker: StandIn
) -> None:
    with daemon(docker.path.with_name("t"), {}) as broken:
        broken.fails = True
        ran = inspect(desk, broken.host, "docker-daemon:app:1")

    assert ran.status == 1
    assert "the daemon answers 500: out of order" in ran.err


def test_what_is_no_image_is_told(desk: Desk, docker: StandIn) -> None:
    with daemon(docker.path.with_name("u"), {NAME: b"nonsense"}) as odd:
        ran = inspect(desk, odd.host, "docker-daemon:app:1")

    assert ran.status == 2
    assert f"docker-daemon:{NAME} is no archive of docker" in ran.err


def test_a_daemon_that_is_not_there_is_named(desk: Desk, nobody: str) -> None:
    for host, said in (
        ("unix:///nowhere/docker.sock", "no daemon listens at /nowhere/docker.sock"),
        (f"tcp://{nobody}", "connection refused"),
        (f"unix://{desk.folder}/home", "cannot be asked"),
    ):
        ran = inspect(desk, host, "docker-daemon:app:1")
        assert ran.status == 1
        assert said in ran.err
        assert "DOCKER_HOST" in ran.err


@pytest.mark.parametrize("host", ["ssh://me@host", "unix://relative", "nonsense"])
def test_an_address_that_is_none_is_refused(desk: Desk, host: str) -> None:
    ran = inspect(desk, host, "docker-daemon:app:1")

    assert ran.status == 2
    assert f"DOCKER_HOST '{host}' is not supported" in ran.err


def test_a_daemon_may_be_elsewhere(desk: Desk) -> None:
    with Scripted(reply(200, SAVED)) as server:
        host = f"tcp://{server.address}"
        ran = inspect(desk, host, "docker-daemon:app:1", "--config")

    assert ran.out.encode() == CONFIG
    assert [heard.target for heard in server.heard] == [f"/images/{NAME}/get"]


def test_a_daemon_elsewhere_is_trusted_as_docker_trusts_it(
    desk: Desk, certificates: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "ca.pem").write_bytes(certificates.authority.read_bytes())
    (tmp_path / "cert.pem").write_bytes(certificates.certificate.read_bytes())
    (tmp_path / "key.pem").write_bytes(certificates.key.read_bytes())
    answers = [reply(200, SAVED)] * 2
    with Scripted(
        *answers, certificates=certificates, asks_for_certificates=True
    ) as server:
        ask = (desk, f"tcp://{server.address}", "docker-daemon:app:1", "--config")
        trusted = inspect(*ask, DOCKER_TLS_VERIFY="1", DOCKER_CERT_PATH=str(tmp_path))
        stranger = inspect(*ask, DOCKER_TLS_VERIFY="1")

    assert trusted.out.encode() == CONFIG
    assert stranger.status == 1
    assert "certificate verification failed" in stranger.err


@pytest.mark.parametrize(
    ("scope", "status"),
    [
        ("", 1),
        ("docker.io/library", 1),
        (NAME, 1),
        ("*.io", 1),
        ("*.com", 0),
        ("quay.io", 0),
    ],
)
def test_the_policy_is_for_daemons_too(
    desk: Desk, docker: StandIn, scope: str, status: int
) -> None:
    rules = {"docker-daemon": {scope: [{"type": "reject"}]}}
    accept = [{"type": "insecureAcceptAnything"}]
    policy = json.dumps({"default": accept, "transports": rules})
    name = desk.write("policy.json", policy)

    ran = inspect(desk, docker.host, "docker-daemon:app:1", f"--policy={name}")

    assert ran.status == status
    assert bool(docker.asked) == (status == 0)
