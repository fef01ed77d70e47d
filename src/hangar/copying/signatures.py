"""Signatures that are at the destination already stay when others join them.

cosign keeps all signatures of an image in one image of its own, a layer each
(sigstore/cosign, "SIGNATURE_SPEC.md"), under a tag that the digest of what is signed
gives. So copying such a tag means joining layers.
"""

from __future__ import annotations

import json

from hangar.oci import Descriptor, Digest, Manifest, load_object


def joined(
    mine: Manifest, my_config: bytes, theirs: Manifest
) -> tuple[Manifest, bytes]:
    """Add to ``mine`` the layers of ``theirs`` that it lacks.

    Returns ``mine`` itself if it lacks none, else a new manifest; and its config.
    """
    lacking = [layer for layer in theirs.layers if layer not in mine.layers]
    if not lacking:
        return mine, my_config
    config = load_object(my_config, "config")
    match config:
        case {"rootfs": {"diff_ids": list() as diff_ids}}:
            diff_ids += [layer.digest for layer in lacking]
    config_bytes = json.dumps(config, separators=(",", ":")).encode()
    value = load_object(mine.raw, "manifest")
    described = Descriptor(
        mine.config.media_type if mine.config else "",
        Digest.of(config_bytes),
        len(config_bytes),
    )
    value["config"] = described.to_json()
    value["layers"] += [layer.to_json() for layer in lacking]
    raw = json.dumps(value, separators=(",", ":")).encode()
    return Manifest.parse(raw, mine.media_type), config_bytes
