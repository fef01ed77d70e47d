"""Going no faster than allowed, by a clock of our own."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hangar.deadline import Deadline, applied
from hangar.errors import TimedOut
from hangar.http.limits import Bucket


class Clock:
    """Time that passes only while somebody waits."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.waits: list[float] = []

    def __call__(self) -> float:
        return self.now

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


def bucket(rate: float, clock: Clock) -> Bucket:
    return Bucket(rate, clock=clock, wait=clock.wait)


def test_what_fits_into_a_second_goes_through_at_once() -> None:
    clock = Clock()
    limit = bucket(8, clock)

    for _ in range(8):
        limit.take(1)

    assert clock.waits == []


def test_what_does_not_has_to_wait() -> None:
    clock = Clock()
    limit = bucket(8, clock)

    for _ in range(11):
        limit.take(1)

    assert clock.waits == [0.125, 0.125, 0.125]


def test_who_was_idle_for_long_has_saved_no_more_than_a_second() -> None:
    clock = Clock()
    limit = bucket(8, clock)
    clock.now += 3600

    for _ in range(9):
        limit.take(1)

    assert clock.waits == [0.125]


def test_the_first_of_less_than_one_a_second_goes_through_at_once() -> None:
    clock = Clock()
    limit = bucket(0.5, clock)

    for _ in range(3):
        limit.take(1)

    assert clock.waits == [2.0, 2.0]


def test_chunks_are_cut_so_that_no_wait_is_long() -> None:
    clock = Clock()

    pieces = list(bucket(100, clock).paced([b"x" * 250, b"", b"y"]))

    assert [len(piece) for piece in pieces] == [100, 100, 50, 1]
    assert clock.waits == pytest.approx([1.0, 0.5, 0.01])


@given(
    st.floats(0.1, 1e9),
    st.lists(st.integers(1, 1 << 20), max_size=20),
)
def test_the_rate_is_never_exceeded_by_more_than_the_first_burst(
    rate: float, units: list[int]
) -> None:
    clock = Clock()
    limit = bucket(rate, clock)

    for count in units:
        limit.take(count)

    seconds = clock.now - 1000.0
    assert sum(units) <= rate * seconds * 1.001 + max(rate, 1.0) * 1.001


def test_waiting_ends_with_the_deadline() -> None:
    limit = Bucket(10)

    with applied(Deadline(0.05)), pytest.raises(TimedOut):
        limit.take(30)
