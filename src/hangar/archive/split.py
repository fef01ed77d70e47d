"""Several archives that are written as one: each is whole without the others.

They are called ``NAME-1.zip``, ``NAME-2.zip``, ... and get their names when all of them
are written. What an earlier run has left of them is gone on with; a blob that is in one
of them, or in one that is going to be replaced, is copied and not fetched.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Self

from hangar.archive import writer
from hangar.archive.bases import Base, LeftOut, left_to
from hangar.archive.contents import empty_archive
from hangar.archive.draft import Draft
from hangar.archive.files import check_regular
from hangar.archive.journal import Journal, has_begun
from hangar.archive.names import blob_name
from hangar.archive.outline import foreseen_entry
from hangar.archive.packing import Name, Packing, part_numbers, part_path
from hangar.archive.spares import opened, replaceable
from hangar.archive.unfinished import settled
from hangar.closing import Closing
from hangar.copying import Ledger, Plan, Route, read_config
from hangar.disk import storage
from hangar.errors import StorageError
from hangar.oci import Descriptor, Manifest
from hangar.store import Chunks, Delegate, Destination, Put, Source


class Part(NamedTuple):
    """One of several archives, as it was written.

    Attributes:
        path: where it is.
        images: how many it has.
        size: of the file, in bytes.
    """

    path: Path
    images: int
    size: int


class SplitDraft(Closing):
    """Several archives that are being written."""

    def __init__(
        self,
        path: Path,
        packing: Packing,
        journal: Journal,
        *,
        owned: contextlib.ExitStack,
        bases: Sequence[Base],
        asked: str = "",
    ) -> None:
        self._path = path
        self._asked = asked
        self._packing = packing
        self._journal = journal
        self._owned = owned
        self._bases = bases
        self._lines: dict[str, int] = {}
        self._lock = threading.Lock()
        self._ledger = Ledger()
        self._everywhere = empty_archive(path)("")
        for number in part_numbers(path, ".journal"):
            settled(part_path(path, number))  # it may be whole, but for its name
        replaced = [part_path(path, number) for number in part_numbers(path)]
        self._spares = [opened(spare, owned) for spare in replaceable(replaced)]
        self._drafts: dict[int, Draft] = {}
        for number in {1, *part_numbers(path, ".journal")}:
            self.draft(number)

    @classmethod
    def create(
        cls,
        path: Path,
        limit: int,
        lines: Sequence[str],
        *,
        since: Sequence[Path] = (),
        asked: str = "",
    ) -> Self:
        """Begin archives, or go on with those that were begun.

        Args:
            path: what they are called, but for their numbers.
            limit: bytes that each of them may have.
            lines: of the image list.
            since: archives whose layers are left out.
            asked: as `Draft.create` takes it.

        Raises:
            InvalidArchive: one of ``since`` is no archive.
            StorageError: somebody else is writing them; or they cannot be written.
        """
        check_regular(path)
        with contextlib.ExitStack() as owned:
            bases = [opened(Base.open(base), owned) for base in since]
            journal = opened(Journal.claim(_together(path)), owned)
            if not journal.started:
                journal.restart(base=0)
            packing = Packing(limit, lines)
            draft = cls(path, packing, journal, owned=owned, bases=bases, asked=asked)
            draft._owned = owned.pop_all()
            return draft

    def repository(self, name: str) -> PartRepository:
        """The repository ``name``, to be written for one image."""
        return PartRepository(self, name, self._path)

    def at_hand(self, blob: Descriptor) -> bytes | None:
        """A config that is there, or in an archive that is replaced, or None."""
        for draft in self._known():
            found = draft.at_hand(blob)
            if found is not None:
                return found
        return None

    def prepare(self, route: Route[Destination], plan: Plan) -> Plan:
        """Choose the archive for an image; give all that it consists of its place.

        Raises:
            Unsupported: it fits into none.
        """
        store = route.destination
        if not plan.steps or not isinstance(store, PartRepository):
            return plan
        number, whole = placed(route, plan, self._packing, self._bases)
        with self._lock:
            self._lines[route.image] = number
        draft = self.draft(number)
        draft.reserve(whole)
        store.assign(number, draft)
        return whole

    def draft(self, number: int) -> Draft:
        """One of the archives; it is begun if it is not yet."""
        with self._lock:
            found = self._drafts.get(number)
            if found is None:
                zip_writer = writer.create(part_path(self._path, number), resume=True)
                self._owned.callback(zip_writer.close)
                found = Draft(
                    zip_writer,
                    spares=self._spares,
                    bases=self._bases,
                    asked=self._asked,
                )
                self._drafts[number] = found
            return found

    def bring(self, number: int, blob: Descriptor, chunks: Callable[[], Chunks]) -> Put:
        """Make sure that a blob is in one of the archives; fetch it but once."""
        draft, name = self.draft(number), blob_name(blob.digest)
        with self._ledger.turn(self._everywhere, blob.digest):
            there = draft.writer.members.get(name)
            for other in self._known():
                member = other.writer.members.get(name)
                if other is draft or there or not member or member.size != blob.size:
                    continue
                draft.writer.adopt(other.writer, name)
                return Put.PRESENT
            return draft.bring(blob, chunks)

    def finish(
        self, images: Sequence[tuple[str, str]], *, missing: Sequence[str] = ()
    ) -> list[Part]:
        """Write the indexes, and give the archives their names.

        Args:
            images: repository and reference of those that are there, in order.
            missing: lines of the list that were wanted and are not there.

        Raises:
            StorageError: they cannot be written.
        """
        last = len(self._packing.outlines)
        parts = [self._finished(n, images, missing) for n in range(1, last + 1)]
        for number, draft in self._drafts.items():
            if number > last:
                draft.undo()
        self._remove_those_behind(last)
        self._journal.remove()
        return parts

    def _remove_those_behind(self, last: int) -> None:
        """Remove archives of an earlier save that had more of them.

        They are those whose numbers follow without a gap, and go from the last one on,
        so that it stays so: ``NAME-2024.zip`` may be something else.
        """
        there = {*part_numbers(self._path)}
        behind = itertools.takewhile(there.__contains__, itertools.count(last + 1))
        with storage(self._path):
            for number in reversed([*behind]):
                part_path(self._path, number).unlink()

    def abandon(self) -> None:
        """Give up for now; what was written stays for the next time, if anything."""
        for draft in self._known():
            draft.abandon()
        if not any(draft.writer.members for draft in self._known()):
            self._journal.remove()

    def close(self) -> None:
        """Give back the files; what is not finished can be taken up again."""
        self._owned.close()

    def _known(self) -> list[Draft]:
        with self._lock:
            return list(self._drafts.values())

    def _finished(
        self, number: int, images: Sequence[tuple[str, str]], missing: Sequence[str]
    ) -> Part:
        path, last = part_path(self._path, number), len(self._packing.outlines)
        own = [i for i in images if self._packing.numbers[Name(*i)] == number]
        absent = [line for line in missing if self._lines.get(line, last) == number]
        self.draft(number).finish(own, missing=absent, packed=True)
        size = path.stat().st_size
        if size > self._packing.limit:
            message = f"{path} has {size} bytes; {self._packing.limit} are allowed"
            raise StorageError(message, hint="run the same command again")
        return Part(path, len(own), size)


class PartRepository(Delegate):
    """Implements `hangar.store.Destination`: for one image, in one of the archives.

    To plans it is empty, whatever is there, so that the same images are divided in the
    same way each time.
    """

    def __init__(self, split: SplitDraft, name: str, path: Path) -> None:
        super().__init__(empty_archive(path)(name))
        self._split = split
        self._number = 0

    def assign(self, number: int, draft: Draft) -> None:
        """Choose the archive."""
        self._number = number
        self._store = draft.repository(self.name)
        self.place = str(draft.path)

    def put_blob(
        self, blob: Descriptor, chunks: Callable[[], Chunks], *, origin: str = ""
    ) -> Put:
        del origin  # whatever is in any of the archives is found
        return self._split.bring(self._number, blob, chunks)

    def put_manifest(self, manifest: Manifest, tag: str = "") -> None:
        self._split.draft(self._number).repository(self.name).put_manifest(
            manifest, tag
        )


def placed(
    route: Route[Source], plan: Plan, packing: Packing, bases: Sequence[Base]
) -> tuple[int, Plan]:
    """Choose the archive for an image; keep the configs that were read for that.

    Raises:
        Unsupported: it fits into none.
    """
    made = dict(plan.made)

    def config(blob: Descriptor) -> bytes:
        if blob.digest not in made:
            made[blob.digest] = read_config(route.source, blob)
        return made[blob.digest]

    name = Name.of(route)
    entry = foreseen_entry(plan, *name, config)
    number = packing.place(name, plan, entry, left_out(plan, bases))
    return number, replace(plan, made=made)


def left_out(plan: Plan, bases: Sequence[Base]) -> dict[str, LeftOut]:
    """Blobs that are left to other archives, with where they are there."""
    found = {}
    for step in plan.steps:
        for blob in step.manifest.blobs:
            left = left_to(bases, blob)
            if left and blob != step.manifest.config:
                found[str(blob.digest)] = left
    return found


def is_begun(path: Path) -> bool:
    """Whether archives were begun, by a run that did not end."""
    return has_begun(_together(path))


def _together(path: Path) -> Path:
    """What stands for all of the archives: its journal is the lock on them."""
    return path.parent / f"{path.stem}-parts{path.suffix}"
