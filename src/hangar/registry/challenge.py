"""What a registry wants to know of who asks (RFC 9110, 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_PARAMETER = re.compile(rf'({_WORD})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(rf"{_WORD}(?![^\s,])")
_BETWEEN = re.compile(r"[\s,]*")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One way to authenticate.

    Attributes:
        scheme: in lower case: ``basic``, ``bearer``.
        parameters: by lower-case name: ``realm``, ``service``, ``scope``.
    """

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict, hash=False)


def parse_challenges(header: str) -> tuple[Challenge, ...]:
    """Read all challenges of ``WWW-Authenticate``; what is malformed ends the reading.

    An empty header has none, though that is not allowed: Harbor sends it for a
    project that does not exist.
    """
    challenges: list[Challenge] = []
    parameters: dict[str, str] = {}
    position = _skip(header, 0)
    while position < len(header):
        if challenges and (found := _PARAMETER.match(header, position)):
            name, quoted, bare = found.groups()
            value = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
            parameters.setdefault(name.lower(), value)
        elif found := _SCHEME.match(header, position):
            parameters = {}
            challenges.append(Challenge(found[0].lower(), parameters))
        else:
            break
        position = _skip(header, found.end())
    return tuple(challenges)


def _skip(header: str, position: int) -> int:
    between = _BETWEEN.match(header, position)
    return between.end() if between else position
