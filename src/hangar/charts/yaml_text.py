"""YAML that came from outside, read an event at a time.

Scalars stay text as they were written, so that ``1.10`` is no number; what YAML takes
for nothing is None. Neither deep nesting nor names that stand for other names make a
reader go deeper than it was meant to.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from hangar.errors import InvalidInput

MAX_DEPTH = 64
"""Of lists and mappings within each other; libyaml itself knows no end."""

MAX_VALUES = 1_000_000
"""That are made of a document; where a name stands for some, they count each time."""

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})

_BEGIN = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_END = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


class Events:
    """The events of one document.

    Args:
        chunks: its bytes.
        limit: how many of them there may be.
        what: what to call it in errors.
    """

    def __init__(self, chunks: Iterable[bytes], limit: int, what: str) -> None:
        self.what = what
        self._parsed = self._read(chunks, limit)
        self._named: dict[str, Any] = {}
        self._made = 0

    def __iter__(self) -> Iterator[yaml.Event]:
        return self._parsed

    def begin(self) -> yaml.Event:
        """The first event of the document's content.

        Raises:
            InvalidInput: it is no YAML.
        """
        no_content = (yaml.StreamStartEvent, yaml.DocumentStartEvent)
        for event in self._parsed:
            if not isinstance(event, no_content):
                return event
        raise refused(self.what, "it is empty")

    def value(self, event: yaml.Event) -> Any:
        """The value that begins with ``event``: text, None, a list or a mapping.

        Raises:
            InvalidInput: it is no YAML, a mapping's key is no text, or all values
                together are more than `MAX_VALUES`.
        """
        if isinstance(event, yaml.AliasEvent):
            if event.anchor not in self._named:
                raise refused(self.what, f"{event.anchor!r:.60} is not defined")
            known = self._named[event.anchor]
            self._count(len(known) if isinstance(known, list | dict) else 1)
            return known
        self._count(1)
        if isinstance(event, yaml.ScalarEvent):
            is_plain = event.implicit[0]
            made: Any = event.value
            if is_plain and event.value in _NOTHING:
                made = None
        elif isinstance(event, yaml.SequenceStartEvent):
            made = [self.value(item) for item in self.items()]
        elif isinstance(event, yaml.MappingStartEvent):
            made = self._mapping()
        else:
            raise refused(self.what, "it is empty")
        anchor: str | None = event.anchor
        if anchor:
            self._named[anchor] = made
        return made

    def items(self) -> Iterator[yaml.Event]:
        """The first events of what is left of a list; read each item in between."""
        for event in self._parsed:
            if isinstance(event, _END):
                return
            yield event

    def pairs(self, *, once: bool = False) -> Iterator[tuple[str, yaml.Event]]:
        """Keys of what is left of a mapping, with the first events of their values.

        Raises:
            InvalidInput: a key is no text, or is there twice and may be but ``once``.
        """
        seen = set()
        for event in self.items():
            key = self.value(event)
            if key is not None and not isinstance(key, str):
                raise refused(self.what, f"a key is {key!r:.60}")
            if once and key in seen:
                raise refused(self.what, f"{key!r:.60} is there twice")
            seen.add(key)
            yield key or "", next(self._parsed)

    def skip(self, event: yaml.Event) -> None:
        """Pass over the value that begins with ``event``; nothing of it is kept."""
        depth = 0
        for passed in itertools.chain([event], self._parsed):
            depth += isinstance(passed, _BEGIN)
            depth -= isinstance(passed, _END)
            if not depth:
                return

    def _count(self, values: int) -> None:
        self._made += values
        if self._made > MAX_VALUES:
            raise refused(self.what, "it says too much")

    def _mapping(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, event in self.pairs():
            value = self.value(event)
            if key == "<<":
                for base in value if isinstance(value, list) else [value]:
                    self._count(len(merged))
                    merged = {**(base if isinstance(base, dict) else {}), **merged}
            else:
                made[key] = value
        return {**merged, **made}

    def _read(self, chunks: Iterable[bytes], limit: int) -> Iterator[yaml.Event]:
        depth = 0
        source = _Source(chunks, limit, self.what)
        try:
            for event in yaml.parse(source, Loader=yaml.CSafeLoader):
                depth += isinstance(event, _BEGIN)
                depth -= isinstance(event, _END)
                if depth > MAX_DEPTH:
                    reason = f"nested more than {MAX_DEPTH} deep"
                    raise refused(self.what, reason)
                yield event
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark
            where = f"line {mark.line + 1}: " if mark else ""
            raise refused(self.what, f"{where}{error.problem}") from error
        except (yaml.YAMLError, UnicodeError) as error:
            raise refused(self.what, "it is no text") from error


class _Source:
    """Chunks, as libyaml reads them."""

    def __init__(self, chunks: Iterable[bytes], limit: int, what: str) -> None:
        self._chunks = iter(chunks)
        self._left = limit
        self._limit = limit
        self._what = what
        self._rest = memoryview(b"")

    def read(self, size: int = 1 << 16, /) -> bytes:
        """The next bytes, at most ``size``; b"" at the end."""
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
            self._left -= len(self._rest)
            if self._left < 0:
                raise refused(self._what, f"it is larger than {self._limit} bytes")
        taken, self._rest = self._rest[:size], self._rest[size:]
        return bytes(taken)


def parsed(data: bytes, limit: int, what: str) -> Any:
    """Read a small document.

    Raises:
        InvalidInput: it is no YAML, or larger than ``limit`` bytes.
    """
    events = Events([data], limit, what)
    value = events.value(events.begin())
    for _ in events:  # what is wrong behind it is wrong, too
        pass
    return value


def refused(what: str, reason: str, hint: str = "") -> InvalidInput:
    """Make the error that says why a document cannot be used."""
    return InvalidInput(f"{what} cannot be used: {reason}", hint=hint)
