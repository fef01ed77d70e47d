"""JSON and YAML read strictly: nothing twice, nothing unknown; errors tell the line."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NoReturn, TypeVar

T = TypeVar("T")

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\n]')
"""Strings, so that braces in them do not count; braces; ends of lines."""

_TRUE = frozenset({"true", "yes", "on"})
"""What YAML 1.1 takes for true; it knows no other booleans than these and theirs."""

_NAMES: dict[type, str] = {str: "text", bool: "true or false", list: "a list"}


class Section(dict[str, Any]):
    """An object of a file that knows the line on which it begins.

    Raises:
        ValueError: a key is there twice.
    """

    def __init__(self, pairs: Iterable[tuple[str, Any]], line: int) -> None:
        super().__init__()
        self.line = line
        for key, value in pairs:
            if key in self:
                self.refuse(f"{key!r:.100} is there twice")
            self[key] = value

    def refuse(self, reason: str) -> NoReturn:
        """Say what is wrong here.

        Raises:
            ValueError: always.
        """
        _refuse(self.line, reason)

    def check_keys(self, known: Collection[str]) -> None:
        """Make sure that there are no others.

        Raises:
            ValueError: there is an unknown one.
        """
        for key in self:
            if key not in known:
                expected = ", ".join(sorted(known))
                self.refuse(f"unknown key {key!r:.100}; known are: {expected}")

    def take(self, key: str, kind: type[T]) -> T | None:
        """The value of ``key``; None if it is not there.

        Raises:
            ValueError: it is not of that kind.
        """
        value = self.get(key)
        if key in self and not isinstance(value, kind):
            self.refuse(f"{key!r:.100}: expected {_NAMES.get(kind, 'an object')}")
        return value


def parse_json(text: str) -> Section:
    """Parse a JSON object.

    Raises:
        ValueError: it is none, or a key is there twice.
    """
    lines = _beginnings(text)
    value = json.loads(text, object_pairs_hook=lambda p: Section(p, next(lines)))
    return _checked(value)


def parse_yaml(text: str) -> Section:
    """Parse a YAML mapping; nothing at all is an empty one.

    Raises:
        ValueError: it is none, has aliases, or a key is there twice.
    """
    import yaml  # noqa: PLC0415 - slow, and few have such files

    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        _refuse(mark.line + 1 if mark else 1, str(error.problem))
    except yaml.reader.ReaderError as error:
        _refuse(text.count("\n", 0, error.position) + 1, error.reason)
    return _checked(_plain(node, set())) if node else Section((), 1)


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


def _plain(node: Any, seen: set[int]) -> Any:
    """The value of a node of YAML; numbers and dates stay texts."""
    line = node.start_mark.line + 1
    if id(node) in seen:
        _refuse(line, "aliases are not allowed")
    seen.add(id(node))
    match node.id, node.tag.rpartition(":")[2]:
        case "mapping", _:
            return Section([(_key(k), _plain(v, seen)) for k, v in node.value], line)
        case "sequence", _:
            return [_plain(item, seen) for item in node.value]
        case _, "bool":
            return node.value.lower() in _TRUE
        case _, "null":
            return None
    return node.value


def _key(node: Any) -> str:
    if not isinstance(node.value, str):
        _refuse(node.start_mark.line + 1, "a key that is not text")
    return node.value


def _refuse(line: int, reason: str) -> NoReturn:
    message = f"line {line}: {reason}"
    raise ValueError(message)
