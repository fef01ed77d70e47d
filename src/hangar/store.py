"""The two roles that everything plays which holds images.

A store is bound to one repository: a repository of a registry, one entry's name in an
archive, one OCI layout directory. What moves images knows these roles and no
transport. Blobs come before the manifests that need them, children before their
index, and the root manifest with its tag last: a reader never sees an image with a
hole in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from hangar.oci import Descriptor, Digest, Manifest

Chunks = Generator[bytes, None, None]
"""A blob's bytes in pieces; ``close()`` gives back what the stream holds."""


COSIGN_SUFFIXES = (".sig", ".att", ".sbom")
"""Of the tags under which cosign keeps signatures, attestations and SBOMs."""

_COSIGN = re.compile(r"(sha256|sha384|sha512)-([0-9a-f]+)\.(?:sig|att|sbom)", re.ASCII)


def cosign_subject(tag: str) -> str:
    """Digest of what the manifest under one of cosign's tags accompanies; or ""."""
    named = _COSIGN.fullmatch(tag)
    return f"{named[1]}:{named[2]}" if named else ""


@dataclass(frozen=True, slots=True)
class Companion:
    """What accompanies an image without being part of it: a signature, an SBOM.

    Attributes:
        digest: of its manifest.
        tag: ``sha256-<hex>.sig`` and the like (cosign), or "" for an OCI referrer,
            which is found by the ``subject`` that its manifest states.
        artifact_type: what a referrers listing says that it is, or "".
        media_type: of its manifest, as far as a listing says so, or "".
    """

    digest: Digest
    tag: str = ""
    artifact_type: str = ""
    media_type: str = field(default="", compare=False)


class Put(Enum):
    """How a blob came to be where it was wanted."""

    SENT = "sent"
    PRESENT = "present"
    MOUNTED = "mounted"


class Source(Protocol):
    """Gives manifests and blobs.

    Only "it is not there" (404 of a registry, no such entry of an archive) raises
    `NotFound`; a store that cannot tell raises something else.
    """

    @property
    def name(self) -> str:
        """Full name without tag, as logs call it: ``docker.io/library/nginx``."""

    @property
    def place(self) -> str:
        """What it shares blobs with: the registry's host, the archive's path."""

    def resolve(self, reference: str) -> Digest:
        """Ask, as cheaply as can be, which manifest a tag or digest names now."""

    def manifest(self, reference: str) -> Manifest:
        """Fetch a manifest by tag or digest; its bytes agree with its digest."""

    def blob(self, blob: Descriptor) -> Chunks:
        """Open a blob; the chunks are as they come, neither hashed nor counted.

        A chunk stays valid after the next one is asked for.
        """

    def companions(self, subject: Digest) -> Sequence[Companion]:
        """List what accompanies the manifest ``subject``."""

    def has(self, content: Descriptor) -> bool:
        """Tell whether a manifest or blob is there whole."""


class Destination(Source, Protocol):
    """Takes manifests and blobs, and can be read like a source."""

    def put_blob(
        self,
        blob: Descriptor,
        chunks: Callable[[], Chunks],
        *,
        origin: str = "",
    ) -> Put:
        """Make sure that a blob is there; call ``chunks`` only if it has to be sent.

        ``chunks`` yields exactly the right bytes or raises; then nothing is stored.
        It is called again when an upload has to begin anew; what it returned is
        read to its end or closed. ``origin`` is the `name` of another store of the
        same `place` that has the blob.
        """

    def put_manifest(self, manifest: Manifest, tag: str = "") -> None:
        """Store a manifest, after everything it points at; tag it if told to.

        A manifest with a ``subject`` can afterwards be found as a referrer of it.
        """


class Delegate:
    """Implements `Source` by another one; who differs in something says in what.

    Attributes:
        name: of that store, unless it is changed.
        place: likewise.
    """

    def __init__(self, store: Source) -> None:
        self.name = store.name
        self.place = store.place
        self._store = store

    def resolve(self, reference: str) -> Digest:
        return self._store.resolve(reference)

    def manifest(self, reference: str) -> Manifest:
        return self._store.manifest(reference)

    def blob(self, blob: Descriptor) -> Chunks:
        return self._store.blob(blob)

    def companions(self, subject: Digest) -> Sequence[Companion]:
        return self._store.companions(subject)

    def has(self, content: Descriptor) -> bool:
        return self._store.has(content)
