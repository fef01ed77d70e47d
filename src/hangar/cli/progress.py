"""How far a run is: told of events, asked by whoever draws it."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from hangar import (
    BlobFinished,
    BlobProgress,
    BlobStarted,
    Event,
    ImageFinished,
    ImagePlanned,
    ImageStarted,
)

_MEMORY = 5.0
"""Seconds over which the rate is taken."""


@dataclass(slots=True)
class Flight:
    """A blob on its way."""

    image: str
    size: int
    received: int = 0


@dataclass(slots=True)
class _Image:
    """An image being worked on; ``done`` of ``size`` bytes are there."""

    name: str
    size: int = 0
    done: int = 0


class Progress:
    """How far a run of ``total`` images is.

    Events come one at a time; another thread may ask meanwhile.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.finished = 0
        self.received = 0
        self._clock = clock
        self._started = clock()
        self._images: dict[int, _Image] = {}
        self._flights: dict[tuple[int, str], Flight] = {}
        self._samples = deque([(self._started, 0)])

    def __call__(self, event: Event) -> None:
        """Take notice of an event."""
        match event:
            case ImageStarted(number=number, source=source):
                self._images[number] = _Image(source)
            case ImagePlanned(number=number, size=size):
                self._images[number].size = size
            case BlobStarted(number=number, digest=digest, size=size):
                name = self._images[number].name
                self._flights[number, digest] = Flight(name, size)
            case BlobProgress(number=number, digest=digest, size=size):
                self._flights[number, digest].received += size
                self.received += size
            case BlobFinished(number=number, digest=digest, size=size):
                self._flights.pop((number, digest), None)
                self._images[number].done += size
            case ImageFinished(outcome=outcome):
                self.finished += 1
                self._images.pop(outcome.number, None)
                for key in [k for k in self._flights if k[0] == outcome.number]:
                    del self._flights[key]

    @property
    def flights(self) -> list[Flight]:
        """The blobs on their way, the oldest first."""
        return list(self._flights.values())

    @property
    def fraction(self) -> float:
        """How much of everything is done, from 0 to 1; every image counts the same."""
        arrived = {number: image.done for number, image in list(self._images.items())}
        for (number, _), flight in list(self._flights.items()):
            arrived[number] = arrived.get(number, 0) + flight.received
        parts = (
            min(1.0, arrived[number] / image.size)
            for number, image in list(self._images.items())
            if image.size
        )
        return (self.finished + sum(parts)) / self.total if self.total else 1.0

    def rate(self) -> float:
        """Bytes a second, lately."""
        now = self._clock()
        self._samples.append((now, self.received))
        while len(self._samples) > 2 and self._samples[1][0] < now - _MEMORY:
            self._samples.popleft()
        since, received = self._samples[0]
        return (self.received - received) / (now - since) if now > since else 0.0

    def remaining(self) -> float | None:
        """Seconds to go if all goes on like this; None: too early to tell."""
        fraction, elapsed = self.fraction, self._clock() - self._started
        if not fraction or elapsed < 1:
            return None
        return elapsed * (1 - fraction) / fraction
