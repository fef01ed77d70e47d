"""How large an archive is going to be, known before anything of it is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from hangar.archive import records
from hangar.archive.bases import LeftOut
from hangar.archive.contents import ArchiveRepository, Holding, empty_container
from hangar.archive.describing import described
from hangar.archive.entries import ArchiveEntry
from hangar.archive.names import INDEX, blob_name, members
from hangar.archive.records import Member, bare_header_size
from hangar.copying import Plan, closure
from hangar.gojson import compact_json
from hangar.oci import Descriptor
from hangar.store import Chunks

_KEYS = 256
"""Bytes of the index that are neither entries nor lists: its keys, version, time."""

Members = Mapping[str, int]
"""Sizes by names."""


class Outline:
    """What an archive is going to hold.

    Args:
        lines: of the image list: any of them may fail, and is then named in the index.

    Attributes:
        size: bytes of the file, which will be no more.
    """

    def __init__(self, lines: Sequence[str] = ()) -> None:
        self._members: set[str] = set()
        self._index = len(compact_json(list(lines))) + _KEYS
        self.size = _padded(self._index) + len(records.end_records(0, 0, 0))
        self.size += records.END64.size + records.LOCATOR.size
        self.size += _framed(INDEX, records.MAX_32)

    def grown(self, new: Members, entry: int) -> int:
        """Bytes with some more members, and ``entry`` bytes more of the index."""
        added = (_taken(n, s) for n, s in new.items() if n not in self._members)
        index = _padded(self._index + entry) - _padded(self._index)
        return self.size + sum(added) + index

    def add(self, new: Members, entry: int) -> None:
        """Take in what `grown` foresees."""
        self.size = self.grown(new, entry)
        self._index += entry
        self._members.update(new)


def _taken(name: str, size: int) -> int:
    """Bytes that a member takes at the most, wherever it lies."""
    return _framed(name, size) + _padded(size)


def _padded(size: int) -> int:
    return size + (records.MOST_PADDING if size >= records.LARGE else 0)


def _framed(name: str, size: int) -> int:
    """Bytes that stand for a member in front of it and in the directory."""
    record = Member(name, records.MAX_32, size, 0).central_record()
    return bare_header_size(name, size) + len(record)


def foreseen_members(plan: Plan, left: Mapping[str, LeftOut]) -> Members:
    """What is stored of a plan, but for blobs that were left to other archives."""
    found: dict[str, int] = {}
    for step in plan.steps:
        for blob in step.manifest.blobs:
            if blob.digest not in left:
                found[blob_name(blob.digest)] = blob.size
        found.update({name: len(data) for name, data in members(step.manifest)})
    return found


def foreseen_entry(
    plan: Plan,
    repository: str,
    reference: str,
    config: Callable[[Descriptor], bytes],
) -> ArchiveEntry:
    """What the index is going to say of an image; ``config`` reads one if need be."""
    store = _Foreseen(repository, config)
    for step in plan.steps:
        store.holding.made[step.manifest.digest] = step.manifest.raw
        store.holding.learn(step.manifest, step.tag)
    source, tag = repository, reference
    if ":" in reference:
        source, tag = f"{repository}@{plan.digest.algorithm}", plan.digest.hex
    return described(store, source, tag, plan.digest, closure(store, plan.digest))


def entry_size(entry: ArchiveEntry, left: Mapping[str, LeftOut]) -> int:
    """Bytes of the index that an entry takes, and what is left to other archives."""
    lists = [{digest: value[at] for digest, value in left.items()} for at in (0, 1)]
    return len(compact_json(entry.to_json())) + len(compact_json(lists)) + 2


class _Foreseen(ArchiveRepository):
    """A repository in which there is what a plan is going to put there."""

    def __init__(self, name: str, config: Callable[[Descriptor], bytes]) -> None:
        super().__init__(empty_container(Path()), name, Holding())
        self._config = config

    def blob(self, blob: Descriptor) -> Chunks:
        yield self._config(blob)
