"""Image lists: one image a line, in one of two formats that may be mixed.

    [REGISTRY/][PROJECT/]NAME[:TAG][@DIGEST]        default format
    SOURCE DESTINATION TAG                          mirror format

Columns are parted by blanks or tabs; a name may begin with ``docker://``. Blank lines
and lines that begin with ``#`` or ``//`` are comments, and so is what follows either of
them behind a blank. A line of neither format is ignored, but not forgotten: whoever
reads the list warns of it.
"""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from hangar.errors import HangarError, InvalidImageList
from hangar.jobs import JobImage, is_job, parse_job
from hangar.oci import Platform
from hangar.reference import without_transport

MAX_LINE = 64 << 10
"""Characters; a longer line is no image but a file of another kind."""


MAX_LIST = 64 << 20
"""Bytes; a million images have room in it."""

STANDARD_INPUT = "-"
"""The name by which `read_list` reads the process's standard input."""

_COMMENT = re.compile(r"\s(?:#|//)")
_TRANSPORT = "docker://"
_MARK = "\ufeff"
"""Byte order mark: also in the middle, where files were put together."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list, or one image of a job file.

    Attributes:
        number: position among the lines that are no comments, from 1.
        text: the line as it stands there, trimmed.
        source: name of the image to read; "" if the line has neither format.
        destination: name of the image to write, where that is stated, else "".
        tag: tag to write and read, in the mirror format; "" if the names have theirs.
        repeats: number of an earlier line that states the very same, or 0.
        job: what a job file states of the image, or None.
        error: why it is not known which images a job file means, or None.
    """

    number: int
    text: str
    source: str = ""
    destination: str = ""
    tag: str = ""
    repeats: int = 0
    job: JobImage | None = None
    error: HangarError | None = None

    @property
    def platforms(self) -> tuple[Platform, ...] | None:
        """The platforms wanted of just this image; None if there is no saying."""
        return self.job.platforms if self.job else None

    @property
    def valid(self) -> bool:
        """Whether the line has one of the two formats."""
        return bool(self.source)


def parse_list(lines: Iterable[str]) -> tuple[Line, ...]:
    """Read the lines of a list.

    Comments are dropped; invalid lines and those that repeat others are kept.

    >>> one, two = parse_list(["# all we need", "nginx:1.27", "a example.com/b 1.0"])
    >>> one.source, one.destination
    ('nginx:1.27', '')
    >>> two.source, two.destination, two.tag
    ('a', 'example.com/b', '1.0')
    """
    texts = (line.strip() for line in lines)
    wanted = (text for text in texts if text and not text.startswith(("#", "//")))
    first: dict[tuple[str, str, str], int] = {}
    parsed = []
    for number, text in enumerate(wanted, start=1):
        line = _line(number, text)
        stated = (line.source, line.destination, line.tag)
        if line.valid and stated in first:
            line = replace(line, repeats=first[stated])
        first.setdefault(stated, number)
        parsed.append(line)
    return tuple(parsed)


def read_list(name: str) -> tuple[Line, ...]:
    """Read the list or job file of that name; "-" is standard input.

    A job file has a line for each entry, of which `hangar.expanded` makes lines for
    images; as they are, they fail. The text is UTF-8, or UTF-16 with a byte order mark
    as some editors write it; lines end in any of the usual ways. Bytes that are no
    UTF-8, such as of a comment in an older encoding, spoil only their own line.

    Raises:
        InvalidImageList: it cannot be read, is no text, or a job file with mistakes.
    """
    text = read_text(name)
    if is_job(name, text):
        entries = enumerate(parse_job(text, name), start=1)
        return tuple(_entry(number, image) for number, image in entries)
    return parse_list(text.split("\n"))


def read_text(name: str) -> str:
    """Read a file as `read_list` does, without looking at what it says.

    Lines end in a newline, whatever they end in there.

    Raises:
        InvalidImageList: it cannot be read, or is no text.
    """
    try:
        if name == STANDARD_INPUT and not sys.stdin:
            message = "there is no standard input to read a list from"
            raise InvalidImageList(message)
        if name == STANDARD_INPUT:
            data = sys.stdin.buffer.read(MAX_LIST + 1)
        else:
            with Path(name).open("rb") as file:
                data = file.read(MAX_LIST + 1)
    except OSError as error:
        message = f'failed to open "{name}": {error.strerror}'
        raise InvalidImageList(message) from error
    if len(data) > MAX_LIST:
        message = f'"{name}" is larger than {MAX_LIST >> 20} MiB'
        raise InvalidImageList(message, hint="is it an image list?")
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16") if wide else data.decode(errors="replace")
    except UnicodeDecodeError as error:
        raise _no_text(name) from error
    if "\0" in text:
        raise _no_text(name)
    return text.replace(_MARK, "").replace("\r\n", "\n").replace("\r", "\n")


def _no_text(name: str) -> InvalidImageList:
    return InvalidImageList(f'"{name}" is no text', hint="save it as UTF-8")


def _entry(number: int, image: JobImage) -> Line:
    message = f"{image}: it was not found out which images these are"
    error = InvalidImageList(message, hint="hangar.expanded() does that")
    return Line(number, str(image), image.name, job=image, error=error)


def _line(number: int, text: str) -> Line:
    if len(text) > MAX_LINE:
        return Line(number, text[:MAX_LINE])
    stated = _COMMENT.split(text, maxsplit=1)[0]
    words = stated.split()
    if len(words) == 3:
        source, destination, tag = words
        source = without_transport(source)
        destination = destination.removeprefix(_TRANSPORT)
        if source and destination:
            return Line(number, text, source, destination, tag)
    name = " ".join(without_transport(word) for word in words)
    # What has a part without blanks is a name, if an invalid one: it fails, as it did.
    if any(part and " " not in part for part in name.split("/")):
        return Line(number, text, source=name)
    return Line(number, text)
