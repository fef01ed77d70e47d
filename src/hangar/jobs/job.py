"""What a job file states (``docs/job-file.md``), and how it is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from hangar.errors import HangarError, InvalidImageList, InvalidReference
from hangar.oci import Platform
from hangar.reference import Reference, without_transport
from hangar.strict import Section, parse_yaml
from hangar.tagfilter import TagFilter

SCHEMA = "hangar-job/1"
"""Grows only by new keys; anything else gets another number."""

ALL = "all"
"""In place of a list of tags or platforms."""

TRANSPORT = "docker://"

MAX_NEWEST = 1_000_000

_SUFFIXES = (".yaml", ".yml")
_SCHEMA = re.compile(r"^[\"']?schema[\"']?\s*:\s*[\"']?hangar-job/", re.MULTILINE)
_PLATFORM = re.compile(r"([a-z0-9]+)/([a-z0-9_]+)(?:/([a-z0-9.]+))?")
_FILTERS = ("regex", "exclude", "semver", "newest")
_KEYS = ("name", "tags", *_FILTERS, "platforms", "destination")


@dataclass(frozen=True, slots=True)
class JobImage:
    """One entry of a job file.

    Attributes:
        name: of the image; with a tag or digest, or without.
        tags: that are wanted whether or not the registry lists them.
        every: whether all tags are wanted that ``exclude`` does not match.
        regex: of tags that are wanted.
        exclude: a regular expression of tags that are not.
        semver: range of versions that are wanted.
        newest: how many of the highest versions are wanted; 0 is all.
        platforms: of which the image is wanted, () for all of them; None leaves that
            to the options of the command.
        destination: name of the image where it is written; "" for its own. With a tag
            only if it is about a single image.
    """

    name: str
    tags: tuple[str, ...] = ()
    every: bool = False
    regex: str = ""
    exclude: str = ""
    semver: str = ""
    newest: int = 0
    platforms: tuple[Platform, ...] | None = None
    destination: str = ""

    @property
    def filter(self) -> TagFilter | None:
        """Chooses from the tags that the registry lists; None if nothing does.

        Raises:
            InvalidInput: a filter is none.
        """
        if not (self.every or self.regex or self.semver or self.newest):
            return None
        return TagFilter.parse(self.regex, self.semver, self.newest, self.exclude)

    @property
    def named(self) -> tuple[str, ...]:
        """Full names of the images that need not be looked for; () if all do."""
        if self.tags:
            return tuple(f"{self.name}:{tag}" for tag in self.tags)
        return () if self.filter else (self.name,)

    @property
    def destination_is_exact(self) -> bool:
        """Whether the destination has a tag of its own."""
        return _is_exact(self.destination)

    def check(self) -> None:
        """Make sure that all of it makes sense together.

        Raises:
            HangarError: it does not.
        """
        reference = Reference.parse(self.name)
        chooses = bool(self.tags or self.filter)
        if chooses and _is_exact(self.name):
            message = f"{self.name!r:.200} names a tag or digest, and others are stated"
            raise InvalidReference(message)
        if self.exclude and not self.filter:
            message = "'exclude' needs tags to choose from: add 'tags: all'"
            raise InvalidReference(message)
        if self.every and (self.regex or self.semver or self.newest):
            message = "'tags: all' contradicts 'regex', 'semver' and 'newest'"
            raise InvalidReference(message)
        for tag in self.tags:
            reference.tagged(tag)
        if self.destination:
            target = Reference.parse(self.destination)
            if target.digest:
                message = f"{self.destination!r:.200}: a destination has no digest"
                raise InvalidReference(message)
            if self.destination_is_exact and (self.filter or len(self.tags) > 1):
                message = f"{self.destination!r:.200} is one tag for several images"
                raise InvalidReference(message)

    def __str__(self) -> str:
        stated = [(key, getattr(self, key)) for key in _FILTERS]
        parts = [f"{key} {value}" for key, value in stated if value]
        if self.every:
            parts.insert(0, "all tags")
        elif self.tags:
            parts.insert(0, f"tags {' '.join(self.tags)}")
        return f"{self.name} ({', '.join(parts)})" if parts else self.name


def _is_exact(name: str) -> bool:
    """Whether a name has a tag or a digest."""
    return "@" in name or ":" in name.rpartition("/")[2]


def is_job(name: str, text: str) -> bool:
    """Tell whether a file is a job file: by its name, or by what it says."""
    by_name = PurePath(name).suffix.lower() in _SUFFIXES
    return by_name or _SCHEMA.search(text) is not None


def parse_job(text: str, name: str) -> tuple[JobImage, ...]:
    """Read a job file.

    Args:
        text: what the file says.
        name: what messages call it.

    Raises:
        InvalidImageList: it is no job file, or of a version that is not known; the
            message names the line.
    """
    try:
        top = parse_yaml(text, aliases=True, booleans=False)
        return tuple(_job(top))
    except ValueError as error:
        hint = "" if _SCHEMA.search(text) else _HINT
        message = f"{name}: {error}"
        raise InvalidImageList(message, hint=hint) from error


_HINT = (
    f"a job file begins with 'schema: {SCHEMA}'; a plain list must not be called .yaml,"
    " and 'hangar convert-list' makes job files of those of other programs"
)


def _job(top: Section) -> Iterator[JobImage]:
    version = top.take("schema", str)
    if version is None:
        top.refuse("'schema' is missing")
    if version != SCHEMA:
        top.refuse(f"'schema' is {version!r:.60}, expected {SCHEMA!r}", "schema")
    own = [key for key in top if key.startswith("x-")]  # for anchors
    top.check_keys(("schema", "platforms", "images", *own))
    platforms = _platforms(top)
    entries = top.take("images", list)
    if entries is None:
        top.refuse("'images' is missing")
    for position, entry in enumerate(entries, start=1):
        if isinstance(entry, Section):
            yield _image(entry, platforms)
        elif isinstance(entry, str):
            line = top.line_of("images")
            yield _image(Section([("name", entry)], line), platforms)
        else:
            reason = f"images, entry {position}: expected a name or keys and values"
            top.refuse(reason, "images")


def _image(entry: Section, platforms: tuple[Platform, ...] | None) -> JobImage:
    entry.check_keys(_KEYS)
    name = without_transport(_text(entry, "name"))
    if not name:
        entry.refuse("'name' is missing")
    own = _platforms(entry)
    image = JobImage(
        name=name,
        tags=() if entry.get("tags") == ALL else _texts(entry, "tags"),
        every=entry.get("tags") == ALL,
        regex=_text(entry, "regex"),
        exclude=_text(entry, "exclude"),
        semver=_text(entry, "semver"),
        newest=_number(entry, "newest"),
        platforms=platforms if own is None else own,
        destination=_text(entry, "destination").removeprefix(TRANSPORT),
    )
    try:
        image.check()
    except HangarError as error:
        entry.refuse(str(error))
    return image


def _platforms(section: Section) -> tuple[Platform, ...] | None:
    if section.get("platforms") == ALL:
        return ()
    stated = _texts(section, "platforms")
    return tuple(_platform(section, text) for text in stated) or None


def platform_of(text: str) -> Platform | None:
    """Read ``OS/ARCHITECTURE[/VARIANT]``; None if it is none."""
    match = _PLATFORM.fullmatch(text)
    return Platform(match[2], match[1], match[3] or "") if match else None


def _platform(section: Section, text: str) -> Platform:
    platform = platform_of(text)
    if platform is None:
        reason = f"not a platform: {text!r:.60}, expected OS/ARCHITECTURE[/VARIANT]"
        section.refuse(reason, "platforms")
    return platform


def _text(section: Section, key: str) -> str:
    """A text that is not empty; "" if the key is not there."""
    value = section.take(key, str)
    if value == "":
        section.refuse(f"{key!r} is empty", key)
    return value or ""


def _texts(section: Section, key: str) -> tuple[str, ...]:
    """A list of texts that is not empty; () if the key is not there."""
    value = section.get(key)
    if key not in section:
        return ()
    if not isinstance(value, list) or not all(isinstance(t, str) for t in value):
        section.refuse(f"{key!r}: expected a list of texts, or {ALL!r}", key)
    if not value:
        section.refuse(f"{key!r} is empty; for all of them, write {ALL!r}", key)
    return tuple(value)


def _number(section: Section, key: str) -> int:
    value = _text(section, key)
    if not value:
        return 0
    if not re.fullmatch("[1-9][0-9]{0,6}", value) or int(value) > MAX_NEWEST:
        section.refuse(f"{key!r}: expected a number of at least 1", key)
    return int(value)
