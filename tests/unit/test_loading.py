"""What is looked at before anything is loaded."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from hangar.archive import Archive
from hangar.copying import Route
from hangar.errors import Incomplete, InvalidReference
from hangar.operations.loading import load, load_routes
from hangar.registry import Registries
from tests.archive.common import golden
from tests.support.content import put_image
from tests.support.memory import MemoryPlace


@pytest.mark.parametrize(
    ("registry", "project"), [("r.example/UP", ""), ("r.example", "a b")]
)
def test_a_place_that_no_image_can_be_in_is_refused_as_a_whole(
    tmp_path: Path, registry: str, project: str
) -> None:
    with (
        Archive.open(golden(tmp_path)) as archive,
        pytest.raises(InvalidReference, match="no image can be in"),
    ):
        load_routes([archive], cast("Registries", None), to=registry, project=project)


@pytest.mark.parametrize(("lacking", "more"), [(20, ""), (23, " and 3 more")])
def test_what_is_absent_is_named_up_to_a_number(lacking: int, more: str) -> None:
    carrier = MemoryPlace("carrier").repository("app")
    put_image(carrier, *(str(n).encode() for n in range(30)), tag="1")
    layers = [layer.digest for layer in carrier.manifest("1").layers][:lacking]
    for digest in layers:
        del carrier.shared.blobs[carrier.name, digest]
    behind = MemoryPlace("behind").repository("app")

    [outcome] = load([Route("app:1", carrier, "1", behind, "1")])

    assert isinstance(outcome.error, Incomplete)
    assert outcome.error.missing == tuple(layers)
    assert str(outcome.error) == (
        f"carrier does not have {', '.join(layers[:20])}{more}"
    )
    assert not behind.manifests
    assert not behind.shared.blobs
