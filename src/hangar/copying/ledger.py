"""Who has which blob: so that a run moves each one once to each place.

A blob that many images share is claimed by the first that wants it; the others wait
and then take it from the repository that has it. What is written here was stored:
recorded after the write, forgotten when it failed.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from hangar.deadline import current
from hangar.oci import Digest
from hangar.store import Source


@dataclass(slots=True)
class _Entry:
    """Where one blob is: names of repositories, in the order they got it."""

    holders: list[str] = field(default_factory=list)
    claimed: bool = False


class Ledger:
    """What is known of the blobs at all places that a run writes to."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, Digest], _Entry] = {}
        self._changed = threading.Condition()

    def claim(self, store: Source, digest: Digest) -> bool:
        """Take it upon oneself to bring a blob to the store's place.

        Returns False if it is there, or if somebody else is at it. Whoever gets True
        has to call `settle` in any case.
        """
        with self._changed:
            entry = self._entry(store, digest)
            if entry.claimed or entry.holders:
                return False
            entry.claimed = True
            return True

    def settle(self, store: Source, digest: Digest, *, stored: bool) -> None:
        """Record that ``store`` has a blob now, or that a claim came to nothing."""
        with self._changed:
            entry = self._entry(store, digest)
            entry.claimed = False
            if stored and store.name not in entry.holders:
                entry.holders.append(store.name)
            self._changed.notify_all()

    def holder(self, store: Source, digest: Digest) -> str:
        """Wait until nobody is at a blob any more; return the name of who has it.

        That is ``store`` itself if it has the blob, and "" if nobody has.

        Raises:
            Interrupted, TimedOut: in the meantime.
        """
        with current().stop.waking(self._wake), self._changed:
            entry = self._settled(store, digest)
            if store.name in entry.holders:
                return store.name
            return entry.holders[0] if entry.holders else ""

    @contextlib.contextmanager
    def turn(self, store: Source, digest: Digest) -> Iterator[bool]:
        """Take one's turn in writing a manifest; yields whether ``store`` has it.

        Some registries get into trouble when the same content is written twice at
        once, even into different repositories.

        Raises:
            Interrupted, TimedOut: before the turn came.
        """
        with current().stop.waking(self._wake), self._changed:
            entry = self._settled(store, digest)
            entry.claimed = True
            has = store.name in entry.holders
        stored = has
        try:
            yield has
            stored = True
        finally:
            self.settle(store, digest, stored=stored)

    def _settled(self, store: Source, digest: Digest) -> _Entry:
        """Wait until nobody has a claim; the lock is held before and after."""
        entry = self._entry(store, digest)
        while entry.claimed:
            self._changed.wait(current().remaining(_LONG))
        return entry

    def _entry(self, store: Source, digest: Digest) -> _Entry:
        return self._entries.setdefault((store.place, digest), _Entry())

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


_LONG = 3600.0
"""Seconds; whoever waits looks at the deadline again at least this often."""
