"""Filtered images, and those that join what is there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hangar.copying import Route
from hangar.errors import (
    NoMatchingPlatform,
)
from hangar.events import Status
from hangar.oci import (
    Platform,
)
from hangar.operations.transfer import check_all, copy_all, plan_all
from hangar.selection import Selection
from tests.support.content import (
    put_attestation,
    put_image,
    put_index,
)
from tests.support.memory import MemoryStore
from tests.unit.copying.conftest import LINUX, check, copy


def test_a_filtered_image_gets_an_index_of_what_was_selected(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    amd64 = put_image(upstream, b"layer of amd64")
    s390x = put_image(upstream, b"layer of s390x", platform="linux/s390x")
    put_index(
        upstream,
        "1.0",
        amd64,
        s390x,
        put_attestation(upstream, amd64),
        put_attestation(upstream, s390x),
    )

    copy(upstream, mirror, selection=LINUX)

    index = mirror.manifest("1.0")
    assert index.children[0].platform == amd64.platform
    assert [entry.attests for entry in index.children] == ["", amd64.digest]
    assert index.raw.startswith(b'{\n  "schemaVersion": 2,\n  "mediaType"')


def test_provenance_can_be_left_out(upstream: MemoryStore, mirror: MemoryStore) -> None:
    amd64 = put_image(upstream, b"layer")
    put_index(upstream, "1.0", amd64, put_attestation(upstream, amd64))

    copy(upstream, mirror, selection=Selection(provenance=False))

    assert [e.digest for e in mirror.manifest("1.0").children] == [amd64.digest]


def test_platforms_of_an_earlier_run_stay(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    amd64 = put_image(upstream, b"layer of amd64")
    arm64 = put_image(upstream, b"layer of arm64", platform="linux/arm64")
    put_index(upstream, "1.0", amd64, arm64)
    copy(upstream, mirror, selection=Selection(frozenset({"arm64"})))

    copy(upstream, mirror, selection=Selection(frozenset({"amd64"})))

    merged = [entry.digest for entry in mirror.manifest("1.0").children]
    assert merged == [arm64.digest, amd64.digest]


def test_overwrite_forgets_the_platforms_of_an_earlier_run(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    amd64 = put_image(upstream, b"layer of amd64")
    arm64 = put_image(upstream, b"layer of arm64", platform="linux/arm64")
    put_index(upstream, "1.0", amd64, arm64)
    copy(upstream, mirror)

    copy(upstream, mirror, selection=Selection(frozenset({"amd64"})), overwrite=True)

    assert [e.digest for e in mirror.manifest("1.0").children] == [amd64.digest]


def test_a_rebuilt_image_replaces_the_old_one_with_its_own_bytes(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    for content in (b"old", b"new"):
        image = put_image(upstream, content)
        index = put_index(upstream, "1.0", image, put_attestation(upstream, image))
        copy(upstream, mirror, selection=LINUX)

    assert mirror.tags["1.0"] == index.digest


def test_a_single_image_joins_the_index_that_is_there(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    arm64 = put_image(mirror, b"layer of arm64", platform="linux/arm64")
    put_index(mirror, "1.0", arm64)
    amd64 = put_image(upstream, b"layer", tag="1.0")

    copy(upstream, mirror, selection=LINUX)

    index = mirror.manifest("1.0")
    assert [e.digest for e in index.children] == [arm64.digest, amd64.digest]
    assert index.children[1].platform == amd64.platform


def test_an_index_of_the_go_program_gives_way_to_the_source_s_own(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer", tag="1.0")
    put_index(mirror, "1.0", put_image(mirror, b"layer"))

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags["1.0"] == image.digest


def test_nothing_selected_is_a_skip_that_writes_nothing(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_index(upstream, "1.0", put_image(upstream, b"layer"))
    put_image(upstream, b"layer", tag="2.0")

    for tag in ("1.0", "2.0"):
        outcome = copy(
            upstream, mirror, tag=tag, selection=Selection(frozenset({"s390x"}))
        )

        assert outcome.status is Status.SKIPPED
        assert isinstance(outcome.error, NoMatchingPlatform)
    assert mirror.manifests == {}


def test_platform_tags_name_each_image_of_an_index(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    amd64 = put_image(upstream, b"layer")
    arm = put_image(upstream, b"other", platform="linux/arm/v7")
    vague = replace(arm, platform=Platform("arm", "linux"))
    index = put_index(upstream, "1.0", amd64, vague, put_attestation(upstream, amd64))

    copy(upstream, mirror, platform_tags=True)

    assert mirror.tags == {
        "1.0": index.digest,
        "1.0-linux-amd64": amd64.digest,
        "1.0-linux-armv7": arm.digest,
    }
    assert check(upstream, mirror, platform_tags=True).status is Status.UP_TO_DATE


ARM = (Platform("arm", "linux", "v7"), Platform("arm64", "linux"))


@pytest.mark.parametrize(
    ("platforms", "chosen"),
    [
        ((Platform("arm", "linux"),), {"linux/arm/v6", "linux/arm/v7", "linux/arm"}),
        (ARM, {"linux/arm/v7", "linux/arm", "linux/arm64/v8"}),
        ((Platform("arm64", "linux", "v8"),), {"linux/arm64/v8"}),
        ((Platform("arm64", "windows"),), {"windows/arm64"}),
    ],
)
def test_platforms_are_chosen_as_a_whole(
    upstream: MemoryStore,
    mirror: MemoryStore,
    platforms: tuple[Platform, ...],
    chosen: set[str],
) -> None:
    names = ("amd64", "arm", "arm/v6", "arm/v7", "arm64/v8")
    images = [
        put_image(upstream, name.encode(), platform=name)
        for name in (*(f"linux/{name}" for name in names), "windows/arm64")
    ]
    put_index(upstream, "1.0", *images)

    copy(upstream, mirror, selection=LINUX.only(platforms))

    found = [e.platform for e in mirror.manifest("1.0").children if e.platform]
    assert {
        "/".join(filter(None, (p.os, p.architecture, p.variant))) for p in found
    } == chosen


def test_the_platforms_of_a_route_stand_in_for_those_of_the_batch(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    images = [
        put_image(upstream, name.encode(), platform=f"linux/{name}")
        for name in ("amd64", "arm64")
    ]
    put_index(upstream, "1.0", *images)
    wanted = Selection(frozenset({"amd64"}), provenance=False)

    for platforms, count in (((Platform("arm64", "linux"),), 1), ((), 2), (None, 1)):
        route = Route("x", upstream, "1.0", mirror, "1.0", platforms=platforms)
        (outcome,) = copy_all([route], selection=wanted, overwrite=True)

        assert outcome.error is None
        assert len(mirror.manifest("1.0").children) == count
        assert check_all([route], selection=wanted, overwrite=True).ok
        (foretold,) = plan_all([route], selection=wanted, overwrite=True)
        assert foretold.digest == mirror.resolve("1.0")
    assert wanted.only(()) == Selection(provenance=False)
    assert wanted.only(None) is wanted
