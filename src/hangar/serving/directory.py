"""A registry's content in a directory that is an OCI image layout.

    oci-layout, index.json      image-spec, "image-layout.md"
    blobs/<algorithm>/<hex>     content of all repositories
    uploads/                    content on its way; swept by the next start

``index.json`` names every manifest once for each tag, as ``repository:tag``, and
otherwise as ``repository@digest``. It is replaced in one step. A blob gets its name
only when all of it is on the disk and its digest agrees, so a kill leaves none broken.
A repository has the blobs that its manifests need; one that was pushed but is needed by
no manifest yet is pushed again after a restart.
"""

from __future__ import annotations

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

from hangar.errors import HangarError, InvalidConfiguration
from hangar.oci import OCI_INDEX, Descriptor, Digest, Manifest, load_object
from hangar.reference import is_repository, is_tag
from hangar.serving.storage import Repository, Upload

REF_NAME = "org.opencontainers.image.ref.name"
_LAYOUT = {"imageLayoutVersion": "1.0.0"}


class DirectoryStorage:
    """Implements `hangar.serving.storage.Storage`; nobody else may use the directory.

    Raises:
        InvalidConfiguration: the directory cannot be used, or somebody does use it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._uploads = folder / "uploads"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = (folder / "lock").open("a")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._uploads.mkdir(exist_ok=True)
            for leftover in self._uploads.glob(f"{tempfile.gettempprefix()}*"):
                leftover.unlink(missing_ok=True)
        except BlockingIOError as error:
            message = f"{folder} is in use by another registry"
            raise InvalidConfiguration(message, hint="stop it first") from error
        except OSError as error:
            message = f"cannot keep a registry in {folder}: {error.strerror}"
            raise InvalidConfiguration(message) from error

    def load(self) -> dict[str, Repository]:
        """Read the index, and the manifests that it names.

        Raises:
            InvalidConfiguration: the directory is no layout, or a damaged one.
        """
        repositories: dict[str, Repository] = {}
        try:
            raw = (self._folder / "index.json").read_bytes()
        except FileNotFoundError:
            return repositories
        try:
            for entry in load_object(raw, "index.json")["manifests"]:
                descriptor = Descriptor.from_json(entry)
                name, tag = _names(descriptor)
                repository = repositories.setdefault(name, Repository())
                if descriptor.digest not in repository.manifests:
                    repository.add(self._manifest(descriptor))
                if tag:
                    repository.tags[tag] = descriptor.digest
        except (HangarError, LookupError, TypeError, OSError) as error:
            message = f"{self._folder} is no registry, or damaged: {error}"
            hint = "name an empty directory, or restore it from a backup"
            raise InvalidConfiguration(message, hint=hint) from error
        return repositories

    def upload(self) -> Upload:
        handle, path = tempfile.mkstemp(dir=self._uploads)
        return Upload(os.fdopen(handle, "w+b"), Path(path))

    def adopt(self, upload: Upload, digest: Digest) -> None:
        target = self._path(digest)
        target.parent.mkdir(parents=True, exist_ok=True)
        upload.move(target)

    def open(self, digest: Digest) -> BinaryIO:
        return self._path(digest).open("rb")

    def remove(self, digest: Digest) -> None:
        self._path(digest).unlink(missing_ok=True)

    def publish(self, repositories: Mapping[str, Repository]) -> None:
        entries = [
            entry
            for name in sorted(repositories)
            for entry in _entries(name, repositories[name])
        ]
        value = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
        self._replace("oci-layout", _LAYOUT)
        self._replace("index.json", value)

    def _path(self, digest: Digest) -> Path:
        return self._folder / "blobs" / digest.algorithm / digest.hex

    def _manifest(self, descriptor: Descriptor) -> Manifest:
        raw = self._path(descriptor.digest).read_bytes()
        descriptor.digest.check(raw, "manifest")
        return Manifest.parse(raw, descriptor.media_type, descriptor.digest.algorithm)

    def _replace(self, name: str, value: Any) -> None:
        """Write a file of the layout in one step."""
        handle, path = tempfile.mkstemp(dir=self._uploads)
        with os.fdopen(handle, "w") as file:
            json.dump(value, file, indent=2)
            file.flush()
            os.fsync(file.fileno())
        Path(path).replace(self._folder / name)


def _entries(name: str, repository: Repository) -> Iterator[dict[str, Any]]:
    """What the index says of a repository, in an order that is always the same."""
    tags: dict[Digest, list[str]] = {}
    for tag, digest in sorted(repository.tags.items()):
        tags.setdefault(digest, []).append(f"{name}:{tag}")
    for digest, record in repository.manifests.items():
        plain = Descriptor(
            record.descriptor.media_type, digest, record.descriptor.size
        ).to_json()
        for ref in tags.get(digest, [f"{name}@{digest}"]):
            yield {**plain, "annotations": {REF_NAME: ref}}


def _names(entry: Descriptor) -> tuple[str, str]:
    """Repository and tag of an entry of the index; "" if it has no tag."""
    ref = entry.annotations.get(REF_NAME, "")
    name, _, tag = ref.partition("@")[0].partition(":")
    if not is_repository(name) or (tag and not is_tag(tag)):
        message = f"an entry named {ref!r:.80}"
        raise LookupError(message)
    return name, tag
