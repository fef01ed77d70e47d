"""Archives as the Go program v1.9 writes them, byte by byte; knows nothing of ours.

What ``save`` writes: members in path order an image, sizes and CRC behind each content
(flag bit 3), the modification time of files in an extended-timestamp field, and last
``index.json`` without any time.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_DATE, _TIME, _MODIFIED = 0x5C27, 0x4ADC, 1_767_777_777


def sha256(data: bytes) -> str:
    """The hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


@dataclass
class GoImage:
    """One platform's image.

    Attributes:
        layers: contents.
        arch: or "" for a chart.
        os: likewise.
        config_type: media type of the config.
        layer_type: media type of the layers.
        annotations: of the index's descriptor.
        extra: further keys of its entry, such as ``variant``.
    """

    layers: list[bytes]
    arch: str = "amd64"
    os: str = "linux"
    config_type: str = CONFIG
    layer_type: str = LAYER
    annotations: dict[str, str] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> bytes:
        """The config's bytes."""
        stated = {"architecture": self.arch, "os": self.os, **self.extra}
        return json.dumps(stated).encode()

    @property
    def manifest(self) -> bytes:
        """The manifest's bytes."""
        value = {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "config": _pointer(self.config, self.config_type),
            "layers": [_pointer(layer, self.layer_type) for layer in self.layers],
        }
        return json.dumps(value).encode()

    def entry(self) -> dict[str, Any]:
        """Its object in ``index.json``, with the keys in the program's order."""
        value = {
            "arch": self.arch,
            "os": self.os,
            **self.extra,
            "mediaType": OCI_MANIFEST,
            "layers": [f"sha256:{sha256(layer)}" for layer in self.layers],
            "config": f"sha256:{sha256(self.config)}",
            "digest": f"sha256:{sha256(self.manifest)}",
            "annotations": self.annotations,
        }
        return {key: item for key, item in value.items() if item}

    def files(self) -> dict[str, bytes]:
        """What its OCI layout consists of."""
        folder = sha256(self.manifest)
        listed = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [_pointer(self.manifest, OCI_MANIFEST)],
        }
        blobs = [self.manifest, self.config, *self.layers]
        return {
            f"{folder}/index.json": _compact(listed),
            f"{folder}/oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
            **{f"share/sha256/{sha256(blob)}": blob for blob in blobs},
        }


@dataclass
class GoArchive:
    """An archive in the making.

    Attributes:
        entries: the list of its index.
        members: names and contents, in the order in which they are written.
        version: of the index.
    """

    entries: list[dict[str, Any]] = field(default_factory=list)
    members: dict[str, bytes] = field(default_factory=dict)
    version: str = "v1.2.0"

    def add(
        self, source: str, tag: str, *images: GoImage, lists: bool = True
    ) -> GoArchive:
        """Save an image; ``lists`` is False for what ``archive store`` stored."""
        files: dict[str, bytes] = {}
        for image in images:
            files |= image.files()
        for name in sorted(files):
            self.members.setdefault(name, files[name])
        value: dict[str, Any] = {"source": source, "tag": tag}
        if lists:
            value["archList"] = list(dict.fromkeys(image.arch for image in images))
            value["osList"] = list(dict.fromkeys(image.os for image in images))
        self.entries.append({**value, "images": [image.entry() for image in images]})
        return self

    @property
    def index(self) -> bytes:
        """The bytes of ``index.json``."""
        time = "2026-03-09T17:03:17.123456789+08:00"
        listed = {"list": self.entries} if self.entries else {}
        return _compact({**listed, "version": self.version, "time": time})

    def to_bytes(self) -> bytes:
        """The zip."""
        data, directory = b"", b""
        members = {**self.members, "index.json": self.index}
        for name, content in members.items():
            dated = name != "index.json"
            directory += _central(name, content, len(data), dated=dated)
            data += _local(name, content, dated=dated)
        count, start = len(members), len(data)
        end = struct.pack(
            "<IHHHHIIH", 0x06054B50, 0, 0, count, count, len(directory), start, 0
        )
        return data + directory + end

    def write(self, path: Path) -> Path:
        """Write it to a file."""
        path.write_bytes(self.to_bytes())
        return path


def _pointer(data: bytes, media_type: str) -> dict[str, Any]:
    digest = f"sha256:{sha256(data)}"
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _compact(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _stamp(*, dated: bool) -> tuple[int, int, bytes]:
    if not dated:
        return 0, 0, b""
    return _TIME, _DATE, struct.pack("<HHBI", 0x5455, 5, 1, _MODIFIED)


def _local(name: str, content: bytes, *, dated: bool) -> bytes:
    time, date, extra = _stamp(dated=dated)
    raw, crc = name.encode(), zlib.crc32(content)
    head = struct.pack(
        *("<IHHHHHIIIHH", 0x04034B50, 20, 8, 0, time, date),
        *(0, 0, 0, len(raw), len(extra)),
    )
    size = len(content)
    tail = struct.pack("<IIII", 0x08074B50, crc, size, size)
    return head + raw + extra + content + tail


def _central(name: str, content: bytes, offset: int, *, dated: bool) -> bytes:
    time, date, extra = _stamp(dated=dated)
    raw, crc, size = name.encode(), zlib.crc32(content), len(content)
    head = struct.pack(
        *("<IHHHHHHIII", 0x02014B50, 20, 20, 8, 0, time, date, crc, size, size),
    )
    rest = struct.pack("<HHHHHII", len(raw), len(extra), 0, 0, 0, 0, offset)
    return head + rest + raw + extra
