"""JSON that comes in chunks, read a value at a time: all of it may be large."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[ \t\r\n]*")


class JSONFeed:
    """Reads JSON text from its beginning to its end.

    Its methods raise `ValueError` where it is not UTF-8 or not JSON, `RecursionError`
    where values lie too deep in each other.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = codecs.iterdecode(iter(chunks), "utf-8")
        self._text = ""
        self._at = 0

    def peek(self) -> str:
        """The next character that is not blank; "" at the end."""
        while True:
            blanks = _BLANKS.match(self._text, self._at)
            self._at = blanks.end() if blanks else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def take(self, character: str) -> None:
        """Step over a character, which has to be the next one."""
        if self.peek() != character:
            message = f"no {character!r} where one should be"
            raise ValueError(message)
        self._at += 1

    def step(self, end: str) -> None:
        """Step from the end of a value to the next one, or to ``end``."""
        if self.peek() != end:
            self.take(",")
            if self.peek() == end:
                message = "a comma too many"
                raise ValueError(message)

    def items(self) -> Iterator[Any]:
        """Read the items of a list, each when it is asked for."""
        self.take("[")
        if self.peek() == "]":
            self._at += 1
            return
        separator = ","
        while separator == ",":
            yield self.value()
            separator = self.peek()
            self._at += 1
        if separator != "]":
            message = f"no ']' where one should be, but {separator!r}"
            raise ValueError(message)

    def value(self) -> Any:
        """Read a whole value."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError:
                if not self._more():
                    raise
                continue
            if end == len(self._text) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def _more(self) -> bool:
        """Get at least as much again as is left; tell whether there was any."""
        rest = self._text[self._at :]
        pieces, size = [rest], 0
        for piece in self._chunks:
            pieces.append(piece)
            size += len(piece)
            if size > len(rest):
                break
        self._text, self._at = "".join(pieces), 0
        return size > 0
