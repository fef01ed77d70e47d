"""When to give up: the time allowed is over, or the user asked to stop.

A `Deadline` is set for an image by whoever runs it and found again by whoever waits
or moves bytes on its behalf (`current`), so no function in between has to pass it on.
Whoever blocks on a socket registers with the `Stop` how to be woken.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar

from hangar.errors import Interrupted, TimedOut


class Stop:
    """The user's wish to end the run; once requested it stays so."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._lock = threading.RLock()  # a signal handler may find us inside
        self._wakers: set[Callable[[], None]] = set()

    @property
    def requested(self) -> bool:
        """Whether the run is to end."""
        return self._event.is_set()

    def request(self) -> None:
        """End the run: wake everybody who sleeps or waits for the network."""
        self._event.set()
        with self._lock:
            wakers = tuple(self._wakers)
        for wake in wakers:
            wake()

    def wait(self, seconds: float) -> bool:
        """Sleep unless or until the run is to end; return whether it is."""
        return self._event.wait(seconds)

    @contextlib.contextmanager
    def waking(self, wake: Callable[[], None]) -> Iterator[None]:
        """Have ``wake`` called, from any thread, if the run is to end meanwhile."""
        with self._lock:
            self._wakers.add(wake)
        try:
            if self.requested:
                wake()
            yield
        finally:
            with self._lock:
                self._wakers.discard(wake)


class Deadline:
    """Bounds what is done for one image.

    Attributes:
        stop: the wish to end the whole run.
    """

    def __init__(self, seconds: float | None = None, stop: Stop | None = None) -> None:
        self.stop = stop or Stop()
        self._seconds = seconds
        self._end = None if seconds is None else time.monotonic() + seconds

    def remaining(self, most: float) -> float:
        """Seconds that are left, at most ``most``.

        Raises:
            Interrupted: the user asked to stop.
            TimedOut: none are left.
        """
        if self.stop.requested:
            message = "interrupted"
            raise Interrupted(message, hint="run the same command again to go on")
        if self._end is None:
            return most
        left = self._end - time.monotonic()
        if left <= 0:
            message = f"not finished within {self._seconds:g} s"
            raise TimedOut(message, hint="allow more with --timeout (0: no limit)")
        return min(left, most)

    def check(self) -> None:
        """Raise `Interrupted` or `TimedOut` if there is reason to."""
        self.remaining(0)

    def sleep(self, seconds: float) -> None:
        """Wait; raise as `check` does as soon as there is reason to."""
        self.stop.wait(self.remaining(seconds))
        self.check()

    def watch(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield ``chunks``, checking before each."""
        for chunk in chunks:
            self.check()
            yield chunk


_current: ContextVar[Deadline] = ContextVar("deadline")
_NEVER = Deadline()


def current() -> Deadline:
    """The deadline of the image that this thread works for; never, if for none."""
    return _current.get(_NEVER)


@contextlib.contextmanager
def applied(deadline: Deadline) -> Iterator[Deadline]:
    """Make ``deadline`` the current one of this thread's block."""
    token = _current.set(deadline)
    try:
        yield deadline
    finally:
        _current.reset(token)


@contextlib.contextmanager
def holding(lock: threading.Lock) -> Iterator[None]:
    """Hold ``lock``; whoever waits for it looks at the deadline meanwhile."""
    while not lock.acquire(timeout=current().remaining(1.0)):
        pass
    try:
        yield
    finally:
        lock.release()
