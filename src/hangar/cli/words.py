"""What each command that works through a list says of its images."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

from hangar import (
    Event,
    ImageFinished,
    ImageStarted,
    Interrupted,
    Noticed,
    Outcome,
    PartWritten,
    ProjectMade,
    Status,
    Traffic,
)
from hangar.cli import figures
from hangar.cli.console import failure
from hangar.cli.records import Level, Record


@dataclass(frozen=True, slots=True)
class Words:
    """Sentences with ``{source}`` and ``{destination}``; what is "" is not said.

    Of an image that was reached, they may also tell the ``{platforms}``.

    Attributes:
        started: work on an image begins.
        copied: it was copied.
        up_to_date: there was nothing to do, or nothing is missing.
        skipped: nothing of it was wanted; the reason follows.
        failed: it failed; the reason follows.
        failed_list: stands above the list of those that failed.
        failure: the last word of the command if some failed.
        counts: what a summary counts, and how it calls that.
    """

    started: str
    copied: str
    up_to_date: str
    skipped: str
    failed: str
    failed_list: str
    failure: str
    counts: Mapping[Status, str]

    def record(self, event: Event, *, tracebacks: bool = False) -> Record | None:
        """What to log of an event, if anything."""
        match event:
            case ImageStarted(number=number) if self.started:
                return Record(Level.INFO, _said(self.started, event), number)
            case Noticed() | ProjectMade() | PartWritten():
                return _aside(event)
            case ImageFinished(outcome=Outcome(error=Interrupted())):
                pass  # the list of what is left says it
            case ImageFinished(outcome=Outcome(error=None) as outcome):
                return self._reached(outcome)
            case ImageFinished(outcome=Outcome(error=Exception() as error) as outcome):
                skipped = outcome.status is Status.SKIPPED
                level = Level.WARN if skipped else Level.ERROR
                said = _said(self.skipped if skipped else self.failed, outcome)
                told = failure(error, level, said, tracebacks=tracebacks)
                number = outcome.number
                return replace(told, image=number, outcome=outcome, note=str(error))
        return None

    def _reached(self, outcome: Outcome) -> Record | None:
        if outcome.status is Status.UP_TO_DATE:
            message = _said(self.up_to_date, outcome)
        else:
            message = _said(self.copied, outcome)
        if not message:
            return None
        note = self.counts[outcome.status]
        if outcome.status is Status.COPIED:
            time = figures.duration(outcome.seconds)
            note = f"{moved(outcome.traffic)}; {time}"
            message += f" ({note})"
        number = outcome.number
        return Record(Level.INFO, message, number, outcome=outcome, note=note)


def moved(traffic: Traffic) -> str:
    """Bytes by how they came to be there: ``12.3 MB sent, 4.0 kB present``."""
    parts = [f"{figures.size(traffic.sent)} sent"]
    if traffic.mounted:
        parts.append(f"{figures.size(traffic.mounted)} mounted")
    if traffic.present:
        parts.append(f"{figures.size(traffic.present)} present")
    return ", ".join(parts)


_DESTINATION = re.compile(r" (to|=>|!=) \[\{destination\}\]")


def _said(sentence: str, named: ImageStarted | Outcome) -> str:
    if not named.destination:  # it failed before that was known
        sentence = _DESTINATION.sub("", sentence)
    platforms = named.platforms if isinstance(named, Outcome) else ()
    return sentence.format(
        source=named.source,
        destination=named.destination,
        platforms=",".join(map(str, platforms)),
    )


def _aside(event: Noticed | ProjectMade | PartWritten) -> Record:
    """What to log of what is no image."""
    match event:
        case Noticed(number=number, text=text):
            return Record(Level.WARN, text, number)
        case ProjectMade(project=project, is_public=is_public):
            kind = "public" if is_public else "private"
            return Record(Level.INFO, f'Created Harbor V2 project "{project}" ({kind})')
        case PartWritten(path=path, images=images, size=size):
            count = figures.number(images, "image")
            return Record(Level.INFO, f"[{path}]: {count}, {figures.size(size)}")
