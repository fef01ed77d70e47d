"""An archive's own index: ``index.json`` as the Go program v1.7 to v1.9 writes it.

What that program cannot know rides along under keys that its reader ignores: of each
entry the root manifest and what accompanies it (``root``, ``companions``), of the
whole what was asked for and is not in it (``missing``), and which blobs were left to
other archives, and what has them there (``bases``, ``homes``).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hangar.archive.entries import (
    ArchiveEntry,
    EntryReader,
    filled,
    refuse,
    strings,
    texts,
    typed,
    written,
)
from hangar.archive.feed import JSONFeed
from hangar.errors import InvalidDigest, InvalidManifest, Unsupported
from hangar.gojson import compact_json

VERSION = "v1.2.0"
"""Of the format: what Hangar v1.7 and later read and write."""

MAX_INDEX = 512 << 20
"""Bytes of ``index.json``; a hundred thousand images have room in it."""

_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?.*", re.ASCII)


@dataclass(frozen=True, slots=True)
class ArchiveIndex:
    """What an archive says that it holds.

    Attributes:
        entries: its images; the same name may come again, and adds to the first.
        time: when it was made, as it is written there (RFC 3339).
        version: of the format.
        missing: lines of the image list that are not in it and were wanted.
        bases: blobs left to other archives: the archive's file name by digest.
        homes: the same blobs: the repository that has them there, by digest.
    """

    entries: tuple[ArchiveEntry, ...] = ()
    time: str = ""
    version: str = VERSION
    missing: tuple[str, ...] = ()
    bases: Mapping[str, str] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The content of ``index.json``."""
        return b"".join(self.pieces())

    def pieces(self, more: Iterable[ArchiveEntry] = ()) -> Iterator[bytes]:
        """Yield the content of ``index.json``, which may be large.

        Args:
            more: further entries, each asked for when those before are written.
        """
        opening = start = b'{"list":['
        for entry in itertools.chain(self.entries, more):
            yield opening + entry.to_bytes()
            opening = b","
        yield b"{" if opening is start else b"],"
        value = {"version": self.version, "time": self.time}
        value |= filled(
            missing=list(self.missing), bases=dict(self.bases), homes=dict(self.homes)
        )
        yield compact_json(value)[1:]

    @classmethod
    def parse(cls, raw: Iterable[bytes]) -> ArchiveIndex:
        """Read ``index.json``, which comes in chunks.

        Raises:
            InvalidArchive: it is not what it should be.
            Unsupported: it is of a version that we do not read.
        """
        try:
            index = _parse(JSONFeed(raw))
        except (ValueError, RecursionError, InvalidManifest, InvalidDigest) as error:
            refuse(str(error))
        _check_version(index.version)
        return index


def _parse(feed: JSONFeed) -> ArchiveIndex:
    values: dict[str, Any] = {}
    feed.take("{")
    while feed.peek() != "}":
        key = typed(feed.value(), str, "a key", None)
        feed.take(":")
        is_list = key == "list" and feed.peek() == "["
        values[key] = _entries(feed) if is_list else feed.value()
        feed.step("}")
    feed.take("}")
    if feed.peek():
        refuse("something follows its end")
    return ArchiveIndex(
        entries=typed(values.get("list"), tuple, "list", ()),
        time=typed(values.get("time"), str, "time", ""),
        version=typed(values.get("version"), str, "version", None),
        missing=tuple(
            written(line, "missing") for line in texts(values.get("missing"), "missing")
        ),
        bases=strings(values.get("bases"), "bases"),
        homes=strings(values.get("homes"), "homes"),
    )


def _entries(feed: JSONFeed) -> tuple[ArchiveEntry, ...]:
    return tuple(map(EntryReader().entry, feed.items()))


def _check_version(version: str) -> None:
    """See that we can read that version: ours, or a later one, as Go's reader does.

    Raises:
        Unsupported: it is older.
        InvalidArchive: it is no version.
    """
    found = _VERSION.fullmatch(version)
    if not found:
        refuse(f"its version is {version!r:.60}")
    if tuple(int(part or 0) for part in found.groups()) < (1, 2, 0):
        message = f"this tool does not support index version {version:.60}"
        hint = "archives of Hangar v1.7 and later can be read; make it anew with one"
        raise Unsupported(message, hint=hint)
