"""Trying again: the one place that decides whether, when and how often.

An error says of itself whether another try may succeed (``retryable``) and, if the
registry said so, after how long (``retry_after``).
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from hangar import deadline
from hangar.errors import HangarError, RegistryError

logger = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Patience:
    """How often to try again, and how long to wait in between.

    Attributes:
        retries: tries after the first one.
        pause: seconds before the second try; doubles with each further one.
        longest: seconds; no pause is longer, whatever a registry's Retry-After says.
        busy_retries: tries after the first while a registry answers 429.
    """

    retries: int = 3
    pause: float = 0.2
    longest: float = 60.0
    busy_retries: int = 8

    def again(self, operation: Callable[[], T], what: str = "") -> T:
        """Call ``operation`` until it succeeds, fails for good, or too often.

        Raises:
            HangarError: what the last try raised; `Interrupted` or `TimedOut`
                when a pause ends that way.
        """
        tries = 0
        while True:
            try:
                return operation()
            except HangarError as error:
                busy = isinstance(error, RegistryError) and error.status == 429
                allowed = self.busy_retries if busy and self.retries else self.retries
                if not error.retryable or tries >= allowed:
                    raise
                seconds = self._seconds(error, tries)
                logger.debug("%s: %s; again in %.1f s", what, error, seconds)
            tries += 1
            deadline.current().sleep(seconds)

    def _seconds(self, error: HangarError, tries: int) -> float:
        if isinstance(error, RegistryError) and error.retry_after is not None:
            return min(max(error.retry_after, 0.0), self.longest)
        spread = random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
        return min(self.pause * float(2**tries) * spread, self.longest)
