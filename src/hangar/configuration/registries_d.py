"""``registries.d``: where signatures are (containers-registries.d(5)).

Copying heeds none of it: what accompanies an image in its registry is always taken
along, and nothing that is elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from hangar.configuration.files import (
    SYSTEM,
    entries,
    invalid,
    read,
    user_configuration,
)
from hangar.configuration.scopes import above, folded
from hangar.strict import Section, parse_yaml

_DEFAULT = "default-docker"
_OLD = {"lookaside": "sigstore", "lookaside-staging": "sigstore-staging"}
"""Keys, and how they were called once."""

_USE = "use-sigstore-attachments"


@dataclass(frozen=True, slots=True)
class Attachments:
    """What is stated about signatures of images.

    Attributes:
        scope: for which images: ``docker.io/library``, ``default-docker``; "" if
            nothing is stated at all.
        file: that states it, or None.
        lookaside: URL of a store for signatures, or "".
        lookaside_staging: URL of the store to write to, or "".
        in_registry: whether signatures are images beside the image; None if that is
            not stated.
    """

    scope: str = ""
    file: Path | None = None
    lookaside: str = ""
    lookaside_staging: str = ""
    in_registry: bool | None = None


class RegistriesD:
    """What all files of the directory say; they are read when first needed.

    Args:
        environ: says where the user's directory is; the machine's counts without it.
        system: the machine's configuration.
    """

    def __init__(self, environ: Mapping[str, str], *, system: Path = SYSTEM) -> None:
        self._roots = (user_configuration(environ) / "containers", system)

    def find(self, scope: str) -> Attachments:
        """What is stated about ``HOST[:PORT][/PATH[:TAG|@DIGEST]]``, most specifically.

        Raises:
            InvalidConfiguration: a file cannot be used, or two state the same.
        """
        for covering in (*above(scope), _DEFAULT):
            if covering in self._stated:
                return self._stated[covering]
        return Attachments()

    @cached_property
    def _stated(self) -> Mapping[str, Attachments]:
        folders = [root / "registries.d" for root in self._roots]
        folder = next((f for f in folders if f.is_dir()), folders[-1])
        stated: dict[str, Attachments] = {}
        for file in entries(folder):
            if file.suffix != ".yaml":
                continue
            for scope, section in (read(file, _sections) or {}).items():
                if scope in stated:
                    other = stated[scope].file
                    raise invalid(file, f"{scope!r:.200} is stated in {other}, too")
                stated[scope] = _attachments(scope, section, file)
        return stated


def _sections(text: str) -> Mapping[str, Section]:
    """The sections of a file by their scopes."""
    top = parse_yaml(text)
    top.check_keys({_DEFAULT, "docker"})
    docker = _section(top, "docker")
    if _DEFAULT in docker:
        docker.refuse(f"{_DEFAULT!r} is no scope")
    sections = Section(((folded(s), _section(docker, s)) for s in docker), docker.line)
    if _DEFAULT in top:
        sections[_DEFAULT] = _section(top, _DEFAULT)
    for section in sections.values():
        section.check_keys({_USE, *_OLD, *_OLD.values()})
        section.take(_USE, bool)
        for key in (*_OLD, *_OLD.values()):
            section.take(key, str)
    return sections


def _section(of: Section, key: str) -> Section:
    """A section; one in which all is commented out is empty."""
    found = of.take(key, Section) if of.get(key) is not None else None
    return Section((), of.line) if found is None else found


def _attachments(scope: str, section: Section, file: Path) -> Attachments:
    lookaside, staging = (
        section.get(key) or section.get(old, "") for key, old in _OLD.items()
    )
    return Attachments(scope, file, lookaside, staging, section.get(_USE))
