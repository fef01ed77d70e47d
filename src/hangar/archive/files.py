"""Local files: reading and writing at a place."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from hangar.disk import storage
from hangar.errors import StorageError
from hangar.store import Chunks

_CHUNK, _SMALL_CHUNK = 1 << 20, 256 << 10
"""Bytes read at a time; the smaller of content of less than `_LARGE` bytes."""

_LARGE = 4 << 20
"""Bytes; of what is smaller, many are in flight at once (`hangar.batch`)."""

_NOT_WITHIN_KERNEL = {
    errno.EXDEV,  # between two file systems, before Linux 5.19
    errno.EINVAL,
    errno.ENOSYS,
    errno.EOPNOTSUPP,
    errno.EPERM,  # sandboxes that do not know the call
}


def followed(path: Path) -> Path:
    """The file itself, if ``path`` is a link: it has its journal beside it.

    Raises:
        StorageError: it leads nowhere.
    """
    try:
        return path.resolve() if path.is_symlink() else path
    except (OSError, RuntimeError) as error:  # the latter of loops, before Python 3.13
        message = f"{path} cannot be followed: {error}"
        raise StorageError(message) from error


def check_regular(path: Path) -> None:
    """See that what has a name now, if anything, is a file, before anything is done.

    A pipe would be waited for; a device would be replaced by a file.

    Raises:
        StorageError: it is a directory, or something else.
    """
    with storage(path):
        is_odd = path.exists() and not path.is_file()
    if is_odd:
        kind = os.strerror(errno.EISDIR) if path.is_dir() else "Not a regular file"
        message = f"{path}: {kind}"
        raise StorageError(message, hint="an archive is a file: NAME.zip")


def read_at(file: int, offset: int, size: int) -> bytes:
    """Read ``size`` bytes, fewer only at the end of the file."""
    pieces, wanted = [], size
    while wanted and (piece := os.pread(file, wanted, offset + size - wanted)):
        pieces.append(piece)
        wanted -= len(piece)
    return b"".join(pieces)


def stream_at(file: int, offset: int, size: int) -> Chunks:
    """Yield ``size`` bytes in chunks, fewer only at the end of the file."""
    most = _CHUNK if size >= _LARGE else _SMALL_CHUNK
    while chunk := os.pread(file, min(most, size), offset):
        offset += len(chunk)
        size -= len(chunk)
        yield chunk


def write_at(file: int, offset: int, data: bytes) -> None:
    """Write all of ``data``."""
    view = memoryview(data)
    while view:
        written = os.pwrite(file, view, offset)
        view = view[written:]
        offset += written


def write_back(file: int, offset: int, size: int) -> None:
    """Have the system begin to write to the disk, so that syncing will be short."""
    if size < _CHUNK:  # asking would take longer than writing
        return
    if hasattr(os, "posix_fadvise"):  # Linux; elsewhere the system does as it likes
        os.posix_fadvise(file, offset, size, os.POSIX_FADV_DONTNEED)


def copy_at(source: int, offset: int, target: int, place: int, size: int) -> None:
    """Copy a range between files, inside the kernel where it can.

    Raises:
        OSError: also if the source ends before.
    """
    end = offset + size
    while offset < end and hasattr(os, "copy_file_range"):
        try:
            done = os.copy_file_range(source, target, end - offset, offset, place)
        except OSError as error:
            if error.errno not in _NOT_WITHIN_KERNEL:
                raise
            break
        if not done:
            break
        offset += done
        place += done
    for chunk in stream_at(source, offset, end - offset):
        write_at(target, place, chunk)
        offset += len(chunk)
        place += len(chunk)
    if offset < end:
        raise OSError(errno.EIO, "ends before its time")
