"""Files of other programs made into job files: what all of them have in common."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from hangar.errors import HangarError
from hangar.jobs.job import JobImage
from hangar.reference import Reference, names_registry
from hangar.strict import Section


class Translation:
    """What a file becomes, and what of it cannot be expressed.

    Attributes:
        images: the entries of the job file.
        remarks: what is lost, each with the line on which it stands. Values that may be
            secrets are never part of them.
    """

    def __init__(self) -> None:
        self.images: list[JobImage] = []
        self.remarks: list[str] = []

    def remark(self, line: int, text: str) -> None:
        """Note that something cannot be expressed."""
        self.remarks.append(f"line {line}: {text}")

    def add(self, line: int, image: JobImage) -> None:
        """Take an image in, unless that would be no entry of a job file."""
        try:
            image.check()
        except HangarError as error:
            self.remark(line, f"left out: {image}: {error}")
        else:
            self.images.append(image)

    def reject(
        self, section: Section, known: Iterable[str], where: str, advice: Advice
    ) -> None:
        """Note all keys of a section that are not ``known``, with advice."""
        for key in section:
            if key not in known and not key.startswith("x-"):
                instead = advice.get(key, "")
                text = f"{where}{key!r:.100} is not taken over"
                text += f": {instead}" if instead else ""
                self.remark(section.line_of(key), text)


Advice = Mapping[str, str]
"""What to do in place of keys that have no counterpart."""


def section_of(section: Section, key: str) -> Section:
    """A section within; one that is not there, or has nothing, is empty."""
    value = section.take(key, Section) if section.get(key) is not None else None
    return Section((), section.line_of(key)) if value is None else value


def texts_of(section: Section, key: str) -> list[str]:
    """A list of texts, or a text alone; nothing is an empty list.

    Raises:
        ValueError: it is anything else.
    """
    value: Any = section.get(key)
    if value is None:
        return []
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(t, str) for t in texts):
        section.refuse(f"{key!r:.100}: expected a list of texts", key)
    return texts


def relocated(image: JobImage, *, source: str = "", destination: str = "") -> JobImage:
    """An entry with other registries, or the same where they are ""."""
    target = image.destination
    if destination:
        target = placed_in(target or repository_of(image.name), destination)
    return replace(image, name=placed_in(image.name, source), destination=target)


def repository_of(name: str) -> str:
    """A name as it is written, without tag and digest."""
    name = name.partition("@")[0]
    path, slash, last = name.rpartition("/")
    return f"{path}{slash}{last.partition(':')[0]}"


def placed_in(name: str, registry: str) -> str:
    """A name with another registry, or the same if that is "".

    Raises:
        InvalidReference: that is no registry.
    """
    if not registry:
        return name
    Reference.parse("image").moved(registry=registry)
    rest = name.partition("/")[2] if names_registry(name) else name
    return f"{registry.rstrip('/')}/{rest}"
