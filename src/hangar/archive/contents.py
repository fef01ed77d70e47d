"""What lies in an archive, seen as repositories: a `hangar.store.Source` each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from hangar.archive.container import Container
from hangar.archive.directory import Directory
from hangar.archive.entries import Attached
from hangar.archive.members import Members
from hangar.archive.names import blob_name
from hangar.errors import Incomplete, NotFound
from hangar.oci import MAX_MANIFEST, Descriptor, Digest, Manifest
from hangar.store import Chunks, Companion, cosign_subject


@dataclass(slots=True)
class Holding:
    """What an archive has of one repository.

    Attributes:
        tags: what each tag names.
        types: media types, by digest, of manifests that do not state their own.
        attached: what accompanies a manifest, by the manifest's digest.
        made: bytes of manifests that are not in the archive but follow from what is.
    """

    tags: dict[str, Digest] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    attached: dict[str, dict[tuple[Digest, str], Attached]] = field(
        default_factory=dict
    )
    made: dict[Digest, bytes] = field(default_factory=dict)

    def attach(self, attached: Attached) -> None:
        """Note what accompanies a manifest."""
        key = (attached.manifest.digest, attached.tag)
        self.attached.setdefault(attached.subject, {})[key] = attached
        self.types[attached.manifest.digest] = attached.manifest.media_type
        if attached.tag:
            self.tags.setdefault(attached.tag, attached.manifest.digest)

    def learn(self, manifest: Manifest, tag: str) -> None:
        """Note what a stored manifest is called, and what it accompanies."""
        if not manifest.states_type:
            self.types[manifest.digest] = manifest.media_type
        subject = subject_of(manifest, tag)
        if subject:
            kind = manifest.artifact_type
            pointer = replace(manifest.descriptor, artifact_type=kind)
            self.attach(Attached(pointer, subject, tag))
        if tag:
            self.tags[tag] = manifest.digest


class ArchiveRepository:
    """Implements `hangar.store.Source`; safe to use from many threads.

    Args:
        container: the archive.
        name: full name of the repository.
        holding: what there is.
        bases: names of the archives to which blobs were left, by digest.
        homes: repositories that have these blobs there, by digest.
        others: archives that are at hand, and may be such.

    Attributes:
        holding: what there is.
        homes: repositories that have what was left to other archives, by digest.
    """

    def __init__(
        self,
        container: Container,
        name: str,
        holding: Holding,
        bases: Mapping[str, str] | None = None,
        homes: Mapping[str, str] | None = None,
        others: Sequence[Container] = (),
    ) -> None:
        self.holding = holding
        self._container = container
        self._name = name
        self.homes = homes or {}
        self._bases = bases or {}
        self._others = others

    @property
    def name(self) -> str:
        return self._name

    @property
    def place(self) -> str:
        return str(self._container.path)

    def resolve(self, reference: str) -> Digest:
        if ":" not in reference:
            found = self.holding.tags.get(reference)
            if found is not None:
                return found
        elif self._has_manifest(digest := Digest(reference)):
            return digest
        separator = "@" if ":" in reference else ":"
        message = f"{self.place} has no {self.name}{separator}{reference}"
        raise NotFound(message)

    def manifest(self, reference: str) -> Manifest:
        digest = self.resolve(reference)
        raw = self.holding.made.get(digest)
        if raw is None:
            raw = self._container.read(blob_name(digest), MAX_MANIFEST)
            digest.check(raw, "manifest")
        return Manifest.parse(raw, self.holding.types.get(digest, ""), digest.algorithm)

    def blob(self, blob: Descriptor) -> Chunks:
        container = self._having(blob)
        if container is None:
            base = self._bases.get(blob.digest)
            message = f"{self.place} has no {blob.digest}"
            hint = "bring back what is whole: hangar archive repair"
            if base:
                message += f"; it was left to {base}"
                hint = f"load {base} to the same registry first"
            raise Incomplete(message, missing=[blob.digest], hint=hint)
        return container.stream(blob_name(blob.digest))

    def companions(self, subject: Digest) -> Sequence[Companion]:
        return [
            Companion(one.manifest.digest, one.tag, one.manifest.artifact_type)
            for one in self.attached_to(subject)
        ]

    def has(self, content: Descriptor) -> bool:
        container = self._having(content)
        if container is not None:
            return container.members[blob_name(content.digest)].size == content.size
        return content.digest in self.holding.made

    def attached_to(self, subject: Digest) -> Sequence[Attached]:
        """List what accompanies a manifest."""
        return tuple(self.holding.attached.get(subject, {}).values())

    def left_to(self, digests: Iterable[Digest]) -> tuple[str, ...]:
        """Names of the archives to which blobs were left."""
        names = (self._bases.get(digest, "") for digest in digests)
        return tuple(dict.fromkeys(filter(None, names)))

    def _having(self, content: Descriptor) -> Container | None:
        """The archive that has a blob: this one, or one to which it was left."""
        name = blob_name(content.digest)
        if name in self._container.members:
            return self._container
        if content.digest in self._bases:
            return next((c for c in self._others if name in c.members), None)
        return None

    def _has_manifest(self, digest: Digest) -> bool:
        if digest in self.holding.made:
            return True
        return blob_name(digest) in self._container.members


def subject_of(manifest: Manifest, tag: str) -> str:
    """Digest of what a manifest accompanies, by cosign's tag or its subject; or ""."""
    named = cosign_subject(tag)
    return named or (manifest.subject.digest if manifest.subject and not tag else "")


def empty_container(path: Path) -> Container:
    """A zip that is not there yet, and has no members."""
    return Container(path, -1, Directory(Members(), 0))


def empty_archive(path: Path) -> Callable[[str], ArchiveRepository]:
    """The repositories of an archive that is not there yet: nothing is in them."""
    container = empty_container(path)
    return lambda name: ArchiveRepository(container, name, Holding())
