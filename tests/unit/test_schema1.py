"""Docker schema 1, converted."""

from __future__ import annotations

import json
import zlib
from collections import Counter
from typing import Any

import pytest

from hangar.copying import Route
from hangar.errors import HangarError, IntegrityError, InvalidManifest
from hangar.events import Outcome, Status
from hangar.oci import (
    DOCKER_CONFIG,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
    Digest,
    Manifest,
)
from hangar.operations.transfer import check_all, copy_all
from hangar.selection import Selection
from tests.support.content import put_bytes
from tests.support.memory import MemoryPlace, MemoryStore

OLDEST, EMPTY, NEWEST = b"oldest layer" * 9000, b"", b"newest layer"


@pytest.fixture
def upstream() -> MemoryStore:
    return MemoryPlace("upstream.example").repository("library/old")


@pytest.fixture
def mirror() -> MemoryStore:
    return MemoryPlace("mirror.example").repository("library/old")


def put_schema1(store: MemoryStore, *packed: bytes, **fields: Any) -> Manifest:
    """Store a schema 1 image of three layers, the middle one empty."""
    layers = packed or tuple(
        zlib.compress(data, wbits=31) for data in (OLDEST, EMPTY, NEWEST)
    )
    history: list[dict[str, Any]] = [
        {"id": "1", "created": "2014", "container_config": {"Cmd": ["/bin/sh", "-c"]}},
        {"id": "2", "parent": "1", "throwaway": True, "author": "me"},
        {
            "id": "3",
            "parent": "2",
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": ["run"]},
        },
    ]
    value = {
        "schemaVersion": 1,
        "name": "library/old",
        "tag": "1.0",
        "architecture": "amd64",
        "fsLayers": [{"blobSum": put_bytes(store, b).digest} for b in layers[::-1]],
        "history": [{"v1Compatibility": json.dumps(h)} for h in history[::-1]],
        **fields,
    }
    manifest = Manifest.parse(json.dumps(value).encode(), DOCKER_SCHEMA1_SIGNED)
    store.put_manifest(manifest, "1.0")
    return manifest


def copy(source: MemoryStore, destination: MemoryStore, **options: Any) -> Outcome:
    route = Route("old", source, "1.0", destination, "1.0", 1)
    (outcome,) = copy_all([route], **options)
    return outcome


def test_schema_1_arrives_as_schema_2(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    old = put_schema1(upstream)

    outcome = copy(upstream, mirror, selection=Selection(frozenset({"amd64"})))

    new = mirror.manifest("1.0")
    assert outcome.source_digest == old.digest != outcome.digest == new.digest
    assert new.media_type == DOCKER_MANIFEST
    assert [layer.digest for layer in new.layers] == [
        Digest.of(zlib.compress(OLDEST, wbits=31)),
        Digest.of(zlib.compress(NEWEST, wbits=31)),
    ]
    assert new.config is not None
    assert new.config.media_type == DOCKER_CONFIG
    config = json.loads(mirror.shared.blobs[mirror.name, new.config.digest])
    assert config == {
        "architecture": "amd64",
        "os": "linux",
        "config": {"Cmd": ["run"]},
        "rootfs": {
            "type": "layers",
            "diff_ids": [Digest.of(OLDEST), Digest.of(NEWEST)],
        },
        "history": [
            {"created": "2014", "created_by": "/bin/sh -c"},
            {"author": "me", "empty_layer": True},
            {},
        ],
    }


def test_a_converted_image_is_recognised_without_reading_its_layers(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_schema1(upstream)
    copy(upstream, mirror)
    upstream.shared.log.clear()

    outcome = copy(upstream, mirror)

    assert outcome.status is Status.UP_TO_DATE
    assert "blob" not in {call for call, _, _ in upstream.shared.log}


def test_a_layer_of_many_images_is_measured_once_and_copied_once(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_schema1(upstream)
    routes = [
        Route("old", upstream, "1.0", mirror, tag, number)
        for number, tag in enumerate(("a", "b", "c"), start=1)
    ]

    assert copy_all(routes, jobs=1).ok

    read = Counter(what for call, _, what in upstream.shared.log if call == "blob")
    layers = [Digest.of(zlib.compress(data, wbits=31)) for data in (OLDEST, NEWEST)]
    assert read == dict.fromkeys(layers, 2)


def test_a_converted_image_can_be_checked(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_schema1(upstream)
    copy(upstream, mirror)
    route = Route("old", upstream, "1.0", mirror, "1.0", 1)

    (outcome,) = check_all([route], deep=True)

    assert outcome.status is Status.UP_TO_DATE


def test_filters_look_at_what_schema_1_says_of_itself(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_schema1(upstream)

    outcome = copy(upstream, mirror, selection=Selection(frozenset({"arm64"})))

    assert outcome.status is Status.SKIPPED
    assert mirror.manifests == {}


def test_a_layer_of_several_gzip_members_is_unpacked_whole(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    members = zlib.compress(b"one", wbits=31) + zlib.compress(b"two", wbits=31)
    put_schema1(upstream, members, b"", zlib.compress(NEWEST, wbits=31))

    copy(upstream, mirror)

    config = mirror.manifest("1.0").config
    assert config is not None
    assert (
        Digest.of(b"onetwo").encode() in mirror.shared.blobs[mirror.name, config.digest]
    )


def test_a_layer_that_is_no_gzip_is_refused(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_schema1(upstream, b"no gzip", b"", b"no gzip either")

    assert isinstance(copy(upstream, mirror).error, InvalidManifest)


def test_a_layer_that_is_not_what_it_is_called_is_refused(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_schema1(upstream)
    name = (upstream.name, Digest.of(zlib.compress(OLDEST, wbits=31)))
    upstream.shared.blobs[name] = zlib.compress(b"something else", wbits=31)

    assert isinstance(copy(upstream, mirror).error, IntegrityError)
    assert mirror.manifests == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"fsLayers": []},
        {"history": []},
        {"fsLayers": [1, 2, 3]},
        {"history": [{"v1Compatibility": "no json"}] * 3},
        {"history": [{"v1Compatibility": 1}] * 3},
    ],
)
def test_a_malformed_schema_1_manifest_is_refused(
    upstream: MemoryStore, mirror: MemoryStore, fields: dict[str, Any]
) -> None:
    old = put_schema1(upstream, **fields)

    outcome = copy(upstream, mirror)

    assert old.media_type in (DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED)
    assert isinstance(outcome.error, HangarError)
    assert mirror.manifests == {}


@pytest.mark.parametrize("command", [5, "run", {"a": 1}])
def test_a_command_that_is_no_list_is_no_history(
    upstream: MemoryStore, mirror: MemoryStore, command: object
) -> None:
    layer = zlib.compress(OLDEST, wbits=31)
    stated = {"os": "linux", "architecture": "amd64"}
    history = {**stated, "container_config": {"Cmd": command}}
    put_schema1(
        upstream,
        fsLayers=[{"blobSum": put_bytes(upstream, layer).digest}],
        history=[{"v1Compatibility": json.dumps(history)}],
    )

    assert copy(upstream, mirror).status is Status.COPIED

    config = mirror.manifest("1.0").config
    assert config
    assert json.loads(b"".join(mirror.blob(config)))["history"] == [{}]


def test_text_that_is_no_unicode_is_no_bug(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    old = put_schema1(upstream)
    value = json.loads(old.raw)
    value["history"][0]["v1Compatibility"] = '{"os": "\ud800"'
    manifest = Manifest.parse(json.dumps(value).encode())
    upstream.put_manifest(manifest, "1.0")

    (outcome,) = copy_all([Route("old:1.0", upstream, "1.0", mirror, "1.0")])

    assert isinstance(outcome.error, InvalidManifest)
    assert not mirror.tags
