"""JSON and YAML read strictly: nothing twice, nothing unknown; errors tell the line."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\n]')
"""Strings, so that braces in them do not count; braces; ends of lines."""

_TRUE = frozenset({"true", "yes", "on"})
"""What YAML 1.1 takes for true; it knows no other booleans than these and theirs."""

_MAX_DEPTH = 100
"""Lists and mappings within each other; the parser itself has no limit, and crashes."""

_MAX_NODES = 1_000_000
"""Values that aliases may make of a file; each alias may double their number."""

_NAMES: dict[type, str] = {str: "text", bool: "true or false", list: "a list"}


class Section(dict[str, Any]):
    """An object of a file that knows the line on which it begins.

    Args:
        pairs: keys and values.
        line: the line.
        lines: those of the keys, as far as they are known.

    Raises:
        ValueError: a key is there twice.
    """

    def __init__(
        self,
        pairs: Iterable[tuple[str, Any]],
        line: int,
        lines: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__()
        self.line = line
        self._lines = lines or {}
        for key, value in pairs:
            if key in self:
                self.refuse(f"{key!r:.100} is there twice", key)
            self[key] = value

    def line_of(self, key: str) -> int:
        """The line on which ``key`` stands, or the object begins."""
        return self._lines.get(key, self.line)

    def refuse(self, reason: str, key: str = "") -> NoReturn:
        """Say what is wrong here, or with ``key``.

        Raises:
            ValueError: always.
        """
        _refuse(self.line_of(key), reason)

    def check_keys(self, known: Collection[str]) -> None:
        """Make sure that there are no others.

        Raises:
            ValueError: there is an unknown one.
        """
        for key in self:
            if key not in known:
                expected = ", ".join(sorted(known))
                self.refuse(f"unknown key {key!r:.100}; known are: {expected}", key)

    def take(self, key: str, kind: type[T]) -> T | None:
        """The value of ``key``; None if it is not there.

        Raises:
            ValueError: it is not of that kind.
        """
        value = self.get(key)
        if key in self and not isinstance(value, kind):
            self.refuse(f"{key!r:.100}: expected {_NAMES.get(kind, 'an object')}", key)
        return value


def parse_json(text: str) -> Section:
    """Parse a JSON object.

    Raises:
        ValueError: it is none, or a key is there twice.
    """
    lines = _beginnings(text)
    try:
        value = json.loads(text, object_pairs_hook=lambda p: Section(p, next(lines)))
    except RecursionError:
        _refuse(1, "nested too deep")
    return _checked(value)


def parse_yaml(text: str, *, aliases: bool = False, booleans: bool = True) -> Section:
    """Parse a YAML mapping; nothing at all is an empty one.

    Numbers and dates stay texts.

    Args:
        text: the file.
        aliases: whether it may have aliases and merge keys.
        booleans: whether what YAML takes for true or false is that, or a text.

    Raises:
        ValueError: it is none, has aliases that it may not, or a key is there twice.
    """
    import yaml  # noqa: PLC0415 - slow, and few have such files

    try:
        depth = 0
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if depth > _MAX_DEPTH:
                line = event.start_mark.line + 1 if event.start_mark else 1
                _refuse(line, "nested too deep")
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _refuse(mark.line + 1 if mark else 1, str(error.problem))
    except yaml.reader.ReaderError as error:
        _refuse(text.count("\n", 0, error.position) + 1, error.reason)
    reader = _Reader(aliases=aliases, booleans=booleans)
    return _checked(reader.value(node)) if node else Section((), 1)


def _checked(value: Any) -> Section:
    if not isinstance(value, Section):
        _refuse(1, "expected an object")
    return value


def _beginnings(text: str) -> Iterator[int]:
    """The lines on which objects begin, in the order in which the objects end."""
    line, open_ = 1, []
    for token in _TOKEN.finditer(text):
        match token[0]:
            case "\n":
                line += 1
            case "{":
                open_.append(line)
            case "}":
                yield open_.pop()


class _Reader:
    """Makes values of the nodes of YAML; numbers and dates stay texts."""

    def __init__(self, *, aliases: bool, booleans: bool) -> None:
        self._aliases = aliases
        self._booleans = booleans
        self._seen: set[int] = set()
        self._open: list[int] = []
        self._read = 0

    def value(self, node: Any) -> Any:
        """The value of a node."""
        line = node.start_mark.line + 1
        self._read += 1
        if id(node) in self._seen and not self._aliases:
            _refuse(line, "aliases are not allowed")
        if id(node) in self._open or len(self._open) > _MAX_DEPTH:
            _refuse(line, "nested too deep")
        if self._read > _MAX_NODES:
            _refuse(line, "aliases make too much of it")
        self._seen.add(id(node))
        self._open.append(id(node))
        try:
            return self._value(node, line)
        finally:
            self._open.pop()

    def _value(self, node: Any, line: int) -> Any:
        match node.id, node.tag.rpartition(":")[2]:
            case "mapping", _:
                return self._mapping(node, line)
            case "sequence", _:
                return [self.value(item) for item in node.value]
            case _, "bool" if self._booleans:
                return node.value.lower() in _TRUE
            case _, "null":
                return None
        return node.value

    def _mapping(self, node: Any, line: int) -> Section:
        merged: dict[str, Any] = {}
        pairs, lines = [], {}
        for key, value in node.value:
            if self._aliases and key.tag.endswith(":merge"):
                others = self.value(value)
                for other in reversed(others if isinstance(others, list) else [others]):
                    merged |= _checked(other)
            else:
                pairs.append((_key(key), self.value(value)))
                lines[pairs[-1][0]] = key.start_mark.line + 1
        own = Section(pairs, line, lines)
        rest = {key: value for key, value in merged.items() if key not in own}
        return Section([*own.items(), *rest.items()], line, lines)


def _key(node: Any) -> str:
    if not isinstance(node.value, str):
        _refuse(node.start_mark.line + 1, "a key that is not text")
    return node.value


def _refuse(line: int, reason: str) -> NoReturn:
    message = f"line {line}: {reason}"
    raise ValueError(message)
