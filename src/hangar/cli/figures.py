"""Bytes and times, for people."""

from __future__ import annotations


def size(count: float) -> str:
    """Bytes in decimal units: ``12.3 MB``."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 999.95:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def duration(seconds: float) -> str:
    """A time: ``1.4 s``, ``3:20``, ``1:02:03``."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def number(count: int, noun: str) -> str:
    """A count and its noun: ``1 image``, ``2 images``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
