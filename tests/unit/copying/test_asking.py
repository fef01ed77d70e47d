"""Checking, foretelling and reporting."""

from __future__ import annotations

from typing import Any

import pytest

from hangar.copying import Route
from hangar.errors import (
    Incomplete,
)
from hangar.events import BlobFinished, Event, Status
from hangar.oci import (
    Digest,
)
from hangar.operations.transfer import check_all, copy_all, plan_all
from hangar.selection import Selection
from hangar.store import Put
from tests.support.content import (
    put_attestation,
    put_bytes,
    put_image,
    put_index,
    put_signature,
)
from tests.support.memory import MemoryStore
from tests.unit.copying.conftest import LINUX, check, copy, error_of


def test_checking_finds_what_was_copied_whole(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer")
    put_index(upstream, "1.0", image, put_attestation(upstream, image))
    put_signature(upstream, image.digest, b"signs")
    copy(upstream, mirror, selection=LINUX)

    for deep in (False, True):
        outcome = check(upstream, mirror, selection=LINUX, deep=deep)
        assert outcome.status is Status.UP_TO_DATE


@pytest.mark.parametrize("content", ["tag", "child", "blob", "signature", "referrer"])
def test_checking_names_whatever_is_missing(
    upstream: MemoryStore, mirror: MemoryStore, content: str
) -> None:
    image = put_image(upstream, b"layer")
    put_index(upstream, "1.0", image)
    put_signature(upstream, image.digest, b"signs")
    referrer = put_image(upstream, b"sbom", subject=image.to_json())
    copy(upstream, mirror)
    lost: dict[str, Any] = {
        "tag": mirror.tags.pop,
        "child": mirror.manifests.pop,
        "blob": lambda digest: mirror.shared.blobs.pop((mirror.name, digest)),
        "signature": mirror.tags.pop,
        "referrer": mirror.manifests.pop,
    }
    name = {
        "tag": "1.0",
        "child": image.digest,
        "blob": Digest.of(b"layer"),
        "signature": f"sha256-{image.digest.hex}.sig",
        "referrer": referrer.digest,
    }[content]
    lost[content](name)

    error = error_of(check(upstream, mirror))

    assert isinstance(error, Incomplete)
    assert name in error.missing


@pytest.mark.parametrize("tags", [[], ["1.0"]])
def test_a_check_that_checked_nothing_fails(
    upstream: MemoryStore, mirror: MemoryStore, tags: list[str]
) -> None:
    put_image(upstream, b"layer", tag="1.0")
    routes = [Route(tag, upstream, tag, mirror, tag, 1) for tag in tags]

    with pytest.raises(Incomplete, match="nothing was checked"):
        check_all(routes, selection=Selection(frozenset({"s390x"})))


def test_only_a_deep_check_finds_damage(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_image(upstream, b"layer", tag="1.0")
    copy(upstream, mirror)
    digest = Digest.of(b"layer")
    mirror.shared.blobs[mirror.name, digest] = b"rotten"

    assert check(upstream, mirror).status is Status.UP_TO_DATE
    error = error_of(check(upstream, mirror, deep=True))
    assert isinstance(error, Incomplete)
    assert error.missing == (digest,)


def test_a_dry_run_tells_the_bytes_and_writes_nothing(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_image(upstream, b"layer one", b"layer two", tag="1.0")
    put_bytes(mirror, b"layer one")
    before = dict(mirror.shared.blobs)
    route = Route("app", upstream, "1.0", mirror, "1.0", 1)

    (foreseen,) = plan_all([route])

    assert mirror.shared.blobs == before
    assert mirror.tags == {}
    (done,) = copy_all([route])
    assert foreseen.traffic == done.traffic
    assert foreseen.digest == done.digest


def test_progress_is_told_one_event_at_a_time_and_adds_up(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_image(upstream, b"layer one", b"layer two", tag="1.0")
    events: list[Event] = []

    outcome = copy(upstream, mirror, report=events.append)

    finished = [event for event in events if isinstance(event, BlobFinished)]
    manifest = len(upstream.manifest("1.0").raw)
    assert sum(event.size for event in finished) + manifest == outcome.traffic.sent
    assert {event.put for event in finished} == {Put.SENT}


def test_outcomes_keep_the_order_of_the_list(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_image(upstream, b"layer", tag="1.0")
    routes = [
        Route(str(n), upstream, "1.0" if n % 2 else "none", mirror, str(n), n)
        for n in range(1, 30)
    ]

    report = copy_all(routes, jobs=8)

    assert [outcome.number for outcome in report] == list(range(1, 30))
