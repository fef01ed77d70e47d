"""A program that carries images, and is killed when it has changed files so often.

    python -m tests.support.killing VERB COUNT SEED ARCHIVE [ARCHIVE ...]
    python -m tests.support.killing store COUNT SEED ARCHIVE FILE ...
    python -m tests.support.killing load COUNT SEED ARCHIVE REGISTRY

Run in a process of its own. At change number COUNT (0: never) it is killed as by
``kill -9``, in the middle of a write if it is one. Otherwise it prints how many changes
there were, then the blobs that were read from the source. What goes to a registry is a
change, too.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import hangar
from hangar.operations.archives import merge_archives
from hangar.operations.carriers import open_archives
from hangar.operations.loading import load_routes
from hangar.operations.saving import save, sync
from hangar.operations.storing import store_charts, store_files
from hangar.reference import Reference
from hangar.registry import Registries
from tests.support.content import put_image, put_index, put_signature
from tests.support.memory import MemoryPlace, MemoryStore

HOST = "source.example"
SPLIT = 20_000
"""Bytes; room for two of the images."""

CHANGES = ("pwrite", "fsync", "ftruncate", "replace", "unlink", "copy_file_range")


class Given:
    """Repositories in memory, in the place of registries."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311 - content, no secret
        self.place = MemoryPlace(HOST)
        self.stores = {
            name: self.place.repository(name) for name in ("team/app", "team/more")
        }
        base = chance.randbytes(400)
        for name, store in self.stores.items():
            for tag in ("1", "2", "3"):
                _fill(store, tag, base, chance.randbytes(300), name)

    @property
    def lines(self) -> list[str]:
        """The image list of all that there is."""
        return [
            f"{HOST}/{name}:{tag}"
            for name, store in self.stores.items()
            for tag in store.tags
            if not tag.startswith("sha256-")
        ]

    def source(self, reference: Reference) -> MemoryStore:
        """The repository to read an image from."""
        return self.stores[reference.repository]

    def expanded(self, name: str) -> str:
        """A name with what its alias stands for; here none has one."""
        return name


def _fill(store: MemoryStore, tag: str, base: bytes, own: bytes, name: str) -> None:
    amd64 = put_image(store, base, own)
    text = f"{name} {tag}".encode()
    arm64 = put_image(store, base, text, platform="linux/arm64")
    index = put_index(store, tag, amd64, arm64)
    put_signature(store, index.digest, b"signs " + text)


def main() -> None:
    """Do what the command line says."""
    verb, count, seed, *names = sys.argv[1:]
    given = Given(int(seed))
    registries = cast("Registries", given)
    paths = [Path(name) for name in names]
    left = _kill_at(int(count))
    match verb:
        case "save":
            report = save(given.lines, registries, names[0], jobs=4)
            ok = report.ok
        case "split":
            report = save(given.lines, registries, names[0], jobs=4, split=SPLIT)
            ok = report.ok
        case "sync":
            report = sync(given.lines, registries, names[0], jobs=4)
            ok = report.ok
        case "store":
            archive, *items = paths
            files = [str(item) for item in items if item.is_file()]
            charts = [str(item) for item in items if item.is_dir()]
            reports = [
                store_files(files, registries, archive),
                store_charts(charts, registries, archive),
            ]
            ok = all(report.ok for report in reports)
        case "load":
            ok = load(*names)
        case _:
            merge_archives(paths[1:], paths[0])
            ok = True
    fetched = [digest for call, _, digest in given.place.log if call == "blob"]
    sys.stdout.write("\n".join([str(int(count) - left[0]), *fetched]))
    sys.exit(0 if ok else 1)


def load(archive: str, registry: str) -> bool:
    """Load an archive; tell whether all of it arrived."""
    with contextlib.ExitStack() as stack:
        registries = stack.enter_context(Registries(verify_tls=False))
        archives = open_archives([archive])
        for opened in archives:
            stack.enter_context(opened)
        routes = load_routes(archives, registries, to=registry)
        return hangar.load(routes, jobs=4).ok


def _kill_at(count: int) -> list[int]:
    """Count the changes to files from now on, down to 0."""
    lock, left = threading.Lock(), [count]

    def counted(change: Callable[..., Any]) -> Callable[..., Any]:
        def wrapped(*arguments: Any, **more: Any) -> Any:
            with lock:
                left[0] -= 1
                if left[0] == 0:
                    _end(change, *arguments)
            return change(*arguments, **more)

        return wrapped

    for name in CHANGES:
        setattr(os, name, counted(getattr(os, name)))
    setattr(socket.socket, "send", counted(socket.socket.send))  # noqa: B010 - as above
    return left


def _end(change: Callable[..., Any], *arguments: Any) -> None:
    if change.__name__ == "pwrite":
        file, data, offset = arguments
        change(file, bytes(data)[: len(data) // 2], offset)
    if change.__name__ == "send":
        connection, data, *_ = arguments
        change(connection, bytes(data)[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    main()
