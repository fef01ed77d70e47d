"""Memory does not grow beyond 100 MiB with 10,000 images of two platforms each."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.many import many_images, names
from tests.support.registries import DockerRegistry
from tests.support.watched import watched

MOST = 100
"""MiB for `MANY` images."""

MOST_EACH = 10 / 1024
"""MiB for one more: enough to tell that something is kept that need not be."""

MANY, SOME, FEW = 10_000, 2_000, 100

MERGED = ("-f", "many.zip", "-f", "own.zip", "-o", "out.zip", "--auto-yes")
EXPORTED = ("-f", "images.txt", "-s", "many.zip", "-d", "out.zip", "--auto-yes")
COMMANDS = {
    "ls": ("ls", "many.zip"),
    "ls --json": ("ls", "many.zip", "--json"),
    "verify": ("verify", "many.zip"),
    "merge": ("merge", *MERGED),
    "export": ("export", *EXPORTED),
    "rm": ("rm", "-f", "own.zip", names(1)[0]),
    "rm --compact": ("rm", "-f", "own.zip", names(1)[0], "--compact"),
    "repair": ("repair", "own.zip"),
}


def prepared(folder: Path, count: int) -> Path:
    """A folder with two archives of so many images, and their list."""
    folder.mkdir()
    archive = many_images(folder / "many.zip", count)
    (folder / "own.zip").write_bytes(archive.read_bytes())
    (folder / "images.txt").write_text("\n".join(names(count)))
    return folder


@pytest.mark.parametrize("command", COMMANDS)
def test_an_image_more_takes_little_memory(tmp_path: Path, command: str) -> None:
    few, some = (prepared(tmp_path / f"{n}", n) for n in (FEW, SOME))

    base = watched(few, "archive", *COMMANDS[command]).peak
    peak = watched(some, "archive", *COMMANDS[command]).peak

    assert peak - base < (SOME - FEW) * MOST_EACH


@pytest.mark.soak
@pytest.mark.parametrize("command", COMMANDS)
def test_very_many_images_take_little_memory(tmp_path: Path, command: str) -> None:
    folder = prepared(tmp_path / "many", MANY)

    assert watched(folder, "archive", *COMMANDS[command]).peak < MOST


@pytest.mark.soak
@pytest.mark.parametrize("verb", ["load", "save", "save --since", "sync"])
def test_an_image_more_on_its_way_takes_little_memory(
    tmp_path: Path, target: DockerRegistry, verb: str
) -> None:
    peaks = {}
    for count in (FEW, SOME):
        folder = prepared(tmp_path / f"{count}", count)
        listed = [f"{target.address}/{n.partition('/')[2]}" for n in names(count)]
        (folder / "images.txt").write_text("\n".join(listed))
        plain = ("--tls-verify=false", "--quiet", "--timeout=0")
        loaded = watched(folder, "load", "-s", "many.zip", "-d", target.address, *plain)
        wanted = ("-f", "images.txt", *plain, "-d")
        match verb:
            case "load":
                peaks[count] = loaded.peak
            case "save":
                peaks[count] = watched(folder, "save", *wanted, "out.zip").peak
            case "save --since":
                since = ("out.zip", "--since", "many.zip")
                peaks[count] = watched(folder, "save", *wanted, *since).peak
            case _:
                peaks[count] = watched(folder, "sync", *wanted, "own.zip").peak

    assert peaks[SOME] - peaks[FEW] < (SOME - FEW) * MOST_EACH
