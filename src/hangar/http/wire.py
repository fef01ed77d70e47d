"""HTTP/1.1 as it is on the wire (RFC 9112): heads of requests and of responses."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from hangar.errors import InvalidInput, TransferError

MAX_HEAD = 64 << 10
"""Bytes; of a response's status line and headers together."""

END_OF_HEAD = re.compile(rb"\r?\n\r?\n")

_STATUS = re.compile(r"HTTP/1\.([01]) ([1-9][0-9]{2})(?: .*)?")
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FOLD = re.compile(rb"\r?\n[ \t]+")
_BODILESS = frozenset({204, 304})


@dataclass(frozen=True, slots=True)
class Head:
    """What a response says before its body.

    Attributes:
        status: code of three digits.
        headers: by lower-case name; values of repeated ones joined by commas.
        persistent: whether the connection may be used again afterwards.
    """

    status: int
    headers: Mapping[str, str]
    persistent: bool

    @property
    def chunked(self) -> bool:
        """Whether the body comes in chunks, each with its length."""
        return "transfer-encoding" in self.headers

    def length(self, method: str) -> int | None:
        """Bytes of the body (RFC 9112, 6.3); None if only its end will tell.

        Raises:
            TransferError: the length stated is none.
        """
        if method == "HEAD" or self.status in _BODILESS:
            return 0
        stated = self.headers.get("content-length")
        if stated is None or self.chunked:
            return None
        lengths = {text.strip() for text in stated.split(",")}  # "5, 5" is 5
        length = lengths.pop()
        if lengths or not (length.isascii() and length.isdigit()) or len(length) > 18:
            message = f"a response with Content-Length {stated!r:.60}"
            raise TransferError(message)
        return int(length)


def request_head(method: str, target: str, headers: Mapping[str, str]) -> bytes:
    """The bytes that begin a request.

    Raises:
        InvalidInput: a header or the target has a line break or is not Latin-1.
    """
    lines = [f"{method} {target} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    text = "\r\n".join(lines) + "\r\n\r\n"
    breaks = len(lines) + 1
    if text.count("\r") != breaks or text.count("\n") != breaks:
        message = f"line break in a header of a request to {target!r:.80}"
        raise InvalidInput(message)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError as error:
        message = f"a header of a request to {target!r:.80} is not Latin-1"
        raise InvalidInput(message) from error


def parse_head(raw: bytes) -> Head:
    """Read a response's head, without the empty line that ends it.

    Raises:
        TransferError: it is not HTTP.
    """
    text = _FOLD.sub(b" ", raw).decode("latin-1")
    first, *lines = text.split("\n")
    status = _STATUS.fullmatch(first.rstrip("\r"))
    if status is None:
        message = f"the answer is not HTTP: {first!r:.80}"
        raise TransferError(message)
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or _NAME.fullmatch(name) is None:
            message = f"the answer has a broken header: {line!r:.80}"
            raise TransferError(message)
        key, value = name.lower(), value.strip()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    options = headers.get("connection", "").lower()
    persistent = "close" not in options if status[1] == "1" else "keep-alive" in options
    return Head(int(status[2]), headers, persistent)
