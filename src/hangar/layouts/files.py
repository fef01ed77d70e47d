"""Reading and writing the files of a layout; what is in them is not trusted."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from hangar.disk import storage
from hangar.errors import InvalidArchive, NotFound, StorageError
from hangar.store import Chunks

CHUNK = 1 << 20
"""Bytes read at a time."""

_NEW = ".new-"
"""What the names of files begin with that are not whole yet."""


def read(path: Path, limit: int) -> bytes:
    """Read a small file.

    Raises:
        NotFound: there is none.
        InvalidArchive: it cannot be read, or has more than ``limit`` bytes.
    """
    with opened(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        message = f"{path} is larger than {limit} bytes"
        raise InvalidArchive(message)
    return data


def chunks(path: Path) -> Chunks:
    """Yield the bytes of a file; errors as of `read`."""
    with opened(path) as file:
        while chunk := file.read(CHUNK):
            yield chunk


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a file to read it; a pipe or a device is none, for it may take for ever.

    Raises:
        NotFound: there is none.
        InvalidArchive: it cannot be read.
    """
    if not path.is_file():
        message = f"not found: {path}"
        raise NotFound(message)
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        message = f"cannot read {path}: {error.strerror or error}"
        raise InvalidArchive(message) from error


def write(path: Path, content: Iterable[bytes], size: int, *, via: Path) -> None:
    """Write a file of ``size`` bytes; it gets its name when all of it is on the disk.

    Until then it is in the folder ``via``, where `sweep` finds it after a kill.

    Raises:
        StorageError: it cannot be written, or ``content`` has another size.
    """
    written = 0
    with storage(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=via, prefix=_NEW)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in content:
                    written += file.write(chunk)
                file.flush()
                os.fsync(handle)
            if written != size:
                message = f"{path}: {written} bytes came instead of {size}"
                raise StorageError(message)
            Path(name).chmod(0o644)
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)


def sweep(folder: Path) -> None:
    """Remove what a kill has left behind; nobody may be writing."""
    for leftover in filter(is_new, folder.iterdir()):
        leftover.unlink(missing_ok=True)


def is_new(path: Path) -> bool:
    """Whether a file is not whole yet, by its name."""
    return path.name.startswith(_NEW)
