"""An archive that is read: its entries, and repositories to copy them from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

from isal import isal_zlib

from hangar.archive.container import Container, open_container
from hangar.archive.contents import ArchiveRepository, Holding
from hangar.archive.entries import ArchiveEntry, refuse
from hangar.archive.index import MAX_INDEX, ArchiveIndex
from hangar.archive.names import INDEX, blob_name
from hangar.closing import Closing
from hangar.copying.merging import merged
from hangar.errors import InvalidArchive, NotFound
from hangar.oci import Descriptor, Digest, Manifest


class Archive(Closing):
    """An archive opened for reading, by several threads at once.

    Attributes:
        container: the zip.
        index: what it says that it holds.
        others: archives that are at hand, to which blobs may have been left.
    """

    def __init__(self, container: Container) -> None:
        self.container = container
        self.index = read_index(container)
        self.others: tuple[Container, ...] = ()
        self._by_repository = by_repository(self.index.entries)
        self._known: dict[str, ArchiveRepository] = {}

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open an archive.

        What somebody is adding at the moment is not seen.

        Raises:
            InvalidArchive: it is no archive, or a damaged one.
            Unsupported: it is of a version that cannot be read.
            StorageError: the file cannot be read.
        """
        container = open_container(path)
        try:
            return cls(container)
        except BaseException:
            container.close()
            raise

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.container.path

    @property
    def entries(self) -> Sequence[ArchiveEntry]:
        """Its images, each name once: what comes again adds to the first."""
        return tuple({entry.name: entry for entry in self.index.entries}.values())

    @property
    def missing(self) -> tuple[str, ...]:
        """Lines of an image list that were to be saved and are not there."""
        return self.index.missing

    def repository(self, name: str) -> ArchiveRepository:
        """What it has of the repository ``name``, perhaps nothing.

        Raises:
            InvalidArchive: its entries contradict each other or lack something.
        """
        found = self._known.get(name)
        if found is None:
            holding = held(self.container, self._by_repository.get(name, []))
            found = ArchiveRepository(
                self.container,
                name,
                holding,
                self.index.bases,
                self.index.homes,
                self.others,
            )
            found = self._known.setdefault(name, found)
        return found

    def size_of(self, digest: str) -> int:
        """Bytes of a blob; 0 if it is not there."""
        members = self.container.members
        row = members.row(blob_name(digest))
        return 0 if row < 0 else members.size(row)

    def close(self) -> None:
        """Give back the file."""
        self.container.close()


def read_index(container: Container) -> ArchiveIndex:
    """Read what an archive says that it holds.

    Raises:
        InvalidArchive: it says nothing, or nothing that can be understood.
        Unsupported: it is of a version that cannot be read.
    """
    try:
        return ArchiveIndex.parse(_index(container))
    except NotFound as error:
        message = f"{container.path} is no archive: it has no {INDEX}"
        raise InvalidArchive(message) from error
    except InvalidArchive as error:
        message = f"{container.path}: {error}"
        raise InvalidArchive(message, hint=error.hint) from error


def _index(container: Container) -> Iterator[bytes]:
    """Yield the index; no digest tells whether its names are right, but its CRC."""
    crc = 0
    for chunk in container.stream(INDEX, MAX_INDEX):
        crc = isal_zlib.crc32(chunk, crc)
        yield chunk
    if crc != container.member(INDEX).crc:
        refuse("its CRC-32 is another one")


def by_repository(entries: Iterable[ArchiveEntry]) -> dict[str, list[ArchiveEntry]]:
    """Entries by the repository that they belong to."""
    found: dict[str, list[ArchiveEntry]] = {}
    for entry in entries:
        found.setdefault(entry.repository, []).append(entry)
    return found


def held(container: Container, entries: Iterable[ArchiveEntry]) -> Holding:
    """Put together what entries of one repository say.

    An entry of the Go program does not tell what the tag named at the source; what
    that program would push in its place is made then. So it is when several entries
    have the same tag: each adds its platforms.
    """
    holding = Holding()
    for entry in entries:
        for attached in entry.companions:
            holding.attach(attached)
        for image in entry.images:
            holding.types[image.digest] = image.media_type
        earlier = holding.tags.get(entry.reference)
        if entry.root is not None and earlier in (None, entry.root.digest):
            holding.types[entry.root.digest] = entry.root.media_type
            holding.tags[entry.reference] = entry.root.digest
            continue
        root, chosen = _root(container, entry, holding)
        if earlier is not None and earlier != root.digest and chosen:
            existing = _manifest(container, earlier, holding)
            root = merged(existing, root, chosen)
            holding.made.setdefault(root.digest, root.raw)
        holding.types[root.digest] = root.media_type
        holding.tags[entry.reference] = root.digest
    return holding


def _root(
    container: Container, entry: ArchiveEntry, holding: Holding
) -> tuple[Manifest, Sequence[Descriptor]]:
    """The manifest that an entry's tag names, and what of it runs somewhere."""
    if entry.root is not None:
        holding.types[entry.root.digest] = entry.root.media_type
        root = _manifest(container, entry.root.digest, holding)
        return root, root.children or _listed(container, entry)
    children = _listed(container, entry)
    if len(children) == 1 and not children[0].platform:
        return _manifest(container, children[0].digest, holding), ()
    root = Manifest.index(children)
    holding.made[root.digest] = root.raw
    holding.types[root.digest] = root.media_type
    return root, root.children


def _manifest(container: Container, digest: Digest, holding: Holding) -> Manifest:
    repository = ArchiveRepository(container, "", holding)
    return repository.manifest(digest)


def _listed(container: Container, entry: ArchiveEntry) -> list[Descriptor]:
    """What an entry lists, as an index of the Go program would."""
    return [
        Descriptor(
            media_type=image.media_type,
            digest=Digest(image.digest),
            size=container.member(blob_name(Digest(image.digest))).size,
            platform=image.platform if image.platform.architecture else None,
            annotations=image.annotations,
        )
        for image in entry.images
    ]
