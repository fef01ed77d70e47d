"""What goes wrong with one image stays with it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hangar.copying import Route
from hangar.errors import (
    Incomplete,
    IntegrityError,
    InvalidManifest,
    NotFound,
)
from hangar.events import Status
from hangar.oci import (
    Descriptor,
    Digest,
    Manifest,
)
from hangar.operations.transfer import copy_all
from tests.support.content import (
    put_bytes,
    put_image,
    put_index,
)
from tests.support.memory import MemoryPlace, MemoryStore
from tests.unit.copying.conftest import copy, error_of, lose


class Lying(MemoryStore):
    """Gives other bytes than asked for."""

    def blob(self, blob: Descriptor) -> Any:
        yield b"x" * blob.size


def test_wrong_bytes_fail_the_image_and_leave_the_tag_alone(
    mirror: MemoryStore,
) -> None:
    lying = Lying(MemoryPlace("upstream.example"), "upstream.example/app")
    put_image(lying, b"layer", tag="1.0")

    outcome = copy(lying, mirror)

    assert outcome.status is Status.FAILED
    assert isinstance(outcome.error, IntegrityError)
    assert mirror.tags == {}
    assert mirror.shared.blobs == {}


def test_one_bad_image_does_not_stop_the_others(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_image(upstream, b"layer", tag="1.0")
    routes = [
        Route(tag, upstream, tag, mirror, tag, number)
        for number, tag in enumerate(["9.9", "1.0"], start=1)
    ]

    report = copy_all(routes, jobs=2)

    assert [outcome.image for outcome in report.failed] == ["9.9"]
    assert isinstance(report.failed[0].error, NotFound)
    assert [outcome.status for outcome in report] == [Status.FAILED, Status.COPIED]


def test_a_blob_that_failed_for_one_image_is_fetched_by_the_next(
    upstream: MemoryStore, mirror_place: MemoryPlace
) -> None:
    broken = upstream.shared.repository("library/broken")
    put_image(broken, b"the shared layer", tag="1.0")
    put_image(upstream, b"the shared layer", tag="1.0")
    lose(broken, put_bytes(upstream, b"the shared layer"))
    routes = [
        Route(s.name, s, "1.0", mirror_place.repository(s.name), "1.0", number)
        for number, s in enumerate([broken, upstream], start=1)
    ]

    report = copy_all(routes, jobs=1)

    assert [o.status for o in report] == [Status.FAILED, Status.COPIED]


def test_a_child_that_the_source_lost_is_named(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer")
    put_index(upstream, "1.0", image)
    lose(upstream, image)

    error = error_of(copy(upstream, mirror))

    assert isinstance(error, Incomplete)
    assert error.missing == (image.digest,)


def test_an_index_that_lies_about_a_size_fails(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer")
    put_index(upstream, "1.0", replace(image, size=image.size + 1))

    assert isinstance(error_of(copy(upstream, mirror)), InvalidManifest)
    assert mirror.tags == {}


def test_a_graph_without_end_is_refused(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    entry = put_image(upstream, b"layer")
    for depth in range(100):
        entry = put_index(upstream, f"depth-{depth}", entry).descriptor
    upstream.tags["1.0"] = entry.digest

    assert isinstance(error_of(copy(upstream, mirror)), InvalidManifest)
    assert mirror.manifests == {}


def test_a_referrer_that_was_deleted_meanwhile_is_left_out(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer", tag="1.0")
    upstream.tags[f"sha256-{image.digest.hex}.sig"] = Digest.of(b"gone")

    assert copy(upstream, mirror).status is Status.COPIED
    assert mirror.tags == {"1.0": image.digest}


def test_a_bug_in_one_image_is_its_outcome(mirror: MemoryStore) -> None:
    class Buggy(MemoryStore):
        def manifest(self, reference: str) -> Manifest:
            raise ZeroDivisionError(reference)

    buggy = Buggy(MemoryPlace(), "memory.example/app")

    outcome = copy(buggy, mirror)

    assert outcome.status is Status.FAILED
    assert isinstance(outcome.error, ZeroDivisionError)
