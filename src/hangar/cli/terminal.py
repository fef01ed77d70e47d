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

_BAR = 24
"""Columns of a transfer's bar."""

_AMOUNT = 24
"""Columns for bytes, rate and time to go."""

_BESIDE = _BAR + _AMOUNT + 6
"""Columns that a transfer's name cannot have."""


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
            _Area(self._progress),
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


class _Area:
    """What stands below the lines."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def __rich_console__(
        self, console: Console, options: ConsoleOptions
    ) -> RenderResult:
        room = max(console.size.height - 4, 1)
        flights = self._progress.flights
        table = Table.grid(expand=True, padding=(0, 1))
        table.add_column(ratio=1, no_wrap=True)
        table.add_column(width=_BAR)
        table.add_column(width=_AMOUNT, justify="right", no_wrap=True)
        for flight in flights[:room]:
            table.add_row(*_transfer(flight, console.width - _BESIDE))
        if len(flights) > room:
            table.add_row(Text(f"and {len(flights) - room} more", style="dim"))
        table.add_row(*_whole(self._progress))
        yield table


def _transfer(flight: Flight, room: int) -> tuple[Text, ProgressBar, Text]:
    name = printable(flight.image)
    if len(name) > room:
        name = f"…{name[1 - room :]}"  # its end tells images apart
    amount = f"{figures.size(flight.received)} / {figures.size(flight.size)}"
    return (
        Text(f"  {name}"),
        ProgressBar(total=flight.size or 1, completed=flight.received, width=_BAR),
        Text(amount, style="dim"),
    )


def _whole(progress: Progress) -> tuple[Text, ProgressBar, Text]:
    remaining = progress.remaining()
    eta = "--" if remaining is None else figures.duration(remaining)
    text = Text(f"{progress.finished}/{progress.total} images", style="bold")
    text.append(f", {figures.size(progress.received)}", style="not bold")
    bar = ProgressBar(total=1.0, completed=progress.fraction, width=_BAR)
    return text, bar, Text(f"{figures.size(progress.rate())}/s, ETA {eta}")
