"""Writing a zip: members at their places, from several threads, each byte once.

A new archive is written as ``NAME.zip.partial`` and gets its name when it is whole.
To an existing one, members are added behind its directory, and a new directory behind
them; until that is on the disk, the archive is what it was. The journal beside it
knows what is certain, so work that was interrupted anywhere goes on from there.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from isal import isal_zlib

from hangar.archive import records
from hangar.archive.container import Container, settled_directory
from hangar.archive.directory import Directory
from hangar.archive.files import (
    check_regular,
    copy_at,
    followed,
    read_at,
    stream_at,
    write_at,
    write_back,
)
from hangar.archive.journal import (
    Closing,
    Ended,
    Journal,
    Reserved,
    Written,
    lock,
)
from hangar.archive.members import Choice, Members
from hangar.archive.records import Member
from hangar.archive.unfinished import packed_path, partial_path, settle, undo
from hangar.deadline import current
from hangar.disk import storage
from hangar.errors import StorageError

_RECORDS = 4096
"""Of the directory, written at a time."""

_CHUNK = 1 << 20
"""Bytes of the index, likewise."""


class Writer(Container):
    """A zip that is being written; what is whole in it can be read meanwhile.

    Attributes:
        journal: what is certain of it; others may note facts of their own there.
    """

    def __init__(
        self, path: Path, file: int, directory: Directory, journal: Journal, base: int
    ) -> None:
        super().__init__(path, file, directory)
        self.journal = journal
        self.end = max(directory.start, base)
        self._base = base
        self._lock = threading.Lock()
        self._reserved: dict[str, Reserved] = {}
        self._recall()

    def reserve(self, name: str, size: int) -> int:
        """Give a member its place, unless it has one already; return its offset."""
        with self._lock:
            there = self.members.get(name) or self._reserved.get(name)
            if there and there.size == size:
                return there.offset
            place = _place_of(Member(name, self.end, size, 0))
            self.journal.add(place)
            self._reserved[name] = place
            self.end = place.end
            return place.offset

    def fill(self, name: str, size: int, chunks: Iterable[bytes]) -> None:
        """Write a member's content, which has to be ``size`` bytes.

        Raises:
            StorageError: it cannot be written.
        """
        place = self._place(name, size)
        end = Member(name, place, size, 0).end
        at, crc = end - size, 0
        for chunk in chunks:
            if at + len(chunk) > end:
                break
            with storage(self.path):
                write_at(self.file, at, chunk)
            crc = isal_zlib.crc32(chunk, crc)
            at += len(chunk)
        if at != end:
            message = f"{self.path}: {name} does not have the {size} bytes announced"
            raise StorageError(message)
        self._record(Member(name, place, size, crc))

    def put(self, name: str, data: bytes) -> None:
        """Write a small member, unless it is there."""
        if name not in self.members:
            self.fill(name, len(data), [data])

    def enlist(self, member: Member) -> None:
        """Make a member of content that lies behind all the others.

        Raises:
            StorageError: it cannot be written.
        """
        place = _place_of(member)
        with self._lock:
            self.journal.add(place)
            self._reserved[member.name] = place
            self.end = member.end
        self._record(member)

    def adopt(self, other: Container, name: str) -> None:
        """Copy a member of another zip inside the kernel, unless it is there.

        Raises:
            NotFound: the other one does not have it.
            InvalidArchive: it is cut off there.
            StorageError: it cannot be written.
        """
        if name in self.members:
            return
        member = other.member(name)
        start = other.content(member)
        place = self._place(name, member.size)
        with storage(self.path):
            copied = replace(member, offset=place)
            target = place + copied.header_size
            copy_at(other.file, start, self.file, target, member.size)
        self._record(copied)

    def finish(
        self, chosen: Choice, index: str, content: BinaryIO, *, packed: bool = True
    ) -> None:
        """End the work: of all members those chosen remain, and a last one.

        Args:
            chosen: in the order in which a packed archive has them.
            index: name of the last member.
            content: a file with what it holds.
            packed: whether a new archive is to have them so, without gaps.
        """
        with storage(self.path):
            if self._base:
                self._close(self.file, chosen, self.end, index, content)
            elif not packed or _packed(chosen):
                packed_path(self.path).unlink(missing_ok=True)
                end = max((member.end for member in chosen), default=0)
                self._close(self.file, chosen, end, index, content)
            else:
                self._pack(chosen, index, content)
            settle(self.path, self.journal)

    def undo(self) -> None:
        """Forget the work: the archive is what it was before, or there is none."""
        with storage(self.path):
            undo(self.path, self.journal)
            self.journal.remove()

    def close(self) -> None:
        """Give back the file; what is not finished can be taken up again."""
        super().close()
        self.journal.close()

    def _place(self, name: str, size: int) -> int:
        """Where the header of a member begins; it gets a place unless it has one."""
        self.reserve(name, size)
        return (self._reserved.get(name) or self.members[name]).offset

    def _record(self, member: Member) -> None:
        """Write the header of a member whose content is written, then tell so."""
        with storage(self.path):
            write_at(self.file, member.offset, member.local_header())
            write_back(self.file, member.offset, member.size)
        self.journal.add(Written(member.name, member.crc))
        with self._lock:
            name = member.name.encode()
            self.members.add(name, member.offset, member.size, member.crc)
            self._reserved.pop(member.name, None)

    def _recall(self) -> None:
        """Take up what an earlier process left behind."""
        size = os.fstat(self.file).st_size
        written: set[str] = set()
        for record in self.journal.records():
            match record:
                case Reserved(name):
                    self._reserved[name] = record
                    self.end = max(self.end, record.end)
                case Written(name, crc) if name in self._reserved:
                    place = self._reserved.pop(name)
                    self.members.add(name.encode(), place.offset, place.size, crc)
                    written.add(name)
                case Closing(offset):
                    self._forget(offset, written)
        for name in sorted(written, key=lambda name: self.members[name].offset):
            member = self.members[name]
            if member.end > size or not self._is_whole(member):
                self.members.discard(name)
                self._reserved[name] = _place_of(member)

    def _forget(self, offset: int, written: set[str]) -> None:
        """Drop what lies from ``offset`` on: a directory was begun there."""
        for place in tuple(self._reserved.values()):
            if place.end > offset:
                del self._reserved[place.name]
        for name in tuple(written):
            if self.members[name].end > offset:
                self.members.discard(name)
                written.discard(name)
        self.end = offset

    def _is_whole(self, member: Member) -> bool:
        """Whether a member's bytes are what was written.

        The journal may be on the disk without them: after a power failure, or if the
        disk was pulled out or failed.
        """
        header = member.local_header()
        if read_at(self.file, member.offset, len(header)) != header:
            return False
        crc = 0
        start = member.end - member.size
        for chunk in current().watch(stream_at(self.file, start, member.size)):
            crc = isal_zlib.crc32(chunk, crc)
        return crc == member.crc

    def _close(
        self,
        file: int,
        chosen: Iterable[Member],
        end: int,
        index: str,
        content: BinaryIO,
    ) -> None:
        """Write the last member and the directory from ``end`` on; make all last."""
        if file == self.file:
            self.journal.add(Closing(end))
            self.journal.sync()
        size, crc = 0, 0
        for chunk in _chunks(content):
            size, crc = size + len(chunk), isal_zlib.crc32(chunk, crc)
        last = Member(index, end, size, crc)
        for data in _ending(chosen, last, content):
            write_at(file, end, data)
            end += len(data)
        os.ftruncate(file, end)
        os.fsync(file)
        self.journal.add(Ended(end))
        self.journal.sync()

    def _pack(self, chosen: Choice, index: str, content: BinaryIO) -> None:
        """Write the archive once more, without what lies between its members."""
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        file = os.open(packed_path(self.path), flags, 0o644)
        try:
            end = 0
            for member, moved in _packing(chosen):
                write_at(file, moved.offset, moved.local_header())
                place = moved.end - moved.size
                copy_at(self.file, self.content(member), file, place, moved.size)
                end = moved.end
            members = (moved for _, moved in _packing(chosen))
            self._close(file, members, end, index, content)
        finally:
            os.close(file)


def _place_of(member: Member) -> Reserved:
    start = member.offset + member.header_size
    return Reserved(member.name, member.offset, start, member.size)


def create(path: Path, *, resume: bool = False) -> Writer:
    """Begin an archive; what ``path`` names now stays until the new one is whole.

    Args:
        path: the archive.
        resume: whether to go on with one that was begun and not finished.

    Raises:
        StorageError: somebody else is writing it; or it cannot be written.
    """
    path = followed(path)
    check_regular(path)
    journal = _claim(path)
    try:
        with storage(path):
            if journal.started and (journal.started.base or not resume):
                undo(path, journal)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            file = os.open(partial_path(path), flags, 0o644)
            try:
                if not journal.started:
                    os.ftruncate(file, 0)
                    journal.restart(base=0)
                return Writer(path, file, Directory(Members(), 0), journal, base=0)
            except BaseException:
                os.close(file)
                raise
    except BaseException:
        journal.close()
        raise


def append(path: Path, *, resume: bool = False) -> Writer:
    """Open an archive to add to it.

    Args:
        path: the archive.
        resume: whether to go on with what was added and not finished; otherwise that
            is undone.

    Raises:
        InvalidArchive: it is no archive, or a damaged one.
        StorageError: somebody else is writing it; or it cannot be written.
    """
    path = followed(path)
    journal = _claim(path)
    try:
        _check_not_replaced(path, journal)
        with storage(path):  # not before: whoever had the lock may have replaced it
            file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        try:
            with storage(path):
                lock(path, file)  # under another name, it has another journal
            return _append(path, file, journal, resume=resume)
        except BaseException:
            os.close(file)
            raise
    except BaseException:
        if not journal.started:
            journal.remove()
        journal.close()
        raise


def _append(path: Path, file: int, journal: Journal, *, resume: bool) -> Writer:
    with storage(path):
        base, directory = settled_directory(path, file)
        if journal.started and (journal.started.base != base or not resume):
            undo(path, journal)
        if not journal.started:
            journal.restart(base)
    return Writer(path, file, directory, journal, base)


def _check_not_replaced(path: Path, journal: Journal) -> None:
    if journal.started and not journal.started.base:
        message = f"{path} was going to be replaced, by a save that was interrupted"
        names = f"{partial_path(path).name} and {journal.path.name}"
        hint = f"run that again, or forget it: remove {names}"
        raise StorageError(message, hint=hint)


def _claim(path: Path) -> Journal:
    """Become the one who writes; end what somebody else was about to end."""
    journal = Journal.claim(path)
    if journal.ended is None:
        return journal
    with storage(path):
        settle(path, journal)
    journal.close()
    return Journal.claim(path)


def _packed(members: Iterable[Member]) -> bool:
    """Whether members lie one right after the other, from the beginning."""
    return all(member.offset == moved.offset for member, moved in _packing(members))


def _packing(members: Iterable[Member]) -> Iterator[tuple[Member, Member]]:
    """Yield each member with what it is in a packed archive."""
    end = 0
    for member in members:
        moved = replace(member, offset=end)
        end = moved.end
        yield member, moved


def _ending(
    chosen: Iterable[Member], last: Member, content: BinaryIO
) -> Iterator[bytes]:
    """Yield what follows the members: the last one, the directory, its end."""
    yield last.local_header()
    yield from _chunks(content)
    count = size = 0
    members = itertools.chain(chosen, [last])
    while some := tuple(itertools.islice(members, _RECORDS)):
        directory = b"".join(member.central_record() for member in some)
        count += len(some)
        size += len(directory)
        yield directory
    yield records.end_records(count, size, last.end)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    """Read a file from its beginning."""
    file.seek(0)
    while chunk := file.read(_CHUNK):
        yield chunk
