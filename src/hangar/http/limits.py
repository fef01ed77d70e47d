"""Going no faster than allowed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator

from hangar import deadline


def _wait(seconds: float) -> None:
    deadline.current().sleep(seconds)


class Bucket:
    """Lets ``rate`` units a second through; a second's worth, or one, may come at once.

    Args:
        rate: units a second.
        clock: tells the time in seconds.
        wait: lets so many seconds pass.

    Attributes:
        portion: units that are best taken at once, so that no wait is long.
    """

    def __init__(
        self,
        rate: float,
        *,
        clock: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = _wait,
    ) -> None:
        self.portion = max(int(rate), 1)
        self._rate = rate
        self._burst = max(1.0, 1.0 / rate)
        self._clock = clock
        self._wait = wait
        self._lock = threading.Lock()
        self._free_at = clock() - self._burst

    def take(self, units: float) -> None:
        """Wait for the turn of ``units``.

        Raises:
            Interrupted, TimedOut: there is no more reason to wait.
        """
        with self._lock:
            now = self._clock()
            self._free_at = max(self._free_at, now - self._burst) + units / self._rate
            seconds = self._free_at - now
        if seconds > 0:
            self._wait(seconds)

    def paced(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield ``chunks`` in portions, a byte being a unit."""
        for chunk in chunks:
            for start in range(0, len(chunk), self.portion):
                piece = chunk[start : start + self.portion]
                self.take(len(piece))
                yield piece
