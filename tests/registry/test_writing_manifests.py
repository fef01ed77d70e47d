"""Manifests into a real registry that has its bad days, and out again."""

from __future__ import annotations

import pytest

from hangar.errors import (
    AccessDenied,
    IntegrityError,
    NotFound,
    RegistryError,
)
from hangar.oci import OCI_MANIFEST, Digest, Manifest
from hangar.registry import Repository
from tests.registry.conftest import BLOB
from tests.support.content import put_image
from tests.support.proxy import (
    ALWAYS,
    Fault,
    FaultyProxy,
    answer,
    drop,
    lose_answer,
    refuse,
    replace_headers,
)
from tests.support.registries import DockerRegistry


def manifest_in(remote: Repository, *layers: bytes) -> Manifest:
    """Store an image's blobs, and an image without tag; return its manifest."""
    return remote.manifest(put_image(remote, *layers).digest)


def test_a_manifest_is_stored_byte_by_byte(
    remote: Repository, registry: DockerRegistry, path: str
) -> None:
    manifest = manifest_in(remote, b"layer")

    remote.put_manifest(manifest, "1")

    assert registry.http.manifest(path, "1") == manifest.raw
    assert registry.http.manifest(path, manifest.digest) == manifest.raw


@pytest.mark.parametrize(
    "fault", [answer(500), answer(502), answer(429), drop, lose_answer]
)
def test_a_manifest_is_sent_again(
    remote: Repository,
    proxy: FaultyProxy,
    registry: DockerRegistry,
    path: str,
    fault: Fault,
) -> None:
    manifest = manifest_in(remote, b"layer")
    proxy.fault("PUT", "/manifests/", fault, times=2)

    remote.put_manifest(manifest, "1")

    assert registry.http.manifest(path, "1") == manifest.raw
    assert proxy.used_up


def test_a_manifest_stored_under_another_digest_is_an_error(
    remote: Repository, proxy: FaultyProxy
) -> None:
    manifest = manifest_in(remote, b"layer")
    lie = replace_headers(Docker_Content_Digest=Digest.of(b"something else"))
    proxy.fault("PUT", "/manifests/", lie, ALWAYS)

    with pytest.raises(IntegrityError):
        remote.put_manifest(manifest)


@pytest.mark.parametrize("status", [400, 409, 412, 403])
def test_an_immutable_tag_that_names_the_manifest_already_will_do(
    remote: Repository, proxy: FaultyProxy, status: int
) -> None:
    manifest = manifest_in(remote, b"layer")
    remote.put_manifest(manifest, "1")
    proxy.fault("PUT", "/manifests/1", refuse(status, "TAG_INVALID"), ALWAYS)

    remote.put_manifest(manifest, "1")

    with pytest.raises((RegistryError, AccessDenied)):
        remote.put_manifest(manifest_in(remote, b"other"), "1")


def test_a_manifest_whose_blobs_are_missing_is_refused(
    remote: Repository, registry: DockerRegistry, path: str
) -> None:
    raw = b'{"schemaVersion":2,"config":%s,"layers":[]}' % (
        b'{"mediaType":"x","digest":"%s","size":1}' % BLOB.digest.encode()
    )

    with pytest.raises(RegistryError) as caught:
        remote.put_manifest(Manifest.parse(raw, OCI_MANIFEST), "1")

    assert caught.value.code == "MANIFEST_BLOB_UNKNOWN"
    assert registry.http.tags(path) == set()


def test_a_manifest_is_deleted_by_digest(
    remote: Repository, registry: DockerRegistry, path: str
) -> None:
    entry = put_image(remote, b"layer", tag="1")

    remote.delete(entry.digest)

    with pytest.raises(NotFound):
        remote.resolve("1")
    with pytest.raises(NotFound):
        remote.delete(entry.digest)
    assert registry.http.ask("GET", f"/v2/{path}/manifests/1").status == 404


def test_a_registry_that_cannot_delete_tags_says_so(remote: Repository) -> None:
    put_image(remote, b"layer", tag="1")

    with pytest.raises(RegistryError):
        remote.delete("1")
