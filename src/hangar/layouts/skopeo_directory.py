"""What ``skopeo copy`` writes to ``dir:DIR``: one image in a directory.

manifest.json           of the image, or the index
<hex>.manifest.json     of what the index lists
<hex>                   config and layers
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hangar.errors import NotFound
from hangar.layouts import files
from hangar.oci import MANIFEST_TYPES, MAX_MANIFEST, Descriptor, Digest, Manifest
from hangar.store import Chunks, Companion


class SkopeoDirectory:
    """Implements `hangar.store.Source`; the image itself is called "".

    Raises:
        NotFound: there is no image in the directory.
        HangarError: its manifest cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self.name = self.place = f"dir:{folder}"
        self._folder = folder
        self._root = _parsed(folder / "manifest.json")

    def resolve(self, reference: str) -> Digest:
        return self.manifest(reference).digest

    def manifest(self, reference: str) -> Manifest:
        if reference in ("", self._root.digest):
            return self._root
        digest = Digest(reference)
        found = _parsed(self._folder / f"{digest.hex}.manifest.json", digest.algorithm)
        digest.check(found.raw, "manifest")
        return found

    def blob(self, blob: Descriptor) -> Chunks:
        yield from files.chunks(self._folder / blob.digest.hex)

    def companions(self, subject: Digest) -> Sequence[Companion]:
        del subject  # signatures here are of another kind
        return ()

    def has(self, content: Descriptor) -> bool:
        if content.media_type in MANIFEST_TYPES:
            try:
                return self.resolve(content.digest) == content.digest
            except NotFound:
                return False
        path = self._folder / content.digest.hex
        return path.is_file() and path.stat().st_size == content.size


def _parsed(path: Path, algorithm: str = "sha256") -> Manifest:
    return Manifest.parse(files.read(path, MAX_MANIFEST), algorithm=algorithm)
