"""What a save would write, for those who want to know before."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

from hangar.archive.bases import Base
from hangar.archive.contents import ArchiveRepository, Holding, empty_container
from hangar.archive.packing import Name, Packing, part_path
from hangar.archive.spares import opened
from hangar.archive.split import Part, left_out, placed
from hangar.closing import Closing
from hangar.copying import Plan, Route
from hangar.oci import Descriptor, Digest
from hangar.store import Source


class PlannedDraft(Closing):
    """One or several archives that are not going to be written.

    Args:
        path: what they would be called.
        packing: how images would be divided, if they would be.
        since: archives whose layers would be left out.
    """

    def __init__(
        self, path: Path, packing: Packing | None = None, since: Sequence[Path] = ()
    ) -> None:
        self._path = path
        self._packing = packing
        with contextlib.ExitStack() as owned:
            self._bases = [opened(Base.open(base), owned) for base in since]
            self._owned = owned.pop_all()

    def repository(self, name: str) -> PlannedRepository:
        """What there is of a repository ``name`` before: nothing."""
        return PlannedRepository(self._path, name)

    def prepare(self, route: Route[Source], plan: Plan) -> Plan:
        """Find out which archive an image would be in, and what would be left out.

        Raises:
            Unsupported: it fits into none.
        """
        left = left_out(plan, self._bases)
        if isinstance(route.destination, PlannedRepository):
            route.destination.leave_out({Digest(digest) for digest in left})
        if self._packing is None:
            return plan
        return placed(route, plan, self._packing, self._bases)[1]

    def where(self, route: Route[Source]) -> str:
        """The archive that an image would be in; "" if there is but one, or none."""
        number = self._packing.numbers.get(Name.of(route)) if self._packing else None
        return str(part_path(self._path, number)) if number else ""

    @property
    def parts(self) -> list[Part]:
        """The archives that would be written, if they would be several."""
        if self._packing is None:
            return []
        images = list(self._packing.numbers.values())
        return [
            Part(part_path(self._path, number), images.count(number), outline.size)
            for number, outline in enumerate(self._packing.outlines, 1)
            if number in images
        ]

    def close(self) -> None:
        """Give back the files."""
        self._owned.close()


class PlannedRepository(ArchiveRepository):
    """A repository in which there is but what is left to other archives."""

    def __init__(self, path: Path, name: str) -> None:
        super().__init__(empty_container(path), name, Holding())
        self._left: set[Digest] = set()

    def leave_out(self, digests: set[Digest]) -> None:
        """Take blobs for being there."""
        self._left |= digests

    def has(self, content: Descriptor) -> bool:
        return content.digest in self._left
