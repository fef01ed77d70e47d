"""Who has which blob: so that a run moves each one once to each place.

A blob that many images share is claimed by the first that wants it; the others wait
and then take it from the repository that has it. What is written here was stored:
recorded after the write, forgotten when it failed.
"""

from __future__ import annotations

import contextlib
import threading
from array import array
from collections.abc import Iterator
from enum import Enum, auto

from hangar.copying.plan import Step
from hangar.deadline import current
from hangar.numbering import Numbering
from hangar.oci import Digest
from hangar.store import Source

Names = tuple[str, ...]


class _Kind(Enum):
    """As what content is stored."""

    BLOB = auto()
    MANIFEST = auto()


class Ledger:
    """What is known of the blobs and manifests at all places that a run writes to.

    A repository that has something as a blob need not have it as a manifest.
    """

    def __init__(self) -> None:
        self._holders: dict[tuple[str, _Kind], _Holders] = {}  # by place
        self._signed: dict[tuple[str, str], Digest] = {}  # by repository and tag
        self._claimed: set[tuple[str, Digest]] = set()
        self._changed = threading.Condition()

    def claim(self, store: Source, digest: Digest) -> bool:
        """Take it upon oneself to bring a blob to the store's place.

        Returns False if it is there, or if somebody else is at it. Whoever gets True
        has to call `settle` in any case.
        """
        with self._changed:
            claim = (store.place, digest)
            if claim in self._claimed or self._holding(store, digest):
                return False
            self._claimed.add(claim)
            return True

    def settle(self, store: Source, digest: Digest, *, stored: bool) -> None:
        """Record that ``store`` has a blob now, or that a claim came to nothing."""
        self._settle(store, digest, _Kind.BLOB, stored=stored)

    def holder(self, store: Source, digest: Digest) -> str:
        """Wait until nobody is at a blob any more; return the name of who has it.

        That is ``store`` itself if it has the blob, and "" if nobody has.

        Raises:
            Interrupted, TimedOut: in the meantime.
        """
        with current().stop.waking(self._wake), self._changed:
            self._wait(store, digest)
            holders = self._holding(store, digest)
            if store.name in holders:
                return store.name
            return holders[0] if holders else ""

    @contextlib.contextmanager
    def turn(self, store: Source, digest: Digest) -> Iterator[bool]:
        """Take one's turn in writing a manifest; yields whether ``store`` has it.

        Some registries get into trouble when the same content is written twice at
        once, even into different repositories.

        Raises:
            Interrupted, TimedOut: before the turn came.
        """
        with current().stop.waking(self._wake), self._changed:
            self._wait(store, digest)
            has = store.name in self._holding(store, digest, _Kind.MANIFEST)
            self._claimed.add((store.place, digest))
        stored = has
        try:
            yield has
            stored = True
        finally:
            self._settle(store, digest, _Kind.MANIFEST, stored=stored)

    def may_sign(self, store: Source, step: Step) -> bool:
        """Whether a step takes no signatures away that this run has written.

        Two images of a run may be the same one, signed by different people; the
        second of them was perhaps planned before the first was written.
        """
        if not step.tag.endswith((".sig", ".att")):
            return True
        digest = step.manifest.digest
        with self._changed:
            before = self._signed.get((store.name, step.tag))
            if before not in (None, digest, step.over):
                return False
            self._signed[store.name, step.tag] = digest
            return True

    def _settle(
        self, store: Source, digest: Digest, kind: _Kind, *, stored: bool
    ) -> None:
        with self._changed:
            self._claimed.discard((store.place, digest))
            holders = self._holding(store, digest, kind)
            if stored and store.name not in holders:
                place = self._holders.setdefault((store.place, kind), _Holders())
                place.note(digest, (*holders, store.name))
            self._changed.notify_all()

    def _wait(self, store: Source, digest: Digest) -> None:
        """Wait until nobody has a claim; the lock is held before and after."""
        while (store.place, digest) in self._claimed:
            self._changed.wait(current().remaining(_LONG))

    def _holding(
        self, store: Source, digest: Digest, kind: _Kind = _Kind.BLOB
    ) -> Names:
        place = self._holders.get((store.place, kind))
        return place.of(digest) if place else ()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


class _Holders:
    """Which repositories of a place have which blob: there are very many blobs.

    Sets of repositories are few, so they are numbered.
    """

    def __init__(self) -> None:
        self._digests = Numbering()
        self._names = array("I")  # numbers of sets, by numbers of digests
        self._numbers: dict[Names, int] = {}
        self._sets: list[Names] = []

    def of(self, digest: Digest) -> Names:
        """Names of repositories, in the order in which they got the blob."""
        number = self._digests.find(bytes.fromhex(digest.hex))
        return () if number < 0 else self._sets[self._names[number]]

    def note(self, digest: Digest, names: Names) -> None:
        """Write down who has a blob now."""
        if names not in self._numbers:
            self._numbers[names] = len(self._sets)
            self._sets.append(names)
        # Digests of two algorithms differ in length.
        number = self._digests.add(bytes.fromhex(digest.hex))
        if number == len(self._names):
            self._names.append(0)
        self._names[number] = self._numbers[names]


_LONG = 3600.0
"""Seconds; whoever waits looks at the deadline again at least this often."""
