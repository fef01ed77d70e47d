"""A source of which no small blob is fetched that is at hand already."""

from __future__ import annotations

from collections.abc import Callable

from hangar.oci import Descriptor
from hangar.store import Chunks, Delegate, Source


class Thrifty(Delegate):
    """Implements `hangar.store.Source`: another one, but for what is at hand.

    So a run that goes on reads the configs by which it decides from what the run
    before it has stored.

    Args:
        source: the other one.
        at_hand: gives a small blob, or None.
    """

    def __init__(
        self, source: Source, at_hand: Callable[[Descriptor], bytes | None]
    ) -> None:
        super().__init__(source)
        self._at_hand = at_hand

    def blob(self, blob: Descriptor) -> Chunks:
        data = self._at_hand(blob)
        if data is None:
            yield from super().blob(blob)
        else:
            yield data
