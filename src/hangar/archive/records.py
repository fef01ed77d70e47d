"""The zip format's records, as bytes (PKWARE, "APPNOTE.TXT" 6.3.10, section 4.3).

Members are stored, never compressed, and carry no times, so the same members give
the same bytes. Sizes and offsets from 4 GiB on go into zip64 fields, laid out as Go's
``archive/zip`` lays them out.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

LOCAL = struct.Struct("<4sHHH4xIIIHH")
CENTRAL = struct.Struct("<4sHHHH4xIIIHHH8xI")
END = struct.Struct("<4s4xHHIIH")
END64 = struct.Struct("<4sQHH8xQQQQ")
LOCATOR = struct.Struct("<4s4xQI")
_WIDE_LOCAL = struct.Struct("<HHQQ")
_WIDE_CENTRAL = struct.Struct("<HHQQQ")
"""Times, disk numbers and attributes are padding: written as 0 and not looked at."""

LOCAL_SIGNATURE = b"PK\x03\x04"
CENTRAL_SIGNATURE = b"PK\x01\x02"
END_SIGNATURE = b"PK\x05\x06"
END64_SIGNATURE = b"PK\x06\x06"
LOCATOR_SIGNATURE = b"PK\x06\x07"
DESCRIPTOR_SIGNATURE = b"PK\x07\x08"

ZIP64_FIELD = 0x0001
"""Identifier of the extra field that holds what 32 bits cannot."""

MAX_16, MAX_32 = 0xFFFF, 0xFFFFFFFF
"""Stand in a record for what is to be found in its zip64 counterpart."""

ALIGNMENT = 32 << 10
"""Bytes; large content begins at multiples of it, for kernels copy many pages best."""

LARGE = 4 << 20
"""Bytes from which on content is large."""

MOST_PADDING = ALIGNMENT + 5

_PADDING = struct.Struct("<HHH")
_PADDING_FIELD = 0xD935
"""Identifier that Android's zipalign uses, too: an alignment, then zeros."""

_VERSION, _VERSION_64 = 20, 45
"""What a reader has to understand (4.4.3): stored files, zip64."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a zip.

    Attributes:
        name: with slashes; never used as a path.
        offset: where its local header begins, in bytes.
        size: of its content, in bytes.
        crc: CRC-32 of its content.
    """

    name: str
    offset: int
    size: int
    crc: int

    @property
    def end(self) -> int:
        """Where its content ends, if its header is as we write it."""
        return self.offset + self.header_size + self.size

    @property
    def header_size(self) -> int:
        """Bytes that its local header takes there, as we write it."""
        bare = bare_header_size(self.name, self.size)
        return bare + _padding(self.offset + bare, self.size)

    def local_header(self) -> bytes:
        """What stands in front of the content."""
        extra, version, size = b"", _VERSION, self.size
        if size >= MAX_32:
            extra = _WIDE_LOCAL.pack(ZIP64_FIELD, 16, size, size)
            version, size = _VERSION_64, MAX_32
        name = self.name.encode()
        padding = self.header_size - LOCAL.size - len(name) - len(extra)
        if padding:
            head = _PADDING.pack(_PADDING_FIELD, padding - 4, ALIGNMENT)
            extra += head.ljust(padding, b"\0")
        flags, method = 0, 0
        return (
            LOCAL.pack(
                *(LOCAL_SIGNATURE, version, flags, method),
                *(self.crc, size, size, len(name), len(extra)),
            )
            + name
            + extra
        )

    def central_record(self) -> bytes:
        """Its line in the central directory."""
        extra, version, size, offset = b"", _VERSION, self.size, self.offset
        if size >= MAX_32 or offset >= MAX_32:
            extra = _WIDE_CENTRAL.pack(ZIP64_FIELD, 24, size, size, offset)
            version, size, offset = _VERSION_64, MAX_32, MAX_32
        name = self.name.encode()
        made_by, flags, method, comment = _VERSION, 0, 0, 0
        return (
            CENTRAL.pack(
                *(CENTRAL_SIGNATURE, made_by, version, flags, method),
                *(self.crc, size, size, len(name), len(extra), comment, offset),
            )
            + name
            + extra
        )


def bare_header_size(name: str, size: int) -> int:
    """Bytes that a local header takes without padding, whatever the CRC will be."""
    extra = _WIDE_LOCAL.size if size >= MAX_32 else 0
    return LOCAL.size + len(name.encode()) + extra


def _padding(start: int, size: int) -> int:
    """Bytes to insert before content that would begin at ``start``."""
    padding = -start % ALIGNMENT if size >= LARGE else 0
    return padding if padding == 0 or padding >= _PADDING.size else padding + ALIGNMENT


def end_records(count: int, size: int, offset: int) -> bytes:
    """What ends a zip, after a central directory of ``count`` records.

    Args:
        count: members.
        size: of the directory, in bytes.
        offset: where the directory begins, in bytes.
    """
    records = b""
    if count >= MAX_16 or size >= MAX_32 or offset >= MAX_32:
        rest = END64.size - 12  # all but the signature and this field (4.3.14.1)
        records += END64.pack(
            *(END64_SIGNATURE, rest, _VERSION_64, _VERSION_64),
            *(count, count, size, offset),
        )
        records += LOCATOR.pack(LOCATOR_SIGNATURE, offset + size, 1)
        count, size, offset = MAX_16, MAX_32, MAX_32
    return records + END.pack(END_SIGNATURE, count, count, size, offset, 0)
