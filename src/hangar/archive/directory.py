"""Reading a zip's central directory, once, trusting nothing in it.

Names are looked up and never used as paths; sizes and offsets have to lie inside the
file and must not overlap. Anything else than a whole directory of stored members is
refused.
"""

from __future__ import annotations

import itertools
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from hangar.archive import records
from hangar.archive.files import read_at
from hangar.archive.records import CENTRAL, END, END64, LOCAL, LOCATOR, Member
from hangar.errors import InvalidArchive, Unsupported

MAX_DIRECTORY = 1 << 30
"""Bytes; room for ten million members."""

_MAX_COMMENT = 0xFFFF
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

    members: dict[str, Member]
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
    members = list(_parse(read_at(file, start, size), count))
    members.sort(key=attrgetter("offset"))
    _check_places(members, start)
    by_name = {member.name: member for member in members}
    if len(by_name) < len(members):
        message = "two members with the same name"
        raise InvalidArchive(message)
    return Directory(by_name, start)


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


def _parse(data: bytes, count: int) -> Iterator[Member]:
    """Yield the members of a directory, which must fill ``data`` exactly."""
    at = 0
    for _ in range(count):
        fields = CENTRAL.unpack_from(data, at)
        signature, _, _, flags, method, crc, *places = fields
        packed, size, name_size, extra_size, comment_size, offset = places
        if signature != records.CENTRAL_SIGNATURE:
            message = "its directory is damaged"
            raise InvalidArchive(message)
        at += CENTRAL.size
        name = _name(data[at : at + name_size])
        at += name_size
        if records.MAX_32 in (size, packed, offset):
            extra = data[at : at + extra_size]
            size, packed, offset = _wide(extra, size, packed, offset)
        if flags & _ENCRYPTED or method or packed != size:
            message = f"{name!r:.200} is compressed or encrypted"
            raise Unsupported(message, hint="unpack it and pack it with `zip -0`")
        at += extra_size + comment_size
        yield Member(name, offset, size, crc)
    if at != len(data):
        message = "its directory is damaged"
        raise InvalidArchive(message)


def _name(raw: bytes) -> str:
    """Decode a member's name.

    Raises:
        InvalidArchive: extracted anywhere, it would leave its directory.
    """
    try:
        name = raw.decode()
    except UnicodeDecodeError as error:
        message = f"a member with a malformed name: {raw!r:.200}"
        raise InvalidArchive(message) from error
    if not _NAME.fullmatch(raw):
        parts = name.replace("\\", "/").removesuffix("/").split("/")
        if "\0" in name or ":" in parts[0] or {"", ".", ".."} & {*parts}:
            message = f"a member with a name that leaves it: {name!r:.200}"
            raise InvalidArchive(message)
    return name


def _wide(extra: bytes, *values: int) -> list[int]:
    """Replace values that stand for wider ones by those of the zip64 field (4.5.3)."""
    at = 0
    while at + 4 <= len(extra):
        kind, size = struct.unpack_from("<HH", extra, at)
        if kind == records.ZIP64_FIELD:
            wide = iter(struct.unpack_from(f"<{size // 8}Q", extra, at + 4))
            return [next(wide, v) if v == records.MAX_32 else v for v in values]
        at += 4 + size
    return list(values)


def _check_places(members: list[Member], end: int) -> None:
    """See that members, in the order of their places, lie apart and before ``end``."""
    ends = itertools.chain((m.offset for m in members[1:]), [end])
    for member, limit in zip(members, ends, strict=True):
        # What the local header adds to this is looked at when the member is opened.
        if member.offset + LOCAL.size + len(member.name) + member.size > limit:
            message = f"{member.name!r:.200} overlaps what follows, or lies outside"
            raise InvalidArchive(message)
