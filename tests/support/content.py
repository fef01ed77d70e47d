"""Small images put straight into any store, one line each."""

from __future__ import annotations

import json
from collections.abc import Generator, Mapping, Sequence
from typing import Any

from hangar.oci import (
    ATTESTATION_SUBJECT,
    ATTESTATION_TYPE,
    DOCKER_MANIFEST,
    OCI_CONFIG,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Digest,
    Manifest,
    Platform,
)
from hangar.store import Destination

DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"


def put_bytes(store: Destination, data: bytes, media_type: str = LAYER) -> Descriptor:
    """Store a blob; return what points at it."""

    def chunks() -> Generator[bytes, None, None]:
        yield data

    blob = Descriptor(media_type, Digest.of(data), len(data))
    store.put_blob(blob, chunks)
    return blob


def put_image(
    store: Destination,
    *layers: bytes,
    tag: str = "",
    platform: str = "linux/amd64",
    media_type: str = OCI_MANIFEST,
    config_type: str = OCI_CONFIG,
    history: Sequence[Mapping[str, str]] = (),
    **fields: Any,
) -> Descriptor:
    """Store an image; return the entry that an index would have for it."""
    system, architecture, variant = (*platform.split("/"), "")[:3]
    runs_on = Platform(architecture, system, variant)
    config = json.dumps(
        {
            **runs_on.to_json(),
            "rootfs": {"type": "layers", "diff_ids": [Digest.of(x) for x in layers]},
            "history": list(history),
        }
    )
    kind = DOCKER_LAYER if media_type == DOCKER_MANIFEST else LAYER
    value = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "config": put_bytes(store, config.encode(), config_type).to_json(),
        "layers": [put_bytes(store, layer, kind).to_json() for layer in layers],
        **fields,
    }
    manifest = Manifest.parse(json.dumps(value).encode(), media_type)
    store.put_manifest(manifest, tag)
    return Descriptor(media_type, manifest.digest, len(manifest.raw), platform=runs_on)


def put_index(
    store: Destination,
    tag: str,
    *entries: Descriptor,
    media_type: str = OCI_INDEX,
    **fields: Any,
) -> Manifest:
    """Store an index of what was stored before."""
    value = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": [entry.to_json() for entry in entries],
        **fields,
    }
    manifest = Manifest.parse(json.dumps(value, indent=1).encode(), media_type)
    store.put_manifest(manifest, tag)
    return manifest


def put_attestation(store: Destination, subject: Descriptor) -> Descriptor:
    """Store what BuildKit attests of an image; return the index's entry."""
    entry = put_image(store, b"attests " + subject.digest.encode())
    return Descriptor(
        entry.media_type,
        entry.digest,
        entry.size,
        platform=Platform("unknown", "unknown"),
        annotations={
            ATTESTATION_TYPE: "attestation-manifest",
            ATTESTATION_SUBJECT: subject.digest,
        },
    )


def put_signature(
    store: Destination, subject: Digest, payload: bytes, by: str = "me"
) -> Descriptor:
    """Store a cosign signature of ``subject`` under its tag."""
    layer = put_bytes(store, payload, SIMPLE_SIGNING)
    signed: Mapping[str, Any] = {
        **layer.to_json(),
        "annotations": {"dev.cosignproject.cosign/signature": by},
    }
    return put_image(
        store, tag=f"sha256-{subject.hex}.sig", layers=[signed], platform="/"
    )
