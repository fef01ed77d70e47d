"""What accompanies an image."""

from __future__ import annotations

import pytest

from hangar.events import Status
from hangar.selection import Selection
from tests.support.content import (
    put_image,
    put_index,
    put_signature,
)
from tests.support.memory import MemoryStore
from tests.unit.copying.conftest import check, copy


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
