"""Made-up images in a registry, and in lists."""

from __future__ import annotations

import contextlib
import hashlib
import json
import multiprocessing
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from scripts.bench.measuring import MIB
from tests.support.judges import PlainHTTP
from tests.support.registries import DockerRegistry, docker_registry

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"

Images = Mapping[str, Sequence[int]]
"""``repository:tag`` with the sizes of its layers in bytes."""


MEMORY = Path("/dev/shm")  # noqa: S108 - a file system, in which folders are made
"""Where registries keep their content, so that no disk sets the pace for all."""


def new_registry() -> contextlib.AbstractContextManager[DockerRegistry]:
    """Start a registry that has nothing."""
    return docker_registry(place=MEMORY if MEMORY.is_dir() else None)


def scaled(count: int, scale: float) -> int:
    """Less of something, but not nothing."""
    return max(1, round(count * scale))


def large_images(scale: float) -> Images:
    """8 images of 4 layers of 64 MiB."""
    return {f"large/app{n}:1": [scaled(64 * MIB, scale)] * 4 for n in range(8)}


@contextlib.contextmanager
def filled(images: Images) -> Iterator[DockerRegistry]:
    """Start a registry that has the images."""
    with new_registry() as registry:
        # In a process of its own, for a child's peak counts what its parent held.
        filling = multiprocessing.get_context("spawn").Process(
            target=_fill, args=(registry, images)
        )
        filling.start()
        filling.join()
        if filling.exitcode:
            message = "the registry could not be filled"
            raise RuntimeError(message)
        yield registry


def write_list(folder: Path, address: str, images: Sequence[str]) -> str:
    """Write a list of images; return the file's name."""
    path = folder / "images.txt"
    path.write_text("\n".join(f"{address}/{image}" for image in images))
    return str(path)


def write_sync(folder: Path, address: str, images: Sequence[str]) -> str:
    """Write what ``skopeo sync --src yaml`` reads; return the file's name."""
    wanted: dict[str, list[str]] = {}
    for image in images:
        repository, _, tag = image.partition(":")
        wanted.setdefault(repository, []).append(tag)
    value = {address: {"tls-verify": False, "images": wanted}}
    path = folder / "sync.yaml"
    path.write_text(json.dumps(value))  # JSON is YAML
    return str(path)


def _fill(registry: DockerRegistry, images: Images) -> None:
    """Push images by plain HTTP; layers are random, so nothing shrinks."""
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
