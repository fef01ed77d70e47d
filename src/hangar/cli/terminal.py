"""A run on a terminal: finished images scroll up, below them is what is in flight.

Lines and progress are drawn together, at most ten times a second, by a thread of its
own: those who move bytes never wait for the terminal.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from hangar.cli import figures
from hangar.cli.progress import Flight, Progress
from hangar.cli.records import printable

_PAUSE = 0.1
"""Seconds between two drawings."""

_BAR, _AMOUNT = 24, 24
"""Columns of a bar, and of bytes, rate and time to go."""

_ROOMY = 72
"""Columns; a narrower terminal has no room for bars."""


class Display:
    """Draws lines and the progress of a run on standard error."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._console = Console(file=sys.stderr, highlight=False)
        self._lines: deque[Text] = deque()

    def show(self, line: str) -> None:
        """Have a line, perhaps with colours, drawn above the progress."""
        self._lines.append(Text.from_ansi(line))

    @contextmanager
    def drawing(self) -> Iterator[None]:
        """Draw meanwhile; leave only the lines behind."""
        ended = threading.Event()
        live = Live(
            Area(self._progress),
            console=self._console,
            auto_refresh=False,
            transient=True,
        )

        def draw() -> None:
            while not ended.wait(_PAUSE):
                if not self._flush():
                    live.refresh()

        drawer = threading.Thread(target=draw, name="display", daemon=True)
        with live:
            drawer.start()
            try:
                yield
            finally:
                ended.set()
                drawer.join()
        self._flush()

    def _flush(self) -> bool:
        """Print the lines that wait, all at once; that draws the progress, too."""
        lines = [self._lines.popleft() for _ in range(len(self._lines))]
        if lines:
            self._console.print(Text("\n").join(lines), soft_wrap=True)
        return bool(lines)


class Area:
    """What stands below the lines."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        width, height = console.size
        bars = width >= _ROOMY
        named = max(width - _AMOUNT - (_BAR + 1 if bars else 0) - 1, 1)
        table = Table.grid(padding=(0, 1, 0, 0))
        table.add_column(width=named, no_wrap=True)
        if bars:
            table.add_column(width=_BAR)
        table.add_column(width=_AMOUNT, justify="right", no_wrap=True)
        room = max(height - 4, 1)
        flights = self._progress.flights
        rows = [_transfer(flight, named) for flight in flights[:room]]
        if len(flights) > room:
            more = Text(f"  and {len(flights) - room} more", style="dim")
            rows.append((more, None, Text()))
        for name, fraction, amount in (*rows, _whole(self._progress)):
            bar = "" if fraction is None else ProgressBar(1.0, fraction, width=_BAR)
            table.add_row(*((name, bar, amount) if bars else (name, amount)))
        yield table


_Row = tuple[Text, float | None, Text]
"""What is on its way, how much of it is done (None: unknown), and in figures."""


def _transfer(flight: Flight, room: int) -> _Row:
    name = f"  {printable(flight.image)}"
    if len(name) > room:
        name = f"  …{name[3 - room :]}"  # its end tells images apart
    amount = f"{figures.size(flight.received)} / {figures.size(flight.size)}"
    fraction = flight.received / flight.size if flight.size else 1.0
    return Text(name), fraction, Text(amount, style="dim")


def _whole(progress: Progress) -> _Row:
    remaining = progress.remaining()
    eta = "--" if remaining is None else figures.duration(remaining)
    text = Text(f"{progress.finished}/{progress.total} images", style="bold")
    text.append(f", {figures.size(progress.received)}", style="not bold")
    amount = Text(f"{figures.size(progress.rate())}/s, ETA {eta}")
    return text, progress.fraction, amount
