"""Exit statuses."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the program's end says about how it went."""

    DONE = 0
    FAILED = 1
    WRONG_USAGE = 2
    INTERRUPTED = 130  # what shells report for a program that SIGINT ended
