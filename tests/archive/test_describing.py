"""What the index says of images, as the Go program would (its format, 4.2)."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hangar.oci import (
    DOCKER_CONFIG,
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    Descriptor,
    Digest,
    Manifest,
    Platform,
)
from hangar.operations.saving import save
from tests.archive.common import indexed, registries
from tests.support.content import put_attestation, put_bytes, put_image, put_index
from tests.support.killing import Given
from tests.support.memory import MemoryStore

NAME = "source.example/team/app"
LAYER = f"{Digest.of(b'layer')}"


def own_image(store: MemoryStore, **config: Any) -> Descriptor:
    """An image whose config says this of its platform; its index says nothing."""
    layer = put_bytes(store, b"layer")
    configured = put_bytes(store, json.dumps(config).encode(), DOCKER_CONFIG)
    value = {
        "schemaVersion": 2,
        "mediaType": DOCKER_MANIFEST,
        "config": configured.to_json(),
        "layers": [layer.to_json()],
    }
    manifest = Manifest.parse(json.dumps(value).encode(), DOCKER_MANIFEST)
    store.put_manifest(manifest)
    return manifest.descriptor


def entry(tmp_path: Path, given: Given) -> dict[str, Any]:
    """What the index says of the image of the tag ``it``."""
    assert save([f"{NAME}:it"], registries(given), tmp_path / "a.zip").ok
    [found] = indexed(tmp_path / "a.zip")
    return found


CONFIG = {
    "architecture": "arm",
    "os": "linux",
    "variant": "v6",
    "os.version": "1.2",
    "os.features": ["a", "b"],
}
WINDOWS = {
    "architecture": "amd64",
    "os": "windows",
    "os.version": "10.0.1",
    "os.features": ["win32k"],
}


@pytest.mark.parametrize(
    ("listed", "config", "told"),
    [
        (
            Platform("amd64", "linux"),
            CONFIG,
            {"arch": "amd64", "os": "linux"},
        ),
        (
            Platform("arm64", "linux", "v8"),
            CONFIG,
            {"arch": "arm64", "os": "linux", "variant": "v8"},
        ),
        (
            Platform("arm", "linux"),
            {"architecture": "arm", "os": "linux", "variant": "v6"},
            {"arch": "arm", "os": "linux", "variant": "v6"},
        ),
        (
            Platform("arm", "linux", "v7"),
            CONFIG,
            {"arch": "arm", "os": "linux", "variant": "v7"},
        ),
        (
            Platform("amd64", "windows"),
            WINDOWS,
            {
                "arch": "amd64",
                "os": "windows",
                "osVersion": "10.0.1",
                "osFeatures": ["win32k"],
            },
        ),
        (
            Platform("amd64", "windows", "", "10.0.2"),
            WINDOWS,
            {
                "arch": "amd64",
                "os": "windows",
                "osVersion": "10.0.2",
                "osFeatures": ["win32k"],
            },
        ),
        (
            Platform("amd64", "windows", "", "10.0.2", ("other",)),
            WINDOWS,
            {
                "arch": "amd64",
                "os": "windows",
                "osVersion": "10.0.2",
                "osFeatures": ["other"],
            },
        ),
    ],
)
def test_platforms_are_the_indexs_and_where_it_is_vague_the_configs(
    tmp_path: Path, listed: Platform, config: dict[str, Any], told: dict[str, Any]
) -> None:
    given = Given(1)
    store = given.stores["team/app"]
    image = replace(own_image(store, **config), platform=listed)
    put_index(store, "it", image, media_type=DOCKER_LIST)

    found = entry(tmp_path, given)

    [said] = found["images"]
    kept = {"mediaType", "layers", "config", "digest"}
    assert {key: said[key] for key in said.keys() - kept} == told
    assert said["digest"] == image.digest
    assert said["mediaType"] == DOCKER_MANIFEST
    assert said["layers"] == [LAYER]
    assert said["config"] == Digest.of(json.dumps(config).encode())
    assert (found["archList"], found["osList"]) == ([told["arch"]], [told["os"]])


def test_the_platform_of_a_single_image_is_its_configs(tmp_path: Path) -> None:
    given = Given(1)
    store = given.stores["team/app"]
    image = own_image(store, **CONFIG)
    store.tags["it"] = image.digest

    [said] = entry(tmp_path, given)["images"]

    assert said["arch"] == "arm"
    assert said["os"] == "linux"
    assert said["variant"] == "v6"
    assert said["osVersion"] == "1.2"
    assert said["osFeatures"] == ["a", "b"]
    assert "annotations" not in said


@pytest.mark.parametrize("config", [b"[]", b"null", b'{"os":1}', b"\xff", b""])
def test_a_config_that_says_nothing_makes_a_platform_of_nothing(
    tmp_path: Path, config: bytes
) -> None:
    given = Given(1)
    store = given.stores["team/app"]
    image = put_image(store, b"layer")
    value = json.loads(store.manifests[image.digest].raw)
    value["config"] |= put_bytes(store, config, value["config"]["mediaType"]).to_json()
    manifest = Manifest.parse(json.dumps(value).encode(), OCI_MANIFEST)
    store.put_manifest(manifest, "it")

    [said] = entry(tmp_path, given)["images"]

    assert not {"arch", "os", "variant"} & said.keys()
    assert said["digest"] == manifest.digest


def test_annotations_are_the_indexs_and_foreign_layers_are_left_out(
    tmp_path: Path,
) -> None:
    given = Given(1)
    store = given.stores["team/app"]
    foreign = {
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "digest": str(Digest.of(b"elsewhere")),
        "size": 9,
        "urls": ["https://example.com/layer"],
    }
    own = put_image(store, b"layer", annotations={"of": "the manifest"})
    value = json.loads(store.manifests[own.digest].raw)
    value["layers"] = [foreign, *value["layers"], *value["layers"]]
    manifest = Manifest.parse(json.dumps(value).encode(), OCI_MANIFEST)
    store.put_manifest(manifest)
    listed = replace(
        manifest.descriptor,
        platform=Platform("amd64", "linux"),
        annotations={"of": "the index"},
    )
    plain = put_image(store, b"layer", annotations={"of": "the manifest"}, a="b")
    attested = put_attestation(store, listed)
    put_index(store, "it", listed, plain, attested)

    found = entry(tmp_path, given)

    first, second, third = found["images"]
    assert first["annotations"] == {"of": "the index"}
    assert first["layers"] == [LAYER, LAYER]
    assert "annotations" not in second
    assert third["annotations"] == dict(attested.annotations)
    assert found["archList"] == ["amd64", "unknown"]
    assert found["osList"] == ["linux", "unknown"]


def test_annotations_of_what_is_no_image_are_its_own(tmp_path: Path) -> None:
    given = Given(1)
    store = given.stores["team/app"]
    put_image(
        store,
        b"layer",
        tag="it",
        config_type="application/vnd.cncf.helm.config.v1+json",
        annotations={"org.opencontainers.image.title": "app"},
    )

    [said] = entry(tmp_path, given)["images"]

    assert said["annotations"] == {"org.opencontainers.image.title": "app"}
    assert not {"arch", "os"} & said.keys()
