"""Archives of very many small images: how long, and in how much memory."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from scripts.bench.content import new_registry, scaled
from scripts.bench.measuring import HANGAR, Measured, Row, Table, prepare
from tests.support.many import names

HEAD = ("what", "s (CPU s)", "goal", "peak MiB", "goal")
PLAIN = ["--tls-verify=false", "--timeout=0", "--quiet"]

Commands = Callable[[Path, str], list[str]]
"""Makes arguments, given a folder with archives and the address of a registry."""


def table(scale: float) -> Table:
    """The cases; ``scale`` makes the archive smaller."""
    count = scaled(10_000, scale)

    def alone(title: str, *arguments: str, goal: str = "") -> Callable[[int], Row]:
        def row(runs: int) -> Row:
            ours = Measured()
            with tempfile.TemporaryDirectory() as name:
                folder = Path(name)
                write_archive(folder, count)
                for _ in range(runs):
                    (folder / "out.zip").unlink(missing_ok=True)
                    prepare(["cp", "many.zip", "own.zip"], folder)
                    ours.add([*HANGAR, *arguments], folder)
            return measured(title, ours, goal)

        return row

    taken: dict[str, Measured] = {}

    def registry(title: str, verb: str) -> Callable[[int], Row]:
        def row(runs: int) -> Row:
            del runs  # once is enough for memory, and takes minutes
            if not taken:
                taken.update(carried(count))
            return measured(title, taken[verb], "")

        return row

    of = f"an archive of {count:,} images"
    output = ["-o", "out.zip", "--quiet"]
    both = ["-f", "many.zip", "-f", "own.zip"]
    some = ["-f", "images.txt", "-s", "many.zip", "-d", "out.zip", "--quiet"]
    gone = [names(count)[0], "--quiet"]
    cases = {
        "many-ls": alone(f"`ls` of {of}", "archive", "ls", "many.zip", goal="0.5"),
        "many-verify": alone(f"`verify` of {of}", "archive", "verify", "many.zip"),
        "many-merge": alone(
            f"`merge` of two of {count:,} images", "archive", "merge", *both, *output
        ),
        "many-export": alone(
            f"`export` of all {count:,} images", "archive", "export", *some
        ),
        "many-rm": alone(f"`rm` from {of}", "archive", "rm", "-f", "own.zip", *gone),
        "many-load": registry(f"`load` of {of}", "load"),
        "many-save": registry(f"`save --since` of all, to {of}", "save"),
        "many-sync": registry(f"`sync` of all, under other names, to {of}", "sync"),
    }
    return Table("many", HEAD, cases)


def carried(count: int) -> dict[str, Measured]:
    """Load an archive, save all its images anew without its layers, add them to it."""
    ours = {verb: Measured() for verb in ("load", "save", "sync")}
    with tempfile.TemporaryDirectory() as name, new_registry() as new:
        folder = Path(name)
        write_archive(folder, count)
        listed = (
            f"{new.address}/{image.partition('/')[2]}\n" for image in names(count)
        )
        (folder / "images.txt").write_text("".join(listed))
        prepare(["cp", "many.zip", "own.zip"], folder)
        wanted = ["-f", "images.txt"]
        steps = {
            "load": ["-s", "many.zip", "-d", new.address],
            "save": [*wanted, "-d", "out.zip", "--since", "many.zip"],
            "sync": [*wanted, "-d", "own.zip"],
        }
        for verb, arguments in steps.items():
            ours[verb].add([*HANGAR, verb, *arguments, *PLAIN], folder)
    return ours


def write_archive(folder: Path, count: int) -> None:
    """Write the archive ``many.zip`` and its list of images."""
    # In a process of its own, for a child's peak counts what its parent held.
    command = [sys.executable, "-m", "tests.support.many", str(folder / "many.zip")]
    prepare([*command, str(count)])
    (folder / "images.txt").write_text("\n".join(names(count)))


def measured(title: str, ours: Measured, goal: str) -> Row:
    """A row of the table."""
    return (title, ours.times, goal, ours.peak, "100")
