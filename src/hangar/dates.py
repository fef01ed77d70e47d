"""Times in what we write: as RFC 3339 has them, and the same from run to run."""

from __future__ import annotations

import os
from datetime import UTC, datetime

from hangar.errors import InvalidInput

VARIABLE = "SOURCE_DATE_EPOCH"
"""Sets the time of what is written (reproducible-builds.org)."""


LATEST = 253_402_300_799
"""The last second of the year 9999; later ones have no name."""


def source_date() -> int | None:
    """The time that the environment sets, in seconds since 1970; None: it sets none.

    Raises:
        InvalidInput: it sets something else.
    """
    text = os.environ.get(VARIABLE, "")
    if not text:
        return None
    if text.isascii() and text.isdigit() and len(text) <= len(str(LATEST)):
        seconds = int(text)
        if seconds <= LATEST:
            return seconds
    message = f"{VARIABLE} is {text!r:.60}"
    raise InvalidInput(message, hint="expected seconds since 1970, as 'date +%s' has")


def rfc3339(seconds: float) -> str:
    """A time, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")
