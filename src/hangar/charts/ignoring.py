"""``.helmignore``: what of a folder does not belong to its chart.

Read as helm reads it, which is not as git reads ``.gitignore``: the first rule that
decides counts, and a rule ``!x`` leaves out whatever is not ``x``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from hangar.errors import InvalidInput

IGNORE_FILE = ".helmignore"

_ALWAYS = "templates/.?*"
"""Helm never packs hidden templates."""


@dataclass(frozen=True, slots=True)
class _Rule:
    """One line.

    Attributes:
        pattern: what it matches.
        negated: whether it decides about what it does not match.
        folders_only: whether it is about folders only.
        anywhere: whether it is about names rather than paths.
    """

    pattern: re.Pattern[str]
    negated: bool
    folders_only: bool
    anywhere: bool

    def leaves_out(self, path: str, *, folder: bool) -> bool:
        """Whether it decides that ``path`` is left out."""
        if self.folders_only and not folder:
            return self.negated
        text = path.rpartition("/")[2] if self.anywhere else path
        return (self.pattern.fullmatch(text) is not None) is not self.negated


class IgnoreRules:
    """The rules of one folder.

    Raises:
        InvalidInput: helm would not understand them.
    """

    def __init__(self, text: str = "") -> None:
        lines = [*text.removeprefix("\ufeff").split("\n"), _ALWAYS]
        stripped = [line.strip() for line in lines]
        wanted = [line for line in stripped if line and not line.startswith("#")]
        self._rules = [_rule(line) for line in wanted]

    def leave_out(self, path: str, *, folder: bool) -> bool:
        """Tell whether ``path``, relative to the folder, is left out."""
        return any(rule.leaves_out(path, folder=folder) for rule in self._rules)


def _rule(line: str) -> _Rule:
    if "**" in line:
        message = f"{IGNORE_FILE}: double-star (**) syntax is not supported: {line!r}"
        raise InvalidInput(message, hint="helm knows single stars only")
    bare = line.removeprefix("!")
    name = bare.removesuffix("/")
    return _Rule(
        pattern=_compiled(name.removeprefix("/"), line),
        negated=bare != line,
        folders_only=name != bare,
        anywhere="/" not in name,
    )


def _compiled(pattern: str, line: str) -> re.Pattern[str]:
    """A pattern of Go's ``filepath.Match`` as one of ours.

    What stands between two stars is looked for once, at its first place, so that no
    pattern takes for ever.
    """
    pieces = [""]
    for one in _characters(pattern, line):
        if one == "*":
            pieces.append("")
        else:
            pieces[-1] += one
    first, *middle = pieces
    last = f"[^/]*{middle.pop()}" if middle else ""
    between = "".join(f"(?>[^/]*?{piece})" for piece in middle)
    return re.compile(f"{first}{between}{last}", re.DOTALL)


def _characters(pattern: str, line: str) -> Iterator[str]:
    """Expressions for single characters; ``*`` stands for itself."""
    position = 0
    while position < len(pattern):
        match pattern[position]:
            case "*":
                yield "*"
            case "?":
                yield "[^/]"
            case "[":
                expression, position = _character_class(pattern, position + 1, line)
                yield expression
                continue
            case "\\":
                position += 1
                yield re.escape(_at(pattern, position, line))
            case character:
                yield re.escape(character)
        position += 1


def _character_class(pattern: str, position: int, line: str) -> tuple[str, int]:
    """What follows a bracket, and where that ends."""
    negation = "^" if pattern.startswith("^", position) else ""
    position += len(negation)
    ranges = ""
    while not ranges or _at(pattern, position, line) != "]":
        first, position = _bound(pattern, position, line)
        last = first
        if pattern.startswith("-", position):
            last, position = _bound(pattern, position + 1, line)
        if last < first:
            raise _no_pattern(line)
        ranges += f"{re.escape(first)}-{re.escape(last)}"
    return f"[{negation}{ranges}]", position + 1


def _bound(pattern: str, position: int, line: str) -> tuple[str, int]:
    """One end of a range, and where it ends."""
    character = _at(pattern, position, line)
    if character in "-]":
        raise _no_pattern(line)
    if character == "\\":
        position += 1
        character = _at(pattern, position, line)
    return character, position + 1


def _at(pattern: str, position: int, line: str) -> str:
    if position >= len(pattern):
        raise _no_pattern(line)
    return pattern[position]


def _no_pattern(line: str) -> InvalidInput:
    return InvalidInput(f"{IGNORE_FILE}: syntax error in pattern: {line!r:.80}")
