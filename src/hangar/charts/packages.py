"""Charts as packages: a tar that gzip has compressed, all files below one folder.

A package is read once from its beginning to its end, so that one that is cut off or
damaged anywhere is found out; only its ``Chart.yaml`` is kept.
"""

from __future__ import annotations

import re
import tarfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, cast

from hangar.charts.metadata import CHART_FILE, MAX_CHART_FILE, ChartMetadata
from hangar.dates import LATEST
from hangar.errors import InvalidInput

MAX_UNPACKED = 1 << 30
"""Bytes of a package's content; helm itself opens charts of up to a tenth of it."""

_MAX_READ = 1 << 20
"""Bytes read at a time; a tar's headers that want more are an attack."""

_DRIVE = re.compile(r"[a-zA-Z]:/")
_HINT = "a chart is packed by 'helm package', or by us if it is a folder"


@dataclass(frozen=True, slots=True)
class Package:
    """What a package says of itself.

    Attributes:
        metadata: of its chart.
        created: when its ``Chart.yaml`` was packed, in seconds since 1970; 0: not told.
    """

    metadata: ChartMetadata
    created: int


def read_package(chunks: Iterable[bytes], what: str) -> Package:
    """Read all of a package; ``what`` is what errors call it.

    Raises:
        InvalidInput: it is no chart, a damaged one, or larger than `MAX_UNPACKED`.
    """
    unpacked = _Unpacked(chunks, what)
    found: tuple[bytes, int] | None = None
    try:
        with tarfile.TarFile(fileobj=cast("IO[bytes]", unpacked), mode="r") as tar:
            while (entry := tar.next()) is not None:
                tar.members = []  # type: ignore[attr-defined]  # each is seen but once
                if entry.isdir():
                    continue
                name = _inside(entry.name, what)
                if name == CHART_FILE:
                    if found:
                        raise _no_chart(what, f"it has more than one {CHART_FILE}")
                    if entry.size > MAX_CHART_FILE:
                        raise _no_chart(what, f"its {CHART_FILE} is too large")
                    found = unpacked.read(entry.size), _time(entry.mtime)
    except (tarfile.TarError, ValueError) as error:  # numbers that are none
        raise _no_chart(what, f"its content is no tar: {error}") from error
    if not unpacked.ends_well():
        raise _no_chart(what, "its content is a damaged tar")
    if found is None:
        raise _no_chart(what, f"it has no {CHART_FILE} in its folder")
    metadata = ChartMetadata.parse(found[0], f"{CHART_FILE} of {what}")
    return Package(metadata, found[1])


def _time(stated: float) -> int:
    """When a file was packed; 0 if that is no time."""
    return int(stated) if 0 <= stated <= LATEST else 0


def _inside(name: str, what: str) -> str:
    """A file's path below the package's one folder, as helm understands it."""
    _, slash, inside = name.replace("\\", "/").partition("/")
    parts = [part for part in inside.split("/") if part not in ("", ".")]
    climbs = inside.startswith("/") or ".." in parts or _DRIVE.match(inside)
    if not slash or not parts or climbs:
        raise _no_chart(what, f"{name!r:.80} is not in its folder")
    return "/".join(parts)


class _Unpacked:
    """The tar within a package, as far as `tarfile` needs it: read onwards only."""

    def __init__(self, chunks: Iterable[bytes], what: str) -> None:
        self._chunks = iter(chunks)
        self._what = what
        self._inflator = zlib.decompressobj(wbits=31)
        self._packed = b""
        self._ready = b""
        self._position = 0
        self._ended = False
        self._last = b""

    def tell(self) -> int:
        """Bytes that were read or passed over."""
        return self._position

    def seek(self, position: int) -> None:
        """Pass over what comes before ``position``."""
        while self._position < position:
            if not self._take(position - self._position):
                break

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes, fewer only at the end."""
        if size > _MAX_READ:
            raise _no_chart(self._what, "its content is no tar that helm writes")
        pieces = []
        while size and (piece := self._take(size)):
            pieces.append(piece)
            size -= len(piece)
        self._last = b"".join(pieces)
        return self._last

    def ends_well(self) -> bool:
        """Read what is left; tell whether that, and what came last, are zeros."""
        last = self._last
        zeros = not last.strip(b"\0") and len(last) in (0, tarfile.BLOCKSIZE)
        while rest := self._take(_MAX_READ):
            zeros = zeros and not rest.strip(b"\0")
        return zeros

    def _take(self, size: int) -> bytes:
        if not self._ready:
            self._ready = self._unpack()
        taken, self._ready = self._ready[:size], self._ready[size:]
        self._position += len(taken)
        if self._position > MAX_UNPACKED:
            raise _no_chart(self._what, f"it unpacks to over {MAX_UNPACKED} bytes")
        return taken

    def _unpack(self) -> bytes:
        """Decompress a little; b"" at the end."""
        while not self._ended:
            if not self._packed:
                self._packed = next(self._chunks, b"")
            if not self._packed:
                raise _no_chart(self._what, "it is cut off")
            try:
                unpacked = self._inflator.decompress(self._packed, _MAX_READ)
            except zlib.error as error:
                raise _no_chart(self._what, "gzip cannot unpack it") from error
            self._packed = self._inflator.unconsumed_tail
            if self._inflator.eof:
                self._next_member()
            if unpacked:
                return unpacked
        return b""

    def _next_member(self) -> None:
        """A file of gzip may have several parts; zeros may fill it up (RFC 1952)."""
        rest = self._inflator.unused_data.lstrip(b"\0")
        while not rest:
            chunk = next(self._chunks, b"")
            if not chunk:
                self._ended = True
                return
            rest = chunk.lstrip(b"\0")
        self._inflator = zlib.decompressobj(wbits=31)
        self._packed = rest


def _no_chart(what: str, reason: str) -> InvalidInput:
    return InvalidInput(f"{what} is no chart: {reason}", hint=_HINT)
