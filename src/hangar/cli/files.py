"""Files that the command line writes: whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from hangar import HangarError


def write(name: str, text: str) -> None:
    """Write a text file; a regular one is replaced in one step.

    Raises:
        HangarError: it cannot be written.
    """
    write_chunks(name, [text.encode()])


def write_chunks(name: str, chunks: Iterable[bytes]) -> None:
    """Write a file; if ``chunks`` raises, what was there stays.

    Raises:
        HangarError: it cannot be written.
    """
    path = Path(os.path.realpath(name))  # what a link names, not the link
    special = path.exists() and not path.is_file()  # a pipe, /dev/stdout
    target = path if special else path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        with target.open("wb") as file:
            file.writelines(chunks)
        if target is not path:
            target.replace(path)
    except OSError as error:
        message = f'failed to create file "{name}": {error.strerror}'
        raise HangarError(message) from error
    finally:
        if target is not path:
            target.unlink(missing_ok=True)


def remove(name: str) -> None:
    """Remove a regular file if there is one; leave anything else alone.

    Raises:
        HangarError: it cannot be removed.
    """
    path = Path(name)
    if not path.is_file():
        return
    try:
        path.unlink()
    except OSError as error:
        message = f'failed to remove file "{name}": {error.strerror}'
        raise HangarError(message) from error
