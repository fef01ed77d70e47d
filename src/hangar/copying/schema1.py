"""Docker schema 1, the retired manifest format, converted to schema 2.

Schema 1 names no sizes and no digests of unpacked layers, so every layer has to be
read once to convert an image, unless the destination has the result already; and once
more to be copied, for whoever takes it wants to know its size first.
It is the only case in which a platform's digest changes.
(docker/distribution, "manifest-v2-1.md" and "manifest-v2-2.md".)
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import zlib
from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from typing import Any

from hangar.deadline import current
from hangar.errors import IntegrityError, InvalidManifest
from hangar.oci import (
    DOCKER_CONFIG,
    DOCKER_LAYER,
    DOCKER_MANIFEST,
    MAX_BLOB,
    Descriptor,
    Digest,
    Manifest,
    Platform,
    load_object,
)
from hangar.store import Source

_GZIP = 31
"""What zlib takes as a request to read gzip's header."""

_SLICE = 16 << 10
"""Bytes fed to the decompressor at a time; they unpack to 16 MiB at most."""

_NOT_IN_CONFIG = ("id", "parent", "Size", "parent_id", "layer_id", "throwaway")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """What schema 1 does not say of a layer.

    Attributes:
        size: bytes as stored.
        diff_id: digest of the unpacked bytes.
    """

    size: int
    diff_id: str


@dataclass(frozen=True, slots=True)
class _Image:
    """A schema 1 manifest, oldest layer first."""

    blobs: tuple[Digest, ...]
    history: tuple[dict[str, Any], ...]

    @classmethod
    def parse(cls, manifest: Manifest) -> _Image:
        match load_object(manifest.raw, "manifest"):
            case {
                "fsLayers": [_, *_] as layers,
                "history": [_, *_] as history,
            } if len(layers) == len(history):
                return cls(
                    tuple(Digest(_text(item, "blobSum")) for item in layers[::-1]),
                    tuple(map(_described, history[::-1])),
                )
            case _:
                message = "a schema 1 manifest without equally many layers and history"
                raise InvalidManifest(message)

    @property
    def layers(self) -> tuple[Digest, ...]:
        """Those that are not empty; schema 2 does not list empty ones."""
        pairs = zip(self.blobs, self.history, strict=True)
        return tuple(blob for blob, entry in pairs if not entry.get("throwaway"))


def platform(manifest: Manifest) -> Platform:
    """Read what a schema 1 image runs on."""
    newest, _ = described(manifest)
    return Platform.from_json(
        {key: newest.get(key) for key in ("architecture", "os", "variant")}
    )


def described(manifest: Manifest) -> tuple[Mapping[str, Any], tuple[Digest, ...]]:
    """Read what a schema 1 image says of itself, and its layers, oldest first."""
    image = _Image.parse(manifest)
    return image.history[-1], image.blobs


def converted(
    source: Source, manifest: Manifest, known: MutableMapping[Digest, Unpacked]
) -> tuple[Manifest, bytes]:
    """Convert a manifest to schema 2; return it with the bytes of its config.

    Layers that are not in ``known`` are downloaded to be measured, and noted there.

    Raises:
        InvalidManifest: the manifest or a layer is malformed.
        IntegrityError: a layer is not what its digest says.
    """
    image = _Image.parse(manifest)
    for digest in image.layers:
        if digest not in known:
            known[digest] = _unpacked(source, digest)
    layers = [known[digest] for digest in image.layers]
    config = _config(image.history, [layer.diff_id for layer in layers])
    described = Descriptor(DOCKER_CONFIG, Digest.of(config), len(config))
    value = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": described.to_json(),
        "layers": [
            Descriptor(DOCKER_LAYER, digest, layer.size).to_json()
            for digest, layer in zip(image.layers, layers, strict=True)
        ],
    }
    return Manifest.parse(_json(value), DOCKER_MANIFEST), config


def known_layers(manifest: Manifest, config: bytes) -> dict[Digest, Unpacked]:
    """Learn about layers from a schema 2 image that has them."""
    match load_object(config, "config"):
        case {"rootfs": {"diff_ids": [*diff_ids]}} if len(diff_ids) == len(
            manifest.layers
        ):
            return {
                layer.digest: Unpacked(layer.size, str(diff_id))
                for layer, diff_id in zip(manifest.layers, diff_ids, strict=True)
            }
        case _:
            return {}


def _config(history: Sequence[Mapping[str, Any]], diff_ids: Sequence[str]) -> bytes:
    value = {k: v for k, v in history[-1].items() if k not in _NOT_IN_CONFIG}
    value["rootfs"] = {"type": "layers", "diff_ids": list(diff_ids)}
    value["history"] = [_history(entry) for entry in history]
    return _json(dict(sorted(value.items())))


def _history(entry: Mapping[str, Any]) -> dict[str, Any]:
    container = entry.get("container_config")
    command = container.get("Cmd") if isinstance(container, dict) else None
    value = {
        "created": entry.get("created"),
        "author": entry.get("author"),
        "created_by": " ".join(map(str, command)) if isinstance(command, list) else "",
        "comment": entry.get("comment"),
        "empty_layer": bool(entry.get("throwaway")),
    }
    return {key: item for key, item in value.items() if item}


def _unpacked(source: Source, digest: Digest) -> Unpacked:
    """Download a layer to measure it."""
    received, packed, plain = 0, hashlib.new(digest.algorithm), hashlib.sha256()
    unzip = zlib.decompressobj(wbits=_GZIP)
    layer = Descriptor(DOCKER_LAYER, digest, MAX_BLOB)
    with contextlib.closing(source.blob(layer)) as chunks:
        for chunk in current().watch(chunks):
            received += len(chunk)
            packed.update(chunk)
            for start in range(0, len(chunk), _SLICE):
                unzip = _unzip(unzip, chunk[start : start + _SLICE], plain)
    actual = f"{digest.algorithm}:{packed.hexdigest()}"
    if actual != digest:
        raise IntegrityError(expected=digest, actual=actual, received=received)
    return Unpacked(received, f"sha256:{plain.hexdigest()}")


def _unzip(unzip: Any, data: bytes, plain: Any) -> Any:
    """Feed ``data``; return what decompresses the rest (gzip may have members)."""
    try:
        while data:
            plain.update(unzip.decompress(data))
            data = unzip.unused_data
            if unzip.eof:
                unzip = zlib.decompressobj(wbits=_GZIP)
    except zlib.error as error:
        message = "a schema 1 layer that is not compressed with gzip"
        raise InvalidManifest(message) from error
    return unzip


def _described(item: Any) -> dict[str, Any]:
    """What a layer's history says of it, which is JSON within JSON."""
    text = _text(item, "v1Compatibility")
    return load_object(text.encode(errors="surrogatepass"), "history")


def _text(item: Any, key: str) -> str:
    match item:
        case dict() if isinstance(item.get(key), str):
            return str(item[key])
        case _:
            message = f"a schema 1 manifest with a malformed {key}: {item!r:.80}"
            raise InvalidManifest(message)


def _json(value: Any) -> bytes:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=True).encode()
