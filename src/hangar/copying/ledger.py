"""Who has which blob: so that a run moves each one once to each place.

A blob that many images share is claimed by the first that wants it; the others wait
and then take it from the repository that has it. What is written here was stored:
recorded after the write, forgotten when it failed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from hangar.deadline import current
from hangar.oci import Digest
from hangar.store import Source

Names = tuple[str, ...]


class Ledger:
    """What is known of the blobs at all places that a run writes to."""

    def __init__(self) -> None:
        # By place and digest, in bytes: names of repositories, in the order they got
        # it. There are very many blobs, and few sets of repositories.
        self._holders: dict[str, dict[bytes, Names]] = {}
        self._same: dict[Names, Names] = {}
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
        with self._changed:
            self._claimed.discard((store.place, digest))
            holders = self._holding(store, digest)
            if stored and store.name not in holders:
                holders = (*holders, store.name)
                holders = self._same.setdefault(holders, holders)
                self._holders.setdefault(store.place, {})[_short(digest)] = holders
            self._changed.notify_all()

    def holder(self, store: Source, digest: Digest) -> str:
        """Wait until nobody is at a blob any more; return the name of who has it.

        That is ``store`` itself if it has the blob, and "" if nobody has.

        Raises:
            Interrupted, TimedOut: in the meantime.
        """
        with current().stop.waking(self._wake), self._changed:
            holders = self._settled(store, digest)
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
            has = store.name in self._settled(store, digest)
            self._claimed.add((store.place, digest))
        stored = has
        try:
            yield has
            stored = True
        finally:
            self.settle(store, digest, stored=stored)

    def _settled(self, store: Source, digest: Digest) -> Names:
        """Wait until nobody has a claim; the lock is held before and after."""
        while (store.place, digest) in self._claimed:
            self._changed.wait(current().remaining(_LONG))
        return self._holding(store, digest)

    def _holding(self, store: Source, digest: Digest) -> Names:
        return self._holders.get(store.place, {}).get(_short(digest), ())

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _short(digest: Digest) -> bytes:
    """A digest in half the memory; those of two algorithms differ in length."""
    return bytes.fromhex(digest.hex)


_LONG = 3600.0
"""Seconds; whoever waits looks at the deadline again at least this often."""
