"""Mirroring between two registries, compared with ``skopeo sync``."""

from __future__ import annotations

import contextlib
import functools
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.content import (
    Images,
    filled,
    large_images,
    new_registry,
    scaled,
    write_list,
    write_sync,
)
from scripts.bench.measuring import (
    HANGAR,
    MIB,
    Measured,
    Row,
    Table,
    times_as_fast,
)

HEAD = (
    "what",
    "Hangar: s (CPU s)",
    "skopeo: s (CPU s)",
    "times as fast",
    "goal",
    "peak MiB",
    "unchanged: s",
    "requests an image, source and destination",
)


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes:
        title: what it is, for the table.
        images: what is mirrored.
        goal: how many times skopeo's speed the project wants.
        delay: seconds added to each round trip at both ends.
        peers: how often skopeo runs; None: as often as Hangar.
    """

    title: str
    images: Images
    goal: float
    delay: float = 0.0
    peers: int | None = None


def table(scale: float) -> Table:
    """The cases; ``scale`` makes their content smaller."""

    def tiny(count: int) -> Images:
        count = scaled(count, scale)
        return {
            f"tiny/app{number % max(1, count // 10)}:{number}": [2000, 3000]
            for number in range(count)
        }

    layer = {"one/app:1": [scaled(2048 * MIB, scale)]}
    cases = {
        "large": Case("8 images x 4 layers x 64 MiB", large_images(scale), 1.4),
        "tiny": Case("500 images of 3 small blobs, 50 repositories", tiny(500), 3.0),
        "far": Case("100 of those, 20 ms away", tiny(100), 20.0, 0.02, 1),
        "layer": Case("one layer of 2 GiB", layer, 1.2),
    }
    made = {name: functools.partial(row, case) for name, case in cases.items()}
    return Table("mirrors", HEAD, made)


def row(case: Case, runs: int) -> Row:
    """Run a case: Hangar, skopeo, and Hangar with nothing to do, with its requests."""
    ours, peer, unchanged, requests = Measured(), Measured(), Measured(), [0.0, 0.0]
    names = list(case.images)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = stack.enter_context(filled(case.images))
        origin = stack.enter_context(far(source.address, case.delay))
        for run in range(runs):
            with new_registry() as new, far(new.address, case.delay) as target:
                ours.add(hangar(folder, origin, target, names))
                before = [len(source.requests), len(new.requests)]
                unchanged.add(hangar(folder, origin, target, names))
                after = [len(source.requests), len(new.requests)]
                pairs = zip(before, after, strict=True)
                requests = [(b - a) / len(names) for a, b in pairs]
            if run < (runs if case.peers is None else case.peers):
                with new_registry() as new, far(new.address, case.delay) as target:
                    peer.add(skopeo(folder, origin, target, names))
    return (
        case.title,
        ours.times,
        peer.times,
        times_as_fast(ours, peer),
        f"{case.goal:g}",
        f"{max(ours.memory + unchanged.memory):.0f}",
        f"{unchanged.seconds:.2f}",
        f"{requests[0]:.2f}, {requests[1]:.2f}",
    )


@contextlib.contextmanager
def far(address: str, delay: float) -> Iterator[str]:
    """Put a registry at a distance; yield the address where it is then."""
    if not delay:
        yield address
        return
    port = address.rpartition(":")[2]
    command = [sys.executable, "-m", "scripts.slow", port, str(delay)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            started = process.stdout.readline() if process.stdout else b""
            yield f"127.0.0.1:{int(started)}"
        finally:
            process.terminate()


def hangar(folder: Path, source: str, target: str, images: Sequence[str]) -> list[str]:
    """The command that mirrors with Hangar."""
    listed = write_list(folder, source, images)
    files = ["-f", listed, "-o", str(folder / "failed.txt")]
    options = ["-d", target, "--tls-verify=false", "--timeout=0", "--quiet"]
    return [*HANGAR, "mirror", *files, *options]


def skopeo(folder: Path, source: str, target: str, images: Sequence[str]) -> list[str]:
    """The command that mirrors with skopeo."""
    options = ["--src", "yaml", "--dest", "docker", "--dest-tls-verify=false"]
    wanted = write_sync(folder, source, images)
    return ["skopeo", "sync", *options, wanted, target]
