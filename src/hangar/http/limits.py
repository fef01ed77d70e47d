"""Going no faster than allowed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator

from hangar import deadline


class Bucket:
    """Lets ``rate`` units a second through; a second's worth may come at once."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._free_at = time.monotonic() - 1.0

    def take(self, units: float) -> None:
        """Wait for the turn of ``units``.

        Raises:
            Interrupted, TimedOut: there is no more reason to wait.
        """
        with self._lock:
            now = time.monotonic()
            self._free_at = max(self._free_at, now - 1.0) + units / self._rate
            wait = self._free_at - now
        if wait > 0:
            deadline.current().sleep(wait)

    def paced(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield ``chunks``, a byte being a unit."""
        for chunk in chunks:
            self.take(len(chunk))
            yield chunk
