"""What accompanies an image."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field, replace

import pytest

from hangar.copying import Route
from hangar.errors import TransferError
from hangar.events import Event, Noticed, Status
from hangar.oci import Manifest
from hangar.operations.transfer import copy_all, plan_all
from hangar.selection import Selection
from tests.support.content import (
    put_image,
    put_index,
    put_signature,
)
from tests.support.memory import MemoryPlace, MemoryStore
from tests.unit.copying.conftest import LINUX, check, copy


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
    ("selection", "told"),
    [
        (replace(LINUX, architectures=frozenset({"arm64"})), True),
        (replace(LINUX, architectures=frozenset({"arm64"}), signatures=False), False),
        (LINUX, False),
        (Selection(), False),
    ],
)
def test_signatures_that_stay_behind_with_a_filtered_index_are_told_of(
    upstream: MemoryStore,
    mirror: MemoryStore,
    selection: Selection,
    *,
    told: bool,
) -> None:
    amd64 = put_image(upstream, b"layer of amd64")
    arm64 = put_image(upstream, b"layer of arm64", platform="linux/arm64")
    index = put_index(upstream, "1.0", amd64, arm64)
    put_signature(upstream, index.digest, b"of the index")

    for act in (plan_all, copy_all, copy_all):  # told again each time
        heard: list[Event] = []
        route = Route("app", upstream, "1.0", mirror, "1.0", 1)
        act([route], selection=selection, report=heard.append)

        notices = [event for event in heard if isinstance(event, Noticed)]
        assert [n.number for n in notices] == ([1] if told else [])
        assert all("signatures" in n.text for n in notices)
    signed = f"sha256-{index.digest.hex}.sig" in mirror.tags
    assert signed == (selection.signatures and not told)


def test_a_signed_image_that_joins_an_index_takes_its_signature_along(
    upstream: MemoryStore, mirror: MemoryStore
) -> None:
    put_index(mirror, "1.0", put_image(mirror, b"another", platform="linux/arm64"))
    image = put_image(upstream, b"layer", tag="1.0")
    put_signature(upstream, image.digest, b"of the image")
    heard: list[Event] = []

    copy(upstream, mirror, report=heard.append)

    assert not [event for event in heard if isinstance(event, Noticed)]
    assert f"sha256-{image.digest.hex}.sig" in mirror.tags


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


@dataclass
class Awaited(MemoryStore):
    """Writes no signatures before as many images as take part are planned."""

    all_planned: threading.Barrier = field(default_factory=lambda: threading.Barrier(2))

    def put_manifest(self, manifest: Manifest, tag: str = "") -> None:
        if tag.endswith(".sig"):
            with contextlib.suppress(threading.BrokenBarrierError):
                self.all_planned.wait(1)
        super().put_manifest(manifest, tag)


def test_signatures_of_one_image_by_two_people_do_not_displace_each_other() -> None:
    mirror = Awaited(MemoryPlace("mirror.example"), "mirror.example/library/app")
    routes = []
    for number, by in enumerate(("alice", "bob"), start=1):
        signed = MemoryPlace(f"{by}.example").repository("app")
        image = put_image(signed, b"layer", tag="1.0")
        put_signature(signed, image.digest, by.encode(), by)
        routes.append(Route(by, signed, "1.0", mirror, str(number), number))

    first = copy_all(routes, jobs=2)
    again = copy_all(routes, jobs=2)

    (outcome,) = first.failed
    assert isinstance(outcome.error, TransferError)
    assert "keeps both" in outcome.error.hint
    assert again.ok
    (signature,) = [tag for tag in mirror.tags if tag.endswith(".sig")]
    assert len(mirror.manifest(signature).layers) == 2
