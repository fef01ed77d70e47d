"""An archive of very many small images, written with `zipfile`, not with our code.

    python -m tests.support.many FILE [COUNT]

Each image has two platforms and one layer of its own; another layer is shared by all.
Per image that is nine members: an index, two manifests with a layout of two files
each, and two configs; and the layer.
"""

from __future__ import annotations

import hashlib
import json
import sys
import zipfile
from pathlib import Path
from typing import Any

HOST = "registry.example"
CONFIG = "application/vnd.oci.image.config.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
PLATFORMS = ("amd64", "arm64")


def many_images(path: Path, count: int) -> Path:
    """Write an archive of ``count`` images in a tenth as many repositories."""
    with zipfile.ZipFile(path, "w") as archive:
        shared = _put(archive, b"shared", LAYER)
        listed = [_put_image(archive, number, shared) for number in range(count)]
        index = {"list": listed, "version": "v1.2.0", "time": "2026-01-01T00:00:00Z"}
        archive.writestr(_named("index.json"), _compact(index))
    return path


def names(count: int) -> list[str]:
    """The image list of such an archive."""
    return [f"{_source(number)}:{number}" for number in range(count)]


def _put_image(
    archive: zipfile.ZipFile, number: int, shared: dict[str, Any]
) -> dict[str, Any]:
    """Write an image; return its entry of ``index.json``."""
    own = _put(archive, f"layer {number}".encode(), LAYER)
    children, images = [], []
    for arch in PLATFORMS:
        runs_on = {"architecture": arch, "os": "linux"}
        config = _put(archive, _compact({**runs_on, "number": number}), CONFIG)
        value = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config,
            "layers": [shared, own],
        }
        pointer = _put(archive, _compact(value), MANIFEST)
        folder = pointer["digest"].partition(":")[2]
        layout = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [pointer]}
        archive.writestr(_named(f"{folder}/index.json"), _compact(layout))
        version = _compact({"imageLayoutVersion": "1.0.0"})
        archive.writestr(_named(f"{folder}/oci-layout"), version)
        children.append({**pointer, "platform": runs_on})
        images.append(
            {
                "arch": arch,
                "os": "linux",
                "mediaType": MANIFEST,
                "layers": [shared["digest"], own["digest"]],
                "config": config["digest"],
                "digest": pointer["digest"],
            }
        )
    root = {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}
    return {
        "source": _source(number),
        "tag": str(number),
        "archList": list(PLATFORMS),
        "osList": ["linux"],
        "images": images,
        "root": _put(archive, _compact(root), INDEX),
    }


def _source(number: int) -> str:
    return f"{HOST}/team/app{number // 10}"


def _put(archive: zipfile.ZipFile, data: bytes, media_type: str) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    archive.writestr(_named(f"share/sha256/{digest}"), data)
    return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}


def _named(name: str) -> zipfile.ZipInfo:
    """A member without the time of day."""
    return zipfile.ZipInfo(name)


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


if __name__ == "__main__":
    many_images(Path(sys.argv[1]), int((sys.argv[2:] or ["10000"])[0]))
