"""Blobs of a repository: whether they are there, and their bytes."""

from __future__ import annotations

import re

from hangar.errors import HangarError, TransferError
from hangar.http import CHUNK, Origin, Response
from hangar.oci import MANIFEST_TYPES, MAX_BLOB, Descriptor
from hangar.registry.desk import Desk
from hangar.store import Chunks

_LARGE = 4 << 20
"""Bytes; of blobs that are smaller, many are in flight at once (`hangar.batch`)."""

_HEAD_REFUSED = frozenset({405, 501})
_NOT_TOLD = -1
_EXPIRED = frozenset({400, 401, 403, 410})
"""How storage refuses a signed address whose time is over."""

_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-")


def has(desk: Desk, content: Descriptor) -> bool:
    """Tell whether a manifest or blob is there, as far as its size can tell whole."""
    return size_there(desk, content) == content.size


def size_there(desk: Desk, content: Descriptor) -> int | None:
    """How many bytes of a manifest or blob are there; None if it is not.

    Only a 404 says that it is not. A registry that lost power may have an empty file
    for a blob. Of a size that is not told, the right one is assumed; one that is told
    without the bytes may be wrong, so a wrong one is asked for again, with them.
    """
    is_manifest = content.media_type in MANIFEST_TYPES
    path = f"{'manifests' if is_manifest else 'blobs'}/{content.digest}"
    headers = {"Accept": f"{content.media_type}, */*"} if is_manifest else {}

    def ask(method: str) -> int | None:
        with desk.send(method, path, headers=headers) as response:
            if response.status in (200, 206):
                return _size(response, content.size)
            if response.status == 404:
                return None
            if method == "HEAD" and response.status in _HEAD_REFUSED:
                return _NOT_TOLD
            raise desk.refusal(response, f"@{content.digest}")

    size = desk.again(lambda: ask("HEAD"), f"@{content.digest}")
    if size not in (None, content.size):
        size = desk.again(lambda: ask("GET"), f"@{content.digest}")
    return size


def _size(response: Response, expected: int) -> int:
    """How many bytes of content an answer says there are."""
    stated = response.headers.get("content-length", "")
    told = stated.isascii() and stated.isdigit() and response.status == 200
    return int(stated[:18]) if told and not response.encoded else expected


def download(desk: Desk, blob: Descriptor) -> Chunks:
    """Yield a blob's bytes; goes on where it broke off, as long as bytes come.

    Raises:
        NotFound: the blob is not there.
        TransferError: too many tries in a row brought nothing.
    """
    transfer = _Download(desk, blob)
    try:
        while chunk := desk.again(transfer.more, f"@{blob.digest}"):
            yield chunk
    finally:
        transfer.close()


class _Download:
    """A blob on its way; survives broken connections."""

    def __init__(self, desk: Desk, blob: Descriptor) -> None:
        self._desk = desk
        self._blob = blob
        self._received = 0
        self._ranges = True
        self._chunks: Chunks | None = None

    def more(self) -> bytes:
        """The next bytes; b"" at the end. To be called again after an error."""
        try:
            return self._more()
        except TransferError:
            self.close()
            raise

    def _more(self) -> bytes:
        if self._chunks is None:
            self._chunks = self._open()
        chunk = next(self._chunks, b"")
        self._received += len(chunk)
        if not chunk and self._received < self._blob.size < MAX_BLOB:
            message = (
                f"{self._desk.name}@{self._blob.digest} ended after"
                f" {self._received} of {self._blob.size} bytes"
            )
            raise TransferError(message)
        return chunk

    def close(self) -> None:
        """Give the connection back."""
        if self._chunks is not None:
            self._chunks.close()
            self._chunks = None

    def _open(self) -> Chunks:
        """Ask for what is still to come."""
        start = self._received
        asks = start > 0 and self._ranges
        response = self._desk.send(
            "GET",
            f"blobs/{self._blob.digest}",
            headers={"Range": f"bytes={start}-"} if asks else {},
        )
        with response:
            if response.status not in (200, 206):
                raise self._refusal(response, asks=asks)
            begin = _begin(response)
            if begin > start:
                self._ranges = False
                message = f"{self._desk.name}@{self._blob.digest}: a gap in the answer"
                raise TransferError(message)
            decode = response.encoded and not self._is_raw(response)
            self._ranges = self._ranges and not decode  # they are of encoded bytes
            skip = start - begin
            most = CHUNK if self._blob.size >= _LARGE else CHUNK // 4
            for chunk in response.chunks(most, decode=decode):
                rest = chunk[skip:] if skip else chunk
                skip -= len(chunk) - len(rest)
                if rest:
                    yield rest

    def _is_raw(self, response: Response) -> bool:
        """Whether the encoding is the blob's own, which some servers mistake."""
        length = response.headers.get("content-length")
        return response.status == 206 or length == str(self._blob.size)

    def _refusal(self, response: Response, *, asks: bool) -> HangarError:
        """The error; what may be cured by asking otherwise can be tried again."""
        error = self._desk.refusal(response, f"@{self._blob.digest}")
        elsewhere = Origin.of(response.url) != Origin.of(self._desk.registry.base)
        if response.status == 416 and asks:
            self._ranges = False
            return TransferError(str(error))
        if elsewhere and response.status in _EXPIRED:
            return TransferError(str(error))
        return error


def _begin(response: Response) -> int:
    """Where in the blob the answer begins."""
    if response.status != 206:
        return 0
    found = _CONTENT_RANGE.match(response.headers.get("content-range", ""))
    return int(found[1]) if found else MAX_BLOB
