"""What an interrupted run has left is read back, before it is gone on with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from pathlib import Path

from hangar.archive import left_behind
from hangar.deadline import Deadline, Stop, applied
from hangar.events import Noticed, Reporter

_MUCH = 1 << 30
"""Bytes; less is read so soon that nobody wonders what happens."""


@contextlib.contextmanager
def reading_back(
    archives: Iterable[Path], report: Reporter, stop: Stop | None
) -> Iterator[None]:
    """Open archives to go on with in a block; it can take minutes, and be stopped.

    Raises:
        Interrupted: it was stopped; what there is can be gone on with later.
        StorageError: an archive's journal cannot be read.
    """
    for archive in archives:
        size = left_behind(archive)
        if size >= _MUCH:
            text = f"{archive}: {size / 1e9:.1f} GB of an interrupted run are read back"
            report(Noticed(0, text))
    with applied(Deadline(None, stop)):
        yield
