"""Reading from a real registry that has its bad days."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json

import pytest

from hangar.errors import (
    AccessDenied,
    IntegrityError,
    InvalidManifest,
    InvalidReference,
    NotFound,
    RegistryError,
    TransferError,
    Unsupported,
)
from hangar.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    MAX_BLOB,
    OCI_INDEX,
    OCI_MANIFEST,
    Descriptor,
    Digest,
    Manifest,
)
from hangar.registry import Repository
from tests.registry.conftest import Open
from tests.support.content import LAYER, put_bytes, put_image, put_index
from tests.support.proxy import (
    ALWAYS,
    Fault,
    FaultyProxy,
    Message,
    answer,
    change,
    corrupt,
    cut,
    drop,
    refuse,
    replace_headers,
    without_request_header,
)
from tests.support.registries import DockerRegistry

CONTENT = hashlib.sha256(b"layer").digest() * 40_000
BLOB = Descriptor(LAYER, Digest.of(CONTENT), len(CONTENT))


def read(repository: Repository, blob: Descriptor = BLOB) -> bytes:
    with contextlib.closing(repository.blob(blob)) as chunks:
        return b"".join(chunks)


@pytest.fixture
def remote(proxy: FaultyProxy, registry: DockerRegistry, open_at: Open) -> Repository:
    """Seen through the proxy; has an image tagged ``1`` and the blob."""
    straight = open_at(registry.address)
    put_bytes(straight, CONTENT)
    put_image(straight, b"small layer", tag="1")
    return open_at(proxy.address)


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


def test_a_tag_that_is_not_there_is_an_unknown_manifest(remote: Repository) -> None:
    for ask in (remote.resolve, remote.manifest):
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
    remote: Repository, proxy: FaultyProxy, name: str
) -> None:
    asked = len(proxy.requests)

    with pytest.raises(InvalidReference):
        remote.manifest(name)
    assert len(proxy.requests) == asked


@pytest.mark.parametrize("status", [405, 501])
def test_a_registry_that_refuses_head_is_asked_with_get(
    remote: Repository, proxy: FaultyProxy, status: int
) -> None:
    digest = remote.manifest("1").digest
    proxy.fault("HEAD", "", answer(status), times=ALWAYS)

    assert remote.resolve("1") == digest
    assert remote.has(remote.manifest("1").descriptor)
    assert remote.has(BLOB)
    assert not remote.has(Descriptor(LAYER, Digest.of(b"absent"), 6))


@pytest.mark.parametrize("header", [None, "", "nonsense", "md5:abc"])
def test_a_missing_or_odd_digest_header_is_made_up_for(
    remote: Repository, proxy: FaultyProxy, header: str | None
) -> None:
    digest = remote.manifest("1").digest
    odd = replace_headers(Docker_Content_Digest=header)
    proxy.fault("HEAD", "/manifests/", odd, times=ALWAYS)
    proxy.fault("GET", "/manifests/", odd, times=ALWAYS)

    assert remote.resolve("1") == digest
    assert remote.manifest("1").digest == digest


@pytest.mark.parametrize(
    "served", ["application/json", "application/octet-stream", "text/plain", ""]
)
def test_a_manifest_served_as_something_else_is_known_by_its_content(
    remote: Repository, proxy: FaultyProxy, served: str
) -> None:
    whole = remote.manifest("1")
    proxy.fault("GET", "/manifests/", replace_headers(Content_Type=served), ALWAYS)

    assert remote.manifest("1") == whole


def test_a_page_of_html_is_no_manifest(remote: Repository, proxy: FaultyProxy) -> None:
    page = answer(200, b"<html>Log in here</html>", Content_Type="text/html")
    proxy.fault("GET", "/manifests/", page, ALWAYS)

    with pytest.raises(InvalidManifest, match="not JSON"):
        remote.manifest("1")


def test_a_manifest_of_5_mib_is_refused(remote: Repository, proxy: FaultyProxy) -> None:
    proxy.fault("GET", "/manifests/", answer(200, b" " * (5 << 20)), ALWAYS)

    with pytest.raises(Unsupported):
        remote.manifest("1")


@pytest.mark.parametrize("status", [500, 502, 503, 504, 429, 408])
def test_a_passing_error_is_asked_again(
    remote: Repository, proxy: FaultyProxy, status: int
) -> None:
    digest = remote.manifest("1").digest
    for method in ("HEAD", "GET"):
        proxy.fault(method, "/manifests/", refuse(status, "UNKNOWN"), times=2)
    proxy.fault("GET", "/blobs/", refuse(status, "UNKNOWN"), times=2)

    assert remote.resolve("1") == digest
    assert remote.manifest("1").digest == digest
    assert read(remote) == CONTENT
    assert proxy.used_up


def test_a_lasting_error_is_told_with_its_code(
    remote: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/manifests/", refuse(503, "UNAVAILABLE"), ALWAYS)

    with pytest.raises(RegistryError) as caught:
        remote.manifest("1")

    assert (caught.value.status, caught.value.code) == (503, "UNAVAILABLE")
    assert [m.method for m in proxy.requests].count("GET") == 1 + 4


@pytest.mark.parametrize(
    ("status", "words"), [(401, "authentication"), (403, "denied")]
)
def test_a_refusal_is_not_absence(
    remote: Repository, proxy: FaultyProxy, status: int, words: str
) -> None:
    proxy.fault("HEAD", "", answer(status), ALWAYS)

    with pytest.raises(AccessDenied, match=words) as caught:
        remote.has(BLOB)
    assert f"hangar login {proxy.address}" in caught.value.hint


def test_a_damaged_manifest_is_fetched_again(
    remote: Repository, proxy: FaultyProxy
) -> None:
    whole = remote.manifest("1")
    proxy.fault("GET", "/manifests/", corrupt)

    assert remote.manifest("1") == whole
    proxy.fault("GET", "/manifests/", corrupt)
    assert remote.manifest(whole.digest) == whole


def test_a_manifest_that_lies_about_its_digest_is_never_taken(
    remote: Repository, proxy: FaultyProxy
) -> None:
    lie = replace_headers(Docker_Content_Digest=Digest.of(b"lie"))
    proxy.fault("GET", "/manifests/", lie, ALWAYS)

    with pytest.raises(IntegrityError):
        remote.manifest("1")


def test_another_digest_algorithm_names_the_same_bytes(
    remote: Repository, proxy: FaultyProxy
) -> None:
    raw = remote.manifest("1").raw
    digest = Digest.of(raw, "sha512")
    proxy.fault("GET", "sha512", answer(200, raw, Content_Type=OCI_MANIFEST))

    assert remote.manifest(digest).digest == digest


def test_a_blob_is_read_in_pieces(remote: Repository) -> None:
    assert read(remote) == CONTENT


def test_a_blob_of_unknown_size_is_read_to_its_end(remote: Repository) -> None:
    assert read(remote, Descriptor(LAYER, BLOB.digest, MAX_BLOB)) == CONTENT


def test_a_blob_that_is_not_there_is_not_found(remote: Repository) -> None:
    absent = Descriptor(LAYER, Digest.of(b"absent"), 6)

    assert not remote.has(absent)
    with pytest.raises(NotFound):
        read(remote, absent)


def test_presence_is_asked_of_manifests_and_blobs(remote: Repository) -> None:
    assert remote.has(BLOB)
    assert remote.has(remote.manifest("1").descriptor)
    assert not remote.has(Descriptor(OCI_INDEX, Digest.of(b"absent"), 6))


def test_a_download_goes_on_where_it_broke_off(
    remote: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/blobs/", cut(after=500_000))
    proxy.fault("GET", "/blobs/", drop)
    proxy.fault("GET", "/blobs/", cut(after=300_000))

    assert read(remote) == CONTENT
    asked = [m.headers.get("Range") for m in proxy.requests if "/blobs/" in m.path]
    assert asked == [None, "bytes=500000-", "bytes=500000-", "bytes=800000-"]


def test_a_server_that_ignores_ranges_sends_all_again(
    remote: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/blobs/", cut(after=700_000))
    proxy.fault("GET", "/blobs/", without_request_header("Range"))

    assert read(remote) == CONTENT
    assert proxy.used_up


def test_a_server_that_refuses_ranges_is_asked_for_all(
    remote: Repository, proxy: FaultyProxy
) -> None:
    never_comes = answer(416, b"", Content_Length=str(len(CONTENT)))
    proxy.fault("GET", "/blobs/", cut(after=700_000))
    proxy.fault("GET", "/blobs/", never_comes)

    assert read(remote) == CONTENT
    assert [m.headers.get("Range") for m in proxy.requests][-1] is None


@pytest.mark.parametrize("range_", [None, "bytes 900000-1279999/1280000", "nonsense"])
def test_a_range_that_leaves_a_gap_is_not_used(
    remote: Repository, proxy: FaultyProxy, range_: str | None
) -> None:
    proxy.fault("GET", "/blobs/", cut(after=700_000))
    proxy.fault("GET", "/blobs/", replace_headers(Content_Range=range_))

    assert read(remote) == CONTENT


def test_a_download_that_gets_nowhere_is_given_up(
    remote: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/blobs/", cut(after=500_000))
    proxy.fault("GET", "/blobs/", drop, ALWAYS)

    with pytest.raises(TransferError):
        read(remote)
    assert sum("/blobs/" in m.path for m in proxy.requests) == 1 + 3


def test_a_download_that_moves_is_never_given_up(
    remote: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/blobs/", cut(after=100_000), times=12)

    assert read(remote) == CONTENT


def test_a_blob_that_is_always_too_short_is_an_error(
    remote: Repository, registry: DockerRegistry, open_at: Open
) -> None:
    assert remote.has(BLOB)
    longer = Descriptor(LAYER, BLOB.digest, len(CONTENT) + 1)

    with pytest.raises(TransferError, match="ended after"):
        read(open_at(registry.address), longer)


def test_storage_elsewhere_is_asked_without_our_password(
    registry: DockerRegistry, remote: Repository, proxy: FaultyProxy, open_at: Open
) -> None:
    with FaultyProxy(registry.address) as storage:
        proxy.fault("GET", "/blobs/", redirect_to(storage, remote), ALWAYS)
        repository = open_at(proxy.address, credentials="me:secret")

        assert read(repository) == CONTENT

    assert all("Authorization" not in m.headers for m in storage.requests)


def test_an_expired_address_of_storage_is_asked_for_again(
    registry: DockerRegistry, remote: Repository, proxy: FaultyProxy
) -> None:
    with FaultyProxy(registry.address) as storage:
        proxy.fault("GET", "/blobs/", redirect_to(storage, remote), ALWAYS)
        storage.fault("GET", "/blobs/", cut(after=500_000))
        storage.fault("GET", "/blobs/", answer(403, b"<Error>Expired</Error>"))

        assert read(remote) == CONTENT
        assert storage.used_up

    assert sum("/blobs/" in m.path for m in proxy.requests) == 3


def redirect_to(storage: FaultyProxy, repository: Repository) -> Fault:
    path = repository.name.partition("/")[2]
    location = f"http://{storage.address}/v2/{path}/blobs/{BLOB.digest}?signature=x"
    return answer(307, Location=location)


def test_a_compression_nobody_asked_for_is_undone(
    remote: Repository, proxy: FaultyProxy
) -> None:
    def zip_it(reply: Message) -> None:
        reply.body = gzip.compress(reply.body)
        reply.headers = {"Content-Encoding": "gzip"}

    proxy.fault("GET", "/blobs/", change(zip_it))
    proxy.fault("GET", "/manifests/", change(zip_it))

    assert read(remote) == CONTENT
    assert isinstance(remote.manifest("1"), Manifest)


def test_a_layer_that_is_called_compressed_for_transfer_stays_as_it_is(
    remote: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/blobs/", replace_headers(Content_Encoding="gzip"))

    assert read(remote) == CONTENT


def test_a_signed_schema_1_manifest_goes_by_the_digest_of_what_was_signed(
    remote: Repository, proxy: FaultyProxy
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
        manifest = remote.manifest(reference)
        assert manifest.digest == digest
        assert manifest.raw == raw
        assert manifest.is_schema1


def test_a_schema_1_manifest_with_a_broken_signature_is_refused(
    remote: Repository, proxy: FaultyProxy
) -> None:
    for broken in (
        b'{"schemaVersion":1,"fsLayers":[],"signatures":[{"protected":"!"}]}',
        b'{"schemaVersion":1,"fsLayers":[],"signatures":[{"protected":"e30"}]}',
        b'{"schemaVersion":1,"fsLayers":[],"signatures":[]}',
    ):
        headers = {"Docker_Content_Digest": Digest.of(b"payload")}
        proxy.fault("GET", "/manifests/", answer(200, broken, **headers), times=4)
        with pytest.raises(IntegrityError):
            remote.manifest("old")


def signed(payload: bytes) -> bytes:
    """Sign as libtrust does: the signatures stand before the last brace."""

    def encoded(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    kept = payload.rstrip(b"}\n ")
    tail = payload[len(kept) :]
    protected = {"formatLength": len(kept), "formatTail": encoded(tail)}
    signature = {"protected": encoded(json.dumps(protected).encode())}
    return kept + b',"signatures":' + json.dumps([signature]).encode() + b"}"
