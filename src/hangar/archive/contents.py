"""What lies in an archive, seen as repositories: a `hangar.store.Source` each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hangar.archive.container import Container
from hangar.archive.directory import Directory
from hangar.archive.entries import Attached
from hangar.archive.members import Members
from hangar.archive.names import blob_name
from hangar.copying.plan import MAX_DEPTH
from hangar.errors import Incomplete, InvalidManifest, NotFound
from hangar.oci import MAX_MANIFEST, Descriptor, Digest, Manifest
from hangar.store import Chunks, Companion

_COSIGN = re.compile(r"(sha256|sha384|sha512)-([0-9a-f]+)\.(?:sig|att|sbom)", re.ASCII)


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


class ArchiveRepository:
    """Implements `hangar.store.Source`; safe to use from many threads.

    Args:
        container: the archive.
        name: full name of the repository.
        holding: what there is.
        bases: names of the archives to which blobs were left, by digest.
        others: archives that are at hand, and may be such.

    Attributes:
        holding: what there is.
    """

    def __init__(
        self,
        container: Container,
        name: str,
        holding: Holding,
        bases: Mapping[str, str] | None = None,
        others: Sequence[Container] = (),
    ) -> None:
        self.holding = holding
        self._container = container
        self._name = name
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
    named = _COSIGN.fullmatch(tag)
    if named:
        return f"{named[1]}:{named[2]}"
    return manifest.subject.digest if manifest.subject and not tag else ""


def is_companion(tag: str) -> bool:
    """Tell whether a tag is one of cosign's."""
    return _COSIGN.fullmatch(tag) is not None


def closure(repository: ArchiveRepository, root: Digest) -> Iterator[Manifest]:
    """Yield all manifests of an image and of what accompanies it, once each.

    Whatever a manifest needs comes before it, in the order in which images are
    planned (`hangar.copying.plan`), so members follow each other in that order.

    Raises:
        NotFound: one of them is not there.
    """
    yield from _closure(repository, root, set(), 0)


def _closure(
    repository: ArchiveRepository, digest: Digest, seen: set[Digest], depth: int
) -> Iterator[Manifest]:
    if digest in seen:
        return
    if depth > MAX_DEPTH:
        message = f"{repository.place}: nested more than {MAX_DEPTH} deep"
        raise InvalidManifest(message)
    seen.add(digest)
    manifest = repository.manifest(digest)
    for child in manifest.children:
        yield from _closure(repository, child.digest, seen, depth + 1)
    for companion in repository.companions(digest):
        yield from _closure(repository, companion.digest, seen, depth + 1)
    yield manifest


def empty_archive(path: Path) -> Callable[[str], ArchiveRepository]:
    """The repositories of an archive that is not there yet: nothing is in them."""
    container = Container(path, -1, Directory(Members(), 0))
    return lambda name: ArchiveRepository(container, name, Holding())
