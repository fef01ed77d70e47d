"""Nothing is asked, read or written twice."""

from __future__ import annotations

from hangar.copying import Route
from hangar.events import Status
from hangar.oci import (
    Digest,
)
from hangar.operations.transfer import copy_all
from tests.support.content import (
    put_image,
    put_index,
)
from tests.support.memory import MemoryPlace, MemoryStore
from tests.unit.copying.conftest import LINUX, calls, copy


def test_an_unchanged_image_costs_one_question_at_each_end(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_index(upstream, "1.0", put_image(upstream, b"layer"))
    copy(upstream, mirror, selection=LINUX)
    upstream.shared.log.clear()
    mirror.shared.log.clear()

    outcome = copy(upstream, mirror, selection=LINUX)

    assert outcome.status is Status.UP_TO_DATE
    assert calls(upstream.shared) == calls(mirror.shared) == ["resolve"]


def test_a_filtered_image_that_is_there_is_not_written_again(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    amd64 = put_image(upstream, b"layer")
    put_index(upstream, "1.0", amd64, put_image(upstream, b"x", platform="linux/arm"))
    copy(upstream, mirror, selection=LINUX)
    mirror.shared.log.clear()

    outcome = copy(upstream, mirror, selection=LINUX)

    assert outcome.status is Status.UP_TO_DATE
    assert set(calls(mirror.shared)) <= {"resolve", "manifest"}


def test_a_layer_of_ten_images_is_read_once_and_mounted_nine_times(
    upstream: MemoryStore, mirror_place: MemoryPlace
) -> None:
    shared = b"the base layer of them all"
    routes = []
    for number in range(1, 11):
        source = upstream.shared.repository(f"library/app{number}")
        put_image(source, shared, b"own %d" % number, tag="1.0")
        destination = mirror_place.repository(f"library/app{number}")
        routes.append(Route(source.name, source, "1.0", destination, "1.0", number))
    upstream.shared.log.clear()

    report = copy_all(routes, jobs=4)

    assert report.ok
    digest = Digest.of(shared)
    reads = [what for call, _, what in upstream.shared.log if call == "blob"]
    mounts = [what for call, _, what in mirror_place.log if call == "mount"]
    assert reads.count(digest) == 1
    assert mounts.count(digest) == 9
    assert report.traffic.mounted >= 9 * len(shared)


def test_a_repository_of_the_same_registry_is_mounted_from(
    upstream: MemoryStore,
) -> None:
    put_image(upstream, b"layer", tag="1.0")
    elsewhere = upstream.shared.repository("copy/app")

    outcome = copy(upstream, elsewhere)

    assert outcome.traffic.mounted > 0
    assert "blob" not in calls(upstream.shared)


def test_two_lines_of_one_tag_are_done_one_after_the_other(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    amd64 = put_image(upstream, b"layer of amd64", tag="amd64")
    arm64 = put_image(upstream, b"of arm64", tag="arm64", platform="linux/arm64")
    routes = [
        Route(tag, upstream, tag, mirror, "1.0", number)
        for number, tag in enumerate(["amd64", "arm64"] * 4, start=1)
    ]

    report = copy_all(routes, selection=LINUX, jobs=8)

    assert report.ok
    assert mirror.tags["1.0"] == arm64.digest
    assert amd64.digest in mirror.manifests
