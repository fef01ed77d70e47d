"""Stores in memory, and the engine between them."""

from __future__ import annotations

from typing import Any

import pytest

from hangar.copying import Route
from hangar.errors import (
    HangarError,
)
from hangar.events import Outcome
from hangar.oci import (
    Descriptor,
    Manifest,
)
from hangar.operations.transfer import check_all, copy_all
from hangar.selection import Selection
from tests.support.memory import MemoryPlace, MemoryStore

LINUX = Selection(frozenset({"amd64", "arm64"}), frozenset({"linux"}))


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


@pytest.fixture
def upstream() -> MemoryStore:
    return MemoryPlace("upstream.example").repository("library/app")


@pytest.fixture
def mirror_place() -> MemoryPlace:
    return MemoryPlace("mirror.example")


@pytest.fixture
def mirror(mirror_place: MemoryPlace) -> MemoryStore:
    return mirror_place.repository("library/app")
