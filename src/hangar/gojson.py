"""JSON as the Go program writes it, so that digests and scripts need not change."""

from __future__ import annotations

import json
from typing import Any


def indented_json(value: Any) -> bytes:
    """Write JSON for people: two spaces a level, what HTML would read is escaped."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return escape_html(text).encode(errors="replace")


def compact_json(value: Any) -> bytes:
    """Write JSON for programs: on one line, what HTML would read is escaped."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    return escape_html(text).encode(errors="replace")


def escape_html(text: str) -> str:
    """Escape in JSON text what Go's encoder escapes."""
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text
