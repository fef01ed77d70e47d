"""Turns: an order for the sake of equal results, not at any price."""

from __future__ import annotations

import threading

import pytest

from hangar import batch
from hangar.batch import Turns


def test_threads_pass_in_the_order_that_was_fixed() -> None:
    turns, passed = Turns([3, 1, 2]), list[int]()

    def go(item: int) -> None:
        turns.wait(item)
        passed.append(item)
        turns.passed(item)

    threads = [threading.Thread(target=go, args=(item,)) for item in (2, 1, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert passed == [3, 1, 2]


def test_whoever_passed_without_waiting_holds_up_nobody() -> None:
    turns = Turns([1, 2, 3])

    turns.passed(2)
    turns.passed(1)
    turns.wait(3)


def test_who_is_too_late_holds_up_only_the_first_that_waits(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(batch, "PATIENCE", 0.0)
    turns = Turns([1, 2, 3])

    turns.wait(2)
    turns.passed(2)
    monkeypatch.setattr(batch, "PATIENCE", 3600.0)
    turns.wait(3)
    turns.passed(1)
