"""What ``docker save`` writes, and skopeo to ``docker-archive:``: images in a tar.

``manifest.json`` in it names the config and the layers of each image. There are no
manifests as registries have them, so we make the same that skopeo makes.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import json
import lzma
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import IO, Any

from hangar.errors import InvalidArchive, NotFound
from hangar.layouts.files import CHUNK, opened
from hangar.oci import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    MAX_CONFIG,
    MAX_MANIFEST,
    Descriptor,
    Digest,
    Manifest,
    load_object,
)
from hangar.reference import Reference
from hangar.store import Chunks, Companion

_GZIP = b"\x1f\x8b"
_NO_TAR = (
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    TypeError,
    ValueError,
    RecursionError,  # of a link that leads to itself
)
"""What Python's library raises for a damaged file."""


class DockerArchive:
    """Implements `hangar.store.Source`; the image of an archive of one is called "".

    Args:
        path: of the file.
        name: what it is called, if not by its path.
        file: opens it, if it has none; each time anew, for several threads may read.

    Raises:
        NotFound: there is no such file.
        InvalidArchive: it is no such archive.
    """

    def __init__(
        self,
        path: Path,
        *,
        name: str = "",
        file: Callable[[], AbstractContextManager[IO[bytes]]] | None = None,
    ) -> None:
        self.name = self.place = name or f"docker-archive:{path}"
        self._file = file or functools.partial(opened, path)
        self._members: dict[Digest, str] = {}
        self._manifests: dict[Digest, Manifest] = {}
        self._tags: dict[str, Digest] = {}
        with self._tar() as tar:
            raw = _content(tar, "manifest.json", MAX_MANIFEST)
            for image in load_object(b'{"list":%b}' % raw, "manifest.json")["list"]:
                self._learn(tar, image)

    def resolve(self, reference: str) -> Digest:
        return self.manifest(reference).digest

    def manifest(self, reference: str) -> Manifest:
        names = {str(digest): digest for digest in self._manifests} | self._tags
        if len(self._manifests) == 1:
            names[""] = next(iter(self._manifests))
        if reference not in names:
            message = f"manifest unknown: {self.name}:{reference}"
            raise NotFound(message, hint=f"it has {', '.join(self._tags):.200}")
        return self._manifests[names[reference]]

    def blob(self, blob: Descriptor) -> Chunks:
        member = self._members.get(blob.digest)
        if member is None:
            message = f"{self.name} has no blob {blob.digest}"
            raise NotFound(message)
        with self._tar() as tar, _unpacked(tar, member) as file:
            while chunk := file.read(CHUNK):
                yield chunk

    def companions(self, subject: Digest) -> Sequence[Companion]:
        del subject  # there is no place for them
        return ()

    def has(self, content: Descriptor) -> bool:
        return content.digest in self._members or content.digest in self._manifests

    def _learn(self, tar: tarfile.TarFile, image: Any) -> None:
        """Make the manifest of an image."""
        match image:
            case {"Config": str(member), "Layers": [*layers]}:
                pass
            case _:
                message = f"{self.name}: not an image: {image!r:.120}"
                raise InvalidArchive(message)
        config = _content(tar, member, MAX_CONFIG)
        parts = [(DOCKER_CONFIG, len(config), Digest.of(config), member)]
        match load_object(config, "config"):
            case {"rootfs": {"diff_ids": [*ids]}} if len(ids) == len(layers):
                pass
            case _:
                message = f"{self.name}: {member!r:.120} states other layers"
                raise InvalidArchive(message)
        for layer, diff_id in zip(layers, ids, strict=True):
            with _unpacked(tar, str(layer)) as file:
                size = file.seek(0, 2)
            parts.append((DOCKER_LAYER, size, Digest(str(diff_id)), str(layer)))
        described = [
            {"mediaType": kind, "size": size, "digest": digest}
            for kind, size, digest, _ in parts
        ]
        value = {
            "schemaVersion": 2,
            "mediaType": DOCKER_MANIFEST,
            "config": described[0],
            "layers": described[1:],
        }
        raw = json.dumps(value, separators=(",", ":")).encode()
        manifest = Manifest.parse(raw, DOCKER_MANIFEST)
        self._manifests[manifest.digest] = manifest
        self._members.update({digest: name for _, _, digest, name in parts})
        for tag in image.get("RepoTags") or []:
            self._tags[str(Reference.parse(str(tag)))] = manifest.digest

    @contextlib.contextmanager
    def _tar(self) -> Iterator[tarfile.TarFile]:
        try:
            with (
                self._file() as file,
                tarfile.open(fileobj=file, mode="r:*") as tar,
            ):
                yield tar
        except _NO_TAR as error:
            message = f"{self.name} is no archive of docker: {error}"
            raise InvalidArchive(message) from error


def _content(tar: tarfile.TarFile, name: str, limit: int) -> bytes:
    with _unpacked(tar, name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        message = f"{name} is larger than {limit} bytes"
        raise InvalidArchive(message)
    return data


@contextlib.contextmanager
def _unpacked(tar: tarfile.TarFile, name: str) -> Iterator[IO[bytes]]:
    """Open a member, decompressed if it was compressed."""
    try:
        file = tar.extractfile(name)
    except KeyError as error:
        message = f"{name!r:.120} is missing"
        raise InvalidArchive(message) from error
    if file is None:
        message = f"{name!r:.120} is no file"
        raise InvalidArchive(message)
    with file:
        packed = file.read(2) == _GZIP
        file.seek(0)
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as unpacked:
            yield unpacked  # type: ignore[misc]  # reads as any other
