"""What ``Chart.yaml`` says of a chart (helm.sh, "Charts", The Chart.yaml File)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from hangar.charts.yaml_text import parsed, refused
from hangar.gojson import compact_json
from hangar.oci import MAX_CONFIG
from hangar.semver import Version

CHART_FILE = "Chart.yaml"

MAX_CHART_FILE = 1 << 20
"""Bytes; names, descriptions and dependencies have room in it."""

_TEXT, _TRUTH, _TEXTS, _MAP = "text", "truth", "texts", "map"
_MAINTAINER = {"name": _TEXT, "email": _TEXT, "url": _TEXT}
_DEPENDENCY = {
    "name": _TEXT,
    "version": _TEXT,
    "repository": _TEXT,
    "condition": _TEXT,
    "tags": _TEXTS,
    "enabled": _TRUTH,
    "import-values": "any",
    "alias": _TEXT,
}
_FIELDS: dict[str, Any] = {
    "name": _TEXT,
    "home": _TEXT,
    "sources": _TEXTS,
    "version": _TEXT,
    "description": _TEXT,
    "keywords": _TEXTS,
    "maintainers": _MAINTAINER,
    "icon": _TEXT,
    "apiVersion": _TEXT,
    "condition": _TEXT,
    "tags": _TEXT,
    "appVersion": _TEXT,
    "deprecated": _TRUTH,
    "annotations": _MAP,
    "kubeVersion": _TEXT,
    "dependencies": _DEPENDENCY,
    "type": _TEXT,
}
"""Fields in helm's order, each with its type; a mapping is that of a list's items."""

_ALWAYS = frozenset({"repository"})
"""Fields that helm writes even if they are empty."""

_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON"})
_HINT = "see what helm says of it: helm show chart"
_SPACE = re.compile(r"\s")
_WORD = "[0-9A-Za-z-]+"
_PRERELEASE = "(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    r"v?[0-9]+(?:\.[0-9]+){0,2}"
    rf"(?:-{_PRERELEASE}(?:\.{_PRERELEASE})*)?(?:\+{_WORD}(?:\.{_WORD})*)?"
)
"""Stricter than what tags are read with, as helm is."""

_ALIAS = re.compile("[a-zA-Z0-9_-]+")


@dataclass(frozen=True, slots=True)
class ChartMetadata:
    """What a chart is.

    Attributes:
        name: one word.
        version: as it is written there.
        home: URL of the project, or "".
        description: one sentence, or "".
        config: all fields that helm knows, as the JSON that helm makes of them.
    """

    name: str
    version: str
    home: str
    description: str
    config: bytes

    @classmethod
    def parse(cls, data: bytes, what: str) -> ChartMetadata:
        """Read ``Chart.yaml``; ``what`` is what errors call it.

        Raises:
            InvalidInput: helm would refuse it.
        """
        value = parsed(data, MAX_CHART_FILE, what)
        if not isinstance(value, dict):
            raise refused(what, "it is no mapping", _HINT)
        if sum(_lengths(value)) > MAX_CONFIG:  # a name may stand for much, many times
            raise refused(what, "it says too much", _HINT)
        fields = dict(_known(value, _FIELDS, what))
        for needed in ("apiVersion", "name", "version"):
            if not fields.get(needed):
                raise refused(what, f"it has no {needed}", _HINT)
        name, version = fields["name"], fields["version"]
        if "/" in name or name in (".", ".."):
            raise refused(what, f"its name is {name!r:.80}", _HINT)
        if Version.parse(version) is None or not _VERSION.fullmatch(version):
            raise refused(what, f"its version is {version!r:.80}", _HINT)
        if fields.get("type", "") not in ("", "application", "library"):
            raise refused(what, f"its type is {fields['type']!r:.80}", _HINT)
        _check_dependencies(fields.get("dependencies") or [], what)
        return cls(
            name=name,
            version=version,
            home=fields.get("home", ""),
            description=fields.get("description", ""),
            config=compact_json(fields),
        )

    @property
    def tag(self) -> str:
        """The version as a tag; tags have no plus sign, so helm writes ``_``."""
        return self.version.replace("+", "_")


def _check_dependencies(dependencies: list[dict[str, Any]], what: str) -> None:
    """Make sure that each has a name of its own."""
    names = set()
    for dependency in dependencies:
        name, alias = dependency.get("name", ""), dependency.get("alias", "")
        if alias and not _ALIAS.fullmatch(alias):
            raise refused(what, f"the alias of a dependency is {alias!r:.80}", _HINT)
        if (alias or name) in names:
            reason = f"two dependencies are called {alias or name!r:.80}"
            raise refused(what, reason, _HINT)
        names.add(alias or name)


def _known(
    value: dict[str, Any], fields: dict[str, Any], what: str
) -> Iterator[tuple[str, Any]]:
    """The fields that helm knows and that say something, in helm's order."""
    for key, kind in fields.items():
        found = _typed(value.get(key), kind, what, key)
        if found or key in _ALWAYS:
            yield key, found


def _typed(value: Any, kind: Any, what: str, key: str) -> Any:
    """A value, which has to be of its kind; what is not stated is false."""
    match kind, value:
        case _, None:
            typed: Any = ""
        case "text", str():
            typed = _printable(value)
        case "truth", str():
            typed = value in _TRUE
        case "texts", list():
            typed = [_typed(item, _TEXT, what, key) for item in value]
        case "map", dict():
            typed = {k: _typed(value[k], _TEXT, what, key) for k in sorted(value)}
        case dict(), list() if all(isinstance(item, dict) for item in value):
            typed = [dict(_known(item, kind, what)) for item in value]
        case "any", list():
            typed = value
        case _:
            raise refused(what, f"{key} is {value!r:.80}", _HINT)
    return typed


def _lengths(value: Any) -> Iterator[int]:
    """Roughly the characters of a value's parts; ends soon if there are too many."""
    waiting, total = [value], 0
    while waiting and total <= MAX_CONFIG:
        match waiting.pop():
            case dict() as mapping:
                waiting += [*mapping.keys(), *mapping.values()]
                size = 2 * len(mapping) + 2
            case list() as items:
                waiting += items
                size = len(items) + 2
            case found:
                size = len(str(found)) + 2
        total += size
        yield size


def _printable(text: str) -> str:
    """A text as helm cleans it: one kind of blank, nothing that cannot be seen."""
    blanks = _SPACE.sub(" ", text)
    return "".join(c for c in blanks if c == " " or c.isprintable())
