"""Requests and answers, apart from how they travel."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

VERSION = {"Docker-Distribution-API-Version": "registry/2.0"}
"""By this header docker knows a registry."""


class Disconnected(Exception):
    """The client went away, or speaks no HTTP; nobody is there to be answered."""


@dataclass(slots=True)
class Request:
    """What a client asks for.

    Attributes:
        method: in capitals.
        path: as sent, still percent-encoded, without the query.
        query: decoded; of repeated names the last.
        headers: names in lower case; repeated ones joined by commas.
        body: the bytes that follow, to be read once; a piece is valid until the next
            one is asked for. Raises `Disconnected` if they break off.
        length: of the body in bytes; None if it comes in chunks.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Iterator[memoryview] = field(default_factory=lambda: iter(()))
    length: int | None = 0

    def read(self, limit: int) -> bytes:
        """Take the body into memory.

        Raises:
            Refusal: it is longer than ``limit`` bytes.
        """
        data = bytearray()
        if (self.length or 0) <= limit:
            for piece in self.body:
                data += piece
                if len(data) > limit:
                    break
            else:
                return bytes(data)
        raise Refusal(413, "SIZE_INVALID", f"more than {limit} bytes")


@dataclass(frozen=True, slots=True)
class Content:
    """``length`` bytes of a file from where it stands; closed when they were sent."""

    file: BinaryIO
    length: int


@dataclass(slots=True)
class Response:
    """What a client is told.

    Attributes:
        headers: a Content-Length is added if it is not given; that of an answer to
            HEAD is the length that the body would have.
        body: not sent in answer to HEAD.
    """

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Content = b""

    @classmethod
    def of_json(
        cls,
        value: Any,
        *,
        status: int = 200,
        media_type: str = "application/json",
        **headers: str,
    ) -> Response:
        """Answer with ``value``; in the names of ``headers`` ``_`` stands for ``-``."""
        fields = {name.replace("_", "-"): text for name, text in headers.items()}
        fields = {"Content-Type": media_type, **VERSION, **fields}
        return cls(status, fields, json.dumps(value).encode())


Handler = Callable[[Request], Response]
"""Answers requests; raises `Refusal` to say no, `Disconnected` to hang up."""


class Refusal(Exception):
    """The answer is an error (distribution-spec 1.1, "Error Codes")."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers

    @property
    def response(self) -> Response:
        """What the client is told."""
        error = {"code": self.code, "message": str(self)}
        value = {"errors": [error]}
        return Response.of_json(value, status=self.status, **self.headers)
