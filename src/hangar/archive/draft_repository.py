"""A repository of an archive that is written: source and destination of images."""

from __future__ import annotations

from collections.abc import Callable

from hangar.archive.contents import ArchiveRepository, Holding
from hangar.archive.describing import check_listed
from hangar.archive.journal import Stored
from hangar.archive.names import blob_name, members
from hangar.archive.writer import Writer
from hangar.oci import Descriptor, Manifest
from hangar.store import Chunks, Put

Bring = Callable[[Descriptor, Callable[[], Chunks]], Put]
"""Makes sure that a blob is in the archive, from wherever it is to be had."""


class DraftRepository(ArchiveRepository):
    """Implements `hangar.store.Destination`; safe to use from many threads."""

    def __init__(
        self, writer: Writer, name: str, holding: Holding, bring: Bring
    ) -> None:
        super().__init__(writer, name, holding)
        self._writer = writer
        self._bring = bring

    def put_blob(
        self, blob: Descriptor, chunks: Callable[[], Chunks], *, origin: str = ""
    ) -> Put:
        del origin  # all repositories share their blobs
        return self._bring(blob, chunks)

    def put_manifest(self, manifest: Manifest, tag: str = "") -> None:
        check_listed(manifest)
        for blob in manifest.blobs:  # another image may have brought it
            member = self._writer.members.get(blob_name(blob.digest))
            if member:
                manifest.check_size(blob, member.size)
        for name, data in members(manifest):
            self._writer.put(name, data)
        record = Stored(self.name, tag, manifest.digest, manifest.media_type)
        self._writer.journal.add(record)
        self.holding.learn(manifest, tag)
