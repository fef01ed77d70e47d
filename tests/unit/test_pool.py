"""How many requests one host is sent at once."""

from __future__ import annotations

import threading

import pytest

from hangar.deadline import Deadline, Stop, applied
from hangar.errors import Interrupted, TimedOut
from hangar.http.connection import Connection
from hangar.http.pool import Pool


def unconnected() -> Connection:
    raise NotImplementedError


def pool(most: int = 4) -> Pool:
    return Pool(unconnected, most)


def waiting(act: threading.Thread) -> bool:
    act.join(0.05)
    return act.is_alive()


def test_who_finds_no_slot_waits_until_one_is_free() -> None:
    slots = pool(2)
    slots.enter()
    slots.enter()
    third = threading.Thread(target=slots.enter)
    third.start()
    assert waiting(third)

    slots.leave(None)

    third.join(10)
    assert not third.is_alive()


def test_uploads_leave_room_for_the_downloads_that_feed_them() -> None:
    slots = pool(4)
    for _ in range(3):
        slots.enter(upload=True)
    fourth = threading.Thread(target=slots.enter, kwargs={"upload": True})
    fourth.start()
    assert waiting(fourth)

    slots.enter()
    slots.leave(None, upload=True)

    fourth.join(10)
    assert not fourth.is_alive()


def test_a_busy_host_does_not_keep_uploads_from_the_downloads_that_feed_them() -> None:
    slots = pool(8)
    for _ in range(6):
        slots.enter(upload=True)
    slots.enter()
    slots.leave(None, status=429)
    assert slots.limit == 4

    feeding = threading.Thread(target=slots.enter, daemon=True)
    feeding.start()
    feeding.join(10)
    assert not feeding.is_alive()

    another = threading.Thread(target=slots.enter)
    another.start()
    assert waiting(another)
    slots.leave(None)
    another.join(10)
    assert not another.is_alive()


def test_a_wait_for_a_slot_ends_with_the_deadline() -> None:
    slots = pool(2)
    slots.enter()
    slots.enter()

    with applied(Deadline(0.01)), pytest.raises(TimedOut):
        slots.enter()


def test_a_wait_for_a_slot_ends_when_the_run_is_to_stop() -> None:
    slots, stop, caught = pool(2), Stop(), list[BaseException]()
    slots.enter()
    slots.enter()

    def wait() -> None:
        with applied(Deadline(None, stop)):
            try:
                slots.enter()
            except Interrupted as error:
                caught.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    assert waiting(waiter)
    stop.request()

    waiter.join(10)
    assert len(caught) == 1


def test_a_busy_host_gets_half_as_many_requests_once_for_all_its_complaints() -> None:
    slots = pool(32)
    for _ in range(5):
        slots.enter()
    for _ in range(5):
        slots.leave(None, 429)

    assert slots.limit == 16


def test_a_host_is_never_left_without_a_download_and_its_upload() -> None:
    slots = pool(1)
    slots.enter(upload=True)
    slots.enter()
    slots.leave(None, 429)

    assert slots.limit == 2


def test_a_host_that_is_content_gets_slowly_more_again() -> None:
    slots = pool(4)
    slots.enter()
    slots.leave(None, 429)
    assert slots.limit == 2

    for _ in range(2 * 4 + 3 * 4 + 100):
        slots.enter()
        slots.leave(None, 200)

    assert slots.limit == 4
