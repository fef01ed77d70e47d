"""Local files: translated errors, durability."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from hangar.errors import StorageError

_HINTS = {
    errno.ENOSPC: "free some space, then run the same command again: it goes on",
    errno.EDQUOT: "free some space, then run the same command again: it goes on",
    errno.ENOENT: "check the name and the current directory",
}


@contextlib.contextmanager
def storage(path: Path) -> Iterator[None]:
    """Translate what the operating system says of ``path``.

    Raises:
        StorageError: instead of any `OSError`.
    """
    try:
        yield
    except OSError as error:
        message = f"{path}: {error.strerror or error}"
        hint = _HINTS.get(error.errno or 0, "")
        raise StorageError(message, hint=hint) from error


def sync_directory(path: Path) -> None:
    """Make sure that names in the directory of ``path`` survive a power failure."""
    directory = os.open(path.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
