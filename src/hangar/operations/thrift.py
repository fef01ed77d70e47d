"""A source of which no small blob is fetched that is at hand already."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from hangar.oci import Descriptor, Digest, Manifest
from hangar.store import Chunks, Companion, Source


class Thrifty:
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
        self._source = source
        self._at_hand = at_hand

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def place(self) -> str:
        return self._source.place

    def resolve(self, reference: str) -> Digest:
        return self._source.resolve(reference)

    def manifest(self, reference: str) -> Manifest:
        return self._source.manifest(reference)

    def blob(self, blob: Descriptor) -> Chunks:
        data = self._at_hand(blob)
        if data is None:
            yield from self._source.blob(blob)
        else:
            yield data

    def companions(self, subject: Digest) -> Sequence[Companion]:
        return self._source.companions(subject)

    def has(self, content: Descriptor) -> bool:
        return self._source.has(content)
