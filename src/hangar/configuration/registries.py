"""``registries.conf``: where images really are (containers-registries.conf(5))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from hangar.configuration.files import (
    flag,
    invalid,
    read_toml,
    text,
    user_configuration,
)
from hangar.errors import AccessDenied
from hangar.reference import Reference, is_registry, is_repository

_SYSTEM = Path("/etc/containers")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place where an image can be asked for.

    Attributes:
        reference: the image's name there.
        insecure: whether neither certificates nor encryption are insisted on.
        source: the file that says so, or "".
    """

    reference: Reference
    insecure: bool = False
    source: str = ""

    @property
    def registry(self) -> str:
        """Host, with the port if there is one."""
        return self.reference.registry

    @property
    def repository(self) -> str:
        """Path at that host."""
        return self.reference.repository


@dataclass(frozen=True, slots=True)
class _Mirror:
    location: str
    insecure: bool
    pull_from: str


@dataclass(frozen=True, slots=True)
class _Rule:
    """A ``[[registry]]`` table."""

    prefix: str
    location: str
    insecure: bool
    blocked: bool
    by_digest_only: bool
    mirrors: tuple[_Mirror, ...]
    file: Path

    def fits(self, name: str) -> bool:
        """Whether ``registry/repository`` is below the prefix."""
        if self.prefix.startswith("*."):
            host = name.partition("/")[0].partition(":")[0]
            return host.endswith(self.prefix[1:])
        rest = name.removeprefix(self.prefix)
        return name.startswith(self.prefix) and (not rest or rest[0] in "/:@")


class RegistriesConf:
    """What is configured about registries; files are read when first needed."""

    def __init__(self, path: Path | None, environ: Mapping[str, str]) -> None:
        self._path = path
        self._environ = environ
        self._rules: tuple[_Rule, ...] | None = None

    def endpoint(self, reference: Reference) -> Endpoint:
        """Where to write an image: at its name; neither mirrors nor rewrites count.

        Raises:
            AccessDenied: the registry is blocked.
            InvalidConfiguration: a file cannot be used.
        """
        rule = self._rule(reference)
        if rule is None:
            return Endpoint(reference)
        return Endpoint(reference, rule.insecure, str(rule.file))

    def endpoints(self, reference: Reference) -> tuple[Endpoint, ...]:
        """Where to read an image: its mirrors in order, then its location.

        Raises:
            AccessDenied: the registry is blocked.
            InvalidConfiguration: a file cannot be used.
        """
        rule = self._rule(reference)
        if rule is None:
            return (Endpoint(reference),)
        own = _Mirror(rule.location, rule.insecure, "all")
        wanted = [m for m in rule.mirrors if _serves(m, rule, reference)]
        return tuple(
            Endpoint(
                _moved(reference, rule, place.location),
                place.insecure,
                str(rule.file),
            )
            for place in (*wanted, own)
        )

    def _rule(self, reference: Reference) -> _Rule | None:
        if self._rules is None:
            self._rules = _load(self._path, self._environ)
        name = reference.full_repository
        fitting = [rule for rule in self._rules if rule.fits(name)]
        if not fitting:
            return None
        rule = max(fitting, key=lambda rule: len(rule.prefix))
        if rule.blocked:
            message = f"registry {rule.prefix} is blocked in {rule.file}"
            raise AccessDenied(message, hint="ask who set it up, or change that file")
        return rule


def _serves(mirror: _Mirror, rule: _Rule, reference: Reference) -> bool:
    if reference.digest:
        return mirror.pull_from != "tag-only"
    return mirror.pull_from != "digest-only" and not rule.by_digest_only


def _moved(reference: Reference, rule: _Rule, location: str) -> Reference:
    """Put what comes after the prefix behind the location."""
    if not location or location == rule.prefix:
        return reference
    name = reference.full_repository
    if rule.prefix.startswith("*."):
        rest = name.partition("/")[1] + name.partition("/")[2]
    else:
        rest = name.removeprefix(rule.prefix)
    registry, _, repository = f"{location}{rest}".partition("/")
    if not is_registry(registry) or not is_repository(repository):
        raise invalid(rule.file, f"location {location!r} makes no valid name")
    return replace(reference, registry=registry, repository=repository)


def _load(path: Path | None, environ: Mapping[str, str]) -> tuple[_Rule, ...]:
    """Read all files; a later one replaces the rules of the same prefix."""
    rules: dict[str, _Rule] = {}
    for file in _files(path, environ):
        value = read_toml(file) or {}
        for item in _list(value.get("registry"), file, "registry"):
            rule = _parse(item, file)
            rules[rule.prefix] = rule
    return tuple(rules.values())


def _files(path: Path | None, environ: Mapping[str, str]) -> list[Path]:
    named = (
        path
        or environ.get("CONTAINERS_REGISTRIES_CONF")
        or environ.get("REGISTRIES_CONFIG_PATH")
    )
    if named:
        if not Path(named).exists():
            raise invalid(Path(named), "no such file")
        return [Path(named)]
    user = user_configuration(environ) / "containers"
    own = user / "registries.conf"
    folders = [user] if own.exists() else [_SYSTEM, user]
    main = own if own.exists() else _SYSTEM / "registries.conf"
    more = [
        file
        for folder in folders
        for file in sorted((folder / "registries.conf.d").glob("*.conf"))
    ]
    return [main, *more]


def _parse(item: Any, file: Path) -> _Rule:
    if not isinstance(item, dict):
        raise invalid(file, "registry: expected a table")
    location = text(item.get("location"), file, "location").rstrip("/")
    prefix = text(item.get("prefix"), file, "prefix").rstrip("/") or location
    if not prefix:
        raise invalid(file, "a registry without prefix and location")
    mirrors = []
    for mirror in _list(item.get("mirror"), file, "mirror"):
        place = text(mirror.get("location"), file, "mirror.location").rstrip("/")
        pull_from = text(mirror.get("pull-from-mirror"), file, "pull-from-mirror")
        if pull_from not in ("", "all", "digest-only", "tag-only") or not place:
            raise invalid(file, f"a mirror of {prefix} that cannot be used")
        insecure = flag(mirror.get("insecure"), file, "mirror.insecure")
        mirrors.append(_Mirror(place, insecure, pull_from or "all"))
    return _Rule(
        prefix=prefix,
        location=location,
        insecure=flag(item.get("insecure"), file, "insecure"),
        blocked=flag(item.get("blocked"), file, "blocked"),
        by_digest_only=flag(
            item.get("mirror-by-digest-only"), file, "mirror-by-digest-only"
        ),
        mirrors=tuple(mirrors),
        file=file,
    )


def _list(value: Any, file: Path, key: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(v, dict) for v in value):
        raise invalid(file, f"{key}: expected tables")
    return value
