"""Increments loaded: what was left to another archive is taken from where that went.

The index of an increment says in which repository the other archive has a layer. Loaded
in the same way, the layer is in that repository's counterpart at the destination: it is
mounted from there or, if the registry does not mount, copied.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from hangar.archive import ArchiveRepository
from hangar.oci import Descriptor, Manifest
from hangar.store import Chunks, Delegate, Destination, Put, Source

Lender = Callable[[Descriptor], Source | None]
"""Finds who has a blob at the destination, by what the archive says."""


def lender(homes: Mapping[str, str], place: Callable[[str], Source]) -> Lender:
    """Make what finds lenders.

    Args:
        homes: repositories by the digests of what was left to other archives.
        place: gives the counterpart of a repository at the destination.
    """

    def find(blob: Descriptor) -> Source | None:
        home = homes.get(blob.digest)
        return place(home) if home else None

    return find


class Increment(Delegate):
    """Implements `hangar.store.Source`: an archive, and what can be borrowed.

    Attributes:
        kept: what the archive has itself.
    """

    def __init__(self, kept: ArchiveRepository, find: Lender) -> None:
        super().__init__(kept)
        self.kept = kept
        self._find = find

    def blob(self, blob: Descriptor) -> Chunks:
        there = None if self.kept.has(blob) else self._find(blob)
        store: Source = there if there and there.has(blob) else self.kept
        yield from store.blob(blob)

    def has(self, content: Descriptor) -> bool:
        if self.kept.has(content):
            return True
        there = self._find(content)
        return there is not None and there.has(content)


class Borrower(Delegate):
    """Implements `hangar.store.Destination`: another one, which mounts what it can."""

    def __init__(self, store: Destination, kept: Source, find: Lender) -> None:
        super().__init__(store)
        self._destination = store
        self._kept = kept
        self._find = find

    def put_blob(
        self, blob: Descriptor, chunks: Callable[[], Chunks], *, origin: str = ""
    ) -> Put:
        if not origin and not self._kept.has(blob):
            there = self._find(blob)
            origin = there.name if there else ""
        return self._destination.put_blob(blob, chunks, origin=origin)

    def put_manifest(self, manifest: Manifest, tag: str = "") -> None:
        self._destination.put_manifest(manifest, tag)
