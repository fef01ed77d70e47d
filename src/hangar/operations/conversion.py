"""Image lists of one format made into another, and into job files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from hangar.errors import InvalidReference
from hangar.imagelist import Line
from hangar.jobs import job_text, placed_in, relocated, repository_of, translated
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
        placed_in("image", registry)
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


def job_file(
    text: str, program: str, *, name: str, source: str = "", destination: str = ""
) -> Converted:
    """Make a job file of the file of another program.

    Args:
        text: what the file says.
        program: whose it is, one of `hangar.PROGRAMS`.
        name: what messages call the file.
        source: registry that replaces every source's.
        destination: registry that replaces every destination's.

    Raises:
        InvalidImageList: it is not such a file.
        InvalidReference: one of the two is no registry.
    """
    made = translated(name, text, program)
    images = [
        relocated(image, source=source, destination=destination)
        for image in made.images
    ]
    nothing = [] if images else ["there are no images in it"]
    return Converted(job_text(images), (*made.remarks, *nothing))


def _row(line: Line, source: str, destination: str) -> str:
    """A line in the mirror format; what has a digest and no tag cannot be."""
    Reference.parse(line.source)
    if line.destination:
        Reference.parse(line.destination).tagged(line.tag)
        origin = placed_in(line.source, source)
        target = placed_in(line.destination, destination)
        return f"{origin} {target} {line.tag}"
    name = repository_of(line.source)
    rest, at, digest = line.source.removeprefix(name).partition("@")
    origin, tag = f"{placed_in(name, source)}{at}{digest}", rest.removeprefix(":")
    if at and not tag:
        return origin
    standard = "" if names_registry(name) else DOCKER_HUB
    target = placed_in(name, destination or standard)
    return f"{origin} {target} {tag or DEFAULT_TAG}"
