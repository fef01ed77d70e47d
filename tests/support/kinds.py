"""A repository with an image of every kind."""

from __future__ import annotations

from dataclasses import replace

from hangar.oci import DOCKER_LIST, DOCKER_MANIFEST, Descriptor, Digest
from tests.support.content import (
    put_attestation,
    put_image,
    put_index,
    put_signature,
)
from tests.support.memory import MemoryStore
from tests.support.seeding import draft

HELM = "application/vnd.cncf.helm.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"


def every_kind() -> MemoryStore:
    """Build a repository with an image of every kind that is kept as it is."""
    store = draft()
    amd64 = put_image(store, b"layer of amd64")
    arm64 = put_image(store, b"layer of arm64", platform="linux/arm64/v8")
    attested = put_attestation(store, amd64)
    index = put_index(store, "index", amd64, arm64, attested)
    put_signature(store, index.digest, b"signs the index")
    put_signature(store, amd64.digest, b"signs the image")
    put_image(
        store, b"an sbom", subject=amd64.to_json(), artifactType="application/spdx"
    )
    docker = [
        put_image(
            store,
            b"layer of " + name,
            platform=f"linux/{name.decode()}",
            media_type=DOCKER_MANIFEST,
            config_type=DOCKER_CONFIG,
        )
        for name in (b"amd64", b"arm64")
    ]
    put_index(store, "list", *docker, media_type=DOCKER_LIST)
    put_image(store, b"a layer", tag="single")
    put_image(store, b"a chart", tag="chart", config_type=HELM, platform="/")
    put_image(
        store,
        b"an artifact",
        tag="artifact",
        config_type="application/vnd.oci.empty.v1+json",
        artifactType="application/vnd.example",
    )
    put_index(store, "nested", index.descriptor)
    put_index(store, "no-platform", replace(amd64, platform=None))
    zstd = Descriptor("", Digest.of(b"an sbom"), 7).to_json()
    zstd["mediaType"] = "application/vnd.oci.image.layer.v1.tar+zstd"
    put_image(store, tag="zstd", layers=[zstd])
    return store
