"""Which tags of a repository are wanted: by pattern, by version, only the newest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from hangar.errors import InvalidInput
from hangar.semver import Version, VersionRange

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
    """

    pattern: re.Pattern[str] | None = None
    versions: VersionRange | None = None
    newest: int = 0

    @classmethod
    def parse(cls, pattern: str = "", semver: str = "", newest: int = 0) -> Self:
        """Make a filter of what a user wrote; "" and 0 ask for nothing.

        >>> newest = TagFilter.parse(semver="~1.27", newest=1)
        >>> newest.select(["1.26.9", "1.27.1", "1.27.2", "latest"])
        ['1.27.2']

        Raises:
            InvalidInput: the pattern is no regular expression, the range is none
                (see `hangar.semver`), or the number is negative.
        """
        if newest < 0:
            message = f"not a number of tags: {newest}"
            raise InvalidInput(message)
        try:
            compiled = re.compile(pattern) if pattern else None
        except re.error as error:
            message = f"not a regular expression: {pattern!r:.120}: {error}"
            raise InvalidInput(message) from error
        return cls(compiled, VersionRange.parse(semver) if semver else None, newest)

    def select(self, tags: Iterable[str]) -> list[str]:
        """Choose from ``tags``, each once, in byte order.

        If only the newest are wanted, the highest version comes first; tags of the
        same version (``1.27`` and ``v1.27.0``) stand in byte order.
        """
        found = sorted(tag for tag in set(tags) if self._matches(tag))
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

    def _matches(self, tag: str) -> bool:
        return self.pattern is None or self.pattern.search(tag) is not None
