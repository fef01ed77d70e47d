"""Checking an archive: that all is there that its entries need, and is what it says."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from isal import isal_zlib

from hangar.archive.archive import Archive
from hangar.archive.container import Container
from hangar.archive.entries import ArchiveEntry
from hangar.archive.members import Choice, Members
from hangar.archive.names import INDEX, blob_digest, blob_name, member_names
from hangar.archive.records import Member
from hangar.deadline import current
from hangar.errors import HangarError, InvalidArchive, InvalidDigest, StorageError
from hangar.oci import MAX_MANIFEST, Digest, Manifest


@dataclass(frozen=True, slots=True)
class ArchiveFindings:
    """What is wrong with an archive.

    Attributes:
        members: how many were looked at.
        missing: what entries need and is not there: names of entries by the member.
        damaged: members that are not what their name or CRC says.
        unreferenced: members that no entry needs; while images are missing, what came
            of them is none of these.
        left_out: blobs that were left to other archives; nothing wrong with that.
    """

    members: int
    missing: dict[str, tuple[str, ...]]
    damaged: tuple[str, ...]
    unreferenced: tuple[str, ...]
    left_out: dict[str, str]

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.missing or self.damaged or self.unreferenced)


_RUN = 4 << 20
"""Bytes that are hashed at a time: many small members, or one that is larger."""

Run = Sequence[int]
Mapper = Callable[[Callable[[Run], list[str]], Iterable[Run]], list[list[str]]]


def examined(archive: Archive, each: Mapper) -> ArchiveFindings:
    """Hash every blob; look for all that the entries need.

    Args:
        archive: what to examine.
        each: calls a function for each run of members, perhaps several at a time.
    """
    there = archive.container.members
    found = each(lambda run: _damaged(archive.container, run), _runs(there))
    damaged = {*itertools.chain.from_iterable(found)}
    missing: dict[str, tuple[str, ...]] = {}
    needed = Choice(there)
    needed.add([there.row(INDEX)])
    for entry in archive.index.entries:
        needs = _needs(archive, entry)
        needed.add(row for row in map(there.row, needs.sizes) if row >= 0)
        damaged |= needs.unreadable
        for name in needs.sizes:
            if not _is_there(archive, name, needs):
                missing[name] = (*missing.get(name, ()), entry.name)

    def is_kept(name: str) -> bool:
        return bool(archive.index.missing and blob_digest(name))

    return ArchiveFindings(
        members=len(there) - 1,
        missing=missing,
        damaged=tuple(name for name in there if name in damaged),
        unreferenced=tuple(
            n for n in needed.others() if n not in damaged and not is_kept(n)
        ),
        left_out=dict(archive.index.bases),
    )


def unusable(archive: Archive, findings: ArchiveFindings) -> tuple[str, ...]:
    """Names of the entries that lack something."""
    gone = {*findings.missing, *findings.damaged}
    if not gone:
        return ()
    bad = (e for e in archive.index.entries if gone & _needs(archive, e).sizes.keys())
    return tuple(dict.fromkeys(entry.name for entry in bad))


def needed_layers(archive: Archive) -> Iterator[tuple[str, str]]:
    """Yield the members of layers that entries need, with the repository that does.

    Manifests that cannot be read need nothing.
    """
    for entry in archive.index.entries:
        for name in _needs(archive, entry).layers:
            yield name, entry.repository


@dataclass(slots=True)
class _Needs:
    """Members that an entry needs: all that is said of their sizes.

    And which of them are layers, and which are manifests that cannot be read.
    """

    sizes: dict[str, set[int]] = field(default_factory=dict)
    layers: dict[str, None] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)

    def add(self, name: str, *sizes: int) -> None:
        """Note a member."""
        self.sizes.setdefault(name, set()).update(sizes)


def _needs(archive: Archive, entry: ArchiveEntry) -> _Needs:
    """Walk all that an entry names, as far as it is there."""
    needs, seen = _Needs(), set[str]()
    waiting: list[tuple[str, str, int | None]] = [
        (image.digest, image.media_type, None) for image in entry.images
    ]
    pointers = [attached.manifest for attached in entry.companions]
    pointers += [entry.root] if entry.root else []
    waiting += [(p.digest, p.media_type, p.size) for p in pointers]
    while waiting:
        digest, media_type, size = waiting.pop()
        name = blob_name(Digest(digest))
        needs.add(name, *(() if size is None else (size,)))
        if name in seen:
            continue
        seen.add(name)
        manifest = _manifest(archive, name, media_type)
        if manifest is None:
            needs.unreadable |= {name} & archive.container.members.keys()
            continue
        waiting += [(c.digest, c.media_type, c.size) for c in manifest.children]
        for blob in manifest.blobs:
            needs.add(blob_name(blob.digest), blob.size)
        needs.layers |= {blob_name(layer.digest): None for layer in manifest.layers}
        for part in member_names(manifest)[1:]:
            needs.add(part)
    return needs


def _manifest(archive: Archive, name: str, media_type: str) -> Manifest | None:
    try:
        raw = archive.container.read(name, MAX_MANIFEST)
        return Manifest.parse(raw, media_type)
    except StorageError:  # says nothing of what is there
        raise
    except HangarError:
        return None


def _is_there(archive: Archive, name: str, needs: _Needs) -> bool:
    member = archive.container.members.get(name)
    if member is None:
        return name in needs.layers and blob_digest(name) in archive.index.bases
    return needs.sizes[name] <= {member.size}


def _runs(there: Members) -> Iterator[Run]:
    """Cut members into runs of so many bytes that a thread is worth its while."""
    start, size = 0, 0
    for row in range(len(there)):
        size += there.at(row).size
        if size >= _RUN:
            yield range(start, row + 1)
            start, size = row + 1, 0
    yield range(start, len(there))


def _damaged(container: Container, run: Run) -> list[str]:
    members = map(container.members.at, run)
    return [m.name for m in members if m.name != INDEX and not _is_whole(container, m)]


def _is_whole(container: Container, member: Member) -> bool:
    """Whether a member's bytes are what its name says, and its CRC."""
    try:
        named = Digest(blob_digest(member.name))
    except InvalidDigest:
        named = None
    hasher = hashlib.new(named.algorithm if named else "sha256")
    crc = 0
    try:
        for chunk in current().watch(container.stream(member.name)):
            crc = isal_zlib.crc32(chunk, crc)
            hasher.update(chunk)
    except InvalidArchive:  # its header is not there, or it is cut off
        return False
    return crc == member.crc and named in (None, f"{hasher.name}:{hasher.hexdigest()}")
