"""The standard streams: a result that cannot be written is a failure, a log is not."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from hangar import HangarError


def show(text: str, *, end: str = "\n") -> None:
    """Print a result to standard output.

    Raises:
        BrokenPipeError: whoever read it has seen enough.
        HangarError: it cannot be written.
    """
    with _told():
        sys.stdout.write(f"{text}{end}")
        sys.stdout.flush()


def show_bytes(data: bytes) -> None:
    """Print a result as it is to standard output; errors as of `show`."""
    with _told():
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        message = f"failed to write to standard output: {error.strerror}"
        raise HangarError(message) from error


def log(line: str) -> None:
    """Write a line to standard error; work goes on if that cannot be done."""
    with contextlib.suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()


def settle() -> None:
    """Give up what could not be written, lest the interpreter tries it once more."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
