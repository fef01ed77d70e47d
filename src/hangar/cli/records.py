"""What is logged, as values.

Text that comes from lists, registries or archives is untrusted: whoever shows a record
passes it through `printable`, so it can neither move the cursor nor fake a line.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from hangar import Outcome


class Level(IntEnum):
    """How grave a record is."""

    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40
    FATAL = 50


@dataclass(frozen=True, slots=True)
class Record:
    """One thing to tell the user.

    Attributes:
        level: how grave it is.
        message: what happened, in one line.
        image: number of the image in the list that it is about, or 0.
        hint: what can be done about it, or "".
        lines: further lines: entries of a list, a traceback.
        outcome: how an image ended, if that is what happened.
        note: what to say of that image beside its name.
    """

    level: Level
    message: str
    image: int = 0
    hint: str = ""
    lines: tuple[str, ...] = ()
    outcome: Outcome | None = None
    note: str = ""


def printable(text: str) -> str:
    """Escape everything in ``text`` that is not plainly shown."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
