"""Both roles in a few lines: a store that keeps everything in dictionaries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from hangar.errors import NotFound
from hangar.oci import Descriptor, Digest, Manifest
from hangar.store import Chunks, Companion, Put

CHUNK = 7
"""Bytes a chunk: small, so that every blob of a test comes in several."""


@dataclass
class MemoryPlace:
    """What the repositories of one registry share, and what they were asked.

    Attributes:
        blobs: content by the name of the repository that has it.
        log: calls that a registry would have had to answer, in order.
    """

    name: str = "memory.example"
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    log: list[tuple[str, str, str]] = field(default_factory=list)

    def repository(self, name: str) -> MemoryStore:
        """Make an empty repository."""
        return MemoryStore(self, f"{self.name}/{name}")


@dataclass
class MemoryStore:
    """A repository; implements `hangar.store.Destination`."""

    shared: MemoryPlace
    name: str
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, Digest] = field(default_factory=dict)

    @property
    def place(self) -> str:
        return self.shared.name

    def resolve(self, reference: str) -> Digest:
        self._log("resolve", reference)
        return self._find(reference).digest

    def manifest(self, reference: str) -> Manifest:
        self._log("manifest", reference)
        return self._find(reference)

    def blob(self, blob: Descriptor) -> Chunks:
        self._log("blob", blob.digest)
        data = self.shared.blobs.get((self.name, blob.digest))
        if data is None:
            raise NotFound(blob.digest)
        for start in range(0, len(data), CHUNK):
            yield data[start : start + CHUNK]

    def companions(self, subject: Digest) -> Sequence[Companion]:
        prefix = f"sha256-{subject.hex}."
        tagged = [
            Companion(digest, tag)
            for tag, digest in self.tags.items()
            if tag.startswith(prefix)
        ]
        referrers = [
            Companion(manifest.digest, artifact_type=manifest.artifact_type)
            for manifest in self.manifests.values()
            if manifest.subject and manifest.subject.digest == subject
        ]
        return [*tagged, *referrers]

    def has(self, content: Descriptor) -> bool:
        self._log("has", content.digest)
        stored = (self.name, content.digest) in self.shared.blobs
        return stored or content.digest in self.manifests

    def put_blob(
        self, blob: Descriptor, chunks: Callable[[], Chunks], *, origin: str = ""
    ) -> Put:
        blobs = self.shared.blobs
        if (self.name, blob.digest) in blobs:
            return Put.PRESENT
        if (origin, blob.digest) in blobs:
            self._log("mount", blob.digest)
            blobs[self.name, blob.digest] = blobs[origin, blob.digest]
            return Put.MOUNTED
        self._log("put blob", blob.digest)
        blobs[self.name, blob.digest] = b"".join(chunks())
        return Put.SENT

    def put_manifest(self, manifest: Manifest, tag: str = "") -> None:
        self._log("put manifest", tag or manifest.digest)
        self.manifests[manifest.digest] = manifest
        if tag:
            self.tags[tag] = manifest.digest

    def _find(self, reference: str) -> Manifest:
        found = self.manifests.get(self.tags.get(reference, reference))
        if found is None:
            message = f"manifest unknown: {self.name}:{reference}"
            raise NotFound(message)
        return found

    def _log(self, call: str, what: str) -> None:
        self.shared.log.append((call, self.name, what))
