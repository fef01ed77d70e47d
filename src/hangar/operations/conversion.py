"""Image lists of one format made into another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hangar.errors import InvalidReference
from hangar.imagelist import Line
from hangar.operations.routes import lines_of
from hangar.reference import DEFAULT_TAG, DOCKER_HUB, Reference, names_registry


@dataclass(frozen=True, slots=True)
class Converted:
    """A list in another format.

    Attributes:
        text: the list.
        remarks: what of the original it does not express, in words.
    """

    text: str
    remarks: tuple[str, ...] = ()


def mirror_list(
    lines: Iterable[str | Line], *, source: str = "", destination: str = ""
) -> Converted:
    """Write the lines of a list in the mirror format: SOURCE DESTINATION TAG.

    Lines in that format stay, but for their registries. Names stay as they are written;
    no ``library/`` is put in.

    Args:
        lines: of an image list, in either format.
        source: registry that replaces every source's.
        destination: registry that replaces every destination's.

    Raises:
        InvalidReference: one of the two is no registry.
    """
    for registry in (source, destination):
        Reference.parse("image").moved(registry=registry)
    rows, remarks = [], []
    for line in lines_of(lines):
        try:
            row = _row(line, source, destination)
        except InvalidReference as error:
            remarks.append(f'Ignore image list line "{line.text:.200}": {error}')
        else:
            rows.append(row)
            if " " not in row:
                remarks.append(
                    f'Keep image list line "{line.text:.200}" in the default format:'
                    " there is no tag for the mirror format"
                )
    return Converted("".join(f"{row}\n" for row in rows), tuple(remarks))


def _row(line: Line, source: str, destination: str) -> str:
    """A line in the mirror format; what has a digest and no tag cannot be."""
    Reference.parse(line.source)
    if line.destination:
        Reference.parse(line.destination).tagged(line.tag)
        columns = (_in(line.source, source), _in(line.destination, destination))
        return " ".join((*columns, line.tag))
    name, at, digest = line.source.partition("@")
    path, slash, last = name.rpartition("/")
    last, _, tag = last.partition(":")
    name = f"{path}{slash}{last}"
    origin = f"{_in(name, source)}{at}{digest}"
    if at and not tag:
        return origin
    standard = "" if names_registry(name) else DOCKER_HUB
    target = _in(name, destination or standard)
    return f"{origin} {target} {tag or DEFAULT_TAG}"


def _in(name: str, registry: str) -> str:
    """A name with another registry, or the same if that is ""."""
    if not registry:
        return name
    rest = name.partition("/")[2] if names_registry(name) else name
    return f"{registry.rstrip('/')}/{rest}"
