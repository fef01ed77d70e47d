"""How far a run is."""

from __future__ import annotations

import pytest

from hangar.cli.progress import Progress
from hangar.events import (
    BlobFinished,
    BlobProgress,
    BlobStarted,
    ImageFinished,
    ImagePlanned,
    ImageStarted,
    Outcome,
    Status,
)
from hangar.store import Put


class Clock:
    """A clock that is set by hand; seconds."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def ended(number: int) -> ImageFinished:
    return ImageFinished(Outcome(number, "", "", "", Status.COPIED))


def test_an_image_counts_by_its_bytes_and_every_image_the_same() -> None:
    progress = Progress(4, Clock())
    progress(ended(1))
    progress(ImageStarted(2, "", "b", ""))
    progress(ImagePlanned(2, size=100, blobs=2))
    progress(BlobFinished(2, "x", 25, Put.PRESENT))
    progress(BlobStarted(2, "y", 75))
    progress(BlobProgress(2, "y", 25))

    assert progress.fraction == pytest.approx((1 + 0.5) / 4)
    assert progress.finished == 1


def test_a_transfer_that_begins_again_begins_at_nothing() -> None:
    progress = Progress(1, Clock())
    progress(ImageStarted(1, "", "a", ""))
    progress(ImagePlanned(1, size=100, blobs=1))
    progress(BlobStarted(1, "x", 100))
    progress(BlobProgress(1, "x", 60))
    progress(BlobStarted(1, "x", 100))
    progress(BlobProgress(1, "x", 10))

    (flight,) = progress.flights
    assert (flight.image, flight.received, flight.size) == ("a", 10, 100)
    assert progress.fraction == pytest.approx(0.1)
    assert progress.received == 70


def test_an_image_that_ends_takes_its_transfers_along() -> None:
    progress = Progress(2, Clock())
    for number in (1, 2):
        progress(ImageStarted(number, "", str(number), ""))
        progress(BlobStarted(number, "x", 100))

    progress(ended(1))

    assert [flight.image for flight in progress.flights] == ["2"]


def test_the_rate_is_that_of_the_last_seconds() -> None:
    clock = Clock()
    progress = Progress(1, clock)
    progress(ImageStarted(1, "", "a", ""))
    progress(BlobStarted(1, "x", 10_000))
    assert progress.rate() == 0
    for size in (1000, 1000, 10, 10, 10, 10, 10, 10, 10):
        progress(BlobProgress(1, "x", size))
        clock.now += 1
        rate = progress.rate()

    assert rate == pytest.approx(10)


def test_the_time_to_go_is_told_when_it_can_be_known() -> None:
    clock = Clock()
    progress = Progress(4, clock)
    assert progress.remaining() is None
    clock.now += 10
    assert progress.remaining() is None

    progress(ended(1))

    assert progress.remaining() == pytest.approx(30)


def test_a_run_over_nothing_is_done() -> None:
    assert Progress(0, Clock()).fraction == 1
