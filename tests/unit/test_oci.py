"""Values of the image specification."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hangar.errors import (
    HangarError,
    IntegrityError,
    InvalidDigest,
    InvalidManifest,
    Unsupported,
)
from hangar.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
    MAX_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Digest,
    Manifest,
    Platform,
)

SOME = "sha256:" + "ab" * 32
CONFIG = {"mediaType": "application/x", "digest": SOME, "size": 2}


def parse(value: Any, media_type: str = "") -> Manifest:
    return Manifest.parse(json.dumps(value).encode(), media_type)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256:",
        "sha256:" + "ab" * 31,
        "sha256:" + "AB" * 32,
        "md5:" + "ab" * 16,
        "sha512:" + "ab" * 32,
        SOME + "\n",
        "../" + SOME,
    ],
)
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(InvalidDigest):
        Digest(text)


@pytest.mark.parametrize("algorithm", ["sha256", "sha384", "sha512"])
def test_a_digest_names_its_content_alone(algorithm: str) -> None:
    digest = Digest.of(b"content", algorithm)

    digest.check(b"content")
    with pytest.raises(IntegrityError) as caught:
        digest.check(b"other")
    assert caught.value.expected == digest
    assert caught.value.received == 5


@pytest.mark.parametrize(
    "value",
    [
        None,
        [],
        {},
        {"mediaType": "x", "digest": SOME},
        {"mediaType": "x", "digest": SOME, "size": -1},
        {"mediaType": "x", "digest": SOME, "size": True},
        {"mediaType": "x", "digest": SOME, "size": 1 << 62},
        {"mediaType": "x", "digest": SOME, "size": "1"},
        {"mediaType": 1, "digest": SOME, "size": 1},
        {"mediaType": "x", "digest": "nonsense", "size": 1},
        {"mediaType": "x", "digest": SOME, "size": 1, "platform": []},
        {"mediaType": "x", "digest": SOME, "size": 1, "urls": "no list"},
        {"mediaType": "x", "digest": SOME, "size": 1, "annotations": {"a": 1}},
        {"mediaType": "x", "digest": SOME, "size": 1, "platform": {"os": 1}},
    ],
)
def test_what_is_no_descriptor_is_refused(value: Any) -> None:
    with pytest.raises((InvalidManifest, InvalidDigest)):
        Descriptor.from_json(value)


def test_a_descriptor_survives_writing_and_reading() -> None:
    descriptor = Descriptor(
        OCI_MANIFEST,
        Digest(SOME),
        3,
        platform=Platform("arm", "linux", "v7", "1.2", ("feature",)),
        annotations={"key": "value"},
        urls=("https://example.com",),
        artifact_type="application/x",
    )

    assert Descriptor.from_json(descriptor.to_json()) == descriptor


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ({"schemaVersion": 2, "manifests": []}, OCI_INDEX),
        ({"schemaVersion": 2, "config": CONFIG, "layers": []}, OCI_MANIFEST),
        ({"schemaVersion": 2, "mediaType": DOCKER_LIST, "manifests": []}, DOCKER_LIST),
        ({"mediaType": DOCKER_MANIFEST, "config": CONFIG}, DOCKER_MANIFEST),
        ({"schemaVersion": 1, "fsLayers": []}, DOCKER_SCHEMA1),
        ({"schemaVersion": 1, "fsLayers": [], "signatures": []}, DOCKER_SCHEMA1_SIGNED),
    ],
)
@pytest.mark.parametrize("served", ["", "application/json", "text/html; charset=utf-8"])
def test_a_manifest_served_as_something_else_says_itself_what_it_is(
    value: Any, kind: str, served: str
) -> None:
    assert parse(value, served).media_type == kind


def test_parameters_of_a_served_type_do_not_count() -> None:
    manifest = parse({"manifests": []}, f"{OCI_INDEX}; charset=utf-8")

    assert manifest.media_type == OCI_INDEX


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"<html>",
        b"[]",
        b'"text"',
        b"{}",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"schemaVersion": 2}',
        b" " * (MAX_MANIFEST + 1),
    ],
)
def test_bytes_that_are_no_manifest_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidManifest):
        Manifest.parse(raw)


def test_an_unknown_type_is_named() -> None:
    kind = "application/vnd.oci.artifact.manifest.v1+json"

    with pytest.raises(Unsupported, match=r"unsupported MIME type .*artifact"):
        parse({"mediaType": kind, "blobs": []})


@pytest.mark.parametrize(
    ("value", "served"),
    [
        ({"manifests": [], "config": CONFIG}, OCI_INDEX),
        ({"manifests": [], "config": CONFIG}, OCI_MANIFEST),
        ({"config": CONFIG, "layers": []}, OCI_INDEX),
        ({"mediaType": OCI_INDEX, "manifests": []}, DOCKER_LIST),
    ],
)
def test_bytes_with_two_readings_are_refused(value: Any, served: str) -> None:
    with pytest.raises(InvalidManifest):
        parse(value, served)


def test_the_bytes_are_kept_as_they_came() -> None:
    raw = b'{ "manifests" :[], "schemaVersion":2 }\n'

    manifest = Manifest.parse(raw, OCI_INDEX)

    assert manifest.raw == raw
    assert manifest.digest == Digest.of(raw)
    assert manifest.descriptor.size == len(raw)


def test_blobs_are_config_and_layers_each_once_without_foreign_ones() -> None:
    layer = {"mediaType": "x", "digest": "sha256:" + "cd" * 32, "size": 1}
    foreign = {"mediaType": "x", "digest": "sha256:" + "ef" * 32, "size": 1}
    foreign["urls"] = ["https://example.com/layer"]
    manifest = parse(
        {"config": CONFIG, "layers": [layer, layer, foreign]}, OCI_MANIFEST
    )

    assert [blob.digest for blob in manifest.blobs] == [SOME, layer["digest"]]
    assert len(manifest.layers) == 3


def test_an_index_is_written_as_the_go_program_writes_it() -> None:
    entry = Descriptor(
        OCI_MANIFEST,
        Digest(SOME),
        858,
        platform=Platform("arm64", "linux", "v8"),
        annotations={"k": "<&>"},
    )

    assert Manifest.index([entry]).raw.decode() == (
        "{\n"
        '  "schemaVersion": 2,\n'
        '  "mediaType": "application/vnd.oci.image.index.v1+json",\n'
        '  "manifests": [\n'
        "    {\n"
        '      "mediaType": "application/vnd.oci.image.manifest.v1+json",\n'
        f'      "digest": "{SOME}",\n'
        '      "size": 858,\n'
        '      "annotations": {\n'
        '        "k": "\\u003c\\u0026\\u003e"\n'
        "      },\n"
        '      "platform": {\n'
        '        "architecture": "arm64",\n'
        '        "os": "linux",\n'
        '        "variant": "v8"\n'
        "      }\n"
        "    }\n"
        "  ]\n"
        "}"
    )


def test_an_attestation_is_known_by_platform_and_annotations() -> None:
    notes = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": SOME,
    }
    unknown = Platform("unknown", "unknown")
    plain = Descriptor(OCI_MANIFEST, Digest(SOME), 1, platform=unknown)

    assert plain.attests == ""
    assert (
        Descriptor(
            OCI_MANIFEST, Digest(SOME), 1, platform=unknown, annotations=notes
        ).attests
        == SOME
    )
    assert not Descriptor(
        OCI_MANIFEST, Digest(SOME), 1, Platform("amd64", "linux"), annotations=notes
    ).attests


def test_every_error_about_bytes_is_ours() -> None:
    with pytest.raises(HangarError):
        parse({"mediaType": OCI_INDEX, "manifests": [{"digest": "x"}]})
