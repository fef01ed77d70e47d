"""The console: logs to standard error, results to standard output."""

from __future__ import annotations

import logging
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType
from typing import Self

from hangar import HangarError
from hangar.cli import output
from hangar.cli.lines import as_json, as_log, as_shown
from hangar.cli.records import Level, Record, printable

FORMATS = ("text", "json")
"""What ``--log-format`` accepts."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user wants to see.

    Attributes:
        debug: the developer's log and tracebacks, too.
        quiet: warnings and errors only.
        form: one of `FORMATS`.
        times: whether lines say when.
    """

    debug: bool = False
    quiet: bool = False
    form: str = "text"
    times: bool = True

    @property
    def least(self) -> Level:
        """The least grave level that is shown."""
        if self.debug:
            return Level.DEBUG
        return Level.WARN if self.quiet else Level.INFO


class Console:
    """Shows records; as a context, the library's own log with ``--debug``, too."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or Settings()
        self._writing = threading.RLock()
        self._write: Callable[[str], None] = output.log
        self._library = _LibraryLog(self.log)

    @property
    def lively(self) -> bool:
        """Whether progress is drawn: somebody looks on, and wants to see it."""
        return self._watched and not self.settings.quiet

    @property
    def _watched(self) -> bool:
        """Whether lines are for a person, not for a log."""
        plain = self.settings.form == "text" and not self.settings.debug
        return plain and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"

    def __enter__(self) -> Self:
        if self.settings.debug:
            library = logging.getLogger("hangar")
            library.setLevel(logging.DEBUG)
            library.addHandler(self._library)
            self.log(Record(Level.DEBUG, "Debug output enabled"))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        logging.getLogger("hangar").removeHandler(self._library)

    def info(self, message: str) -> None:
        """Tell that something happened as it should."""
        self.log(Record(Level.INFO, message))

    def warn(self, message: str) -> None:
        """Tell of something that is no failure, but perhaps not what was meant."""
        self.log(Record(Level.WARN, message))

    def log(self, record: Record) -> None:
        """Show a record if it is grave enough."""
        if record.level < self.settings.least:
            return
        with self._writing:
            self._write(self._line(record))

    def fail(self, error: BaseException) -> None:
        """Show the error that ends the program."""
        self.log(failure(error, Level.FATAL, tracebacks=self.settings.debug))

    def result(self, *lines: str) -> None:
        """Print lines of what was asked for."""
        with self._writing:
            output.show("\n".join(map(printable, lines)))

    @contextmanager
    def diverted(self, write: Callable[[str], None]) -> Iterator[None]:
        """Let ``write`` show the lines meanwhile."""
        self._write = write
        try:
            yield
        finally:
            self._write = output.log

    def _line(self, record: Record) -> str:
        colour = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
        if self._watched:
            return as_shown(record, colour=colour)
        now = datetime.now().astimezone() if self.settings.times else None
        if self.settings.form == "json":
            return as_json(record, now)
        return as_log(record, now, colour=colour)


class _LibraryLog(logging.Handler):
    """Passes on what the library's developers log."""

    def __init__(self, log: Callable[[Record], None]) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        self._log(Record(Level.DEBUG, record.getMessage()))


def failure(
    error: BaseException,
    level: Level,
    message: str = "",
    *,
    tracebacks: bool = False,
) -> Record:
    """What to say of an error; one that is not ours is a bug and shows where it is."""
    said = str(error)
    ours = isinstance(error, HangarError)
    hint = error.hint if isinstance(error, HangarError) else _BUG
    lines = []
    if tracebacks or not ours:
        lines = "".join(traceback.format_exception(error)).splitlines()
    if not ours:
        said = f"{type(error).__name__}: {error}"
    text = f"{message}: {said}" if message else said
    return Record(level, text, hint=hint, lines=tuple(lines))


_BUG = "this is a bug of Hangar: please report it, with the lines that follow"
