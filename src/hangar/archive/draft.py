"""An archive that is written: repositories to copy images to, then its index."""

from __future__ import annotations

import contextlib
import itertools
import tempfile
import time
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

from hangar.archive import writer
from hangar.archive.archive import Archive, by_repository, held, read_index
from hangar.archive.bases import Base, LeftOut, left_to
from hangar.archive.container import Container
from hangar.archive.contents import Holding
from hangar.archive.describing import described
from hangar.archive.draft_repository import DraftRepository
from hangar.archive.entries import ArchiveEntry
from hangar.archive.index import MAX_INDEX, ArchiveIndex
from hangar.archive.journal import Asked, Stored
from hangar.archive.members import Choice
from hangar.archive.names import INDEX, blob_name, member_names, members
from hangar.archive.spares import config_in, opened, replaceable, taken
from hangar.archive.writer import Writer
from hangar.closing import Closing
from hangar.copying import Plan, Route, closure, full_plan
from hangar.dates import rfc3339, source_date
from hangar.disk import storage
from hangar.errors import (
    Incomplete,
    InvalidArchive,
    NotFound,
    Unsupported,
)
from hangar.oci import Descriptor, Digest, Manifest
from hangar.selection import Selection
from hangar.store import Chunks, Destination, Put, cosign_subject


class Draft(Closing):
    """An archive that is being written.

    Attributes:
        writer: the zip.
        index: what the archive held before, if it is added to.
    """

    def __init__(
        self,
        zip_writer: Writer,
        index: ArchiveIndex | None = None,
        *,
        spares: Sequence[Container] = (),
        bases: Sequence[Base] = (),
        asked: str = "",
    ) -> None:
        self.writer = zip_writer
        self._asked = asked
        self.index = index or ArchiveIndex()
        self._spares = spares
        self._bases = bases
        self._owned = contextlib.ExitStack()
        self._wanted = array("Q")  # offsets of blobs that came, or were to come
        self._left = {
            digest: LeftOut(base, self.index.homes.get(digest, ""))
            for digest, base in self.index.bases.items()
        }
        self._holdings: dict[str, Holding] = {}
        self._repositories: dict[str, DraftRepository] = {}
        self._entries = by_repository(self.index.entries)
        self._kept = {e.name: (e, self._needed(e)) for e in self.index.entries}
        self._recall()
        if asked:
            self.writer.journal.add(Asked(asked))

    @classmethod
    def create(
        cls,
        path: Path,
        *,
        since: Sequence[Path] = (),
        resume: bool = False,
        reuse: bool = False,
        asked: str = "",
    ) -> Self:
        """Begin an archive; what the file holds now stays until `finish`.

        Args:
            path: the archive.
            since: archives whose layers are left out.
            resume: whether to go on with one that was begun and not finished.
            reuse: whether what the file holds now need not be fetched again.
            asked: what is asked for of images beside the platforms that the tag names;
                those that were stored when it was something else do not count.

        Raises:
            InvalidArchive: one of ``since`` is no archive.
            StorageError: somebody else is writing it; or it cannot be written.
        """
        with contextlib.ExitStack() as owned:
            bases = [opened(Base.open(base), owned) for base in since]
            zip_writer = opened(writer.create(path, resume=resume), owned)
            replaced = [path] if reuse else []  # perhaps it got its name only now
            spares = [opened(spare, owned) for spare in replaceable(replaced)]
            draft = cls(zip_writer, spares=spares, bases=bases, asked=asked)
            draft._owned = owned.pop_all()
            return draft

    @classmethod
    def append(cls, path: Path, *, resume: bool = False) -> Self:
        """Open an archive to add to it; see `hangar.archive.writer.append`."""
        zip_writer = writer.append(path, resume=resume)
        try:
            draft = cls(zip_writer, read_index(zip_writer))
            opened(zip_writer, draft._owned)
            return draft  # noqa: TRY300 - what raises is above
        except BaseException:
            zip_writer.undo()
            zip_writer.close()
            raise

    @property
    def path(self) -> Path:
        """Where the archive is, or will be."""
        return self.writer.path

    @property
    def is_resumed(self) -> bool:
        """Whether an earlier process left something to go on with."""
        left = itertools.islice(self.writer.journal.records(), 2)
        return len(list(left)) > 1  # the first says only that it began

    @property
    def size(self) -> int:
        """Bytes of the members that are there or have their place."""
        return self.writer.end

    @property
    def missing(self) -> Sequence[str]:
        """Lines that the archive lacked before, if it is added to."""
        return self.index.missing

    @property
    def images(self) -> list[tuple[str, str]]:
        """Repository and tag of all images stored by an earlier process, whole."""
        tagged = [(r.source, r.tag) for r in self._stored() if r.tag]
        return [
            (name, tag)
            for name, tag in dict.fromkeys(tagged)
            if tag in self.repository(name).holding.tags and not cosign_subject(tag)
        ]

    def repository(self, name: str) -> DraftRepository:
        """The repository ``name``, to be written."""
        return self._repositories.get(name) or self._repositories.setdefault(
            name, DraftRepository(self.writer, name, self._holding(name), self.bring)
        )

    def reserve(self, plan: Plan) -> None:
        """Give all that a plan consists of its place, in the plan's order."""
        for step in plan.steps:
            for blob in step.manifest.blobs:
                if not self._leave_out(blob, step.manifest):
                    place = self.writer.reserve(blob_name(blob.digest), blob.size)
                    self._wanted.append(place)
            for name, data in members(step.manifest):
                self.writer.reserve(name, len(data))

    def prepare(self, route: Route[Destination], plan: Plan) -> Plan:
        """Give all that a plan consists of its place; return the plan."""
        del route
        self.reserve(plan)
        return plan

    def finish(
        self,
        images: Iterable[tuple[str, str]] = (),
        *,
        without: Iterable[str] = (),
        missing: Sequence[str] = (),
        packed: bool | None = None,
    ) -> tuple[str, ...]:
        """Write the index and give the archive its name; return its images' names.

        While something is missing, blobs that came of it stay: they need not be
        fetched again.

        Args:
            images: repository and reference of those that were added, in order.
            without: names of entries that go.
            missing: lines of the list that were wanted and are not in it.
            packed: whether a new archive is to have no gaps; by default, if nothing
                is missing that may fill them later.

        Raises:
            NotFound: one of the images was not stored.
            StorageError: it cannot be written.
        """
        gone = {*without}
        kept = {name: own for name, own in self._kept.items() if name not in gone}
        added = [*self._joined(entry for entry, _ in kept.values()), *images]
        new = {_full_name(*image): image for image in added}
        names = dict.fromkeys([*kept, *new])
        left_out = {
            digest: left
            for digest, left in self._left.items()
            if blob_name(digest) not in self.writer.members
        }
        index = ArchiveIndex(
            time=self.index.time or _now(),
            missing=tuple(missing),
            bases={digest: left.base for digest, left in left_out.items()},
            homes={digest: left.home for digest, left in left_out.items() if left.home},
        )
        needed = Choice(self.writer.members)

        def entries() -> Iterator[ArchiveEntry]:
            """Each is made when it is written, for there may be very many."""
            for name in names:
                if name in new:
                    entry, wanted = self._entry(*new[name])
                else:
                    entry, wanted = kept[name]
                needed.add(wanted)
                yield entry

        with storage(self.path), tempfile.TemporaryFile(dir=self.path.parent) as file:
            file.writelines(index.pieces(entries()))
            self._check_readable(file.tell())
            if missing:
                needed.add(self.writer.members.rows_at(self._wanted))
            gapless = not missing if packed is None else packed
            self.writer.finish(needed, INDEX, file, packed=gapless)
        return tuple(names)

    def _check_readable(self, size: int) -> None:
        """See that an index is not larger than what is read again."""
        if size > MAX_INDEX:
            message = f"{self.path} would have an {INDEX} of {size} bytes"
            hint = f"{MAX_INDEX} can be read: save into several archives"
            raise Unsupported(message, hint=hint)

    def undo(self) -> None:
        """Forget what was added: the archive is what it was before."""
        self.writer.undo()

    def abandon(self) -> None:
        """Give up for now; what was written stays for the next time, if anything."""
        if not self.writer.members:
            self.undo()

    def close(self) -> None:
        """Give back the files; what is not finished can be taken up again."""
        self._owned.close()

    def bring(self, blob: Descriptor, chunks: Callable[[], Chunks]) -> Put:
        """Make sure that a blob is in the archive."""
        name = blob_name(blob.digest)
        member = self.writer.members.get(name)
        if blob.digest in self._left or (member and member.size == blob.size):
            return Put.PRESENT
        if any(taken(blob, spare, self.writer) for spare in self._spares):
            return Put.PRESENT
        with contextlib.closing(chunks()) as opened:
            self.writer.fill(name, blob.size, opened)
        return Put.SENT

    def at_hand(self, blob: Descriptor) -> bytes | None:
        """A config that is there, or in the archive that this one replaces, or None."""
        return config_in([self.writer, *self._spares], blob)

    def adopt(self, other: Archive, entry: ArchiveEntry) -> None:
        """Copy an image of another archive inside the kernel.

        It joins what has its name here, as when images are copied to a registry.

        Raises:
            Incomplete: the other archive lacks something of it.
            InvalidArchive: it is damaged there.
            StorageError: it cannot be written.
        """
        tag = "" if ":" in entry.reference else entry.reference
        route = Route(
            image=entry.name,
            source=other.repository(entry.repository),
            reference=entry.reference,
            destination=self.repository(entry.repository),
            tag=tag,
        )
        plan = full_plan(route, Selection())
        self.reserve(plan)
        for blob in plan.blobs:
            self._adopt(other, blob, plan.made.get(blob.digest))
        for step in plan.steps:
            route.destination.put_manifest(step.manifest, step.tag)

    def _adopt(self, other: Archive, blob: Descriptor, made: bytes | None) -> None:
        name = blob_name(blob.digest)
        member = other.container.members.get(name)
        if member and member.size == blob.size:
            self.writer.adopt(other.container, name)
        elif made is not None:
            self.writer.put(name, made)
        elif name in self.writer.members:
            return
        elif blob.digest in other.index.bases:
            home = other.index.homes.get(blob.digest, "")
            self._left[blob.digest] = LeftOut(other.index.bases[blob.digest], home)
        else:
            message = f"{other.path} has no {blob.digest}"
            hint = f"drop what is not whole: hangar archive repair {other.path}"
            raise Incomplete(message, missing=[blob.digest], hint=hint)

    def _leave_out(self, blob: Descriptor, manifest: Manifest) -> bool:
        """Whether a blob is left to another archive; configs are needed to plan."""
        if blob == manifest.config:
            self._left.pop(blob.digest, None)
            return False
        left = left_to(self._bases, blob)
        if left:
            self._left[blob.digest] = left
        return left is not None

    def _holding(self, name: str) -> Holding:
        found = self._holdings.get(name)
        if found is None:
            mine = held(self.writer, self._entries.get(name, []))
            found = self._holdings.setdefault(name, mine)
        return found

    def _stored(self) -> Iterator[Stored]:
        """Yield what an earlier process stored, of what is asked for now."""
        counts = True
        for record in self.writer.journal.records():
            match record:
                case Asked(what):
                    counts = self._asked in ("", what)
                case Stored() if counts:
                    yield record

    def _recall(self) -> None:
        """Take up what an earlier process stored, as far as all of it is there."""
        for record in self._stored():
            if blob_name(record.digest) in self.writer.members:
                self._note(record)
        for record in self._stored():
            repository = self.repository(record.source)
            digest = Digest(record.digest)
            if record.tag and not self._is_whole(repository, digest):
                repository.holding.tags.pop(record.tag, None)

    def _note(self, record: Stored) -> None:
        repository = self.repository(record.source)
        repository.holding.types[record.digest] = record.media_type
        repository.holding.learn(repository.manifest(record.digest), record.tag)

    def _is_whole(self, repository: DraftRepository, root: Digest) -> bool:
        try:
            for manifest in closure(repository, root):
                for blob in manifest.blobs:
                    if not repository.has(blob):
                        return False
        except NotFound:
            return False
        return True

    def _joined(self, entries: Iterable[ArchiveEntry]) -> list[tuple[str, str]]:
        """Put together what the Go program lists again for each platform."""
        if len(self._kept) == len(self.index.entries):
            return []
        again = Counter(entry.name for entry in self.index.entries)
        twice = [entry for entry in entries if again[entry.name] > 1]
        for entry in twice:
            repository = self.repository(entry.repository)
            repository.put_manifest(repository.manifest(entry.reference))
        return [(entry.repository, entry.reference) for entry in twice]

    def _entry(self, name: str, reference: str) -> tuple[ArchiveEntry, array[int]]:
        """Describe an image that was stored; tell the rows of what it needs."""
        repository = self.repository(name)
        root = repository.resolve(reference)
        source, tag = name, reference
        if ":" in reference:
            source, tag = f"{name}@{root.algorithm}", root.hex
        manifests = list(closure(repository, root))
        entry = described(repository, source, tag, root, manifests)
        return entry, self._listed(repository, entry, manifests)

    def _needed(self, entry: ArchiveEntry) -> array[int]:
        """Rows of the members that an entry of before needs.

        Raises:
            InvalidArchive: one of them is not there.
        """
        repository = self.repository(entry.repository)
        try:
            root = repository.resolve(entry.reference)
            return self._listed(repository, entry, closure(repository, root))
        except NotFound as error:
            raise self._not_whole(entry) from error

    def _listed(
        self,
        repository: DraftRepository,
        entry: ArchiveEntry,
        manifests: Iterable[Manifest],
    ) -> array[int]:
        """Rows of the members of manifests, in the order of a packed archive."""
        there, made = self.writer.members, repository.holding.made
        wanted: list[str] = []
        for manifest in manifests:
            wanted += (
                blob_name(blob.digest)
                for blob in manifest.blobs
                if blob.digest not in self._left or blob_name(blob.digest) in there
            )
            if manifest.digest not in made or blob_name(manifest.digest) in there:
                wanted += member_names(manifest)
        rows = [*map(there.row, wanted)]
        if any(row < 0 for row in rows):
            raise self._not_whole(entry)
        return array("I", rows)

    def _not_whole(self, entry: ArchiveEntry) -> InvalidArchive:
        message = f"{self.path}: {entry.name} is not whole"
        hint = f"drop what is not whole: hangar archive repair {self.path}"
        return InvalidArchive(message, hint=hint)


def _full_name(repository: str, reference: str) -> str:
    """What an entry is called: ``repository:tag`` or ``repository@digest``."""
    return f"{repository}{'@' if ':' in reference else ':'}{reference}"


def _now() -> str:
    """The time, or what the environment says that it is."""
    stated = source_date()
    return rfc3339(time.time() if stated is None else stated)
