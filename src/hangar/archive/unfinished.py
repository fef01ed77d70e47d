"""What an interrupted run left of an archive, brought to an end without that run."""

from __future__ import annotations

import contextlib
import os
from enum import Enum
from pathlib import Path

from hangar.archive.container import settled_directory
from hangar.archive.files import followed
from hangar.archive.journal import Journal, has_begun, journal_path, settled_size
from hangar.disk import storage, sync_directory
from hangar.errors import InvalidArchive


class Unfinished(Enum):
    """What was found beside an archive."""

    NOTHING = "nothing"
    WHOLE = "all of it was written"
    ADDED = "something was being added"
    NEW = "it was being written anew"


def settled(path: Path) -> Unfinished:
    """End what can be ended: give a whole archive its name, undo what was added.

    What is left of a new archive stays as it is, for `Draft.create` to go on with.

    Raises:
        StorageError: somebody is writing the archive, or it cannot be written.
    """
    path = followed(path)
    with storage(path):
        if not journal_path(path).exists():
            return Unfinished.NOTHING
        journal = Journal.claim(path)
        try:
            if journal.ended:
                settle(path, journal)
                return Unfinished.WHOLE
            if journal.started and not journal.started.base:
                return Unfinished.NEW if partial_path(path).exists() else _none(journal)
            if journal.started:
                undo(path, journal)
                journal.remove()
                return Unfinished.ADDED
            return _none(journal)
        finally:
            journal.close()


def _none(journal: Journal) -> Unfinished:
    """Drop a journal that tells of nothing."""
    journal.remove()
    return Unfinished.NOTHING


def settle(path: Path, journal: Journal) -> None:
    """Give an archive that is whole its name, and drop what was needed for it."""
    if journal.started and not journal.started.base:
        partial, packed = partial_path(path), packed_path(path)
        for written in (packed, partial):
            if written.exists():
                written.replace(path)
                break
        partial.unlink(missing_ok=True)
        sync_directory(path)
    journal.remove()


def undo(path: Path, journal: Journal) -> None:
    """Forget what was written since the journal began."""
    base = journal.started.base if journal.started else 0
    if base:
        with contextlib.suppress(FileNotFoundError, InvalidArchive):
            _cut(path, base)
    else:
        partial_path(path).unlink(missing_ok=True)
        packed_path(path).unlink(missing_ok=True)
    journal.clear()


def _cut(path: Path, base: int) -> None:
    """Cut off what was added, unless the file is another one than it was then."""
    with path.open("r+b") as file:
        if settled_directory(path, file.fileno())[0] == base:
            file.truncate(base)
            os.fsync(file.fileno())


def left_behind(path: Path) -> int:
    """Bytes that an interrupted run has left, at most; whoever goes on reads them."""
    path = followed(path)
    with storage(path):
        if not has_begun(path):
            return 0
        partial = partial_path(path)
        if partial.exists():
            found = partial.stat()  # with gaps, for what was still to come
            return min(found.st_size, found.st_blocks * 512)
        size = path.stat().st_size if path.exists() else 0
        return size - settled_size(path, size)[0]


def partial_path(archive: Path) -> Path:
    """Where an archive is written before it is whole."""
    return archive.parent / f"{archive.name}.partial"


def packed_path(archive: Path) -> Path:
    """Where an archive is written once more, if it has gaps."""
    return archive.parent / f"{archive.name}.packed"
