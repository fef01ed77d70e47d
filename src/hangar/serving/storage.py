"""Where a registry keeps what it was given: the role, and its player in memory."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, Protocol, Self

from hangar.errors import IntegrityError
from hangar.oci import Descriptor, Digest, Manifest


class Upload:
    """Bytes on their way into a storage; written and sealed by one thread at a time.

    Attributes:
        size: how many bytes there are.
    """

    def __init__(self, file: BinaryIO, path: Path | None = None) -> None:
        self.size = 0
        self._file = file
        self._path = path
        self._hasher = hashlib.sha256()

    def write(self, data: bytes | memoryview) -> None:
        """Append ``data``."""
        self._file.write(data)
        self._hasher.update(data)
        self.size += len(data)

    def seal(self, digest: Digest) -> None:
        """Make sure that these are the bytes of ``digest``, and that they will last.

        Raises:
            IntegrityError: they are others.
        """
        hasher = self._hasher
        if digest.algorithm != hasher.name:  # only the end of an upload tells it
            self._file.seek(0)
            hasher = hashlib.file_digest(self._file, digest.algorithm)  # type: ignore[arg-type]  # a binary file
        actual = f"{digest.algorithm}:{hasher.hexdigest()}"
        if actual != digest:
            raise IntegrityError(expected=digest, actual=actual, received=self.size)

    @property
    def content(self) -> bytes:
        """All that was written."""
        self._file.seek(0)
        return self._file.read()

    def move(self, target: Path) -> None:
        """Put a file, when all of it is on the disk, where it belongs."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self._path:
            self._path.replace(target)

    def discard(self) -> None:
        """Give up what was written."""
        with contextlib.suppress(OSError):  # a full disk takes not even the rest
            self._file.close()
        if self._path:
            self._path.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Record:
    """A manifest as listings show it.

    Attributes:
        descriptor: with the artifact type and annotations that a list of referrers
            gives (distribution-spec 1.1, "Listing Referrers").
        subject: what it refers to, or None.
        blobs: what it needs.
    """

    descriptor: Descriptor
    subject: Digest | None
    blobs: frozenset[Digest]

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """Note what listings need of ``manifest``."""
        config = manifest.config.media_type if manifest.config else ""
        descriptor = replace(
            manifest.descriptor,
            artifact_type=manifest.artifact_type or config,
            annotations=manifest.annotations,
        )
        subject = manifest.subject.digest if manifest.subject else None
        blobs = frozenset(blob.digest for blob in manifest.blobs)
        return cls(descriptor, subject, blobs)


@dataclass(slots=True)
class Repository:
    """What a repository has.

    Attributes:
        blobs: sizes by digest.
        manifests: by digest; ``tags`` name some of them.
    """

    blobs: dict[Digest, int] = field(default_factory=dict)
    manifests: dict[Digest, Record] = field(default_factory=dict)
    tags: dict[str, Digest] = field(default_factory=dict)

    def add(self, manifest: Manifest) -> None:
        """Take in a manifest, with the blobs that it needs."""
        self.manifests[manifest.digest] = Record.of(manifest)
        self.blobs.update({blob.digest: blob.size for blob in manifest.blobs})

    @property
    def needed(self) -> Iterator[frozenset[Digest]]:
        """The blobs that each manifest needs."""
        return (record.blobs for record in self.manifests.values())

    def has(self, digest: Digest) -> bool:
        """Whether it has this content, as a manifest or as a blob."""
        return digest in self.manifests or digest in self.blobs


class Storage(Protocol):
    """Keeps content by digest, and remembers which repository has what.

    `Registry` calls all methods but `upload` and `open` one at a time.
    """

    def load(self) -> dict[str, Repository]:
        """Tell what was published last, by name of the repository."""

    def upload(self) -> Upload:
        """Begin to take content."""

    def adopt(self, upload: Upload, digest: Digest) -> None:
        """Keep a sealed upload under its digest."""

    def open(self, digest: Digest) -> BinaryIO:
        """Open content for reading.

        Raises:
            FileNotFoundError: it is not there.
        """

    def remove(self, digest: Digest) -> None:
        """Forget content that no repository has any more."""

    def publish(self, repositories: Mapping[str, Repository]) -> None:
        """Remember all manifests and tags as they are now, and lastingly."""


class MemoryStorage:
    """Keeps everything in memory, and forgets it with the process."""

    def __init__(self) -> None:
        self._contents: dict[Digest, bytes] = {}

    def load(self) -> dict[str, Repository]:
        return {}

    def upload(self) -> Upload:
        return Upload(io.BytesIO())

    def adopt(self, upload: Upload, digest: Digest) -> None:
        self._contents[digest] = upload.content

    def open(self, digest: Digest) -> BinaryIO:
        try:
            return io.BytesIO(self._contents[digest])
        except KeyError:
            raise FileNotFoundError(digest) from None

    def remove(self, digest: Digest) -> None:
        self._contents.pop(digest, None)

    def publish(self, repositories: Mapping[str, Repository]) -> None:
        """Nothing outlives the process."""
