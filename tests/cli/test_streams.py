"""What goes to standard output, and what a start leaves behind: next to nothing."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from tests.support.content import put_image
from tests.support.registries import DockerRegistry
from tests.support.running import Desk
from tests.support.seeding import draft, push

PLAIN = "--tls-verify=false"


@pytest.fixture
def image(source: DockerRegistry) -> str:
    store = draft()
    put_image(store, b"layer", tag="1")
    push(source.http, "team/app", store)
    return f"{source.address}/team/app:1"


@pytest.mark.parametrize("flag", ["--debug", "--quiet", "--log-format=json"])
def test_data_are_the_same_whatever_is_logged(
    desk: Desk, source: DockerRegistry, image: str, flag: str
) -> None:
    raw = desk.hangar("inspect", image, "--raw", PLAIN, flag)
    tags = desk.hangar("list-tags", image, PLAIN, flag)

    assert raw.out.encode() == source.http.manifest("team/app", "1")
    assert json.loads(tags.out) == ["1"]
    assert bool(raw.err) == (flag == "--debug")


def test_colours_stay_on_the_terminal(desk: Desk, image: str) -> None:
    """Standard input and error are a terminal, as in ``hangar ... > file``."""
    main, other = pty.openpty()
    environment = {**desk.environment, "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-m", "hangar", "delete", image, PLAIN, "-y", "--debug"],
        env=environment,
        cwd=desk.folder,
        stdin=other,
        stdout=subprocess.PIPE,
        stderr=other,
    ) as process:
        os.close(other)
        shown = b""
        while True:
            try:
                shown += os.read(main, 65536)
            except OSError:  # nobody writes to it any more
                break
        assert process.stdout is not None
        out = process.stdout.read()
    os.close(main)

    assert out.startswith(b'Image "docker://')
    assert b"\x1b" not in out
    assert b"\x1b[" in shown


@pytest.mark.parametrize(
    "arguments",
    ["--help", "version", "mirror --help", "completion bash", "list-tags {0}/app"],
)
def test_a_start_leaves_nothing_behind(desk: Desk, nobody: str, arguments: str) -> None:
    home = desk.folder / "home"
    environment = {"TMPDIR": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    there = Desk(desk.folder, {**desk.environment, **environment})

    there.hangar(*arguments.format(nobody).split())

    assert list(home.iterdir()) == []
