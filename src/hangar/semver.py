"""Versions and ranges of them, as tags of images state them (semver.org 2.0).

A tag is read generously: a ``v`` in front and missing parts are allowed, so ``v1.27``
is 1.27.0; what follows ``+``, or ``_`` as helm writes it in tags, does not count.
Ranges have the syntax that ``skopeo sync`` and helm know:

    1.2.3  =1.2.3  !=1.2.3      just this one; any but this one
    >1.2  >=1.2  <2  <=2        parts that are missing are of any value
    1.2.x  1.2  *               any value for the parts that are missing
    ~1.2.3                      1.2.3 and later patches of 1.2
    ^1.2.3                      up to the next change of the first part that is not 0
    1.2 - 1.4                   from the one to the other, both included
    >=1.2, <2  >=1.2 <2         both of them
    ^1.2 || ^2.1                one of them

A prerelease (``1.28-rc.1``, but also ``1.27-alpine``) is in a range only if one of the
versions that the range joins names a prerelease, too: ``>=1.2-0`` is for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from hangar.errors import InvalidInput

_NUMBER = r"[0-9]{1,18}"
_IDENTIFIERS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
_VERSION = re.compile(
    rf"v?({_NUMBER}(?:\.{_NUMBER}){{0,2}})(?:-({_IDENTIFIERS}))?(?:[+_][\w.+-]*)?",
    re.ASCII,
)
_PATTERN = re.compile(
    rf"v?((?:{_NUMBER}\.){{0,2}}(?:{_NUMBER}|[xX*](?:\.[xX*])*))"
    rf"(?:(?<=[0-9])-({_IDENTIFIERS}))?(?:\+[\w.-]*)?",
    re.ASCII,
)
_TERM = re.compile(r"(!=|=>|>=|=<|<=|~>|[=<>~^])?\s*([^\s,=<>~^!|]+)")
_SAME = {"=>": ">=", "=<": "<=", "~>": "~"}
_BETWEEN = re.compile(r"(\S+)\s+-\s+(\S+)")

_HINT = "expected a range such as '>=1.2, <2', '^1.4', '~1.4.2', '1.x' or '1.2 - 1.4'"


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """A version; the order is that of precedence (semver.org, 11).

    Attributes:
        numbers: major, minor, patch.
        released: False for a prerelease.
        identifiers: a prerelease's, each as (is it a word, number, word).
    """

    numbers: tuple[int, int, int]
    released: bool = True
    identifiers: tuple[tuple[bool, int, str], ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read a version; None if ``text`` is none."""
        match = _VERSION.fullmatch(text)
        return cls.of(_numbers(match[1]), match[2] or "") if match else None

    @classmethod
    def of(cls, numbers: Sequence[int], prerelease: str = "") -> Self:
        """Make a version; numbers that are missing are 0."""
        major, minor, patch = (*numbers, 0, 0, 0)[:3]
        identifiers = tuple(
            (False, int(word), "") if word.isdigit() else (True, 0, word)
            for word in filter(None, prerelease.split("."))
        )
        return cls((major, minor, patch), not prerelease, identifiers)


_FIRST = Version((0, 0, 0), released=False)
_BEYOND = Version((10**18, 0, 0), released=False)


@dataclass(frozen=True, slots=True)
class _Span:
    """Versions from ``low`` up to but not including ``high``, or all others."""

    low: Version
    high: Version
    inverted: bool = False

    def __contains__(self, version: Version) -> bool:
        return (self.low <= version < self.high) is not self.inverted


@dataclass(frozen=True, slots=True)
class _All:
    """What several conditions leave over."""

    spans: tuple[_Span, ...]
    prereleases: bool

    def __contains__(self, version: Version) -> bool:
        allowed = version.released or self.prereleases
        return allowed and all(version in span for span in self.spans)


@dataclass(frozen=True, slots=True)
class VersionRange:
    """A range of versions; ``version in versions`` tells whether it holds one."""

    alternatives: tuple[_All, ...]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a range.

        Raises:
            InvalidInput: it is none.
        """
        return cls(tuple(_alternative(part, text) for part in text.split("||")))

    def __contains__(self, version: Version) -> bool:
        return any(version in alternative for alternative in self.alternatives)


def _alternative(text: str, whole: str) -> _All:
    """Read conditions that all have to be met."""
    between = _BETWEEN.fullmatch(text.strip())
    if between:
        terms = [(">=", between[1]), ("<=", between[2])]
    else:
        terms = [(match[1] or "=", match[2]) for match in _TERM.finditer(text)]
        if _TERM.sub("", text).strip(" \t,") or not terms:
            raise _invalid(whole)
    read = [(operator, _PATTERN.fullmatch(version)) for operator, version in terms]
    spans = []
    for operator, match in read:
        if match is None:
            raise _invalid(whole)
        spans.append(_span(operator, _numbers(match[1]), match[2] or ""))
    return _All(tuple(spans), any(match and match[2] for _, match in read))


def _span(operator: str, given: Sequence[int], prerelease: str) -> _Span:
    """The versions that an operator makes of one; ``given`` are its numbers."""
    low = Version.of(given, prerelease)
    end = _after(low) if prerelease else _next(given, len(given))
    partial = len(given) < 3 and not prerelease
    decisive = next((n for n, number in enumerate(given, start=1) if number), 3)
    bounds = {
        "=": (low if given else _FIRST, end),
        ">": (end, _BEYOND),
        ">=": (low, _BEYOND),
        "<": (_FIRST, replace(low, released=False) if partial else low),
        "<=": (_FIRST, end),
        "~": (low, _next(given, min(len(given), 2))),
        "^": (low, _next(given, min(len(given), decisive))),
    }
    bounds["!="] = bounds["="]
    return _Span(*bounds[_SAME.get(operator, operator)], inverted=operator == "!=")


def _next(given: Sequence[int], length: int) -> Version:
    """What comes before all versions whose first ``length`` numbers are greater."""
    if not length:
        return _BEYOND
    raised = (*given[: length - 1], given[length - 1] + 1)
    return replace(Version.of(raised), released=False)


def _after(prerelease: Version) -> Version:
    """The very next version after a prerelease: that with ``.0`` at its end."""
    identifiers = (*prerelease.identifiers, (False, 0, ""))
    return replace(prerelease, identifiers=identifiers)


def _numbers(text: str) -> tuple[int, ...]:
    """The numbers of a version, without placeholders."""
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _invalid(text: str) -> InvalidInput:
    return InvalidInput(f"not a range of versions: {text!r:.120}", hint=_HINT)
