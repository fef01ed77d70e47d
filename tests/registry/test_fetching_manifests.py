"""Manifests of a real registry that has its bad days, asked for and fetched."""

from __future__ import annotations

import base64
import json

import pytest

from hangar.errors import (
    AccessDenied,
    IntegrityError,
    InvalidReference,
    NotFound,
    RegistryError,
)
from hangar.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Digest,
)
from hangar.registry import Repository
from tests.registry.conftest import BLOB, CONTENT, Open, read
from tests.support.content import LAYER, put_image, put_index
from tests.support.proxy import (
    ALWAYS,
    FaultyProxy,
    answer,
    corrupt,
    refuse,
    replace_headers,
)
from tests.support.registries import DockerRegistry


@pytest.mark.parametrize("media_type", [OCI_MANIFEST, DOCKER_MANIFEST])
def test_an_image_is_fetched_byte_by_byte(
    registry: DockerRegistry, open_at: Open, path: str, media_type: str
) -> None:
    repository = open_at(registry.address)
    entry = put_image(repository, b"layer", tag="1", media_type=media_type)

    manifest = repository.manifest("1")

    assert manifest.raw == registry.http.manifest(path, "1")
    assert manifest.digest == entry.digest
    assert manifest.media_type == media_type
    assert repository.manifest(entry.digest) == manifest
    assert repository.resolve("1") == entry.digest
    assert repository.resolve(entry.digest) == entry.digest


@pytest.mark.parametrize("media_type", [OCI_INDEX, DOCKER_LIST])
def test_an_index_is_not_resolved_to_one_of_its_platforms(
    registry: DockerRegistry, open_at: Open, media_type: str
) -> None:
    repository = open_at(registry.address)
    entry = put_image(repository, b"layer", media_type=DOCKER_MANIFEST)
    index = put_index(repository, "1", entry, media_type=media_type)

    assert repository.resolve("1") == index.digest
    assert repository.manifest("1").raw == index.raw


def test_a_tag_that_is_not_there_is_an_unknown_manifest(stocked: Repository) -> None:
    for ask in (stocked.resolve, stocked.manifest):
        with pytest.raises(NotFound, match="manifest unknown"):
            ask("absent")


def test_a_repository_that_is_not_there_has_no_manifests(
    registry: DockerRegistry, open_at: Open
) -> None:
    repository = open_at(registry.address)

    with pytest.raises(NotFound, match="manifest unknown"):
        repository.resolve("1")
    with pytest.raises(NotFound, match="manifest unknown"):
        repository.manifest("1")


@pytest.mark.parametrize("name", ["../../evil", "a/b", "", "x" * 200, "a?b", "\n"])
def test_a_name_that_is_neither_tag_nor_digest_is_not_asked_for(
    stocked: Repository, proxy: FaultyProxy, name: str
) -> None:
    asked = len(proxy.requests)

    with pytest.raises(InvalidReference):
        stocked.manifest(name)
    assert len(proxy.requests) == asked


@pytest.mark.parametrize("status", [405, 501])
def test_a_registry_that_refuses_head_is_asked_with_get(
    stocked: Repository, proxy: FaultyProxy, status: int
) -> None:
    digest = stocked.manifest("1").digest
    proxy.fault("HEAD", "", answer(status), times=ALWAYS)

    assert stocked.resolve("1") == digest
    assert stocked.has(stocked.manifest("1").descriptor)
    assert stocked.has(BLOB)
    assert not stocked.has(Descriptor(LAYER, Digest.of(b"absent"), 6))


@pytest.mark.parametrize("header", [None, "", "nonsense", "md5:abc"])
def test_a_missing_or_odd_digest_header_is_made_up_for(
    stocked: Repository, proxy: FaultyProxy, header: str | None
) -> None:
    digest = stocked.manifest("1").digest
    odd = replace_headers(Docker_Content_Digest=header)
    proxy.fault("HEAD", "/manifests/", odd, times=ALWAYS)
    proxy.fault("GET", "/manifests/", odd, times=ALWAYS)

    assert stocked.resolve("1") == digest
    assert stocked.manifest("1").digest == digest


@pytest.mark.parametrize(
    "served", ["application/json", "application/octet-stream", "text/plain", ""]
)
def test_a_manifest_served_as_something_else_is_known_by_its_content(
    stocked: Repository, proxy: FaultyProxy, served: str
) -> None:
    whole = stocked.manifest("1")
    proxy.fault("GET", "/manifests/", replace_headers(Content_Type=served), ALWAYS)

    assert stocked.manifest("1") == whole


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_a_passing_error_is_asked_again(
    stocked: Repository, proxy: FaultyProxy, status: int
) -> None:
    digest = stocked.manifest("1").digest
    for method in ("HEAD", "GET"):
        proxy.fault(method, "/manifests/", refuse(status, "UNKNOWN"), times=2)
    proxy.fault("GET", "/blobs/", refuse(status, "UNKNOWN"), times=2)

    assert stocked.resolve("1") == digest
    assert stocked.manifest("1").digest == digest
    assert read(stocked) == CONTENT
    assert proxy.used_up


def test_a_lasting_error_is_told_with_its_code(
    stocked: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/manifests/", refuse(503, "UNAVAILABLE"), ALWAYS)

    with pytest.raises(RegistryError) as caught:
        stocked.manifest("1")

    assert (caught.value.status, caught.value.code) == (503, "UNAVAILABLE")
    assert [m.method for m in proxy.requests].count("GET") == 1 + 4


@pytest.mark.parametrize(
    ("status", "words"), [(401, "authentication"), (403, "denied")]
)
def test_a_refusal_is_not_absence(
    stocked: Repository, proxy: FaultyProxy, status: int, words: str
) -> None:
    proxy.fault("HEAD", "", answer(status), ALWAYS)

    with pytest.raises(AccessDenied, match=words) as caught:
        stocked.has(BLOB)
    assert f"hangar login {proxy.address}" in caught.value.hint


def test_a_damaged_manifest_is_fetched_again(
    stocked: Repository, proxy: FaultyProxy
) -> None:
    whole = stocked.manifest("1")
    proxy.fault("GET", "/manifests/", corrupt)

    assert stocked.manifest("1") == whole
    proxy.fault("GET", "/manifests/", corrupt)
    assert stocked.manifest(whole.digest) == whole


def test_another_digest_algorithm_names_the_same_bytes(
    stocked: Repository, proxy: FaultyProxy
) -> None:
    raw = stocked.manifest("1").raw
    digest = Digest.of(raw, "sha512")
    proxy.fault("GET", "sha512", answer(200, raw, Content_Type=OCI_MANIFEST))

    assert stocked.manifest(digest).digest == digest


def test_presence_is_asked_of_manifests_and_blobs(stocked: Repository) -> None:
    assert stocked.has(BLOB)
    assert stocked.has(stocked.manifest("1").descriptor)
    assert not stocked.has(Descriptor(OCI_INDEX, Digest.of(b"absent"), 6))


def test_a_signed_schema_1_manifest_goes_by_the_digest_of_what_was_signed(
    stocked: Repository, proxy: FaultyProxy
) -> None:
    payload = json.dumps({"schemaVersion": 1, "fsLayers": []}, indent=3).encode()
    raw = signed(payload)
    digest = Digest.of(payload)
    served = answer(
        200,
        raw,
        Docker_Content_Digest=digest,
        Content_Type="application/vnd.docker.distribution.manifest.v1+prettyjws",
    )
    proxy.fault("GET", "/manifests/", served, times=2)

    for reference in ("old", digest):
        manifest = stocked.manifest(reference)
        assert manifest.digest == digest
        assert manifest.raw == raw
        assert manifest.is_schema1


def test_a_schema_1_manifest_with_a_broken_signature_is_refused(
    stocked: Repository, proxy: FaultyProxy
) -> None:
    for broken in (
        b'{"schemaVersion":1,"fsLayers":[],"signatures":[{"protected":"!"}]}',
        b'{"schemaVersion":1,"fsLayers":[],"signatures":[{"protected":"e30"}]}',
        b'{"schemaVersion":1,"fsLayers":[],"signatures":[]}',
    ):
        headers = {"Docker_Content_Digest": Digest.of(b"payload")}
        proxy.fault("GET", "/manifests/", answer(200, broken, **headers), times=4)
        with pytest.raises(IntegrityError):
            stocked.manifest("old")


def signed(payload: bytes) -> bytes:
    """Sign as libtrust does: the signatures stand before the last brace."""

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    kept = payload.rstrip(b"}\n ")
    tail = payload[len(kept) :]
    protected = {"formatLength": len(kept), "formatTail": encoded(tail)}
    signature = {"protected": encoded(json.dumps(protected).encode())}
    return kept + b',"signatures":' + json.dumps([signature]).encode() + b"}"


def test_a_page_for_everything_is_not_taken_for_what_a_digest_names(
    stocked: Repository, proxy: FaultyProxy
) -> None:
    page = answer(200, b"<html>please log in</html>", Content_Type="text/html")
    for method in ("HEAD", "GET"):
        proxy.fault(method, "/manifests/", page, ALWAYS)

    with pytest.raises(IntegrityError):
        stocked.resolve(Digest.of(b"absent"))


def test_a_registry_that_says_another_digest_is_asked_for_the_bytes(
    remote: Repository, proxy: FaultyProxy
) -> None:
    entry = put_image(remote, b"layer", tag="1")
    other = replace_headers(Docker_Content_Digest=Digest.of(b"other"))
    proxy.fault("HEAD", "/manifests/", other, ALWAYS)
    proxy.fault("GET", "/manifests/", refuse(404, "MANIFEST_UNKNOWN"))

    with pytest.raises(NotFound):
        remote.resolve(entry.digest)
    assert remote.resolve(entry.digest) == entry.digest
