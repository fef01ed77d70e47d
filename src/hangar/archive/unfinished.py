"""What an interrupted run left of an archive, brought to an end without that run."""

from __future__ import annotations

from enum import Enum
from pathlib import Path

from hangar.archive import writer
from hangar.archive.files import followed
from hangar.archive.journal import Journal, journal_path
from hangar.archive.writer import partial_path
from hangar.disk import storage


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
                writer.settle(path, journal)
                return Unfinished.WHOLE
            if journal.started and not journal.started.base:
                return Unfinished.NEW if partial_path(path).exists() else _none(journal)
            if journal.started:
                writer.undo(path, journal)
                journal.remove()
                return Unfinished.ADDED
            return _none(journal)
        finally:
            journal.close()


def _none(journal: Journal) -> Unfinished:
    """Drop a journal that tells of nothing."""
    journal.remove()
    return Unfinished.NOTHING
