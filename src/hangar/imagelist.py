"""Image lists: one image a line, in one of two formats that may be mixed.

    [REGISTRY/][PROJECT/]NAME[:TAG][@DIGEST]        default format
    SOURCE DESTINATION TAG                          mirror format

Blank lines and lines that begin with ``#`` or ``//`` are comments. A line of neither
format is ignored, but not forgotten: whoever reads the list warns of it.
"""

from __future__ import annotations

import codecs
import io
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from hangar.errors import InvalidImageList

MAX_LINE = 64 << 10
"""Characters; a longer line is no image but a file of another kind."""


MAX_LIST = 64 << 20
"""Bytes; a million images have room in it."""

STANDARD_INPUT = "-"
"""The name by which `read_list` reads the process's standard input."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a list.

    Attributes:
        number: position among the lines that are no comments, from 1.
        text: the line as it stands there, trimmed.
        source: name of the image to read; "" if the line has neither format.
        destination: name of the image to write, in the mirror format, else "".
        tag: tag to write and read, in the mirror format, else "".
    """

    number: int
    text: str
    source: str = ""
    destination: str = ""
    tag: str = ""

    @property
    def valid(self) -> bool:
        """Whether the line has one of the two formats."""
        return bool(self.source)


def parse_list(lines: Iterable[str]) -> tuple[Line, ...]:
    """Read the lines of a list; comments are dropped, invalid lines are kept.

    >>> one, two = parse_list(["# all we need", "nginx:1.27", "a example.com/b 1.0"])
    >>> one.source, one.destination
    ('nginx:1.27', '')
    >>> two.source, two.destination, two.tag
    ('a', 'example.com/b', '1.0')
    """
    texts = (line.strip() for line in lines)
    wanted = (text for text in texts if text and not text.startswith(("#", "//")))
    return tuple(_line(number, text) for number, text in enumerate(wanted, start=1))


def read_list(name: str) -> tuple[Line, ...]:
    """Read the list in a file; "-" is standard input.

    The text is UTF-8, or UTF-16 with a byte order mark as some editors write it; lines
    end in any of the usual ways.

    Raises:
        InvalidImageList: it cannot be read, or is no text.
    """
    try:
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
    marked = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = data.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise _no_text(name) from error
    if "\0" in text:
        raise _no_text(name)
    return parse_list(io.StringIO(text, newline=None))


def _no_text(name: str) -> InvalidImageList:
    return InvalidImageList(f'"{name}" is no text', hint="save it as UTF-8")


def _line(number: int, text: str) -> Line:
    words = text.split()
    bare = [part for part in text.split("/") if part and " " not in part]
    if len(text) > MAX_LINE:
        return Line(number, text[:MAX_LINE])
    if len(words) == 3:
        return Line(number, text, *words)
    if len(words) == 1 or bare:
        return Line(number, text, source=text)
    return Line(number, text)
