"""The policy holds wherever images are read from registries."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hangar import Configuration, Outcome, Reference, Registries, mirror_routes
from hangar.errors import VerificationError

LINES = ["reg.io/bad/app:1", "reg.io/good/app:1", "reg.io/good/app:2"]


@pytest.fixture
def registries(tmp_path: Path) -> Iterator[Registries]:
    path = tmp_path / "policy.json"
    accept, reject = ({"type": t} for t in ("insecureAcceptAnything", "reject"))
    scopes = {"reg.io/good": [accept], "reg.io/good/app:2": [reject]}
    rules = {"default": [reject], "transports": {"docker": scopes}}
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


def test_a_repository_that_was_opened_is_judged_anew(registries: Registries) -> None:
    registries.source(Reference.parse("reg.io/good/app:1"))

    with pytest.raises(VerificationError):
        registries.source(Reference.parse("reg.io/good/app:2"))


def test_what_is_written_needs_no_permission_to_be_read(registries: Registries) -> None:
    repository = registries.repository(Reference.parse("reg.io/bad/app:1"))

    assert repository.name == "reg.io/bad/app"
