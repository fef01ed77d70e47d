"""What holds for every store: in memory, in a layout, in a real registry."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from hangar.errors import NotFound, TransferError
from hangar.layouts import LayoutRepository, OciLayout
from hangar.oci import Descriptor, Digest
from hangar.store import Chunks, Destination, Put
from tests.registry.conftest import Open, never
from tests.support.content import (
    LAYER,
    put_bytes,
    put_image,
    put_index,
    put_signature,
)
from tests.support.memory import MemoryPlace
from tests.support.registries import DockerRegistry

Place = Callable[[str], Destination]
ABSENT = Descriptor(LAYER, Digest.of(b"nowhere"), 7)


@pytest.fixture(params=["memory", "layout", "registry"])
def place(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    registry: DockerRegistry,
    open_at: Open,
    path: str,
) -> Iterator[Place]:
    """Gives repositories of one place by their names."""
    if request.param == "memory":
        yield MemoryPlace().repository
    elif request.param == "layout":
        with OciLayout(tmp_path / "layout", writing=True) as layout:
            yield lambda name: LayoutRepository(layout, f"docker.io/{name}")
    else:
        yield lambda name: open_at(registry.address, f"{path}/{name}")


@pytest.fixture
def store(place: Place) -> Destination:
    return place("app")


def content(store: Destination, blob: Descriptor) -> bytes:
    with contextlib.closing(store.blob(blob)) as chunks:
        return b"".join(chunks)


def breaking() -> Chunks:
    """Chunks that end too early."""
    yield b"now"
    message = "the connection broke"
    raise TransferError(message)


def test_what_was_never_put_is_not_found(store: Destination) -> None:
    for ask in (store.resolve, store.manifest):
        for reference in ("1.0", ABSENT.digest):
            with pytest.raises(NotFound):
                ask(reference)
    with pytest.raises(NotFound):
        content(store, ABSENT)
    assert not store.has(ABSENT)
    assert not store.companions(ABSENT.digest)


def test_a_blob_is_sent_once_and_read_back(store: Destination) -> None:
    data = bytes(range(256)) * 9000
    blob = put_bytes(store, data)

    assert store.has(blob)
    assert store.put_blob(blob, never) is Put.PRESENT
    assert content(store, blob) == data


def test_a_blob_that_breaks_off_is_not_there(store: Destination) -> None:
    with pytest.raises(TransferError):
        store.put_blob(ABSENT, breaking)

    assert not store.has(ABSENT)


def test_a_blob_of_the_same_place_is_not_sent_again(place: Place) -> None:
    one, other = place("one"), place("other")
    blob = put_bytes(one, b"shared")

    put = other.put_blob(blob, never, origin=one.name)

    assert one.place == other.place
    assert put in {Put.MOUNTED, Put.PRESENT}
    assert content(other, blob) == b"shared"


def test_a_manifest_keeps_its_bytes_under_tag_and_digest(store: Destination) -> None:
    image = put_image(store, b"layer")
    index = put_index(store, "1.0", image)

    assert store.resolve("1.0") == store.resolve(index.digest) == index.digest
    for reference in ("1.0", index.digest):
        assert store.manifest(reference) == index
        assert store.manifest(reference).raw == index.raw
    assert store.has(index.descriptor)
    assert store.has(image)
    assert store.resolve(image.digest) == image.digest


def test_a_tag_moves_and_what_it_named_stays(store: Destination) -> None:
    old = put_image(store, b"old", tag="1.0")
    new = put_image(store, b"new", tag="1.0")

    assert store.resolve("1.0") == new.digest
    assert store.resolve(old.digest) == old.digest


def test_repositories_have_tags_of_their_own(place: Place) -> None:
    one, other = place("one"), place("other")
    image = put_image(one, b"layer", tag="1.0")

    with pytest.raises(NotFound):
        other.resolve("1.0")
    assert one.resolve("1.0") == image.digest


def test_signatures_and_referrers_accompany_their_image_alone(
    store: Destination,
) -> None:
    image = put_image(store, b"layer", tag="1.0")
    other = put_image(store, b"other", tag="2.0")
    assert not store.companions(image.digest)
    signature = put_signature(store, image.digest, b"payload")
    subject = {k: v for k, v in image.to_json().items() if k != "platform"}
    sbom = put_image(store, b"sbom", subject=subject, artifactType="text/spdx")

    found = {c.digest: c for c in store.companions(image.digest)}

    assert set(found) == {signature.digest, sbom.digest}
    assert found[signature.digest].tag == f"sha256-{image.digest.hex}.sig"
    assert found[sbom.digest].artifact_type == "text/spdx"
    assert not store.companions(other.digest)


def test_many_threads_lose_nothing(store: Destination) -> None:
    def put(number: int) -> Digest:
        return put_image(store, b"%d" % number, tag=f"t{number}").digest

    with ThreadPoolExecutor(8) as pool:
        digests = list(pool.map(put, range(40)))

    assert [store.resolve(f"t{number}") for number in range(40)] == digests
