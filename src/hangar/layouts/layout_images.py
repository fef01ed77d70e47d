"""An OCI layout that is read: its images by their names, to copy them elsewhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from hangar.closing import Closing
from hangar.errors import HangarError, InvalidDigest, InvalidReference
from hangar.layouts.layout_repository import LayoutRepository
from hangar.layouts.oci_layout import OciLayout
from hangar.oci import MANIFEST_TYPES, Descriptor, Digest
from hangar.reference import Reference, is_tag
from hangar.store import cosign_subject


@dataclass(frozen=True, slots=True)
class LayoutEntry:
    """One image of a layout.

    Attributes:
        name: its full name; what has but a tag in the layout, or not even that, is
            called after the directory.
        repository: what its name begins with in the layout, or "".
        reference: the rest of that name, or its digest.
    """

    name: str
    repository: str
    reference: str


class LayoutImages(Closing):
    """A layout opened for reading, by several threads at once.

    Attributes:
        path: where it is.
        missing: lines of an image list that were to be saved and are not there.
    """

    def __init__(self, layout: OciLayout) -> None:
        self.path = layout.folder
        self.missing = layout.missing
        self._layout = layout
        self._known: dict[str, LayoutRepository] = {}

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Open a layout.

        Raises:
            InvalidArchive: there is none, or it is damaged.
        """
        return cls(OciLayout(folder))

    def close(self) -> None:
        """Give back the files."""
        self._layout.close()

    @cached_property
    def entries(self) -> Sequence[LayoutEntry]:
        """Its images, in the order of the index, without what accompanies them."""
        return tuple(self._entries())

    def repository(self, name: str) -> LayoutRepository:
        """What it has of a repository, perhaps nothing; "" is for all whole names."""
        found = self._known.get(name)
        return found or self._known.setdefault(name, self._open(name))

    def _open(self, name: str) -> LayoutRepository:
        return LayoutRepository(self._layout, name)

    def _entries(self) -> Iterator[LayoutEntry]:
        folder = self.path.resolve().name
        for key, entry in self._layout.entries.items():
            name, at, _ = key.partition("@")
            if self._accompanies(name, entry):
                continue
            reference: str
            if at:
                repository = "" if is_tag(name) else _parted(name)[0] or name
                full, reference = f"{repository or folder}@{entry.digest}", entry.digest
            elif is_tag(name):
                full, repository, reference = f"{folder}:{name}", "", name
            else:
                full, (repository, reference) = name, _parted(name)
            yield LayoutEntry(_canonical(full), repository, reference)

    def _accompanies(self, name: str, entry: Descriptor) -> bool:
        """Whether an entry goes with another image, and is none by itself."""
        subject = cosign_subject(name.rpartition(":")[2])
        if not name and entry.media_type in MANIFEST_TYPES:
            subject = self._subject(entry.digest)
        with contextlib.suppress(InvalidDigest):  # of what looks like one of these tags
            return self._layout.path(Digest(subject)).is_file()
        return False

    def _subject(self, digest: Digest) -> str:
        try:
            manifest = self._layout.manifest(digest)
        except HangarError:  # whoever wants that image will be told
            return ""
        return manifest.subject.digest if manifest.subject else ""


def _parted(name: str) -> tuple[str, str]:
    """Part a name from its tag; without one, all of it is a tag to a layout."""
    repository, mark, tag = name.rpartition(":")
    return (repository, tag) if mark and "/" not in tag else ("", name)


def _canonical(name: str) -> str:
    """A name as image lists have it; what is none stays, and fails when it is used."""
    with contextlib.suppress(InvalidReference):
        return str(Reference.parse(name))
    return name
