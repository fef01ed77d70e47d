"""Giving up, and trying again."""

from __future__ import annotations

import threading

import pytest

from hangar.deadline import Deadline, Stop, applied, current
from hangar.errors import (
    AccessDenied,
    HangarError,
    Interrupted,
    RegistryError,
    TimedOut,
    TransferError,
)
from hangar.retry import Patience

HASTY = Patience(retries=3, pause=0.0)


class Failing:
    """Raises the given errors, one a call, then returns."""

    def __init__(self, *errors: HangarError) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


def busy(status: int, after: float | None = 0.0) -> RegistryError:
    return RegistryError("busy", status=status, retry_after=after)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408, 429])
def test_a_busy_registry_is_asked_again(status: int) -> None:
    operation = Failing(busy(status), busy(status))

    assert HASTY.again(operation) == "done"
    assert operation.calls == 3


@pytest.mark.parametrize(
    "error", [busy(400), busy(404), AccessDenied("no"), TimedOut("over")]
)
def test_what_will_not_change_is_not_tried_again(error: HangarError) -> None:
    operation = Failing(error)

    with pytest.raises(type(error)):
        HASTY.again(operation)
    assert operation.calls == 1


def test_patience_ends() -> None:
    operation = Failing(*(TransferError("broken") for _ in range(9)))

    with pytest.raises(TransferError):
        HASTY.again(operation)
    assert operation.calls == 4


def test_a_registry_that_asks_to_slow_down_is_borne_with_longer() -> None:
    operation = Failing(*(busy(429) for _ in range(8)))

    assert HASTY.again(operation) == "done"


def test_no_retries_means_none_even_when_asked_to_slow_down() -> None:
    operation = Failing(busy(429))

    with pytest.raises(RegistryError):
        Patience(retries=0).again(operation)
    assert operation.calls == 1


def test_a_pause_ends_when_the_user_asks_to_stop() -> None:
    stop = Stop()
    operation = Failing(busy(503, after=50.0))
    threading.Timer(0.01, stop.request).start()

    with applied(Deadline(None, stop)), pytest.raises(Interrupted):
        HASTY.again(operation)


def test_a_deadline_that_is_over_says_so_with_the_time_allowed() -> None:
    with applied(Deadline(0.0)), pytest.raises(TimedOut, match="within 0 s"):
        current().check()


def test_without_a_deadline_there_is_all_the_time() -> None:
    assert current().remaining(5.0) == 5.0
    assert Deadline(1000.0).remaining(5.0) == 5.0


def test_a_stop_wakes_whoever_waits_now_and_whoever_comes_later() -> None:
    stop, woken = Stop(), list[str]()

    with stop.waking(lambda: woken.append("left")):
        pass
    with stop.waking(lambda: woken.append("waiting")):
        stop.request()
    with stop.waking(lambda: woken.append("late")):
        pass

    assert woken == ["waiting", "late"]


def test_a_stream_is_checked_before_each_chunk() -> None:
    stop = Stop()
    stream = Deadline(None, stop).watch([b"one", b"two"])

    assert next(stream) == b"one"
    stop.request()
    with pytest.raises(Interrupted):
        next(stream)
