"""How a record looks: as a line of a log, as JSON, and to a person at a terminal."""

from __future__ import annotations

import json
from datetime import datetime

from hangar import Status
from hangar.cli.records import Level, Record, printable
from hangar.cli.report import outcome_json

_DIM, _RED, _GREEN, _YELLOW, _CYAN, _WHITE = 2, 31, 32, 33, 36, 37
_COLOURS = {
    Level.DEBUG: _WHITE,
    Level.INFO: _CYAN,
    Level.WARN: _YELLOW,
    Level.ERROR: _RED,
    Level.FATAL: _RED,
}
"""ANSI codes, as the Go program paints its levels."""

_MARKS = {
    Status.COPIED: ("✓", _GREEN),
    Status.UP_TO_DATE: ("✓", _GREEN),
    Status.SKIPPED: ("-", _YELLOW),
    Status.FAILED: ("✗", _RED),
}
_GRAVE = {Level.WARN: "warning: ", Level.ERROR: "error: ", Level.FATAL: "error: "}


def as_log(record: Record, now: datetime | None, *, colour: bool) -> str:
    """A line as the Go program logs it: ``[15:04:05] [INFO] [IMG:1] message``.

    ``now`` is the local time; for None there is a ``-`` in its place.
    """
    stamp = f"[{now:%H:%M:%S}]" if now else "-"
    image = f"[IMG:{record.image}] " if record.image else ""
    head = _painted(
        f" [{record.level.name[:4]}] {image}", _COLOURS[record.level], colour=colour
    )
    hint = f" ({record.hint})" if record.hint else ""
    text = printable(f"{record.message}{hint}")
    return "\n".join((f"{stamp}{head}{text}", *map(printable, record.lines)))


def as_json(record: Record, now: datetime | None) -> str:
    """An object in one line; ``docs/logs.md`` describes its keys."""
    value = {
        "time": now and now.isoformat(timespec="milliseconds"),
        "level": record.level.name.lower(),
        "message": record.message,
        "image": record.image,
        "hint": record.hint,
        "lines": record.lines,
        "outcome": record.outcome and outcome_json(record.outcome),
    }
    return json.dumps({key: kept for key, kept in value.items() if kept})


def as_shown(record: Record, *, colour: bool) -> str:
    """What a person at a terminal sees: a mark, what happened, what to do."""
    head, further = printable(record.message), list(record.lines)
    if record.hint:
        further.insert(0, record.hint)
    if record.outcome:
        mark, code = _MARKS[record.outcome.status]
        name = printable(record.outcome.source or record.outcome.image)
        head = f"{_painted(mark, code, colour=colour)} {name}"
        if record.outcome.error:
            further.insert(0, record.note)
        else:
            head += f"  {_painted(printable(record.note), _DIM, colour=colour)}"
    elif record.level in _GRAVE:
        prefix = _GRAVE[record.level]
        head = _painted(prefix, _COLOURS[record.level], colour=colour) + head
    return "\n".join((head, *(f"  {printable(line)}" for line in further)))


def _painted(text: str, code: int, *, colour: bool) -> str:
    return f"\033[{code}m{text}\033[0m" if colour and text else text
