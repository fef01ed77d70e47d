"""What arrives is what the source has, byte by byte."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hangar.copying import Route
from hangar.events import Status
from hangar.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    Descriptor,
    Digest,
)
from hangar.operations.transfer import copy_all
from tests.support.content import (
    put_attestation,
    put_bytes,
    put_image,
    put_index,
)
from tests.support.memory import MemoryStore
from tests.unit.copying.conftest import LINUX, copy


def test_an_index_arrives_with_its_own_bytes(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    amd64 = put_image(upstream, b"layer of amd64")
    arm64 = put_image(upstream, b"layer of arm64", platform="linux/arm64/v8")
    attested = put_attestation(upstream, amd64)
    index = put_index(upstream, "1.0", amd64, arm64, attested, annotations={"a": "b"})

    outcome = copy(upstream, mirror, selection=LINUX)

    assert outcome.status is Status.COPIED
    assert outcome.source_digest == outcome.digest == index.digest
    assert mirror.manifest("1.0").raw == index.raw
    assert set(mirror.manifests) == set(upstream.manifests)
    assert {d for _, d in mirror.shared.blobs} == {d for _, d in upstream.shared.blobs}


@pytest.mark.parametrize("tags", [("1.0", "2.0"), ("2.0", "1.0")])
def test_a_manifest_that_is_also_a_layer_arrives_as_both(
    upstream: MemoryStore, mirror: MemoryStore, tags: tuple[str, str]
) -> None:
    inner = put_image(upstream, b"layer")
    raw = upstream.manifests[inner.digest].raw
    outer = put_image(upstream, raw, platform="linux/arm64")
    put_index(upstream, "1.0", inner, outer)
    put_index(upstream, "2.0", inner)

    routes = [Route(tag, upstream, tag, mirror, tag) for tag in tags]

    assert copy_all(routes, jobs=1).ok

    assert set(mirror.manifests) == set(upstream.manifests)
    assert mirror.shared.blobs[mirror.name, inner.digest] == raw


@pytest.mark.parametrize("media_type", [DOCKER_MANIFEST, OCI_MANIFEST])
def test_a_plain_manifest_stays_a_plain_manifest(
    upstream: MemoryStore, mirror: MemoryStore, media_type: str
) -> None:
    image = put_image(upstream, b"layer", tag="1.0", media_type=media_type)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags == {"1.0": image.digest}
    assert mirror.manifest("1.0").raw == upstream.manifest("1.0").raw


def test_a_docker_list_stays_a_docker_list(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer", media_type=DOCKER_MANIFEST)
    index = put_index(upstream, "1.0", image, media_type=DOCKER_LIST)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags["1.0"] == index.digest
    assert mirror.manifest("1.0").media_type == DOCKER_LIST


def test_an_index_inside_an_index_is_copied_whole(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer")
    inner = put_index(upstream, "inner", image)
    outer = put_index(upstream, "1.0", inner.descriptor)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags == {"1.0": outer.digest}
    assert image.digest in mirror.manifests


def test_an_artifact_is_copied_unchanged_whatever_the_filters(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    config_type = "application/vnd.cncf.helm.config.v1+json"
    chart = put_image(upstream, b"chart", tag="1.0", config_type=config_type)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags["1.0"] == chart.digest


def test_a_foreign_layer_is_neither_read_nor_written(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    layer = Descriptor("application/vnd.foreign", Digest.of(b"foreign"), 7)
    foreign = replace(layer, urls=("https://example.com/layer",)).to_json()
    image = put_image(upstream, tag="1.0", layers=[foreign], platform="windows/amd64")

    copy(upstream, mirror)

    assert mirror.tags["1.0"] == image.digest
    assert layer.digest not in {digest for _, digest in mirror.shared.blobs}


def test_an_index_entry_without_platform_is_copied(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = replace(put_image(upstream, b"layer"), platform=None)
    index = put_index(upstream, "1.0", image)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags["1.0"] == index.digest


def test_layers_that_an_index_lists_itself_are_copied(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    layer = put_bytes(upstream, b"a layer of a build cache")
    index = put_index(upstream, "1.0", layer)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags["1.0"] == index.digest
    assert mirror.has(layer)


def test_a_digest_alone_is_copied_whole_and_untagged(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    amd64 = put_image(upstream, b"layer")
    s390x = put_image(upstream, b"other", platform="linux/s390x")
    index = put_index(upstream, "1.0", amd64, s390x)

    outcome = copy(upstream, mirror, tag="", reference=index.digest, selection=LINUX)

    assert outcome.status is Status.COPIED
    assert mirror.tags == {}
    assert set(mirror.manifests) == {amd64.digest, s390x.digest, index.digest}
