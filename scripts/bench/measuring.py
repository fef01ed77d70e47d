"""Runs of programs, what they take, and tables of that."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HANGAR = [sys.executable, "-m", "hangar"]
MIB = 1 << 20


@dataclass
class Measured:
    """Seconds, CPU seconds, peak memory and written bytes of each run."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)
    written: list[int] = field(default_factory=list)

    def add(self, command: Sequence[str], folder: Path | None = None) -> None:
        """Run a command that must succeed, and note what it took."""
        started, quiet = time.perf_counter(), subprocess.DEVNULL
        with (
            tempfile.TemporaryFile() as said,
            subprocess.Popen(
                command, cwd=folder, stdin=quiet, stdout=quiet, stderr=said
            ) as process,
        ):
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            self.wall.append(time.perf_counter() - started)
            counted = Path(f"/proc/{process.pid}/io").read_text("ascii")
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            if process.returncode:
                said.seek(0)
                log = said.read()[-2000:].decode(errors="replace")
                message = f"exit status {process.returncode}: {command}\n{log}"
                raise RuntimeError(message)
        self.cpu.append(usage.ru_utime + usage.ru_stime)
        self.memory.append(usage.ru_maxrss / 1024)
        written = re.search(r"(?m)^wchar: (\d+)$", counted)
        self.written.append(int(written[1]) if written else 0)

    @property
    def seconds(self) -> float:
        """The median."""
        return statistics.median(self.wall)

    @property
    def times(self) -> str:
        """Seconds and CPU seconds, for a table."""
        return f"{self.seconds:.2f} ({statistics.median(self.cpu):.1f})"

    @property
    def peak(self) -> str:
        """MiB at the most, for a table."""
        return f"{max(self.memory):.0f}"


Row = Sequence[str]


@dataclass(frozen=True)
class Table:
    """Cases that are measured in the same way.

    Attributes:
        name: of its place in the page.
        head: titles of the columns.
        cases: by their names; each is measured so many times and gives a row.
    """

    name: str
    head: Row
    cases: Mapping[str, Callable[[int], Row]]


def line(row: Row) -> str:
    """One line of a table."""
    return f"| {' | '.join(row)} |"


def times_as_fast(mine: Measured, theirs: Measured) -> str:
    """How many times a peer's speed, for a table."""
    return f"**{theirs.seconds / mine.seconds:.2f}**"


def prepare(command: Sequence[str], folder: Path | None = None) -> None:
    """Run a command that must succeed, for others to be measured."""
    quiet = subprocess.DEVNULL
    subprocess.run(command, cwd=folder, check=True, stdout=quiet, stderr=quiet)
