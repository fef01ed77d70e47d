"""Which tags of a repository are wanted: by pattern, by version, only the newest.

Patterns have Python's syntax, with the additions of the module ``regex``, which can be
told when to give up: a pattern such as ``(a+)+`` may take longer than anybody lives.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Self

from hangar.errors import InvalidInput
from hangar.semver import Version, VersionRange

if TYPE_CHECKING:  # slow to import, and most filters have no pattern
    import regex

PATIENCE = 10.0
"""Seconds that the patterns of a filter may take for all tags together."""

MAX_PATTERN = 4096
"""Characters."""

MAX_EXPANDED = 100_000
"""Characters, with what is repeated as often as it is; the library writes that out."""

_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|\[:\w+:\]|[^\]\\])*\]|\{(\d*)(?:,(\d*))?\}|.", re.DOTALL
)
_RECURSION = re.compile(r"\(\?(?:R|\d|&|P>)")

_RELEASES = VersionRange.parse("*")


@dataclass(frozen=True, slots=True)
class TagFilter:
    """Chooses tags; a filter that states nothing chooses all.

    Attributes:
        pattern: has to be found somewhere in the tag, or None.
        versions: has to hold the version that the tag states, or None. A tag that
            states no version is in no range.
        newest: how many of the latest versions are wanted; 0 is all. There is no
            telling how new a tag without a version is, so such tags are none of
            them; nor are prereleases, unless ``versions`` lets them in.
        exclude: must not be found anywhere in the tag, or None.
    """

    pattern: regex.Pattern[str] | None = None
    versions: VersionRange | None = None
    newest: int = 0
    exclude: regex.Pattern[str] | None = None

    @classmethod
    def parse(
        cls, pattern: str = "", semver: str = "", newest: int = 0, exclude: str = ""
    ) -> Self:
        """Make a filter of what a user wrote; "" and 0 ask for nothing.

        >>> newest = TagFilter.parse(semver="~1.27", newest=1)
        >>> newest.select(["1.26.9", "1.27.1", "1.27.2", "latest"])
        ['1.27.2']

        Raises:
            InvalidInput: a pattern is no regular expression, the range is none
                (see `hangar.semver`), or the number is negative.
        """
        if newest < 0:
            message = f"not a number of tags: {newest}"
            raise InvalidInput(message)
        versions = VersionRange.parse(semver) if semver else None
        return cls(_compiled(pattern), versions, newest, _compiled(exclude))

    def select(self, tags: Iterable[str]) -> list[str]:
        """Choose from ``tags``, each once, in byte order.

        If only the newest are wanted, the highest version comes first; tags of the
        same version (``1.27`` and ``v1.27.0``) stand in byte order.

        Raises:
            InvalidInput: a pattern takes too long.
        """
        found = sorted(set(tags))
        if self.pattern or self.exclude:
            end = time.monotonic() + PATIENCE
            found = [tag for tag in found if self._matches(tag, end)]
        if self.versions is None and not self.newest:
            return found
        wanted = self.versions or _RELEASES
        read = ((Version.parse(tag), tag) for tag in found)
        stated = [(version, tag) for version, tag in read if version]
        chosen = [(version, tag) for version, tag in stated if version in wanted]
        if self.newest:
            chosen.sort(key=lambda pair: pair[0], reverse=True)
            del chosen[self.newest :]
        return [tag for _, tag in chosen]

    def _matches(self, tag: str, end: float) -> bool:
        wanted = self.pattern is None or _is_in(tag, self.pattern, end)
        return wanted and not (self.exclude and _is_in(tag, self.exclude, end))


def _compiled(pattern: str) -> regex.Pattern[str] | None:
    if not pattern:
        return None
    if len(pattern) > MAX_PATTERN:
        message = f"a regular expression of more than {MAX_PATTERN} characters"
        raise InvalidInput(message)
    if _RECURSION.search(pattern) or _expanded(pattern) > MAX_EXPANDED:
        message = f"the regular expression {pattern!r:.120} takes too much memory"
        raise InvalidInput(message, hint="repeat less of it, and less often")
    library = import_module("regex")
    try:
        compiled: regex.Pattern[str] = library.compile(pattern)
    except (library.error, RecursionError) as error:
        message = f"not a regular expression: {pattern!r:.120}: {error}"
        raise InvalidInput(message) from error
    return compiled


def _expanded(pattern: str) -> int:
    """Roughly the length of a pattern with all of its repetitions written out."""
    size, times, outer = 0, 1, [1]
    for token in reversed([*_TOKEN.finditer(pattern)]):
        if token[1] is not None:
            times *= max(
                int(count) for count in (token[1], token[2] or "", "1") if count
            )
            continue
        times *= outer[-1]
        size += times
        if token[0] == ")":
            outer.append(times)
        elif token[0] == "(" and len(outer) > 1:
            outer.pop()
        times = 1
    return size


def _is_in(tag: str, pattern: regex.Pattern[str], end: float) -> bool:
    """Whether a pattern is found in a tag.

    Raises:
        InvalidInput: it was not known when the time was over.
    """
    try:
        left = max(end - time.monotonic(), 0.001)  # 0 or less would be no limit
        return pattern.search(tag, timeout=left) is not None
    except TimeoutError as error:
        message = f"the regular expression {pattern.pattern!r:.120} takes too long"
        hint = "what is repeated should not be repeated within, as in (a+)+"
        raise InvalidInput(message, hint=hint) from error
