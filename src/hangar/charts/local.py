"""Local files that become part of an archive; only regular ones do."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from hangar.errors import InvalidInput, NotFound, StorageError
from hangar.store import Chunks

_CHUNK = 1 << 20
"""Bytes read at a time."""


@contextlib.contextmanager
def storage(path: Path) -> Iterator[None]:
    """Translate what the operating system says of ``path``.

    Raises:
        NotFound: it is not there.
        StorageError: it cannot be read.
    """
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        message = f"{path}: no such file or directory"
        raise NotFound(message) from error
    except (OSError, ValueError) as error:  # a name with a zero byte
        reason = getattr(error, "strerror", None) or error
        message = f"cannot read {path}: {reason}"
        raise StorageError(message) from error


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a regular file; a pipe or a device might never end.

    Raises:
        NotFound: there is none.
        InvalidInput: it is a folder, or something else.
        StorageError: it cannot be read.
    """
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
    with storage(path), contextlib.ExitStack() as stack:
        file = os.open(path, flags)
        stack.callback(os.close, file)
        mode = os.fstat(file).st_mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "not a regular file"
            message = f"{path} is {kind}"
            raise InvalidInput(message)
        yield stack.enter_context(open(file, "rb", buffering=0, closefd=False))


def file_chunks(path: Path) -> Chunks:
    """Yield the bytes of a file; errors as of `opened`."""
    with opened(path) as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def file_size(path: Path) -> int:
    """Bytes of a file; errors as of `opened`."""
    with opened(path) as file:
        return os.fstat(file.fileno()).st_size


def read_small(path: Path, limit: int) -> bytes:
    """Read a file of at most ``limit`` bytes; errors as of `opened`.

    Raises:
        InvalidInput: it is larger, too.
    """
    data = b""
    with opened(path) as file:
        while len(data) <= limit and (chunk := file.read(limit + 1)):
            data += chunk
    if len(data) > limit:
        message = f"{path} is larger than {limit} bytes"
        raise InvalidInput(message)
    return data
