"""How a run over a list ended, in words."""

from __future__ import annotations

from hangar import Outcome, Report, Status
from hangar.cli import figures
from hangar.cli.lists import Listed
from hangar.cli.words import Words, moved


def summary(report: Report, images: Listed, words: Words) -> str:
    """How all images ended, in one line."""
    counts = [f"{len(report.having(s))} {name}" for s, name in words.counts.items()]
    if images.ignored:
        counts.append(f"{figures.number(len(images.ignored), 'line')} ignored")
    if images.repeated:
        counts.append(f"{figures.number(len(images.repeated), 'line')} repeated")
    parts = [", ".join(counts)]
    if report.traffic.total:
        parts.append(moved(report.traffic))
    parts.append(figures.duration(report.seconds))
    return f"Summary: {'; '.join(parts)}"


def foretold(report: Report, words: Words) -> list[str]:
    """What would be done, an image a line, in columns."""
    rows = [_row(outcome, words) for outcome in report]
    first, second = (max((len(row[i]) for row in rows), default=0) for i in (0, 1))
    return [f"{row[0]:<{first}}  {row[1]:<{second}}  {row[2]}" for row in rows]


def _row(outcome: Outcome, words: Words) -> tuple[str, str, str]:
    bytes_ = moved(outcome.traffic) if outcome.status is Status.COPIED else ""
    ends = f"{outcome.source} => {outcome.destination}"
    return words.counts[outcome.status], bytes_, ends
