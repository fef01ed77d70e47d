"""Summaries, tags and merged indexes, of images in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hangar import (
    Image,
    Reference,
    merge_manifests,
    open_image,
    read_part,
    summarize,
)
from hangar.configuration import Configuration
from hangar.copying import entries_of, joined
from hangar.errors import NotFound, Unsupported
from hangar.oci import Descriptor, Digest, Platform
from hangar.operations import tags
from hangar.operations.inspection import platform_sizes
from hangar.registry import Registries
from tests.support.content import put_attestation, put_image, put_index
from tests.support.memory import MemoryPlace, MemoryStore
from tests.unit.test_schema1 import put_schema1


@pytest.fixture
def store() -> MemoryStore:
    return MemoryPlace().repository("app")


def entry(name: str, platform: Platform | None) -> Descriptor:
    return Descriptor("", Digest.of(name.encode()), 1, platform=platform)


def test_a_schema_1_image_tells_its_tag_and_layers_without_sizes(
    store: MemoryStore,
) -> None:
    manifest = put_schema1(store)
    image = Image(store, "1.0")

    summary = summarize(image)

    assert summary.platform == Platform("amd64", "linux")
    assert {layer.size for layer in summary.layers} == {-1}
    assert entries_of(store, manifest)[0].platform == summary.platform
    with pytest.raises(Unsupported, match="has no config"):
        image.config()


def test_sizes_are_of_manifest_config_and_layers(store: MemoryStore) -> None:
    one = put_image(store, b"four", b"seven b")
    index = put_index(store, "1.0", one)
    manifest = store.manifest(one.digest)
    assert manifest.config
    total = len(manifest.raw) + manifest.config.size + 4 + 7

    for looked_at in (index, manifest):
        ((found, size),) = platform_sizes(Image(store, "1.0"), looked_at)
        assert (found.digest, size) == (one.digest, total)
    del store.manifests[one.digest]
    assert [size for _, size in platform_sizes(Image(store, "1.0"), index)] == [None]


def test_a_later_image_for_the_same_platform_takes_the_earlier_ones_place(
    store: MemoryStore,
) -> None:
    linux, arm = Platform("amd64", "linux"), Platform("arm64", "linux", "v8")
    old = put_image(store, b"old")
    attests = put_attestation(store, old)
    new, plain = entry("new", linux), entry("plain", Platform("arm64", "linux"))

    assert joined([old, attests, entry("v8", arm), new, plain]) == (new, plain)
    assert joined([attests, old]) == (attests, old)


def test_images_without_platform_take_no_others_place() -> None:
    one, other, known = entry("1", None), entry("2", None), entry("3", Platform())

    assert joined([one, other, known, one]) == (other, known, one)


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("nginx", "docker.io/library/nginx"),
        ("docker:dind", "docker.io/library/docker"),
        ("docker://docker:dind", "docker.io/library/docker"),
        ("docker://oci:1.0", "docker.io/library/oci"),
        ("localhost:5000/dir/app", "localhost:5000/dir/app"),
    ],
)
def test_names_that_look_like_transports_are_names(name: str, place: str) -> None:
    registries = Registries(Configuration.load(environ={"HOME": "/nonexistent"}))

    assert open_image(name, registries).source.name == place


class Tagged:
    """A repository that lists its tags; they are gone when they are asked for."""

    name = "registry.example/app"

    def tags(self) -> Iterator[str]:
        return iter(["a", "b", "c"])

    def resolve(self, reference: str) -> Digest:
        raise NotFound(reference)


def test_too_many_tags_are_not_asked_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    repository: Any = Tagged()
    monkeypatch.setattr(tags, "MAX_TAGS", 2)

    with pytest.raises(Unsupported, match="more than 2 tags"):
        tags.find_tags(repository, Digest.of(b""))
    monkeypatch.setattr(tags, "MAX_TAGS", 3)
    assert tags.find_tags(repository, Digest.of(b"")) == []


class Places:
    """Gives repositories in memory in place of registries."""

    def __init__(self, **stores: MemoryStore) -> None:
        self._stores = stores

    def source(self, reference: Reference) -> MemoryStore:
        return self._stores[reference.name]

    repository = source


def test_what_no_index_can_list_is_refused(store: MemoryStore) -> None:
    put_schema1(store)
    cache = Descriptor("application/vnd.buildkit.cacheconfig.v0", Digest.of(b""), 0)
    put_index(store, "cache", put_image(store, b"layer"), cache)
    registries: Any = Places(app=store)

    with pytest.raises(Unsupported, match="is deprecated and not supported"):
        read_part(Reference.parse("app:1.0"), registries)
    with pytest.raises(Unsupported, match="lists more than images"):
        read_part(Reference.parse("app:cache"), registries)


def test_an_image_that_cannot_be_copied_leaves_the_target_alone(
    store: MemoryStore,
) -> None:
    one = put_image(store, b"one", tag="one")
    put_image(store, b"two", tag="two", platform="linux/arm64")
    target = MemoryPlace("target.example").repository("target")
    registries: Any = Places(app=store, target=target)
    parts = [read_part(Reference.parse(f"app:{t}"), registries) for t in ("one", "two")]
    del store.shared.blobs[store.name, Digest.of(b"two")]

    with pytest.raises(NotFound):
        merge_manifests(Reference.parse("target:1.0"), parts, registries)

    assert not target.tags
    assert one.digest in target.manifests
