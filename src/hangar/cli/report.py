"""The report of a run, for machines; ``docs/report.md`` describes it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

import hangar
from hangar import Outcome, Report, Status
from hangar.cli.lists import Listed

SCHEMA = "hangar-report/1"
"""Grows only by new keys; anything else gets another number."""


def report_json(
    report: Report,
    *,
    command: str,
    dry_run: bool,
    started: datetime,
    images: Listed,
) -> str:
    """Write down how a run went, as a whole and image by image."""
    value = {
        "schema": SCHEMA,
        "version": hangar.__version__,
        "command": command,
        "dry_run": dry_run,
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(report.seconds, 3),
        "totals": {
            "images": len(report.outcomes),
            **{_name(status): len(report.having(status)) for status in Status},
            "ignored": len(images.ignored),
            "repeated": len(images.repeated),
            "bytes": asdict(report.traffic),
        },
        "images": [outcome_json(outcome) for outcome in report],
        "ignored": [
            {"number": line.number, "line": line.text} for line in images.ignored
        ],
        "repeated": [
            {"number": line.number, "line": line.text, "of": line.repeats}
            for line in images.repeated
        ],
    }
    return json.dumps(value, indent=2) + "\n"


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """How one image ended."""
    error = outcome.error
    return {
        "number": outcome.number,
        "image": outcome.image,
        "source": outcome.source,
        "destination": outcome.destination,
        "status": _name(outcome.status),
        "source_digest": outcome.source_digest,
        "digest": outcome.digest,
        "bytes": asdict(outcome.traffic),
        "seconds": round(outcome.seconds, 3),
        "error": error
        and {
            "type": type(error).__name__,
            "message": str(error),
            "hint": getattr(error, "hint", ""),
        },
    }


def _name(status: Status) -> str:
    return status.name.lower()
