"""What is logged, as values, and how a line of the log looks.

Text that comes from lists, registries or archives is untrusted: every control
character in it is shown escaped, so it can neither move the cursor nor fake a line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from hangar.cli.report import outcome_json
from hangar.events import Outcome


class Level(Enum):
    """How grave a record is; the value is its rank."""

    DEBUG = 10
    INFO = 20
    WARN = 30
    ERROR = 40
    FATAL = 50


COLOURS = {
    Level.DEBUG: 37,
    Level.INFO: 36,
    Level.WARN: 33,
    Level.ERROR: 31,
    Level.FATAL: 31,
}
"""ANSI codes, as the Go program paints its levels."""


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
    """

    level: Level
    message: str
    image: int = 0
    hint: str = ""
    lines: tuple[str, ...] = ()
    outcome: Outcome | None = field(default=None, repr=False)

    @property
    def sentence(self) -> str:
        """Message and hint, safe to show."""
        return printable(f"{self.message} ({self.hint})" if self.hint else self.message)


def printable(text: str) -> str:
    """Escape everything in ``text`` that is not plainly shown."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def as_text(record: Record, now: datetime | None, *, colour: bool) -> str:
    """A line as the Go program logs it: ``[15:04:05] [INFO] [IMG:1] message``.

    ``now`` is the local time; None shows ``-`` in its place.
    """
    stamp = f"[{now:%H:%M:%S}]" if now else "-"
    image = f"[IMG:{record.image}] " if record.image else ""
    head = f" [{record.level.name[:4]}] {image}"
    if colour:
        head = f"\033[{COLOURS[record.level]}m{head}\033[0m"
    return "\n".join((stamp + head + record.sentence, *map(printable, record.lines)))


def as_json(record: Record, now: datetime | None) -> str:
    """An object in one line; its keys are described in ``docs/logs.md``."""
    value: dict[str, Any] = {
        "time": now.isoformat(timespec="milliseconds") if now else None,
        "level": record.level.name.lower(),
        "message": record.message,
        "image": record.image,
        "hint": record.hint,
        "lines": record.lines,
        "outcome": outcome_json(record.outcome) if record.outcome else None,
    }
    return json.dumps({key: kept for key, kept in value.items() if kept})
