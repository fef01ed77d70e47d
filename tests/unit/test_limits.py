"""Going no faster than allowed."""

from __future__ import annotations

import pytest

from hangar.deadline import Deadline, applied
from hangar.errors import TimedOut
from hangar.http.limits import Bucket


def test_what_fits_into_a_second_goes_through_at_once() -> None:
    bucket = Bucket(10)

    with applied(Deadline(0.5)):
        for _ in range(10):
            bucket.take(1)


def test_what_does_not_has_to_wait() -> None:
    bucket = Bucket(10)
    bucket.take(30)

    with applied(Deadline(0.05)), pytest.raises(TimedOut):
        bucket.take(1)
