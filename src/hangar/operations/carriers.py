"""What carries images: an archive, or an OCI layout, which is named ``oci:DIR``."""

from __future__ import annotations

import contextlib
import glob
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from hangar.archive import Archive
from hangar.layouts import LayoutImages
from hangar.store import Source

LAYOUT = "oci:"
"""What stands in front of the name of a directory that is an OCI layout."""


class Entry(Protocol):
    """One image that is carried."""

    @property
    def name(self) -> str:
        """Its full name, as image lists have it."""

    @property
    def repository(self) -> str:
        """What it is in, as the carrier calls it."""

    @property
    def reference(self) -> str:
        """Its tag or digest there."""


E_co = TypeVar("E_co", bound=Entry, covariant=True)


class Carrier(Protocol[E_co]):
    """Something that is read and holds images."""

    @property
    def path(self) -> Path:
        """Where it is."""

    @property
    def entries(self) -> Sequence[E_co]:
        """Its images, each name once."""

    @property
    def missing(self) -> tuple[str, ...]:
        """Lines of an image list that were to be saved and are not there."""

    def repository(self, name: str) -> Source:
        """What it has of the repository ``name``, perhaps nothing."""


def layout_folder(place: str | Path) -> Path | None:
    """The directory that ``oci:DIR`` names; None for anything else."""
    name = str(place)
    return Path(name.removeprefix(LAYOUT)) if name.startswith(LAYOUT) else None


def open_carrier(place: str | Path) -> Archive | LayoutImages:
    """Open an archive or an OCI layout.

    Raises:
        StorageError: there is no such file.
        InvalidArchive: it is none.
    """
    folder = layout_folder(place)
    return LayoutImages.open(folder) if folder else Archive.open(Path(place))


def open_archives(names: Iterable[str]) -> list[Archive | LayoutImages]:
    """Open archives and OCI layouts (``oci:DIR``).

    A name that is no file's is a pattern, as shells have them. The archives
    ``NAME-2.zip`` and ``NAME-10.zip`` of one pattern come in this order. What one of
    them left to another is read from that.

    Raises:
        StorageError: there is no such file.
        InvalidArchive: one of them is no archive, or no layout.
    """
    with contextlib.ExitStack() as stack:
        opened: list[Archive | LayoutImages] = []
        for name in names:
            for place in _matching(name):
                opened.append(open_carrier(place))
                stack.enter_context(opened[-1])
        archives = [carrier for carrier in opened if isinstance(carrier, Archive)]
        for archive in archives:
            archive.others = tuple(a.container for a in archives if a is not archive)
        stack.pop_all()
        return opened


def _matching(name: str) -> list[str]:
    if layout_folder(name) or Path(name).exists():
        return [name]
    return numbered(glob.glob(name)) or [name]  # noqa: PTH207 - may be absolute


def numbered(names: Iterable[str]) -> list[str]:
    """Sort names; numbers within them by their value."""

    def key(name: str) -> list[tuple[int, str]]:
        parts = re.split(r"([0-9]+)", name)
        return [(int(part) if part.isdecimal() else 0, part) for part in parts]

    return sorted(names, key=key)
