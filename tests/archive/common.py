"""What several tests of archives need."""

from __future__ import annotations

import contextlib
import json
import resource
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from hangar.registry import Registries
from tests.support.golang import GoArchive, GoImage
from tests.support.killing import Given

AMD64 = GoImage([b"a layer"])
NAME = "docker.io/library/app"


def golden(tmp_path: Path) -> Path:
    """A sound archive with one image."""
    return GoArchive().add(NAME, "1", AMD64).write(tmp_path / "golden.zip")


def indexed(path: Path) -> list[dict[str, Any]]:
    """The entries of an archive, as another program reads them."""
    with zipfile.ZipFile(path) as judge:
        entries: list[dict[str, Any]] = json.loads(judge.read("index.json"))["list"]
        return entries


def registries(given: Given) -> Registries:
    """What takes the place of registries."""
    return cast("Registries", given)


@contextlib.contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
