"""Reading a zip's central directory, once, trusting nothing in it.

Names are looked up and never used as paths; sizes and offsets have to lie inside the
file and must not overlap. Anything else than a whole directory of stored members is
refused.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hangar.archive import records
from hangar.archive.files import read_at, stream_at
from hangar.archive.members import Members
from hangar.archive.records import CENTRAL, END, END64, LOCATOR
from hangar.errors import InvalidArchive, Unsupported

MAX_DIRECTORY = 1 << 30
"""Bytes; room for ten million members."""

_MAX_COMMENT = 0xFFFF
_LONGEST_RECORD = CENTRAL.size + 3 * 0xFFFF
_ENCRYPTED = 0x1
_NAME = re.compile(rb"[A-Za-z0-9_-][A-Za-z0-9._-]*(?:/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
"""Names as archives have them; any other one is looked at closely."""


@dataclass(frozen=True, slots=True)
class Directory:
    """What a zip says that it holds.

    Attributes:
        members: by name.
        start: where the directory begins; all content lies before.
    """

    members: Members
    start: int


def read_directory(path: Path, file: int, end: int) -> Directory:
    """Read the directory of the zip that ends at ``end``.

    Args:
        path: what messages call the file.
        file: descriptor to read from.
        end: bytes of the file that count.

    Raises:
        InvalidArchive: it is no zip, or not a whole one, or contradicts itself.
        Unsupported: a member is compressed or encrypted.
    """
    try:
        return _read(file, end)
    except struct.error as error:
        raise damaged(path, "it ends too early") from error
    except InvalidArchive as error:
        raise damaged(path, str(error)) from error
    except Unsupported as error:
        message = f"{path}: {error}"
        raise Unsupported(message, hint=error.hint) from error


def damaged(path: Path, reason: str) -> InvalidArchive:
    """An error that says what helps."""
    hint = f"bring back what is whole: hangar archive repair {path}"
    return InvalidArchive(f"{path} is not a whole archive: {reason}", hint=hint)


def _read(file: int, end: int) -> Directory:
    count, size, start = _find(file, end)
    if size > MAX_DIRECTORY:
        message = f"a directory of {size} bytes"
        raise InvalidArchive(message)
    members = Members(min(count, size // CENTRAL.size))
    members.extend(_records(stream_at(file, start, size), count, size))
    if len(members) < count:
        message = "two members with the same name"
        raise InvalidArchive(message)
    overlapping = members.overlapping(start)
    if overlapping:
        message = f"{overlapping!r:.200} overlaps what follows, or lies outside"
        raise InvalidArchive(message)
    return Directory(members, start)


def _find(file: int, end: int) -> tuple[int, int, int]:
    """Find the directory: number of records, size, offset."""
    tail_start = max(0, end - END.size - _MAX_COMMENT)
    tail = read_at(file, tail_start, end - tail_start)
    at = len(tail)
    while (at := tail.rfind(records.END_SIGNATURE, 0, at)) >= 0:
        _, _, count, size, start, comment = END.unpack_from(tail, at)
        if not tail[at + END.size + comment :].strip(b"\0"):
            break  # the Go program leaves zeros behind when an archive shrinks
    else:
        message = "there is no directory at its end"
        raise InvalidArchive(message)
    place = tail_start + at
    if count == records.MAX_16 or records.MAX_32 in (size, start):
        count, size, start, place = _find_64(file, place) or (count, size, start, place)
    if start + size > place:
        message = "its directory lies outside"
        raise InvalidArchive(message)
    return count, size, start


def _find_64(file: int, end: int) -> tuple[int, int, int, int] | None:
    """Find what a zip64 says in place of its end record, and where that stands."""
    locator = read_at(file, max(0, end - LOCATOR.size), LOCATOR.size)
    signature, place, _ = LOCATOR.unpack(locator)
    if signature != records.LOCATOR_SIGNATURE:
        return None
    if place > end - LOCATOR.size:
        message = "its zip64 record lies outside"
        raise InvalidArchive(message)
    record = END64.unpack(read_at(file, place, END64.size))
    signature, _, _, _, _, count, size, start = record
    if signature != records.END64_SIGNATURE:
        message = "its zip64 record is missing"
        raise InvalidArchive(message)
    return count, size, start, place


def _records(
    chunks: Iterator[bytes], count: int, left: int
) -> Iterator[tuple[bytes, int, int, int]]:
    """Read the records of a directory, which must fill the ``left`` bytes of chunks.

    Yields:
        name, offset, size and CRC-32 of each member.
    """
    unpack, is_plain = CENTRAL.unpack_from, _NAME.fullmatch  # each for very many
    data, at, safe = b"", 0, 0
    for _ in range(count):
        if at >= safe and left:
            chunk = next(chunks, b"")
            data, at, left = data[at:] + chunk, 0, left - len(chunk)
            safe = len(data) - _LONGEST_RECORD
        (
            signature, _, _, flags, method, crc, packed, size,
            name_size, extra_size, comment_size, offset,
        ) = unpack(data, at)  # fmt: skip
        if signature != records.CENTRAL_SIGNATURE:
            message = "its directory is damaged"
            raise InvalidArchive(message)
        at += CENTRAL.size
        name = data[at : at + name_size]
        if not is_plain(name):
            _check_name(name)
        at += name_size
        if records.MAX_32 in (size, packed, offset):
            extra = data[at : at + extra_size]
            size, packed, offset = widened(extra, size, packed, offset)
        if flags & _ENCRYPTED or method or packed != size:
            message = f"{name.decode()!r:.200} is compressed or encrypted"
            raise Unsupported(message, hint="unpack it and pack it with `zip -0`")
        at += extra_size + comment_size
        yield name, offset, size, crc
    if left or at != len(data):
        message = "its directory is damaged"
        raise InvalidArchive(message)


def _check_name(raw: bytes) -> None:
    """See that a member, extracted anywhere, stays in its directory.

    Raises:
        InvalidArchive: it would not.
    """
    try:
        name = raw.decode()
    except UnicodeDecodeError as error:
        message = f"a member with a malformed name: {raw!r:.200}"
        raise InvalidArchive(message) from error
    parts = name.replace("\\", "/").removesuffix("/").split("/")
    if "\0" in name or ":" in parts[0] or {"", ".", ".."} & {*parts}:
        message = f"a member with a name that leaves it: {name!r:.200}"
        raise InvalidArchive(message)


def widened(extra: bytes, *values: int) -> list[int]:
    """Replace values that stand for wider ones by those of the zip64 field (4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == records.ZIP64_FIELD:
            wide = iter(struct.unpack_from(f"<{size // 8}Q", extra, at + 4))
            return [next(wide, v) if v == records.MAX_32 else v for v in values]
        at += 4 + size
    return list(values)
