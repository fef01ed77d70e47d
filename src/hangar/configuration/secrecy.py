"""Writing files that hold secrets: for their owner alone, whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hangar.errors import HangarError


@contextlib.contextmanager
def edited(path: Path) -> Iterator[Path]:
    """Keep others from editing a file meanwhile; yield what it is, links followed.

    Its folder is made if it is not there, and locked for all who edit in this way.

    Raises:
        HangarError: that cannot be done.
    """
    real = Path(os.path.realpath(path))
    with _told(path):
        for folder in reversed(real.parents):
            if not folder.exists():
                folder.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(real.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with _told(path):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield real
    finally:
        os.close(lock)


def replace_json(path: Path, value: Mapping[str, Any]) -> None:
    """Give a file that is being `edited` other content, in one step.

    What root changes in a user's own folder stays that user's.

    Raises:
        HangarError: that cannot be done; the file is as it was.
    """
    # A killed predecessor may have left it behind; nobody else writes it now.
    new = path.with_name(f".{path.name}.new")
    with _told(path):
        if path.exists() and not path.is_file():
            message = f"{path} is not a regular file"
            raise HangarError(message)
        try:
            new.unlink(missing_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            with os.fdopen(os.open(new, flags, 0o600), "w") as file:
                _keep_owner(path, file.fileno())
                file.write(json.dumps(value, indent="\t") + "\n")
                file.flush()
                os.fsync(file.fileno())
            new.replace(path)
        finally:
            new.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _keep_owner(path: Path, new: int) -> None:
    """Give a new file to the owner of the old one, if that is whose folder it is."""
    if os.geteuid() or not path.exists():
        return
    old = path.stat()
    if old.st_uid == path.parent.stat().st_uid:  # else anybody may have put it there
        with contextlib.suppress(OSError):  # whom a container's root does not know
            os.fchown(new, old.st_uid, old.st_gid)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"cannot write {path}: {error.strerror}"
        hint = "name another file with --authfile"
        raise HangarError(message, hint=hint) from error
