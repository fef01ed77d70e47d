"""The engine, between stores in memory."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hangar.copying import Route
from hangar.errors import (
    HangarError,
    Incomplete,
    IntegrityError,
    InvalidManifest,
    NoMatchingPlatform,
    NotFound,
)
from hangar.events import BlobFinished, Event, Outcome, Status
from hangar.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_MANIFEST,
    Descriptor,
    Digest,
    Manifest,
    Platform,
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
from tests.support.memory import MemoryPlace, MemoryStore

LINUX = Selection(frozenset({"amd64", "arm64"}), frozenset({"linux"}))


@pytest.fixture
def upstream() -> MemoryStore:
    return MemoryPlace("upstream.example").repository("library/app")


@pytest.fixture
def mirror_place() -> MemoryPlace:
    return MemoryPlace("mirror.example")


@pytest.fixture
def mirror(mirror_place: MemoryPlace) -> MemoryStore:
    return mirror_place.repository("library/app")


def copy(
    source: MemoryStore,
    destination: MemoryStore,
    *,
    tag: str = "1.0",
    reference: str = "",
    **options: Any,
) -> Outcome:
    route = Route("app", source, reference or tag, destination, tag, 1)
    (outcome,) = copy_all([route], **options)
    return outcome


def check(
    source: MemoryStore, destination: MemoryStore, tag: str = "1.0", **options: Any
) -> Outcome:
    route = Route("app", source, tag, destination, tag, 1)
    (outcome,) = check_all([route], **options)
    return outcome


def error_of(outcome: Outcome) -> HangarError:
    assert isinstance(outcome.error, HangarError), outcome.error
    return outcome.error


def calls(place: MemoryPlace) -> list[str]:
    return [call for call, _, _ in place.log]


def lose(store: MemoryStore, content: Descriptor | Manifest) -> None:
    """Forget a manifest or blob, as a careless garbage collection would."""
    store.manifests.pop(content.digest, None)
    store.shared.blobs.pop((store.name, content.digest), None)


# --- what arrives ---


def test_an_index_arrives_with_its_own_bytes(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    amd64 = put_image(upstream, b"layer of amd64")
    arm64 = put_image(upstream, b"layer of arm64", platform="linux/arm64/v8")
    attested = put_attestation(upstream, amd64)
    index = put_index(upstream, "1.0", amd64, arm64, attested, annotations={"a": "b"})

    outcome = copy(upstream, mirror, selection=LINUX)

    assert outcome.status is Status.COPIED
    assert outcome.source_digest == outcome.digest == index.digest
    assert mirror.manifest("1.0").raw == index.raw
    assert set(mirror.manifests) == set(upstream.manifests)
    assert {d for _, d in mirror.shared.blobs} == {d for _, d in upstream.shared.blobs}


@pytest.mark.parametrize("media_type", [DOCKER_MANIFEST, OCI_MANIFEST])
def test_a_plain_manifest_stays_a_plain_manifest(
    upstream: MemoryStore, mirror: MemoryStore, media_type: str
) -> None:
    image = put_image(upstream, b"layer", tag="1.0", media_type=media_type)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags == {"1.0": image.digest}
    assert mirror.manifest("1.0").raw == upstream.manifest("1.0").raw


def test_a_docker_list_stays_a_docker_list(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer", media_type=DOCKER_MANIFEST)
    index = put_index(upstream, "1.0", image, media_type=DOCKER_LIST)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags["1.0"] == index.digest
    assert mirror.manifest("1.0").media_type == DOCKER_LIST


def test_an_index_inside_an_index_is_copied_whole(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer")
    inner = put_index(upstream, "inner", image)
    outer = put_index(upstream, "1.0", inner.descriptor)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags == {"1.0": outer.digest}
    assert image.digest in mirror.manifests


def test_an_artifact_is_copied_unchanged_whatever_the_filters(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    config_type = "application/vnd.cncf.helm.config.v1+json"
    chart = put_image(upstream, b"chart", tag="1.0", config_type=config_type)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags["1.0"] == chart.digest


def test_a_foreign_layer_is_neither_read_nor_written(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    layer = Descriptor("application/vnd.foreign", Digest.of(b"foreign"), 7)
    foreign = replace(layer, urls=("https://example.com/layer",)).to_json()
    image = put_image(upstream, tag="1.0", layers=[foreign], platform="windows/amd64")

    copy(upstream, mirror)

    assert mirror.tags["1.0"] == image.digest
    assert layer.digest not in {digest for _, digest in mirror.shared.blobs}


def test_an_index_entry_without_platform_is_copied(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = replace(put_image(upstream, b"layer"), platform=None)
    index = put_index(upstream, "1.0", image)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags["1.0"] == index.digest


def test_layers_that_an_index_lists_itself_are_copied(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    layer = put_bytes(upstream, b"a layer of a build cache")
    index = put_index(upstream, "1.0", layer)

    copy(upstream, mirror, selection=LINUX)

    assert mirror.tags["1.0"] == index.digest
    assert mirror.has(layer)


def test_a_digest_alone_is_copied_whole_and_untagged(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    amd64 = put_image(upstream, b"layer")
    s390x = put_image(upstream, b"other", platform="linux/s390x")
    index = put_index(upstream, "1.0", amd64, s390x)

    outcome = copy(upstream, mirror, tag="", reference=index.digest, selection=LINUX)

    assert outcome.status is Status.COPIED
    assert mirror.tags == {}
    assert set(mirror.manifests) == {amd64.digest, s390x.digest, index.digest}


# --- filters and merging ---


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


# --- signatures and referrers ---


def test_signatures_and_referrers_travel_with_their_image(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer")
    index = put_index(upstream, "1.0", image)
    put_signature(upstream, index.digest, b"signs the index")
    put_signature(upstream, image.digest, b"signs the image")
    sbom = put_image(
        upstream, b"sbom", subject=image.to_json(), artifactType="application/spdx"
    )
    put_signature(upstream, sbom.digest, b"signs the sbom")

    copy(upstream, mirror)

    assert mirror.tags == upstream.tags
    assert set(mirror.manifests) == set(upstream.manifests)
    puts = [what for call, _, what in mirror.shared.log if call == "put manifest"]
    assert puts[-1] == "1.0"


@pytest.mark.parametrize(
    ("selection", "kept"),
    [
        (Selection(signatures=False), {"sbom"}),
        (Selection(referrers=False), {"sig"}),
        (Selection(signatures=False, referrers=False), set()),
    ],
)
def test_signatures_and_referrers_can_be_left_behind(
    upstream: MemoryStore, mirror: MemoryStore, selection: Selection, kept: set[str]
) -> None:
    image = put_image(upstream, b"layer", tag="1.0")
    companions = {
        "sig": put_signature(upstream, image.digest, b"signs").digest,
        "sbom": put_image(upstream, b"sbom", subject=image.to_json()).digest,
    }

    copy(upstream, mirror, selection=selection)

    expected = {companions[name] for name in kept}
    assert set(mirror.manifests) == {image.digest, *expected}


def test_signatures_join_those_that_the_destination_has(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    image = put_image(upstream, b"layer", tag="1.0")
    put_signature(upstream, image.digest, b"payload", by="vendor")
    put_signature(mirror, image.digest, b"payload", by="us")

    copy(upstream, mirror)

    joined = mirror.manifest(f"sha256-{image.digest.hex}.sig")
    signers = [list(layer.annotations.values()) for layer in joined.layers]
    assert signers == [["us"], ["vendor"]]
    assert check(upstream, mirror, deep=True).status is Status.UP_TO_DATE


# --- nothing twice ---


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


# --- what goes wrong ---


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


# --- asking ---


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
