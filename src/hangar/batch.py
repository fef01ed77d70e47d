"""Many images at once: the only place with threads.

Plain sequential code handles an image; the images run in one bounded pool, their blobs
in another, and blob tasks never wait for each other. What a pool's thread raises
becomes the outcome of its image and leaves the others unharmed.
"""

from __future__ import annotations

import contextvars
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from types import TracebackType
from typing import Self, TypeVar

from hangar.deadline import current
from hangar.oci import Descriptor

T = TypeVar("T")
R = TypeVar("R")

LARGE = 4 << 20
"""Bytes; a blob from this size on is limited by the wire, a smaller one by waiting."""

MAX_LARGE, MAX_SMALL = 8, 24
"""Blobs in flight at once; more gain nothing, and each holds its buffers."""


class Pools:
    """Bounded pools of threads: for images, for small blobs, for large ones."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._images = ThreadPoolExecutor(jobs, thread_name_prefix="image")
        self._small = ThreadPoolExecutor(MAX_SMALL, thread_name_prefix="blob")
        self._large = ThreadPoolExecutor(MAX_LARGE, thread_name_prefix="large-blob")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._images.shutdown(cancel_futures=kind is not None)
        self._small.shutdown()
        self._large.shutdown()

    def images(self, function: Callable[[T], R], items: Iterable[T]) -> list[R]:
        """Call ``function`` for each image; results come in the order of ``items``.

        The main thread waits here, so that it hears of signals.
        """
        waiting = deque(enumerate(items))
        results: dict[int, R] = {}

        def work() -> None:
            """Take one after another; a future for each would take much memory."""
            while waiting:
                try:
                    position, item = waiting.popleft()
                except IndexError:  # another one has just taken the last
                    return
                try:
                    results[position] = function(item)
                except BaseException:
                    waiting.clear()
                    raise

        futures = [self._images.submit(work) for _ in range(self._jobs)]
        try:
            for future in futures:
                future.result()
        finally:
            waiting.clear()
        return [results[position] for position in range(len(results))]

    def blobs(
        self, function: Callable[[Descriptor], R], blobs: Iterable[Descriptor]
    ) -> list[R]:
        """Call ``function`` for each of an image's blobs, in the image's context.

        Raises:
            Exception: the first that a call raised, after all calls ended.
        """
        futures = [
            (self._large if blob.size >= LARGE else self._small).submit(
                contextvars.copy_context().run, function, blob
            )
            for blob in blobs
        ]
        wait(futures)
        return [future.result() for future in futures]


class Turns:
    """Lets threads through in an order that is fixed before they start.

    Order is for the sake of equal results of equal runs: whoever does not get its turn
    within `PATIENCE` goes ahead.
    """

    def __init__(self, order: Sequence[int]) -> None:
        self._ranks = {item: rank for rank, item in enumerate(order)}
        self._passed: set[int] = set()
        self._next = 0
        self._changed = threading.Condition()

    def wait(self, item: int) -> None:
        """Wait until all that come before ``item`` have passed.

        Raises:
            Interrupted, TimedOut: in the meantime.
        """
        end = time.monotonic() + PATIENCE
        with current().stop.waking(self._wake), self._changed:
            while self._next < self._ranks[item]:
                left = end - time.monotonic()
                if left <= 0:  # nor need those behind wait for who is so late
                    self._next = self._ranks[item]
                    self._changed.notify_all()
                    return
                self._changed.wait(current().remaining(left))

    def passed(self, item: int) -> None:
        """Let the next one through."""
        with self._changed:
            self._passed.add(self._ranks[item])
            while self._next in self._passed:
                self._passed.discard(self._next)
                self._next += 1
            self._changed.notify_all()

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()


PATIENCE = 10.0
"""Seconds; an image whose manifests take longer does not hold up the others."""
