"""A repository of a registry: source and destination of images."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from hangar.oci import Descriptor, Digest, Manifest
from hangar.registry import downloads, manifests, uploads
from hangar.registry.desk import Desk
from hangar.registry.referrers import Referrers
from hangar.registry.tags import TagLookup, tags
from hangar.store import Chunks, Companion, Put


class Repository:
    """Implements `hangar.store.Destination`; safe to use from many threads.

    Errors of all methods: `NotFound`, `AccessDenied`, `RegistryError`, and
    `TransferError` after the registry was asked as often as its `Patience` allows.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lookup = TagLookup(desk)
        self._referrers = Referrers(desk, self._lookup)

    @property
    def name(self) -> str:
        return self._desk.name

    @property
    def place(self) -> str:
        return self._desk.registry.name

    def resolve(self, reference: str) -> Digest:
        return manifests.resolve(self._desk, reference)

    def manifest(self, reference: str) -> Manifest:
        return manifests.fetch(self._desk, reference)

    def blob(self, blob: Descriptor) -> Chunks:
        return downloads.download(self._desk, blob)

    def companions(self, subject: Digest) -> Sequence[Companion]:
        return self._referrers.find(subject)

    def has(self, content: Descriptor) -> bool:
        return downloads.has(self._desk, content)

    def put_blob(
        self, blob: Descriptor, chunks: Callable[[], Chunks], *, origin: str = ""
    ) -> Put:
        lender = origin.removeprefix(f"{self.place}/")
        return uploads.upload(self._desk, blob, chunks, lender)

    def put_manifest(self, manifest: Manifest, tag: str = "") -> None:
        acknowledged = manifests.put(self._desk, manifest, tag)
        if tag:
            self._lookup.note(tag)
        if manifest.subject and not acknowledged:
            self._referrers.record(manifest, manifest.subject.digest)

    def tags(self) -> Iterator[str]:
        """Yield the tags, in the registry's order, as they come."""
        return tags(self._desk)

    def delete(self, reference: str) -> None:
        """Delete a manifest by digest, or by tag where the registry can."""
        manifests.delete(self._desk, reference)
