"""What a person sees: the program on a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.content import put_image
from tests.support.registries import DockerRegistry
from tests.support.running import Desk
from tests.support.seeding import draft, push

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Screen:
    """A terminal of 90 columns and 20 lines, with a program on it."""

    def __init__(self, desk: Desk, *arguments: str, **variables: str) -> None:
        self._main, other = pty.openpty()
        self.resize(20, 90)
        environment = {**desk.environment, "TERM": "xterm", **variables}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hangar", *arguments],
            cwd=desk.folder,
            env=environment,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)
        self.raw = ""

    @property
    def text(self) -> str:
        """All that was written so far, without colours and movements."""
        return ESCAPES.sub("", self.raw).replace("\r", "")

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, size)

    def read(self, wanted: str = "") -> None:
        """Read until ``wanted`` was written; without it, until the program ends."""
        end = time.monotonic() + 60
        while not wanted or wanted not in self.text:
            ready, _, _ = select.select([self._main], [], [], end - time.monotonic())
            try:
                data = os.read(self._main, 65536) if ready else b""
            except OSError:  # the program has closed its end
                data = b""
            if not data:
                assert not wanted, f"{wanted!r} is not in {self.text!r}"
                return
            self.raw += data.decode()

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._main)


@contextmanager
def screen(desk: Desk, *arguments: str, **variables: str) -> Iterator[Screen]:
    """Run the program on a terminal for the time of a block."""
    shown = Screen(desk, *arguments, **variables)
    try:
        yield shown
    finally:
        shown.close()


@pytest.fixture
def listed(source: DockerRegistry, desk: Desk) -> str:
    """A list of three images, the last of which is missing."""
    store = draft()
    for tag in ("1", "2"):
        put_image(store, b"layer " + tag.encode(), tag=tag)
    push(source.http, "team/app", store)
    lines = [f"{source.address}/team/app:{tag}" for tag in ("1", "2", "gone")]
    return desk.write("list", *lines)


def flags(listed: str, target: DockerRegistry) -> tuple[str, ...]:
    return ("mirror", "-f", listed, "-d", target.address, "--tls-verify=false")


def test_without_colour_there_are_no_colours(
    listed: str, target: DockerRegistry, desk: Desk
) -> None:
    with screen(desk, *flags(listed, target), NO_COLOR="1") as shown:
        shown.read()

    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", shown.raw)


def test_a_dumb_terminal_gets_the_plain_log(
    listed: str, target: DockerRegistry, desk: Desk
) -> None:
    with screen(desk, *flags(listed, target), TERM="dumb", NO_COLOR="1") as shown:
        shown.read()

    assert "\x1b" not in shown.raw
    assert "[INFO] [IMG:1] Copying [" in shown.raw
