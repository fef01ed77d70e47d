"""Archives of large layers: saved, loaded, put together, compared with peers."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from scripts.bench.content import (
    Images,
    filled,
    large_images,
    new_registry,
    write_list,
    write_sync,
)
from scripts.bench.measuring import (
    HANGAR,
    Measured,
    Row,
    Table,
    prepare,
    times_as_fast,
)
from tests.support.registries import DockerRegistry

HEAD = (
    "what",
    "Hangar: s (CPU s)",
    "peer",
    "peer: s (CPU s)",
    "times as fast",
    "goal",
    "share of its CPU",
    "goal",
    "peak MiB",
    "bytes written a byte of the archive",
    "goal",
)
PLAIN = ["--tls-verify=false", "--timeout=0", "--quiet"]


WHAT = "8 images x 4 layers x 64 MiB"


def table(scale: float) -> Table:
    """The cases; ``scale`` makes their content smaller."""
    images = large_images(scale)
    names = list(images)
    return Table(
        "archives",
        HEAD,
        {
            "save": partial(saving, images),
            "load": partial(loading, images),
            "merge": partial(copying, images, "merge", [names[:4], names[4:]]),
            "export": partial(copying, images, "export", [names]),
        },
    )


def saving(images: Images, runs: int) -> Row:
    """Save; curl fetches the same, hashes it and keeps nothing."""
    ours, peer = Measured(), Measured()
    with tempfile.TemporaryDirectory() as name, filled(images) as source:
        folder, archive = Path(name), Path(name) / "images.zip"
        fetching = curls(folder, source, list(images))
        for _ in range(runs):
            archive.unlink(missing_ok=True)
            ours.add(save(folder, source, list(images), archive))
            peer.add(fetching)
        size = archive.stat().st_size
    row = compared(f"`save`, {WHAT}", ours, "curl to sha256sum", peer, "0.77")
    return (*row, f"{max(ours.written) / size:.3f}", "1.02")


def loading(images: Images, runs: int) -> Row:
    """Load; skopeo pushes the same from a directory."""
    ours, peer = Measured(), Measured()
    with tempfile.TemporaryDirectory() as name:
        folder, archive = Path(name), Path(name) / "images.zip"
        tree = folder / "tree"
        tree.mkdir()
        with filled(images) as source:
            prepare(save(folder, source, list(images), archive))
            wanted = write_sync(folder, source.address, list(images))
            fetched = ["--src", "yaml", "--dest", "dir", wanted, str(tree)]
            prepare(["skopeo", "sync", *fetched])
        for _ in range(runs):
            with new_registry() as new:
                target = ["-s", str(archive), "-d", new.address]
                ours.add([*HANGAR, "load", *target, *PLAIN], folder)
            with new_registry() as new:
                pushed = ["--src", "dir", "--dest", "docker", str(tree), new.address]
                peer.add(["skopeo", "sync", "--dest-tls-verify=false", *pushed])
        size = archive.stat().st_size
    title = "skopeo sync of a directory"
    row = compared(f"`load`, {WHAT}", ours, title, peer, "1.5", "0.5")
    return (*row, f"{max(ours.written) / size:.3f}", "0")


def copying(
    images: Images, verb: str, parts: Sequence[Sequence[str]], runs: int
) -> Row:
    """Merge or export archives; cp copies them, and sync waits for the disk too."""
    ours, peer = Measured(), Measured()
    with tempfile.TemporaryDirectory() as name:
        folder, out = Path(name), Path(name) / "out.zip"
        archives = [folder / f"{number}.zip" for number in range(len(parts))]
        with filled(images) as source:
            for part, archive in zip(parts, archives, strict=True):
                prepare(save(folder, source, part, archive))
        copies = folder / "copies"
        copies.mkdir()
        script = f"cp {' '.join(map(str, archives))} {copies} && sync {copies}/*"
        for _ in range(runs):
            out.unlink(missing_ok=True)
            ours.add([*HANGAR, *put_together(verb, folder, archives, out)], folder)
            for copy in copies.iterdir():
                copy.unlink()
            peer.add(["sh", "-c", script])
        size = out.stat().st_size
    row = compared(f"`archive {verb}`, {WHAT}", ours, "cp, sync", peer, "1")
    return (*row, f"{max(ours.written) / size:.3f}", "1.02")


def compared(
    what: str, ours: Measured, title: str, peer: Measured, goal: str, cpu: str = ""
) -> Row:
    """All columns but the last two."""
    share = statistics.median(ours.cpu) / statistics.median(peer.cpu)
    times = (ours.times, title, peer.times, times_as_fast(ours, peer), goal)
    return (what, *times, f"{share:.2f}", cpu, ours.peak)


def save(
    folder: Path, source: DockerRegistry, images: Sequence[str], archive: Path
) -> list[str]:
    """The command that saves images."""
    listed = write_list(folder, source.address, images)
    failed = ["-o", str(folder / "failed.txt")]
    return [*HANGAR, "save", "-f", listed, "-d", str(archive), *failed, *PLAIN]


def put_together(
    verb: str, folder: Path, archives: Sequence[Path], out: Path
) -> list[str]:
    """The arguments that merge archives, or export all of one."""
    if verb == "merge":
        inputs = [part for archive in archives for part in ("-f", str(archive))]
        return ["archive", "merge", *inputs, "-o", str(out), "--quiet"]
    listed = ["-f", str(folder / "images.txt")]
    return ["archive", "export", *listed, "-s", str(archives[0]), "-d", str(out)]


def curls(folder: Path, source: DockerRegistry, images: Sequence[str]) -> list[str]:
    """The command that fetches all blobs one after another, and hashes them."""
    lines = ["set -e"]
    for image in images:
        repository, _, tag = image.partition(":")
        manifest = json.loads(source.http.manifest(repository, tag))
        for blob in (manifest["config"], *manifest["layers"]):
            url = f"http://{source.address}/v2/{repository}/blobs/{blob['digest']}"
            lines.append(f"curl -fsS {url} | sha256sum >/dev/null")
    (folder / "fetch.sh").write_text("\n".join(lines))
    return ["sh", str(folder / "fetch.sh")]
