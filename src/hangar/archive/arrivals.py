"""Content whose name is known only when all of it is there: a download, a file.

It is written behind all members, once, and hashed as it passes. There it can be looked
at; it is no member before it is kept, and whatever comes next takes its place if it
never is.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from dataclasses import dataclass

from isal import isal_zlib

from hangar.archive import records
from hangar.archive.files import stream_at, write_at
from hangar.archive.names import blob_name
from hangar.archive.records import Member, bare_header_size
from hangar.archive.writer import Writer
from hangar.disk import storage
from hangar.errors import StorageError
from hangar.oci import Digest
from hangar.store import Chunks, Put


@dataclass(frozen=True, slots=True)
class Arrival:
    """Content that has come, and has no name yet.

    Attributes:
        writer: the archive in which it lies.
        start: where it begins, in bytes.
        size: bytes.
        digest: its name.
        crc: CRC-32.
    """

    writer: Writer
    start: int
    size: int
    digest: Digest
    crc: int

    def chunks(self) -> Chunks:
        """Read it back."""
        with storage(self.writer.path):
            yield from stream_at(self.writer.file, self.start, self.size)

    def keep(self) -> Put:
        """Make it a member, unless the archive has it already.

        Raises:
            StorageError: it cannot be written.
        """
        name = blob_name(self.digest)
        there = self.writer.members.get(name)
        if there and there.size == self.size:
            return Put.PRESENT
        offset = self.start - bare_header_size(name, self.size)
        member = Member(name, offset, self.size, self.crc)
        if offset + member.header_size != self.start:
            message = (
                f"{self.writer.path}: the header of {name} would lie on its content"
            )
            raise StorageError(message)
        with storage(self.writer.path):  # nothing of what lay there before may stay
            write_at(self.writer.file, self.writer.end, bytes(offset - self.writer.end))
        self.writer.enlist(member)
        return Put.SENT


def arrived(writer: Writer, chunks: Iterable[bytes]) -> Arrival:
    """Write content into an archive; nobody else may give out places meanwhile.

    Raises:
        StorageError: it cannot be written.
    """
    hasher, crc, size = hashlib.sha256(), 0, 0
    start = writer.end + bare_header_size(blob_name(Digest.of(b"")), records.MAX_32)
    rest = iter(chunks)
    head = bytearray()
    for chunk in rest:
        head += chunk
        if len(head) >= records.LARGE:
            start += -start % records.ALIGNMENT
            break
    for chunk in itertools.chain([bytes(head)], rest):
        with storage(writer.path):
            write_at(writer.file, start + size, chunk)
        hasher.update(chunk)
        crc = isal_zlib.crc32(chunk, crc)
        size += len(chunk)
    return Arrival(writer, start, size, Digest(f"sha256:{hasher.hexdigest()}"), crc)


def kept(writer: Writer, digest: Digest) -> Arrival | None:
    """Find content that an archive has already; None if it does not."""
    member = writer.members.get(blob_name(digest))
    if member is None:
        return None
    return Arrival(writer, writer.content(member), member.size, digest, member.crc)
