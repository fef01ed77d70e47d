"""A repository that is to be read elsewhere: from mirrors, or at another location."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from hangar.errors import HangarError, Interrupted, TimedOut
from hangar.oci import Descriptor, Digest, Manifest
from hangar.registry.desk import Desk
from hangar.registry.repository import Repository
from hangar.store import Chunks, Companion

logger = logging.getLogger(__name__)

T = TypeVar("T")


class MirroredRepository(Repository):
    """Reads from the first place that has what is asked for; a source only.

    Args:
        desk: of the repository itself.
        by_tag: where to read what a tag names, in the order in which to try.
        by_digest: where to read what a digest names.
    """

    def __init__(
        self,
        desk: Desk,
        by_tag: Sequence[Repository],
        by_digest: Sequence[Repository],
    ) -> None:
        super().__init__(desk)
        self._by_tag = by_tag
        self._by_digest = by_digest

    def resolve(self, reference: str) -> Digest:
        return _first(self._places(reference), lambda place: place.resolve(reference))

    def manifest(self, reference: str) -> Manifest:
        return _first(self._places(reference), lambda place: place.manifest(reference))

    def blob(self, blob: Descriptor) -> Chunks:
        def begun(place: Repository) -> tuple[bytes, Chunks]:
            chunks = place.blob(blob)
            return next(chunks, b""), chunks

        first, chunks = _first(self._by_digest, begun)
        with contextlib.closing(chunks):
            yield first
            yield from chunks

    def companions(self, subject: Digest) -> Sequence[Companion]:
        """What accompanies the manifest at the first place that has it.

        What is attached changes, as tags do, so who is asked for digests alone is not
        asked for this. Of an image that it has, a mirror is believed that nothing
        accompanies it; of another it knows nothing.
        """

        def listed(place: Repository) -> Sequence[Companion]:
            found = place.companions(subject)
            if not found and place is not self._by_tag[-1]:
                place.resolve(subject)
            return found

        return _first(self._by_tag, listed)

    def tags(self) -> Iterator[str]:
        """Yield the tags of the repository itself: a mirror may have only some."""
        return self._by_tag[-1].tags()

    def _places(self, reference: str) -> Sequence[Repository]:
        return self._by_digest if ":" in reference else self._by_tag


def _first(places: Sequence[Repository], read: Callable[[Repository], T]) -> T:
    """What the first place gives that does not fail; the last one's error if all do."""
    *mirrors, last = places
    for mirror in mirrors:
        try:
            return read(mirror)
        except (Interrupted, TimedOut):
            raise
        except HangarError as error:
            logger.debug("%s: %s; asking the next", mirror.name, error)
    return read(last)
