"""Files that the command line writes: whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from hangar import HangarError, InvalidInput


def write(name: str, text: str) -> None:
    """Write a text file; a regular one is replaced in one step.

    Raises:
        HangarError: it cannot be written.
    """
    write_chunks(name, [text.encode()])


def check(name: str) -> None:
    """See that a file can be written, before work is done that it is to tell of.

    Nothing is written for that.

    Raises:
        HangarError: it cannot.
    """
    path, target = _places(name)
    with _told(name):
        if target is not path:
            if not stat.S_ISDIR(path.parent.stat().st_mode):
                raise OSError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            if not os.access(path.parent, os.W_OK | os.X_OK):
                raise OSError(errno.EACCES, os.strerror(errno.EACCES))
        elif path.is_dir():
            raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))


def write_chunks(name: str, chunks: Iterable[bytes]) -> None:
    """Write a file; if ``chunks`` raises, what was there stays.

    Whoever may read what was there may read what takes its place, and nobody else.

    Raises:
        HangarError: it cannot be written.
    """
    path, target = _places(name)
    if target is path:
        with _told(name), path.open("wb") as file:
            file.writelines(chunks)
        return
    try:
        with _told(name):
            _sweep(path)
            with target.open("xb") as file:
                if path.exists():
                    os.fchmod(file.fileno(), stat.S_IMODE(path.stat().st_mode))
                file.writelines(chunks)
                file.flush()
                os.fsync(file.fileno())
            target.replace(path)
    finally:
        target.unlink(missing_ok=True)


def _sweep(path: Path) -> None:
    """Remove what processes that were killed have left of a file."""
    left = re.compile(re.escape(f".{path.name}.") + r"([0-9]{1,7})\.new")
    with contextlib.suppress(PermissionError):  # to look around
        for beside in path.parent.iterdir():
            found = left.fullmatch(beside.name)
            if found and not _is_another(int(found[1])):
                beside.unlink(missing_ok=True)


def _is_another(number: int) -> bool:
    """Whether a process of that number is running that is not this one."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return number != os.getpid()


def _places(name: str) -> tuple[Path, Path]:
    """What a name means, and where to write so that it can be replaced in one step."""
    path = Path(os.path.realpath(name))  # what a link names, not the link
    if path.exists() and not path.is_file():
        return path, path  # a pipe, /dev/stdout
    return path, path.with_name(f".{path.name}.{os.getpid()}.new")


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f'failed to create file "{name}": {error.strerror}'
        raise HangarError(message) from error


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


def is_same(one: str, other: str) -> bool:
    """Whether two names are of one file that is there."""
    first, second = Path(one), Path(other)
    return first.exists() and second.exists() and first.samefile(second)


def check_apart(name: str, others: Iterable[str]) -> None:
    """See that a file that is going to be written or removed is none of ``others``.

    Empty names are those of no file; a pipe or a device is shared.

    Raises:
        InvalidInput: it is.
    """
    path = Path(name)
    if not name or (path.exists() and not path.is_file()):
        return
    target = os.path.realpath(path)
    for other in filter(None, others):
        with contextlib.suppress(OSError, ValueError):  # not there, or no file's name
            if target == os.path.realpath(other) or path.samefile(other):
                message = f'"{name}" would take the place of "{other}"'
                raise InvalidInput(message, hint="choose another name")
