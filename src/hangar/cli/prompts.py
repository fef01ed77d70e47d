"""Questions that take a yes or a no; to be asked before a run hears of Ctrl-C."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path

from hangar import STANDARD_INPUT, HangarError
from hangar.cli import output
from hangar.cli.records import printable

_LONGEST = 1024
"""Bytes of an answer that are read."""


def confirmed(question: str, *, yes: bool = False) -> bool:
    """Ask on standard output; tell whether the first word of the answer says yes.

    Every word that begins with ``y`` or ``Y`` does; an empty line or the end of
    standard input does not. With ``yes`` the answer is printed as if it had been typed.
    """
    asked = f"{printable(question)} [y/N] "
    if yes:
        output.show(f"{asked}y")
        return True
    output.show(asked, end="")
    return _answer().startswith((b"y", b"Y"))


def allow_writing(name: str, *, yes: bool = False, listed: str = "") -> None:
    """Ask before a file is replaced; a pipe or a device is none.

    Nothing is asked if ``listed``, the image list to be read, is standard input: its
    first line would be taken for the answer, and be missing from the list.

    Raises:
        HangarError: the user wants to keep it, or cannot be asked.
    """
    if Path(name).is_file():
        allow_replacing([name], yes=yes, listed=listed)


def allow_replacing(
    names: Sequence[str], *, yes: bool = False, listed: str = ""
) -> None:
    """Ask before what is there is replaced; see `allow_writing`.

    Raises:
        HangarError: the user wants to keep it, or cannot be asked.
    """
    files = ", ".join(f'"{name}"' for name in names)
    one = len(names) == 1
    can_answer = yes or listed != STANDARD_INPUT
    question = f"File{'' if one else 's'} {files} already exist{'s' if one else ''}!"
    if not can_answer or not confirmed(f"{question} Overwrite?", yes=yes):
        message = f"file {files} already exists"
        raise HangarError(message, hint="choose another name, or use --auto-yes")


def _answer() -> bytes:
    """The first word of a line of standard input; b"" if there is none."""
    line = b""
    if sys.stdin:  # closed by whoever started us, otherwise
        with contextlib.suppress(OSError):  # a terminal that is gone: nobody answers
            line = sys.stdin.buffer.readline(_LONGEST)
    return b"".join(line.split()[:1])
