"""Chart repositories: what ``index.yaml`` lists, and which of it is meant.

(helm.sh, "The Chart Repository Guide".) Indexes may have tens of megabytes; they are
read on the fly, and only the entries of the one chart that is wanted are kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from hangar.charts.yaml_text import Events, refused
from hangar.errors import InvalidInput, NotFound
from hangar.oci import Digest
from hangar.semver import Version, VersionRange

INDEX_FILE = "index.yaml"

MAX_INDEX = 256 << 20
"""Bytes of an index; the largest public ones have a tenth of that."""

_DIGEST = re.compile(r"(?:sha256:)?([0-9a-fA-F]{64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChartVersion:
    """One version of a chart, as a repository offers it.

    Attributes:
        name: of the chart.
        version: as it is written in the index.
        urls: where the package is, absolute or relative to the index.
        digest: of the package; None if the index does not state it.
    """

    name: str
    version: str
    urls: tuple[str, ...] = ()
    digest: Digest | None = None


def listed_versions(
    chunks: Iterable[bytes], name: str, what: str
) -> list[ChartVersion]:
    """Read what an index lists of one chart; ``what`` is what errors call the index.

    Raises:
        InvalidInput: it is no index of a chart repository.
        NotFound: it does not list that chart.
    """
    events = Events(chunks, MAX_INDEX, what)
    first = events.begin()
    found: list[ChartVersion] | None = None
    keys = set()
    for key, event in events.pairs(once=True) if _is_mapping(first) else ():
        keys.add(key)
        if key != "entries" or not _is_mapping(event):
            events.skip(event)
            continue
        for chart, listed in events.pairs(once=True):
            if chart != name:
                events.skip(listed)
            elif not isinstance(entries := events.value(listed), list):
                raise refused(events.what, f"the entry of {name!r:.80} is no list")
            else:
                found = [*filter(None, (_entry(e, name, events) for e in entries))]
    if not {"apiVersion", "entries"} <= keys:
        message = f"{what} is no index of a chart repository"
        raise InvalidInput(message, hint="name the folder that has index.yaml in it")
    for _ in events:  # what is wrong behind it is wrong, too
        pass
    if found is None:
        message = f'chart "{name:.200}" not found in repository {what}'
        raise NotFound(message, hint="names are told apart by case")
    return found


def chosen_version(
    offered: Sequence[ChartVersion], name: str, version: str
) -> ChartVersion:
    """Choose the version that is wanted, the newest if several will do.

    Args:
        offered: what there is.
        name: of the chart.
        version: as it is written, or any spelling of it, or a range; "" is the newest
            that is no prerelease. One that says what it was built of (``+up1.0``) is
            no other build.

    Raises:
        NotFound: there is none.
        InvalidInput: ``version`` is neither a version nor a range.
    """
    known = {v: p for v in offered if (p := Version.parse(v.version)) is not None}
    for entry in known:
        if entry.version == version:
            return entry
    asked, build = Version.parse(version), _build(version)
    equal = [entry for entry in known if known[entry] == asked]
    same = [entry for entry in equal if build in ("", _build(entry.version))]
    if same:
        return same[0]
    wanted = VersionRange.parse(version or "*")
    fit = [entry for entry in known if known[entry] in wanted and entry not in equal]
    if fit:
        return max(fit, key=lambda entry: known[entry])  # the first of equal ones
    if version:
        message = f'failed to find chart "{name:.200}" version "{version:.80}"'
        raise NotFound(message, hint=_offer(known))
    message = f'chart "{name:.200}" has no version that is released'
    raise NotFound(message, hint=_offer(known))


def _build(version: str) -> str:
    """What a version says of how it was built, in the spelling of tags, too."""
    return version.replace("_", "+").partition("+")[2]


def same_version(one: str, other: str) -> bool:
    """Tell whether two texts state one version; what was built how does not count."""
    return one == other or (
        (version := Version.parse(one)) is not None and version == Version.parse(other)
    )


def index_url(repository: str) -> str:
    """Where the index of a repository is; its query, if any, stays."""
    parts = urlsplit(repository)
    path = parts.path.removesuffix(INDEX_FILE).rstrip("/")
    return urlunsplit(parts._replace(path=f"{path}/{INDEX_FILE}"))


def is_absolute(url: str) -> bool:
    """Tell whether a URL of an index says by itself where it leads."""
    return bool(re.match(r"[a-zA-Z][a-zA-Z0-9+.-]*:", url)) or url.startswith("//")


def is_package_url(url: str) -> bool:
    """Tell whether a URL names a package rather than a repository."""
    return urlsplit(url).path.endswith((".tgz", ".tar.gz"))


def provenance_url(package: str) -> str:
    """Where the provenance of a package is, if there is one."""
    parts = urlsplit(package)
    return urlunsplit(parts._replace(path=f"{parts.path}.prov"))


def _entry(value: Any, name: str, events: Events) -> ChartVersion | None:
    """Read an entry; None if helm would pass over it."""
    match value:
        case {"version": str(version), "urls": list(urls)} if all(
            isinstance(url, str) for url in urls
        ):
            if value.get("removed") == "true":
                return None
            digest = value.get("digest")
            return ChartVersion(
                name, version, tuple(urls), _digest(digest, name, version, events)
            )
    return None


def _digest(value: Any, name: str, version: str, events: Events) -> Digest | None:
    if not value:
        return None
    found = _DIGEST.fullmatch(str(value))
    if found is None:
        what = f"{name} {version}"
        raise refused(events.what, f"the digest of {what!r:.100} is {value!r:.80}")
    return Digest(f"sha256:{found[1].lower()}")


def _is_mapping(event: object) -> bool:
    return type(event).__name__ == "MappingStartEvent"


def _offer(known: Iterable[ChartVersion]) -> str:
    versions = [entry.version for entry in known][:5]
    return f"there are: {', '.join(versions)}" if versions else "it has no versions"
