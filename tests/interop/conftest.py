"""What tests with the programs of others use."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.interop.contents import Filled, fill, prepare
from tests.interop.places import KINDS
from tests.interop.programs import Workshop


@pytest.fixture(scope="session")
def workshop(tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """Where all programs work; what they push is prepared."""
    workshop = Workshop.at(tmp_path_factory.mktemp("interop") / "workshop")
    prepare(workshop)
    return workshop


class Origins:
    """One registry of each kind that has everything, started when first asked for."""

    def __init__(self, workshop: Workshop, stack: contextlib.ExitStack) -> None:
        self._workshop = workshop
        self._stack = stack
        self._known: dict[str, Filled] = {}

    def __getitem__(self, kind: str) -> Filled:
        if kind not in self._known:
            place = self._stack.enter_context(KINDS[kind](self._workshop))
            self._known[kind] = fill(self._workshop, place)
        return self._known[kind]


@pytest.fixture(scope="session")
def origins(workshop: Workshop) -> Iterator[Origins]:
    """The registries to copy from, by kind."""
    with contextlib.ExitStack() as stack:
        yield Origins(workshop, stack)
