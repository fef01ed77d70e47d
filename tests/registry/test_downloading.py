"""Blobs of a real registry that has its bad days, downloaded."""

from __future__ import annotations

import pytest

from hangar.errors import (
    NotFound,
    TransferError,
)
from hangar.oci import (
    MAX_BLOB,
    Descriptor,
    Digest,
)
from hangar.registry import Repository
from tests.registry.conftest import BLOB, CONTENT, Open, read
from tests.support.content import LAYER
from tests.support.proxy import (
    ALWAYS,
    Fault,
    FaultyProxy,
    answer,
    cut,
    drop,
    replace_headers,
)
from tests.support.registries import DockerRegistry


def test_a_blob_is_read_in_pieces(stocked: Repository) -> None:
    assert read(stocked) == CONTENT


def test_a_blob_of_unknown_size_is_read_to_its_end(stocked: Repository) -> None:
    assert read(stocked, Descriptor(LAYER, BLOB.digest, MAX_BLOB)) == CONTENT


def test_a_blob_that_is_not_there_is_not_found(stocked: Repository) -> None:
    absent = Descriptor(LAYER, Digest.of(b"absent"), 6)

    assert not stocked.has(absent)
    with pytest.raises(NotFound):
        read(stocked, absent)


def test_a_download_goes_on_where_it_broke_off(
    stocked: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/blobs/", cut(after=500_000))
    proxy.fault("GET", "/blobs/", drop)
    proxy.fault("GET", "/blobs/", cut(after=300_000))

    assert read(stocked) == CONTENT
    asked = [m.headers.get("Range") for m in proxy.requests if "/blobs/" in m.path]
    assert asked == [None, "bytes=500000-", "bytes=500000-", "bytes=800000-"]


@pytest.mark.parametrize("range_", [None, "bytes 900000-1279999/1280000", "nonsense"])
def test_a_range_that_leaves_a_gap_is_not_used(
    stocked: Repository, proxy: FaultyProxy, range_: str | None
) -> None:
    proxy.fault("GET", "/blobs/", cut(after=700_000))
    proxy.fault("GET", "/blobs/", replace_headers(Content_Range=range_))

    assert read(stocked) == CONTENT


def test_a_download_that_gets_nowhere_is_given_up(
    stocked: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/blobs/", cut(after=500_000))
    proxy.fault("GET", "/blobs/", drop, ALWAYS)

    with pytest.raises(TransferError):
        read(stocked)
    assert sum("/blobs/" in m.path for m in proxy.requests) == 1 + 3


def test_a_download_that_moves_is_never_given_up(
    stocked: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/blobs/", cut(after=100_000), times=12)

    assert read(stocked) == CONTENT


def test_a_blob_that_is_always_too_short_is_an_error(
    stocked: Repository, registry: DockerRegistry, open_at: Open
) -> None:
    assert stocked.has(BLOB)
    longer = Descriptor(LAYER, BLOB.digest, len(CONTENT) + 1)

    with pytest.raises(TransferError, match="ended after"):
        read(open_at(registry.address), longer)


def test_an_expired_address_of_storage_is_asked_for_again(
    registry: DockerRegistry, stocked: Repository, proxy: FaultyProxy
) -> None:
    with FaultyProxy(registry.address) as storage:
        proxy.fault("GET", "/blobs/", redirect_to(storage, stocked), ALWAYS)
        storage.fault("GET", "/blobs/", cut(after=500_000))
        storage.fault("GET", "/blobs/", answer(403, b"<Error>Expired</Error>"))

        assert read(stocked) == CONTENT
        assert storage.used_up

    assert sum("/blobs/" in m.path for m in proxy.requests) == 3


def redirect_to(storage: FaultyProxy, repository: Repository) -> Fault:
    path = repository.name.partition("/")[2]
    location = f"http://{storage.address}/v2/{path}/blobs/{BLOB.digest}?signature=x"
    return answer(307, Location=location)


def test_a_layer_that_is_called_compressed_for_transfer_stays_as_it_is(
    stocked: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/blobs/", replace_headers(Content_Encoding="gzip"))

    assert read(stocked) == CONTENT
