"""What a person sees: the program on a real pseudo-terminal."""

from __future__ import annotations

import io
import re
import signal
import socket
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
from tests.support.screen import Screen, displayed, screen
from tests.support.seeding import draft, push


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
