"""Reading the members of a zip, straight from where they lie in the file."""

from __future__ import annotations

import os
from pathlib import Path

from hangar.archive import records
from hangar.archive.directory import Directory, damaged, read_directory
from hangar.archive.files import check_regular, followed, read_at, stream_at
from hangar.archive.journal import is_at, journal_path, settled_size
from hangar.archive.records import LOCAL, Member
from hangar.closing import Closing
from hangar.disk import storage
from hangar.errors import InvalidArchive, NotFound, StorageError, Unsupported
from hangar.oci import MAX_BLOB
from hangar.store import Chunks


class Container(Closing):
    """A zip whose members can be read, by several threads at once.

    Attributes:
        path: where it is, or will be once it is finished.
        file: descriptor that is read from.
        members: what is whole in it, by name.
        end: where its members end, in bytes.
    """

    def __init__(self, path: Path, file: int, directory: Directory) -> None:
        self.path = path
        self.file = file
        self.members = directory.members
        self.end = directory.start

    def read(self, name: str, limit: int) -> bytes:
        """Read a whole member of at most ``limit`` bytes.

        Raises:
            NotFound: there is no such member.
            InvalidArchive: it is larger, or cut off.
        """
        member = self._limited(name, limit)
        with storage(self.path):
            return read_at(self.file, self.content(member), member.size)

    def stream(self, name: str, limit: int = MAX_BLOB) -> Chunks:
        """Yield the content of a member of at most ``limit`` bytes in chunks.

        Raises:
            NotFound: there is no such member.
            InvalidArchive: it is larger, or cut off.
        """
        member = self._limited(name, limit)
        with storage(self.path):
            yield from stream_at(self.file, self.content(member), member.size)

    def member(self, name: str) -> Member:
        """Look a member up.

        Raises:
            NotFound: it is not there.
        """
        found = self.members.get(name)
        if found is None:
            message = f"{self.path} has no {name}"
            raise NotFound(message)
        return found

    def _limited(self, name: str, limit: int) -> Member:
        member = self.member(name)
        if member.size > limit:
            raise damaged(self.path, f"{name} has {member.size} bytes")
        return member

    def content(self, member: Member) -> int:
        """Find where a member's content begins, from its local header.

        Raises:
            InvalidArchive: the header is not there, or the content is cut off.
            StorageError: it cannot be read.
        """
        name = member.name.encode()
        with storage(self.path):
            header = read_at(self.file, member.offset, LOCAL.size + len(name))
        if len(header) < LOCAL.size or header[:4] != records.LOCAL_SIGNATURE:
            raise damaged(self.path, f"{member.name} has no header")
        *_, name_size, extra_size = LOCAL.unpack_from(header)
        if name_size != len(name) or header[LOCAL.size :] != name:
            raise damaged(self.path, f"{member.name} is not where it should be")
        start: int = member.offset + LOCAL.size + name_size + extra_size
        if start + member.size > self.end:
            raise damaged(self.path, f"{member.name} is cut off")
        return start

    def close(self) -> None:
        """Give back the descriptor."""
        os.close(self.file)


def open_container(path: Path) -> Container:
    """Open a zip for reading.

    What somebody is adding at the moment, or began to add and never finished, is not
    seen: the archive is what it was before.

    Raises:
        InvalidArchive: it is no zip, or a damaged one.
        Unsupported: it is compressed.
        StorageError: the file cannot be read.
    """
    path = followed(path)
    check_regular(path)
    with storage(path):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return Container(path, file, settled_directory(path, file)[1])
        except BaseException:
            os.close(file)
            raise


def settled_directory(path: Path, file: int) -> tuple[int, Directory]:
    """Find how many bytes of a file are an archive, and their directory.

    A journal that tells of something else than this file does not count: who was
    interrupted while adding to an archive may have put another one in its place.

    Raises:
        InvalidArchive: it is none, or a damaged one.
        StorageError: it may be another one, or not.
    """
    seen: tuple[int, int] | None = None
    while True:
        state = os.fstat(file)
        size = state.st_size
        end, may_follow = settled_size(path, size)
        try:
            found, directory = _first_of(path, file, end, size)
            break
        except InvalidArchive:
            if seen == (state.st_mtime_ns, end):
                raise
            seen = state.st_mtime_ns, end  # somebody may just have begun or ended
    if (
        found < size
        and not may_follow
        and is_at(path, file)
        and _follows(path, file, size, directory)
    ):
        journal = journal_path(path).name
        message = f"{path} was replaced while something was being added to it"
        hint = f"if it is to stay as it is, remove {journal}; or put back what it was"
        raise StorageError(message, hint=hint)
    return found, directory


def _first_of(path: Path, file: int, *ends: int) -> tuple[int, Directory]:
    """The first place where an archive ends, with its directory."""
    first, *others = dict.fromkeys(ends)
    try:
        return first, read_directory(path, file, first)
    except InvalidArchive:
        if not others:
            raise
        return _first_of(path, file, *others)


def _follows(path: Path, file: int, size: int, earlier: Directory) -> bool:
    """Whether another directory ends a file, behind the one that was settled."""
    try:
        return read_directory(path, file, size).start > earlier.start
    except (InvalidArchive, Unsupported):
        return False
