"""What `make bench` measures: Hangar and skopeo, alternating, in one run.

Debian's docker-registry on loopback at both ends; the destination is a new one for
each run. Medians of several runs; what counts are the ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import multiprocessing
import os
import random
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.judges import PlainHTTP
from tests.support.registries import DockerRegistry, docker_registry

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "performance.md"
HANGAR = [sys.executable, "-m", "hangar"]
MIB = 1 << 20
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
HEAD = (
    "| what | Hangar: s (CPU s) | skopeo: s (CPU s) | times as fast | goal | peak MiB "
    "| unchanged: s | requests an image, source and destination |"
)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


@dataclass(frozen=True)
class Case:
    """One thing to measure.

    Attributes:
        title: what it is, for the table.
        images: ``repository:tag`` with the sizes of its layers in bytes.
        goal: how many times skopeo's speed the project wants.
        delay: seconds added to each round trip at both ends.
        peers: how often skopeo runs; None: as often as Hangar.
    """

    title: str
    images: dict[str, list[int]]
    goal: float
    delay: float = 0.0
    peers: int | None = None


@dataclass
class Measured:
    """Seconds, CPU seconds and peak memory of each run."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)

    def add(self, command: Sequence[str]) -> None:
        """Run a command that must succeed, and note what it took."""
        started, quiet = time.perf_counter(), subprocess.DEVNULL
        with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            message = f"exit status {process.returncode}: {' '.join(command)}"
            raise RuntimeError(message)
        self.wall.append(time.perf_counter() - started)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.memory.append(usage.ru_maxrss / 1024)


def cases(scale: float) -> dict[str, Case]:
    """The cases of the table; ``scale`` makes their content smaller."""

    def some(count: int) -> int:
        return max(1, round(count * scale))

    def tiny(count: int) -> dict[str, list[int]]:
        return {
            f"tiny/app{number % max(1, some(count) // 10)}:{number}": [2000, 3000]
            for number in range(some(count))
        }

    large = {f"large/app{n}:1": [some(64 * MIB)] * 4 for n in range(8)}
    return {
        "large": Case("8 images x 4 layers x 64 MiB", large, 1.4),
        "tiny": Case("500 images of 3 small blobs, 50 repositories", tiny(500), 3.0),
        "far": Case("100 of those, 20 ms away", tiny(100), 20.0, 0.02, 1),
        "layer": Case("one layer of 2 GiB", {"one/app:1": [some(2048 * MIB)]}, 1.2),
    }


def fill(registry: DockerRegistry, images: dict[str, list[int]]) -> None:
    """Push made-up images by plain HTTP; layers are random, so nothing shrinks."""
    http, chance = registry.http, random.Random(1)  # noqa: S311 - content, no secret
    for number, (image, sizes) in enumerate(images.items()):
        repository, _, tag = image.partition(":")
        runs_on = {"architecture": "amd64", "os": "linux", "created_by": str(number)}
        value = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _push(http, repository, json.dumps(runs_on).encode(), CONFIG),
            "layers": [
                _push(http, repository, _random(chance, size), LAYER) for size in sizes
            ],
        }
        path = f"/v2/{repository}/manifests/{tag}"
        http.ask("PUT", path, json.dumps(value).encode(), Content_Type=MANIFEST)


def _random(chance: random.Random, size: int) -> bytes:
    pieces = (min(MIB, size - start) for start in range(0, size, MIB))
    return b"".join(chance.randbytes(piece) for piece in pieces)


def _push(
    http: PlainHTTP, repository: str, data: bytes, kind: str
) -> dict[str, str | int]:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    path = http.ask("POST", f"/v2/{repository}/blobs/uploads/").headers["location"]
    path = path.partition(http.address)[2]
    answer = http.ask("PUT", f"{path}&digest={digest}", data)
    if answer.status != 201:
        message = f"the registry does not take a blob: {answer}"
        raise RuntimeError(message)
    return {"mediaType": kind, "digest": digest, "size": len(data)}


@contextlib.contextmanager
def far(address: str, delay: float) -> Iterator[str]:
    """Put a registry at a distance; yield the address where it is then."""
    if not delay:
        yield address
        return
    port = address.rpartition(":")[2]
    command = [sys.executable, "-m", "scripts.slow", port, str(delay)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        try:
            line = process.stdout.readline() if process.stdout else b""
            yield f"127.0.0.1:{int(line)}"
        finally:
            process.terminate()


def hangar(folder: Path, source: str, target: str, images: Sequence[str]) -> list[str]:
    """The command that mirrors with Hangar."""
    text = "\n".join(f"{source}/{image}" for image in images)
    (folder / "images.txt").write_text(text)
    files = ["-f", str(folder / "images.txt"), "-o", str(folder / "failed.txt")]
    options = ["-d", target, "--tls-verify=false", "--timeout=0", "--quiet"]
    return [*HANGAR, "mirror", *files, *options]


def skopeo(folder: Path, source: str, target: str, images: Sequence[str]) -> list[str]:
    """The command that mirrors with skopeo."""
    wanted: dict[str, list[str]] = {}
    for image in images:
        repository, _, tag = image.partition(":")
        wanted.setdefault(repository, []).append(tag)
    value = {source: {"tls-verify": False, "images": wanted}}
    (folder / "sync.yaml").write_text(json.dumps(value))  # JSON is YAML
    options = ["--src", "yaml", "--dest", "docker", "--dest-tls-verify=false"]
    return ["skopeo", "sync", *options, str(folder / "sync.yaml"), target]


Maker = Callable[[Path, str, str, Sequence[str]], list[str]]


def measure(case: Case, runs: int) -> tuple[Measured, Measured, Measured, list[float]]:
    """Run a case: Hangar, skopeo, and Hangar with nothing to do, with its requests."""
    ours, peer, unchanged, requests = Measured(), Measured(), Measured(), [0.0, 0.0]
    names = list(case.images)
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source = stack.enter_context(docker_registry())
        # In a process of its own, for a child's peak counts what its parent held.
        filling = multiprocessing.get_context("spawn").Process(
            target=fill, args=(source, case.images)
        )
        filling.start()
        filling.join()
        origin = stack.enter_context(far(source.address, case.delay))
        for run in range(runs):
            with docker_registry() as new, far(new.address, case.delay) as target:
                ours.add(hangar(folder, origin, target, names))
                before = [len(source.requests), len(new.requests)]
                unchanged.add(hangar(folder, origin, target, names))
                after = [len(source.requests), len(new.requests)]
                pairs = zip(before, after, strict=True)
                requests = [(b - a) / len(names) for a, b in pairs]
            if run < (runs if case.peers is None else case.peers):
                with docker_registry() as new, far(new.address, case.delay) as target:
                    peer.add(skopeo(folder, origin, target, names))
    return ours, peer, unchanged, requests


def row(case: Case, runs: int) -> str:
    """Measure a case; return its line of the table."""
    ours, peer, unchanged, requests = measure(case, runs)
    mine, theirs = statistics.median(ours.wall), statistics.median(peer.wall)
    return (
        f"| {case.title} | {mine:.2f} ({statistics.median(ours.cpu):.1f}) "
        f"| {theirs:.2f} ({statistics.median(peer.cpu):.1f}) "
        f"| **{theirs / mine:.1f}** | {case.goal:g} "
        f"| {max(ours.memory + unchanged.memory):.0f} "
        f"| {statistics.median(unchanged.wall):.2f} "
        f"| {requests[0]:.2f}, {requests[1]:.2f} |"
    )


def start_up(runs: int = 20) -> float:
    """Median seconds of ``hangar --help``."""
    measured = Measured()
    for _ in range(runs):
        measured.add([*HANGAR, "--help"])
    return statistics.median(measured.wall)


def main() -> None:
    """Measure what the command line names; write the table if that is everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("case", nargs="*", help="large, tiny, far, layer; all if none")
    parser.add_argument("--runs", type=int, default=5, help="of each case (5)")
    parser.add_argument("--scale", type=float, default=1.0, help="of the content (1)")
    chosen = parser.parse_args()
    known = cases(chosen.scale)
    lines = [
        HEAD,
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in chosen.case or known:
        lines.append(row(known[name], chosen.runs))
        print(lines[-1], flush=True)
    lines += ["", f"`hangar --help`: {start_up():.3f} s"]
    print(lines[-1])
    if not chosen.case and chosen.scale == 1:
        table = "\n".join(lines)
        text = re.sub(
            r"(?s)(<!-- measured -->\n).*(<!-- end -->)",
            lambda found: f"{found[1]}{table}\n{found[2]}",
            PAGE.read_text(),
        )
        PAGE.write_text(text)


if __name__ == "__main__":
    main()
