"""What may stand in registries.conf (containers-registries.conf(5), version 2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hangar.configuration.files import flag, invalid, table, text
from hangar.configuration.scopes import folded
from hangar.reference import is_registry, is_repository, names_registry

_TOP = frozenset(
    {
        "additional-layer-store-auth-helper",
        "aliases",
        "credential-helpers",
        "registry",
        "short-name-mode",
        "unqualified-search-registries",
    }
)
_MIRROR = frozenset({"location", "insecure", "pull-from-mirror"})
_REGISTRY = frozenset(
    {"prefix", "location", "insecure", "blocked", "mirror", "mirror-by-digest-only"}
)
_PULLS = ("all", "digest-only", "tag-only")


@dataclass(frozen=True, slots=True)
class Mirror:
    """Another place for what is below a prefix.

    Attributes:
        location: what stands in place of the prefix there.
        insecure: whether neither certificates nor encryption are insisted on.
        pull_from: ``all``, ``digest-only`` or ``tag-only``.
    """

    location: str
    insecure: bool = False
    pull_from: str = "all"


@dataclass(frozen=True, slots=True)
class Rule:
    """A ``[[registry]]`` table.

    Attributes:
        prefix: of the names that it is for: a host, a namespace, ``*.DOMAIN``.
        location: what stands in place of the prefix where the images are.
        insecure: whether neither certificates nor encryption are insisted on.
        blocked: whether nothing may be read or written.
        mirrors: where else to read, in order.
        file: that has it.
    """

    prefix: str
    location: str
    insecure: bool
    blocked: bool
    mirrors: tuple[Mirror, ...]
    file: Path

    @property
    def rank(self) -> tuple[bool, int]:
        """Of all rules for a name the one of the highest rank counts."""
        return not self.prefix.startswith("*."), len(self.prefix)

    def covered(self, name: str) -> int:
        """How many characters of ``registry/repository`` it is for; 0: none."""
        name, prefix = folded(name), folded(self.prefix)
        if prefix.startswith("*."):
            host = name.partition("/")[0].partition(":")[0]
            return len(host) if host.endswith(prefix[1:]) else 0
        rest = name.removeprefix(prefix)
        # A host is all its ports, too: so containers/image has it.
        fits = name.startswith(prefix) and rest[:1] in ("", "/", ":")
        return len(prefix) if fits else 0

    def rewritten(self, name: str, location: str) -> str:
        """A name that it is for, with ``location`` in place of what it covers."""
        return f"{location}{name[self.covered(name) :]}" if location else name


@dataclass(frozen=True, slots=True)
class Document:
    """One file.

    Attributes:
        rules: its ``[[registry]]`` tables.
        search_registries: where to look for names without registry; None: not stated.
        credential_helpers: who keeps credentials, in order; None: not stated.
        aliases: full names by short ones; "" takes back what an earlier file states.
        unknown: keys that mean nothing.
    """

    rules: tuple[Rule, ...]
    search_registries: tuple[str, ...] | None
    credential_helpers: tuple[str, ...] | None
    aliases: Mapping[str, str]
    unknown: tuple[str, ...]


def document(value: Mapping[str, Any], file: Path) -> Document:
    """Read a file.

    Raises:
        InvalidConfiguration: it says what cannot be, or what we cannot do.
    """
    if "registries" in value:
        reason = "version 1 of its format is not supported"
        raise invalid(file, reason, "state [[registry]] tables with prefix, insecure…")
    tables = _tables(value, "registry", file)
    mirrors = [mirror for one in tables for mirror in _tables(one, "mirror", file)]
    return Document(
        rules=tuple(_rule(one, file) for one in tables),
        search_registries=_texts(value, "unqualified-search-registries", file),
        credential_helpers=_texts(value, "credential-helpers", file),
        aliases=_aliases(value, file),
        unknown=(
            *_unknown([value], _TOP),
            *_unknown(tables, _REGISTRY),
            *_unknown(mirrors, _MIRROR),
        ),
    )


def _rule(stated: Mapping[str, Any], file: Path) -> Rule:
    location = _place(stated, "location", file)
    prefix = _place(stated, "prefix", file) or location
    if not prefix:
        raise invalid(file, "a registry without prefix and location")
    if "pull-from-mirror" in stated:
        raise invalid(file, f"{prefix}: pull-from-mirror is for its mirrors")
    host, slash, _ = prefix.removeprefix("*.").partition("/")
    if not is_registry(host) or (prefix.startswith("*.") and (slash or ":" in host)):
        raise invalid(file, f"prefix {prefix!r:.200} is no HOST[/NAMESPACE], *.DOMAIN")
    if "@" in prefix or (slash and ":" in prefix.rpartition("/")[2]):
        reason = f"prefix {prefix!r:.200}: tags and digests are not supported"
        raise invalid(file, reason, "name the repository")

    def says(key: str) -> bool:
        return flag(stated.get(key), file, f"{prefix}: {key}")

    by_digest = says("mirror-by-digest-only")
    mirrors = [
        _mirror(mirror, prefix, by_digest, file)
        for mirror in _tables(stated, "mirror", file)
    ]
    return Rule(
        prefix=prefix,
        location=location,
        insecure=says("insecure"),
        blocked=says("blocked"),
        mirrors=tuple(mirrors),
        file=file,
    )


def _mirror(stated: Mapping[str, Any], of: str, by_digest: bool, file: Path) -> Mirror:
    location = _place(stated, "location", file)
    pull_from = text(stated.get("pull-from-mirror"), file, f"{of}: pull-from-mirror")
    if not location:
        raise invalid(file, f"a mirror of {of} without location")
    if by_digest and pull_from:
        both = "mirror-by-digest-only and pull-from-mirror"
        raise invalid(file, f"{of}: {both} exclude each other")
    if pull_from and pull_from not in _PULLS:
        known = ", ".join(_PULLS)
        reason = f"{of}: pull-from-mirror {pull_from!r:.60} is not one of {known}"
        raise invalid(file, reason)
    insecure = flag(stated.get("insecure"), file, f"{of}: a mirror's insecure")
    default = "digest-only" if by_digest else "all"
    return Mirror(location, insecure, pull_from or default)


def _aliases(value: Mapping[str, Any], file: Path) -> dict[str, str]:
    found = table(value.get("aliases"), file, "aliases")
    for name, full in found.items():
        if names_registry(name) or not is_repository(name):
            reason = f"alias {name!r:.200} is no name without registry, tag and digest"
            raise invalid(file, reason)
        host, _, path = text(full, file, f"aliases.{name}").partition("/")
        if full and not (is_registry(host) and is_repository(path)):
            reason = f"alias {name}: {full!r:.200} is no HOST[:PORT]/NAME"
            raise invalid(file, f"{reason} without tag and digest")
    return found


def _place(stated: Mapping[str, Any], key: str, file: Path) -> str:
    place = text(stated.get(key), file, key)
    if "://" in place:
        raise invalid(file, f"{key} {place!r:.200}: expected HOST[/PATH], no URL")
    return place.rstrip("/")


def _tables(value: Mapping[str, Any], key: str, file: Path) -> list[dict[str, Any]]:
    found = value.get(key, [])
    if not isinstance(found, list) or not all(isinstance(t, dict) for t in found):
        raise invalid(file, f"{key}: expected [[tables]]")
    return found


def _texts(value: Mapping[str, Any], key: str, file: Path) -> tuple[str, ...] | None:
    found = value.get(key)
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(t, str) for t in found):
        raise invalid(file, f"{key}: expected a list of texts")
    return tuple(found)


def _unknown(tables: Sequence[Mapping[str, Any]], known: frozenset[str]) -> list[str]:
    return sorted({key for one in tables for key in one if key not in known})
