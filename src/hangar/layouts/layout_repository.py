"""The images of one repository in an OCI layout."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence

from hangar.errors import NotFound
from hangar.layouts import files
from hangar.layouts.oci_layout import OciLayout
from hangar.oci import Descriptor, Digest, Manifest
from hangar.store import COSIGN_SUFFIXES, Chunks, Companion, Put


class LayoutRepository:
    """Implements `hangar.store.Destination`; safe to use from many threads.

    Args:
        layout: where they are.
        repository: what the names of the images begin with; with "", the whole name
            of an image in the layout is its tag here.

    Attributes:
        name: as skopeo writes it, so that a tag can be appended to it.
        place: the layout; all its repositories share the blobs.
    """

    def __init__(self, layout: OciLayout, repository: str = "") -> None:
        self.place = f"oci:{layout.folder}"
        self.name = f"{self.place}:{repository}" if repository else self.place
        self._layout = layout
        self._repository = repository

    def resolve(self, reference: str) -> Digest:
        stands_alone = ":" in reference  # a digest, or the whole name
        return self._layout.find(reference if stands_alone else self.called(reference))

    def manifest(self, reference: str) -> Manifest:
        return self._layout.manifest(self.resolve(reference))

    def blob(self, blob: Descriptor) -> Chunks:
        yield from files.chunks(self._layout.path(blob.digest))

    def companions(self, subject: Digest) -> Sequence[Companion]:
        tagged = []
        for suffix in COSIGN_SUFFIXES:
            tag = f"{subject.algorithm}-{subject.hex}{suffix}"
            with contextlib.suppress(NotFound):
                tagged.append(Companion(self.resolve(tag), tag))
        return (*tagged, *self._layout.referrers(subject))

    def has(self, content: Descriptor) -> bool:
        path = self._layout.path(content.digest)
        return path.is_file() and path.stat().st_size == content.size

    def put_blob(
        self, blob: Descriptor, chunks: Callable[[], Chunks], *, origin: str = ""
    ) -> Put:
        del origin  # all blobs are in one place
        if self._layout.holds(blob):
            return Put.PRESENT
        with contextlib.closing(chunks()) as content:
            self._layout.add(blob.digest, content, blob.size)
        return Put.SENT

    def put_manifest(self, manifest: Manifest, tag: str = "") -> None:
        for blob in manifest.blobs:  # another image may have brought it
            path = self._layout.path(blob.digest)
            if path.is_file():
                manifest.check_size(blob, path.stat().st_size)
        if not self._layout.holds(manifest.descriptor):
            raw = manifest.raw
            self._layout.add(manifest.digest, iter([raw]), len(raw))
        if tag or manifest.subject:
            self._layout.enter(manifest, self.called(tag) if tag else "")

    def keep(self, digest: Digest) -> None:
        """Put an image that has no tag into the index, by its digest.

        Without that, nobody who reads the index would find it.
        """
        self._layout.enter(self.manifest(digest), self.called(digest))

    def called(self, reference: str) -> str:
        """What a tag, or a digest that stands for none, is called in the index."""
        if ":" in reference:
            return f"{self._repository}@{reference}"
        return f"{self._repository}:{reference}" if self._repository else reference
