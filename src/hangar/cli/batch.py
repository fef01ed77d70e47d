"""Working through a list of images: what every command that does so has in common."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import import_module
from typing import Protocol

from hangar import (
    DEFAULT_JOBS,
    MAX_JOBS,
    Event,
    ImageStarted,
    Interrupted,
    Line,
    Report,
    Reporter,
    Selection,
    Status,
    Stop,
    read_list,
)
from hangar.cli import figures, files
from hangar.cli.conclusion import foretold, summary
from hangar.cli.console import Console
from hangar.cli.exits import Exit
from hangar.cli.interrupts import stopping
from hangar.cli.lists import Listed, list_failed
from hangar.cli.options import Batch
from hangar.cli.progress import Progress
from hangar.cli.records import Level, Record
from hangar.cli.report import report_json
from hangar.cli.words import Words


class Work(Protocol):
    """What is done with the images of a list."""

    def __call__(
        self,
        lines: Sequence[Line],
        *,
        jobs: int,
        timeout: float | None,
        report: Reporter,
        stop: Stop,
    ) -> Report:
        """Do it, telling ``report``, until done or told to ``stop``."""


class Expansion(Protocol):
    """Finds out which images the entries of a job file mean."""

    def __call__(
        self, lines: Sequence[Line], *, jobs: int, timeout: float | None, stop: Stop
    ) -> Sequence[Line]:
        """Return a line for each image, or one that fails."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a command over a list.

    Attributes:
        command: its name, as reports state it: ``mirror validate``.
        batch: what the user wants of it.
        words: what it says.
        console: where it says that.
        dry: whether it only foretells; then there is no list of what failed.
        mirrored: whether lines in the mirror format are understood.
    """

    command: str
    batch: Batch
    words: Words
    console: Console
    dry: bool = False
    mirrored: bool = True

    def announce(self, selection: Selection) -> None:
        """Say which platforms are wanted."""
        for what, wanted in (
            ("Arch", selection.architectures),
            ("OS", selection.systems),
        ):
            self.console.info(f"{what} List: [{','.join(sorted(wanted))}]")

    def through(
        self,
        work: Work,
        publish: Callable[[Report], None] | None = None,
        lines: Sequence[Line] | None = None,
        prepare: Callable[[Sequence[Line]], None] | None = None,
        *,
        expand: Expansion,
        beside: Sequence[str] = (),
    ) -> int:
        """Do ``work`` with the images of the list; return the exit status.

        Args:
            work: what is to be done.
            publish: writes what is to be written in place of the JSON report.
            lines: what takes the place of a list that the user did not give.
            prepare: asks what is to be asked about the images, before all else.
            expand: finds out which images the entries of a job file mean.
            beside: other files that are read or written.
        """
        failed, report_name = "" if self.dry else self.batch.failed, self.batch.report
        for name in filter(None, (failed, report_name)):
            files.check(name)
        files.check_apart(failed, beside)
        files.check_apart(report_name, [self.batch.file, failed, *beside])
        given = lines if lines is not None else read_list(self.batch.file)
        jobs = self._jobs()
        if any(line.job for line in given):
            given = self._expanded(given, expand, jobs)
        images = Listed.of(given, mirrored=self.mirrored)
        for remark in images.remarks(self.batch.file):
            self.console.log(remark)
        if prepare:
            prepare(images.wanted)
        started = datetime.now(UTC)
        with stopping(self.console) as stop:
            with self._telling(len(images.wanted)) as tell:
                report = work(
                    images.wanted,
                    jobs=jobs,
                    timeout=self.batch.timeout or None,
                    report=tell,
                    stop=stop,
                )
            if self.dry:
                for row in foretold(report, self.words):
                    self.console.result(row)
            self.console.info(summary(report, images, self.words))
            try:
                self._list_failed(images.wanted, report)
            finally:
                if publish:
                    publish(report)
                else:
                    self._write_report(report, started, images)
            return self._conclude(report)

    def _expanded(
        self, entries: Sequence[Line], expand: Expansion, jobs: int
    ) -> Sequence[Line]:
        with stopping(self.console) as stop:
            lines = expand(
                entries, jobs=jobs, timeout=self.batch.timeout or None, stop=stop
            )
        images = figures.number(sum(not line.error for line in lines), "image")
        stated = "entry" if len(entries) == 1 else "entries"
        self.console.info(
            f'Found {images} for {len(entries)} {stated} of "{self.batch.file}"'
        )
        return lines

    def _jobs(self) -> int:
        jobs = self.batch.jobs
        if 1 <= jobs <= MAX_JOBS:
            return jobs
        self.console.warn(f"Invalid worker num: {jobs}, set to {DEFAULT_JOBS}")
        return DEFAULT_JOBS

    @contextlib.contextmanager
    def _telling(self, total: int) -> Iterator[Reporter]:
        """Give what is to be told of the run's events; draw them on a terminal."""
        console, progress = self.console, Progress(total)

        def tell(event: Event) -> None:
            progress(event)
            if isinstance(event, ImageStarted) and console.lively:
                return  # the progress shows it
            record = self.words.record(event, tracebacks=console.settings.debug)
            if record:
                console.log(record)

        if console.lively:  # rich is slow to import, and only terminals need it
            terminal = import_module("hangar.cli.terminal")
            display = terminal.Display(progress)
            with console.diverted(display.show), display.drawing():
                yield tell
        else:
            yield tell

    def _list_failed(self, wanted: Sequence[Line], report: Report) -> None:
        """Name the lines that did not reach their end, also in a file."""
        reached = {o.number for o in report if o.status is not Status.FAILED}
        failed = [line for line in wanted if line.number not in reached]
        if failed:
            lines = tuple(line.text for line in failed)
            self.console.log(Record(Level.ERROR, self.words.failed_list, lines=lines))
        name = self.batch.failed
        if name and not self.dry and list_failed(name, failed, self.batch.file):
            self.console.info(f'Failed image list exported to "{name}"')

    def _write_report(self, report: Report, started: datetime, images: Listed) -> None:
        if self.batch.report:
            text = report_json(
                report,
                command=self.command,
                dry_run=self.dry,
                started=started,
                images=images,
            )
            files.write(self.batch.report, text)

    def _conclude(self, report: Report) -> Exit:
        unfinished = sum(isinstance(o.error, Interrupted) for o in report)
        if unfinished:
            images = figures.number(unfinished, "image")
            message = f"interrupted: {images} not finished"
            hint = "run the same command again to go on"
            self.console.log(Record(Level.FATAL, message, hint=hint))
            return Exit.INTERRUPTED
        if not report.ok:
            self.console.log(Record(Level.FATAL, self.words.failure))
            return Exit.FAILED
        self.console.info("Done")
        return Exit.DONE
