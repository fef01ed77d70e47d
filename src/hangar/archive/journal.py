"""The journal of an archive that is being written: what of it is certain.

It lies beside the archive as ``NAME.zip.journal`` and is gone once the archive is
finished. Each line proves one fact, recorded after the fact, so that a run that was
killed can be taken up again, and what was added to an archive can be undone. Whoever
holds the lock on the journal is the one who writes the archive.

A line is the CRC-32 of its text, a blank and the text: a JSON list of the record's
name and fields. The first line that is not whole ends the journal.
"""

from __future__ import annotations

import fcntl
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import NamedTuple

from isal import isal_zlib

from hangar.archive.files import stream_at, write_at
from hangar.disk import storage, sync_directory
from hangar.errors import StorageError

MAX_JOURNAL = 1 << 30
"""Bytes; some three million members."""


@dataclass(frozen=True, slots=True)
class Started:
    """Work began.

    Attributes:
        base: bytes of the archive that is added to; 0 for a new one.
    """

    base: int


@dataclass(frozen=True, slots=True)
class Reserved:
    """A region belongs to a member.

    Attributes:
        name: of the member.
        offset: where its header begins.
        start: where its content begins.
        size: bytes of its content.
    """

    name: str
    offset: int
    start: int
    size: int

    @property
    def end(self) -> int:
        """Where its content ends."""
        return self.start + self.size


@dataclass(frozen=True, slots=True)
class Written:
    """A member's header and content are whole."""

    name: str
    crc: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A manifest was stored in a repository, under a tag or none."""

    source: str
    tag: str
    digest: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for of the images that are stored from now on, in any words."""

    what: str


@dataclass(frozen=True, slots=True)
class Closing:
    """The directory is going to be written; what lies from ``offset`` on is gone."""

    offset: int


@dataclass(frozen=True, slots=True)
class Ended:
    """All is written, up to the last of the archive's ``size`` bytes."""

    size: int


Record = Started | Reserved | Written | Stored | Asked | Closing | Ended

_KINDS = (Started, Reserved, Written, Stored, Asked, Closing, Ended)
_BY_NAME = {kind.__name__: kind for kind in _KINDS}
_FIELDS = {kind: fields(kind) for kind in _KINDS}


class Journal:
    """The journal of one archive, locked by us.

    Attributes:
        path: where it is.
        started: how the work began that it is about; None: it is about nothing.
        ended: how that ended, if nothing has happened since.
    """

    def __init__(self, path: Path, file: int) -> None:
        self.path = path
        self._file = file
        self._lock = threading.Lock()
        self.started, self.ended, _, self._end = _summary(file)
        self._claimed = self._end

    @classmethod
    def claim(cls, archive: Path) -> Journal:
        """Become the one who writes ``archive``.

        Raises:
            StorageError: somebody else is; or the journal cannot be written.
        """
        path = journal_path(archive)
        with storage(archive):
            while True:
                file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
                try:
                    lock(archive, file)
                    if is_at(path, file):
                        return cls(path, file)
                except BaseException:
                    os.close(file)
                    raise
                os.close(file)  # its owner removed it between our two steps

    def records(self) -> Iterator[Record]:
        """Yield what it said when it was claimed.

        Raises:
            StorageError: it cannot be read.
        """
        with storage(self.path):
            for record, _ in _read(self._file, self._claimed):
                yield record

    def clear(self) -> None:
        """Forget everything.

        Raises:
            OSError: it cannot be written.
        """
        os.ftruncate(self._file, 0)
        self.started = self.ended = None
        self._end = self._claimed = 0

    def restart(self, base: int) -> None:
        """Forget everything; begin a journal that survives a power failure."""
        with storage(self.path):
            self.clear()
            self.started = Started(base)
            self.add(self.started)
            self.sync()
            sync_directory(self.path)

    def add(self, *records: Record) -> None:
        """Append records; they survive a kill, and a power failure after `sync`."""
        data = b"".join(map(_line, records))
        with storage(self.path), self._lock:
            write_at(self._file, self._end, data)
            self._end += len(data)

    def sync(self) -> None:
        """Make sure that the records survive a power failure."""
        with storage(self.path):
            os.fsync(self._file)

    def remove(self) -> None:
        """Delete the journal, for the work is done; the lock stays until `close`."""
        with storage(self.path):
            self.path.unlink()
            sync_directory(self.path)

    def close(self) -> None:
        """Unlock the archive, for somebody to take it up again."""
        os.close(self._file)


def lock(archive: Path, file: int) -> None:
    """Keep other processes from a file until it is closed.

    Raises:
        StorageError: another one has locked it.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        message = f"{archive} is being written by another process"
        hint = "wait until that has ended, then try again"
        raise StorageError(message, hint=hint) from error


def journal_path(archive: Path) -> Path:
    """Where the journal of an archive lies; two names of it must not be two locks."""
    return archive.parent / f"{archive.name}.journal"


def settled_size(archive: Path, size: int) -> tuple[int, bool]:
    """Tell how many of the archive's ``size`` bytes are settled.

    Tell also whether a directory may follow: not before it was announced.

    Raises:
        OSError: there is a journal that cannot be read.
    """
    try:
        with journal_path(archive).open("rb") as file:
            summary = _summary(file.fileno())
    except FileNotFoundError:
        return size, False
    started, ended = summary.started, summary.ended
    if started is None or not started.base:  # about a new archive, not there yet
        return size, False
    return min(ended.size if ended else started.base, size), summary.is_closing


def has_begun(archive: Path) -> bool:
    """Whether work on an archive began that did not end."""
    path = journal_path(archive)
    if not path.exists():
        return False
    with storage(archive), path.open("rb") as file:
        return _summary(file.fileno()).started is not None


def is_at(path: Path, file: int) -> bool:
    """Whether an open file is the one that has a name now."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False


def _line(record: Record) -> bytes:
    kind = type(record)
    values = [getattr(record, field.name) for field in _FIELDS[kind]]
    text = json.dumps([kind.__name__, *values]).encode()
    return b"%08x %s\n" % (isal_zlib.crc32(text), text)


class _Summary(NamedTuple):
    """What a journal says, in short.

    Attributes:
        started: how the work began.
        ended: how it ended, if it did.
        is_closing: whether a directory was announced.
        size: where the last record ends.
    """

    started: Started | None
    ended: Ended | None
    is_closing: bool
    size: int


def _summary(file: int) -> _Summary:
    first: Record | None = None
    last: Record | None = None
    is_closing, size = False, 0
    for record, end in _read(file, MAX_JOURNAL):
        first, last, size = first or record, record, end
        is_closing = is_closing or isinstance(record, Closing)
    started = first if isinstance(first, Started) else None
    ended = last if isinstance(last, Ended) else None
    return _Summary(started, ended, is_closing, size)


def _read(file: int, size: int) -> Iterator[tuple[Record, int]]:
    """Yield records up to the first that is not whole; tell where each ends."""
    end, rest = 0, b""
    for chunk in stream_at(file, 0, size):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            record = _record(line)
            if record is None:
                return
            end += len(line) + 1
            yield record, end


def _record(line: bytes) -> Record | None:
    crc, _, text = line.partition(b" ")
    if crc != b"%08x" % isal_zlib.crc32(text):
        return None
    match json.loads(text):
        case [str(name), *values] if name in _BY_NAME:
            kind = _BY_NAME[name]
            types = [field.type for field in _FIELDS[kind]]
            if types == [type(value).__name__ for value in values]:
                return kind(*values)
    return None
