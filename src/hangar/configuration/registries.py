"""``registries.conf``: where images really are (containers-registries.conf(5))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from hangar.configuration.files import (
    SYSTEM,
    entries,
    invalid,
    read_toml,
    user_configuration,
)
from hangar.configuration.registries_syntax import Document, Mirror, Rule, document
from hangar.configuration.scopes import folded
from hangar.errors import AccessDenied
from hangar.reference import Reference, is_registry, is_repository

AUTH_FILES = "containers-auth.json"
"""Stands among credential helpers for the credential files."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A place where an image can be asked for.

    Attributes:
        reference: the image's name there.
        insecure: whether neither certificates nor encryption are insisted on.
    """

    reference: Reference
    insecure: bool = False

    @property
    def registry(self) -> str:
        """Host, with the port if there is one."""
        return self.reference.registry

    @property
    def repository(self) -> str:
        """Path at that host."""
        return self.reference.repository


class RegistriesConf:
    """What is configured about registries; files are read when first needed.

    Errors of all methods and properties: `InvalidConfiguration` if a file cannot be
    used.

    Args:
        path: of the main file; None: as the environment says, else the usual one.
        environ: says where the user's files are.
        system: the machine's configuration.
    """

    def __init__(
        self, path: Path | None, environ: Mapping[str, str], *, system: Path = SYSTEM
    ) -> None:
        self._path = path
        self._environ = environ
        self._system = system
        self._expanded: dict[str, str] = {}

    def check(self) -> None:
        """Make sure that the files can be used."""
        _ = self._documents

    @property
    def search_registries(self) -> tuple[str, ...]:
        """Registries to look in; the first one is meant where none is named."""
        stated = [document.search_registries for _, document in self._documents]
        return next((s for s in reversed(stated) if s is not None), ())

    @property
    def credential_helpers(self) -> tuple[str, ...]:
        """Who keeps credentials, in the order of asking: helpers and `AUTH_FILES`."""
        stated = [document.credential_helpers for _, document in self._documents]
        return next(filter(None, reversed(stated)), (AUTH_FILES,))

    def expanded(self, name: str) -> str:
        """A name with what its alias stands for; one that has none stays as it is.

        So does one with a transport, for which none counts, as for podman.
        """
        bare = name.partition("@")[0]
        head, slash, last = bare.rpartition("/")
        short = f"{head}{slash}{last.partition(':')[0]}"
        full, file = self._aliases.get(short, ("", None))
        if not full:
            return name
        if full != Reference.parse(short).full_repository:
            self._expanded[short] = f"{short} stands for {full}, as {file} states"
        return f"{full}{name[len(short) :]}"

    @property
    def notes(self) -> list[str]:
        """What `expanded` made of names; not worth telling is what they are anyway."""
        return list(self._expanded.values())

    @property
    def warnings(self) -> list[str]:
        """What the user should know of the files."""
        return [
            f"{file}: unknown key {key!r:.100} has no effect"
            for file, document in self._documents
            for key in document.unknown
        ]

    def endpoint(self, reference: Reference) -> Endpoint:
        """Where to write an image: at its name; neither mirrors nor rewrites count.

        Raises:
            AccessDenied: the registry is blocked.
        """
        rule = self._open_rule(reference)
        return Endpoint(reference, rule is not None and rule.insecure)

    def endpoints(self, reference: Reference) -> tuple[Endpoint, ...]:
        """Where to read an image: its mirrors in order, then its location.

        Raises:
            AccessDenied: the registry is blocked.
        """
        rule = self._open_rule(reference)
        if rule is None:
            return (Endpoint(reference),)
        asked = "tag-only" if reference.digest is None else "digest-only"
        wanted = [m for m in rule.mirrors if m.pull_from in ("all", asked)]
        return tuple(
            Endpoint(_moved(reference, rule, place.location), place.insecure)
            for place in (*wanted, Mirror(rule.location, rule.insecure))
        )

    def rule(self, name: str) -> Rule | None:
        """The one ``[[registry]]`` table that counts for a name, if any."""
        fitting = [rule for rule in self._rules if rule.covered(name)]
        return max(fitting, key=lambda rule: rule.rank, default=None)

    def _open_rule(self, reference: Reference) -> Rule | None:
        rule = self.rule(reference.full_repository)
        if rule and rule.blocked:
            message = f"registry {rule.prefix} is blocked in {rule.file}"
            raise AccessDenied(message, hint="ask who set it up, or change that file")
        return rule

    @cached_property
    def _rules(self) -> tuple[Rule, ...]:
        """All rules; a later one replaces that of the same prefix."""
        rules = (rule for _, document in self._documents for rule in document.rules)
        return tuple({folded(rule.prefix): rule for rule in rules}.values())

    @cached_property
    def _aliases(self) -> Mapping[str, tuple[str, Path]]:
        """Full names by short ones, and the files that state them."""
        return {
            short: (full, file)
            for file, document in self._documents
            for short, full in document.aliases.items()
        }

    @cached_property
    def _documents(self) -> tuple[tuple[Path, Document], ...]:
        return tuple(
            (file, document(read_toml(file) or {}, file)) for file in self._files()
        )

    def _files(self) -> list[Path]:
        """The files there may be, in the order in which they count.

        A file that is named takes the place of the main one alone, as for podman and
        skopeo: what an administrator has dropped in beside that still holds.
        """
        user = user_configuration(self._environ) / "containers"
        own = user / "registries.conf"
        folders = [self._system, user]
        if named := self._named:
            if not named.exists():
                raise invalid(named, "no such file")
            main = named
        elif own in entries(user):
            main, folders = own, [user]
        else:
            main = self._system / "registries.conf"
        more = [
            file
            for folder in folders
            for file in entries(folder / "registries.conf.d")
            if file.suffix == ".conf" and not file.is_dir()
        ]
        return [main, *more]

    @property
    def _named(self) -> Path | None:
        """The file that an option or the environment names."""
        named = (
            self._path
            or self._environ.get("CONTAINERS_REGISTRIES_CONF")
            or self._environ.get("REGISTRIES_CONFIG_PATH")
        )
        return Path(named) if named else None


def _moved(reference: Reference, rule: Rule, location: str) -> Reference:
    """Put what comes after the prefix behind the location."""
    moved = rule.rewritten(reference.full_repository, location)
    registry, _, repository = moved.partition("/")
    if not is_registry(registry) or not is_repository(repository):
        reason = f"location {location!r:.200} makes {moved!r:.200}"
        raise invalid(rule.file, f"{reason} of {reference.full_repository}")
    return replace(reference, registry=registry, repository=repository)
