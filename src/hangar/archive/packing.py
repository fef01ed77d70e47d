"""Images divided among archives, none of which may be larger than allowed.

Each archive has all that its images need, so it can be loaded without the others; what
images of several archives share is in each of these. Images keep their order: when
one does not fit into the archive at hand any more, the next archive begins with it.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from hangar.archive.bases import LeftOut
from hangar.archive.entries import ArchiveEntry
from hangar.archive.outline import (
    Members,
    Outline,
    entry_size,
    foreseen_members,
)
from hangar.copying import Plan, Route
from hangar.errors import Unsupported
from hangar.store import Source


class Name(NamedTuple):
    """What an image is called in an archive: repository, and tag or digest."""

    repository: str
    reference: str

    @classmethod
    def of(cls, route: Route[Source]) -> Name:
        """What the image of a route is going to be called."""
        return cls(route.destination.name, route.tag or route.reference)


class Packing:
    """Which archive each image is in, by number, from 1.

    Args:
        limit: bytes of an archive, its directory included.
        lines: of the image list.

    Attributes:
        limit: bytes of an archive.
        numbers: of the archives, by image.
        outlines: the archives, in order; there is one at least.
    """

    def __init__(self, limit: int, lines: Sequence[str]) -> None:
        self.numbers: dict[Name, int] = {}
        self.limit = limit
        self.outlines = [Outline(lines)]
        self._lines = lines
        self._lock = threading.Lock()

    def place(
        self, name: Name, plan: Plan, entry: ArchiveEntry, left: Mapping[str, LeftOut]
    ) -> int:
        """Give an image its archive; one that has one keeps it.

        Args:
            name: of the image.
            plan: all of it.
            entry: what the index is going to say of it.
            left: blobs of it that are left to other archives, and where they are.

        Raises:
            Unsupported: it fits into none.
        """
        new, stated = foreseen_members(plan, left), entry_size(entry, left)
        with self._lock:
            if name in self.numbers:
                return self.numbers[name]
            if self.outlines[-1].grown(new, stated) > self.limit:
                fresh = Outline(self._lines)
                if fresh.grown(new, stated) > self.limit:
                    raise self._too_large(plan, new, stated)
                self.outlines.append(fresh)
            self.outlines[-1].add(new, stated)
            self.numbers[name] = len(self.outlines)
            return self.numbers[name]

    def _too_large(self, plan: Plan, new: Members, entry: int) -> Unsupported:
        fresh = Outline(self._lines)
        needed, what = fresh.grown(new, entry), "the image with all that belongs to it"
        hint = "allow more with --split, or save fewer platforms, with --arch and --os"
        size, digest = max(
            [(0, ""), *((blob.size, blob.digest) for blob in plan.blobs)]
        )
        if fresh.grown({f"share/{digest}": size}, 0) > self.limit:
            needed, what, hint = size, f"blob {digest}", "allow more with --split"
        message = (
            f"{what} has {needed} bytes, and does not fit into an archive of"
            f" {self.limit} bytes"
        )
        return Unsupported(message, hint=hint)


def part_path(path: Path, number: int) -> Path:
    """Where one of the archives is that together are called ``path``."""
    return path.parent / f"{path.stem}-{number}{path.suffix}"


def part_numbers(path: Path, ending: str = "") -> list[int]:
    """Numbers of the archives that are there, or of the files beside them."""
    pattern = re.compile(
        re.escape(f"{path.stem}-")
        + r"([1-9][0-9]{0,8})"
        + re.escape(path.suffix + ending)
    )
    folder = path.parent
    names = [one.name for one in folder.iterdir()] if folder.is_dir() else []
    return sorted(int(m[1]) for name in names if (m := pattern.fullmatch(name)))
