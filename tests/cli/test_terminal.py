"""What a person sees: the program on a real pseudo-terminal."""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from rich.console import Console

from hangar.cli.progress import Progress
from hangar.cli.terminal import Area
from hangar.events import BlobProgress, BlobStarted, ImageStarted
from tests.support.content import put_image
from tests.support.registries import DockerRegistry
from tests.support.running import Desk
from tests.support.seeding import draft, push

PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


def displayed(raw: str) -> list[str]:
    """The lines that stand on a terminal after ``raw`` was written to it."""
    lines, row, column = [""], 0, 0
    for count, command, back, feed, text in PIECES.findall(raw):
        if command == "A":
            row -= int(count or 1)
        elif command == "K":
            lines[row] = ""
        elif back:
            column = 0
        elif feed:
            row += 1
            lines += [""] * (row == len(lines))
        elif text:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + text + line[column + len(text) :]
            column += len(text)
    return lines


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
        """What stands there now."""
        return "\n".join(displayed(self.raw))

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, size)

    def read(self, wanted: str = "", times: int = 1) -> None:
        """Read until ``wanted`` was written; without it, until the program ends."""
        end = time.monotonic() + 60
        while not wanted or self.raw.count(wanted) < times:
            ready, _, _ = select.select([self._main], [], [], end - time.monotonic())
            try:
                data = os.read(self._main, 65536) if ready else b""
            except OSError:  # the program has closed its end
                data = b""
            if not data:
                assert not wanted, f"{wanted!r} is not in {self.raw!r}"
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


def test_finished_images_stand_as_lines_and_the_progress_is_gone(
    listed: str, source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    with screen(desk, *flags(listed, target)) as shown:
        shown.read()
        status = shown.process.wait()

    assert status == 1
    lines = shown.text.rstrip().splitlines()
    for tag in ("1", "2"):
        assert any(
            line.startswith(f"✓ {source.address}/team/app:{tag}  ") for line in lines
        )
    failed = lines.index(f"✗ {source.address}/team/app:gone")
    assert "manifest unknown" in lines[failed + 1]
    assert lines[-1] == "error: some images failed to copy"
    assert "[IMG:" not in shown.raw
    assert "/3 images" not in shown.text
    assert "\x1b[32m✓" in shown.raw
    hidden, visible = shown.raw.rfind("\x1b[?25l"), shown.raw.rfind("\x1b[?25h")
    assert hidden < visible


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


@contextmanager
def stuck(desk: Desk, target: DockerRegistry) -> Iterator[Screen]:
    """A run whose only image never answers, as soon as its progress is drawn."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        name = f"127.0.0.1:{mute.getsockname()[1]}/never/answers:1"
        with screen(desk, *flags(desk.write("list", name), target)) as shown:
            shown.read("0/1 images")
            yield shown


def test_progress_survives_a_new_size_of_the_terminal(
    target: DockerRegistry, desk: Desk
) -> None:
    with stuck(desk, target) as shown:
        shown.resize(5, 40)
        shown.process.send_signal(signal.SIGWINCH)
        shown.read("0/1 images", times=shown.raw.count("0/1 images") + 3)

    drawn = shown.raw.rpartition("0/1 images")[2]
    assert len(displayed(drawn)[0]) <= 40
    assert "━" not in drawn


def flying(count: int) -> Progress:
    """A run with ``count`` transfers on their way."""
    progress = Progress(count, clock=lambda: 0)
    for number in range(1, count + 1):
        image = f"registry.example.com/project/image:{number}"
        progress(ImageStarted(number, image, image, ""))
        progress(BlobStarted(number, "x", 4_000_000))
        progress(BlobProgress(number, "x", 1_000_000))
    progress(BlobStarted(1, "empty", 0))
    return progress


def drawing(count: int, *, columns: int, rows: int) -> list[str]:
    """The lines of the progress of a run."""
    written = io.StringIO()
    terminal = Console(file=written, width=columns, height=rows, color_system=None)
    terminal.print(Area(flying(count)))
    return written.getvalue().splitlines()


def test_each_transfer_has_a_line_with_its_bytes() -> None:
    first, second, empty, whole = drawing(2, columns=90, rows=20)

    assert first.startswith("  registry.example.com/project/image:1 ")
    assert first.count("━") == 6
    assert first.endswith("1.0 MB / 4.0 MB")
    assert "image:2" in second
    assert empty.endswith("0 B / 0 B")
    assert whole.startswith("0/2 images, 2.0 MB ")
    assert whole.endswith("0 B/s, ETA --")


def test_transfers_without_room_are_counted() -> None:
    *lines, more, whole = drawing(9, columns=90, rows=8)

    assert len(lines) == 4
    assert more.strip() == "and 6 more"
    assert whole.startswith("0/9 images")


def test_a_narrow_terminal_has_no_bars_and_shows_the_ends_of_names() -> None:
    first, *_ = drawing(1, columns=50, rows=20)

    assert first.startswith("  …")
    assert "project/image:1 " in first
    assert "━" not in first
    assert len(first) <= 50


def test_ctrl_c_ends_the_progress_in_good_order(
    target: DockerRegistry, desk: Desk
) -> None:
    with stuck(desk, target) as shown:
        shown.process.send_signal(signal.SIGINT)
        shown.read()
        status = shown.process.wait()

    assert status == 130
    assert "warning: Abort: [interrupt] received, cleaning up resources\n" in shown.text
    assert "0/1 images" not in shown.text
    assert shown.text.endswith(
        "error: interrupted: 1 image not finished\n"
        "  run the same command again to go on\n"
    )
    assert shown.raw.rfind("\x1b[?25l") < shown.raw.rfind("\x1b[?25h")
    assert "never/answers:1" in desk.read("mirror-failed.txt")
