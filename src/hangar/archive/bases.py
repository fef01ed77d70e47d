"""Archives that layers are left to, so that another one need not have them."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, Self

from hangar.archive.archive import Archive
from hangar.archive.checking import needed_layers
from hangar.archive.members import Members
from hangar.archive.names import blob_name
from hangar.errors import InvalidArchive
from hangar.oci import Descriptor


class Base:
    """An archive to rely on, as far as it can be known without reading all of it.

    Its directory and index are whole, or it would not be opened. A blob counts if one
    of its images needs it, for only then is it loaded; if it has the right size; and
    if it lies where the directory says. That its bytes are the right ones is for
    ``archive verify`` to prove.

    Attributes:
        name: of the file.
    """

    def __init__(self, archive: Archive) -> None:
        self.name = archive.path.name
        self._container = archive.container
        self._layers = Members()
        self._homes = array("I")  # numbers of repositories, by rows of layers
        numbers: dict[str, int] = {}
        for name, repository in needed_layers(archive):
            member = archive.container.members.get(name)
            if member and name not in self._layers:
                self._layers.add(name.encode(), member.offset, member.size, member.crc)
                self._homes.append(numbers.setdefault(repository, len(numbers)))
        self._repositories = list(numbers)
        self._container.members = self._layers  # the others take much memory

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an archive.

        Raises:
            InvalidArchive: it is no archive, or a damaged one.
            StorageError: the file cannot be read.
        """
        archive = Archive.open(path)
        try:
            return cls(archive)
        except BaseException:
            archive.container.close()
            raise

    def home(self, blob: Descriptor) -> str:
        """The repository that will have a blob once this archive was loaded, or ""."""
        row = self._layers.row(blob_name(blob.digest))
        if row < 0 or self._layers.size(row) != blob.size:
            return ""
        try:
            self._container.content(self._layers.at(row))
        except InvalidArchive:
            return ""
        return self._repositories[self._homes[row]]

    def close(self) -> None:
        """Give back the file."""
        self._container.close()


class LeftOut(NamedTuple):
    """Where a blob is that is left to another archive.

    Attributes:
        base: file name of the archive.
        home: repository that has it there.
    """

    base: str
    home: str


def left_to(bases: Iterable[Base], blob: Descriptor) -> LeftOut | None:
    """Find an archive that a blob can be left to."""
    for base in bases:
        home = base.home(blob)
        if home:
            return LeftOut(base.name, home)
    return None
