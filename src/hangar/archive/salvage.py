"""Finding the members of a zip that has lost its directory.

A header stands in front of each member. What writes archives names blobs by their
digest, so what is found proves itself; other members count only if their CRC agrees.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from isal import isal_zlib

from hangar.archive import records
from hangar.archive.container import Container
from hangar.archive.directory import Directory, widened
from hangar.archive.files import read_at, stream_at
from hangar.archive.members import Members
from hangar.archive.names import INDEX
from hangar.archive.records import CENTRAL, LOCAL, Member
from hangar.disk import storage

_DEFERRED = 0x8
"""Flag: size and CRC stand behind the content (APPNOTE 4.4.4, bit 3)."""

_DESCRIPTORS = (struct.Struct("<4sIQQ"), struct.Struct("<4sIII"))
"""Data descriptors with their signature (4.3.9), for zip64 and for others."""

_SIGNATURES = (
    records.LOCAL_SIGNATURE,
    records.CENTRAL_SIGNATURE,
    records.END_SIGNATURE,
)
_WINDOW = 4 << 20
"""Bytes searched at a time."""

_LONGEST_NAME = 512


def salvaged(path: Path) -> Container:
    """Open what is whole of a damaged zip.

    Of members with the same name, the last whole one is taken; but no index that is in
    a zip that was stored in this one.

    Raises:
        StorageError: the file cannot be read.
    """
    with storage(path):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            end = os.fstat(file).st_size
            found = Members()
            for member in _members(file, end):
                if _is_whole(file, member) and _is_own(file, member, end):
                    found.add(
                        member.name.encode(), member.offset, member.size, member.crc
                    )
        except BaseException:
            os.close(file)
            raise
    return Container(path, file, Directory(found, end))


def _members(file: int, end: int) -> Iterator[Member]:
    at = _find(file, records.LOCAL_SIGNATURE, 0, end)
    while at is not None:
        member, after = _member(file, at, end)
        if member:
            yield member
        at = _find(file, records.LOCAL_SIGNATURE, after, end)


def _member(file: int, at: int, end: int) -> tuple[Member | None, int]:
    """Read the member whose header is at ``at``; tell where to look for the next."""
    header = read_at(file, at, LOCAL.size + _LONGEST_NAME)
    if len(header) < LOCAL.size:
        return None, end
    _, _, flags, method, crc, _, size, name_size, extra_size = LOCAL.unpack_from(header)
    start = at + LOCAL.size + name_size + extra_size
    name = header[LOCAL.size : LOCAL.size + name_size]
    member: Member | None = None
    if not method and name_size <= _LONGEST_NAME and name.isascii():
        member = Member(name.decode(), at, size, crc)
    if member and flags & _DEFERRED:
        member = _described(file, member, start, end)
    elif member and size == records.MAX_32:
        member = _wide(member, read_at(file, start - extra_size, extra_size))
    if member is None or start + member.size > end:
        return None, at + len(records.LOCAL_SIGNATURE)
    return member, start + member.size


def _wide(member: Member, extra: bytes) -> Member | None:
    """Take the size from the zip64 field, as we write it."""
    if len(extra) < struct.calcsize("<HHQQ"):
        return None
    return replace(member, size=struct.unpack_from("<HHQQ", extra)[2])


def _described(file: int, member: Member, start: int, end: int) -> Member | None:
    """Find the data descriptor that fits: it states how far away it is."""
    at = _find(file, records.DESCRIPTOR_SIGNATURE, start, end)
    while at is not None:
        for kind in _DESCRIPTORS:
            data = read_at(file, at, kind.size + 4)
            if len(data) < kind.size:
                continue
            _, crc, packed, size = kind.unpack_from(data)
            follows = data[kind.size :]
            fits = any(signature.startswith(follows) for signature in _SIGNATURES)
            if packed == size == at - start and fits:
                return replace(member, size=size, crc=crc)
        at = _find(file, records.DESCRIPTOR_SIGNATURE, at + 4, end)
    return None


def _find(file: int, signature: bytes, start: int, end: int) -> int | None:
    """Find the next place of a signature."""
    while start < end:
        window = read_at(file, start, min(_WINDOW, end - start))
        found = window.find(signature)
        if found >= 0:
            return start + found
        if len(window) < len(signature):
            return None
        start += len(window) - len(signature) + 1
    return None


def _is_whole(file: int, member: Member) -> bool:
    start = _start(file, member)
    crc, size = 0, 0
    for chunk in stream_at(file, start, member.size):
        crc = isal_zlib.crc32(chunk, crc)
        size += len(chunk)
    return size == member.size and crc == member.crc


def _is_own(file: int, member: Member, end: int) -> bool:
    """Whether an index is that of the file itself.

    The directory behind it says where it is in its own file, and where the others are,
    if that was cut off before; without any, nothing speaks against it.
    """
    if member.name != INDEX:
        return True
    start = _start(file, member) + member.size
    near = min(start + _DESCRIPTORS[0].size + CENTRAL.size, end)
    at = _find(file, records.CENTRAL_SIGNATURE, start, near)
    while at is not None:
        record = read_at(file, at, CENTRAL.size + _LONGEST_NAME)
        if len(record) < CENTRAL.size or not record.startswith(
            records.CENTRAL_SIGNATURE
        ):
            break
        *_, packed, size, name_size, extra_size, comment_size, offset = (
            CENTRAL.unpack_from(record)
        )
        name = record[CENTRAL.size :][:name_size]
        extra = read_at(file, at + CENTRAL.size + name_size, extra_size)
        place = widened(extra, size, packed, offset)[2]
        if name == INDEX.encode():
            return place == member.offset
        if read_at(file, place + LOCAL.size, len(name)) != name:
            return False
        at += CENTRAL.size + name_size + extra_size + comment_size
    return True


def _start(file: int, member: Member) -> int:
    """Where a member's content begins."""
    *_, name_size, extra_size = LOCAL.unpack(read_at(file, member.offset, LOCAL.size))
    start: int = member.offset + LOCAL.size + name_size + extra_size
    return start
