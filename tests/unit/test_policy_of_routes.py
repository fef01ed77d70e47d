"""The policy holds wherever images are read."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hangar import (
    Configuration,
    Outcome,
    Reference,
    Registries,
    load_routes,
    mirror_routes,
)
from hangar.archive import Archive
from hangar.errors import VerificationError
from tests.support.golang import GoArchive, GoImage

LINES = ["reg.io/bad/app:1", "reg.io/good/app:1", "reg.io/good/app:2"]


@pytest.fixture
def registries(tmp_path: Path) -> Iterator[Registries]:
    path = tmp_path / "policy.json"
    accept, reject = ({"type": t} for t in ("insecureAcceptAnything", "reject"))
    scopes = {"reg.io/good": [accept], "reg.io/good/app:2": [reject]}
    layouts = {str(tmp_path.resolve() / "good.zip"): [accept]}
    transports = {"docker": scopes, "oci": layouts}
    rules = {"default": [reject], "transports": transports}
    path.write_text(json.dumps(rules))
    environ = {"HOME": str(tmp_path)}
    with Registries(Configuration.load(policy=path, environ=environ)) as registries:
        yield registries


def test_an_image_that_is_rejected_fails_and_the_others_do_not(
    registries: Registries,
) -> None:
    first, second, third = mirror_routes(LINES, registries, to="reg.io/good")

    for rejected in (first, third):
        assert isinstance(rejected, Outcome)
        assert isinstance(rejected.error, VerificationError)
    assert not isinstance(second, Outcome)


def test_images_in_archives_are_judged_by_the_archives_path(
    registries: Registries, tmp_path: Path
) -> None:
    paths = [tmp_path / name for name in ("good.zip", "other.zip")]
    for path in paths:
        content = GoArchive()
        content.add("reg.io/good/app", "1", GoImage([b"layer"]))
        content.write(path)

    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(Archive.open(path)) for path in paths]
        good, other = (
            load_routes([archive], registries, to="reg.io") for archive in opened
        )

    assert not any(isinstance(route, Outcome) for route in good)
    (rejected,) = other
    assert isinstance(rejected, Outcome)
    assert isinstance(rejected.error, VerificationError)


def test_another_way_to_write_an_archives_path_does_not_get_round_the_policy(
    registries: Registries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = GoArchive().add("reg.io/good/app", "1", GoImage([b"layer"]))
    content.write(tmp_path / "good.zip")
    monkeypatch.chdir(tmp_path)

    with Archive.open(Path("good.zip")) as archive:
        (route,) = load_routes([archive], registries, to="reg.io")

    assert not isinstance(route, Outcome)


def test_a_repository_that_was_opened_is_judged_anew(registries: Registries) -> None:
    registries.source(Reference.parse("reg.io/good/app:1"))

    with pytest.raises(VerificationError):
        registries.source(Reference.parse("reg.io/good/app:2"))


def test_what_is_written_needs_no_permission_to_be_read(registries: Registries) -> None:
    repository = registries.repository(Reference.parse("reg.io/bad/app:1"))

    assert repository.name == "reg.io/bad/app"
