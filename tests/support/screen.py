"""A real pseudo-terminal, with the program on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.running import Desk

PIECES = re.compile(r"\x1b\[([0-9;?]*)([A-Za-z])|(\r)|(\n)|([^\x1b\r\n]+)")


def displayed(raw: str) -> list[str]:
    """The lines that stand on a terminal after ``raw`` was written to it."""
    lines, row, column = [""], 0, 0
    for count, command, back, feed, text in PIECES.findall(raw):
        if command == "A":
            row -= int(count or 1)
        elif command == "K":
            lines[row] = ""
        elif back:
            column = 0
        elif feed:
            row += 1
            lines += [""] * (row == len(lines))
        elif text:
            line = lines[row].ljust(column)
            lines[row] = line[:column] + text + line[column + len(text) :]
            column += len(text)
    return lines


class Screen:
    """A terminal of 90 columns and 20 lines, with a program on it."""

    def __init__(self, desk: Desk, *arguments: str, **variables: str) -> None:
        self._main, other = pty.openpty()
        self.resize(20, 90)
        environment = {**desk.environment, "TERM": "xterm", **variables}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "hangar", *arguments],
            cwd=desk.folder,
            env=environment,
            stdin=other,
            stdout=other,
            stderr=other,
            start_new_session=True,
        )
        os.close(other)
        self.raw = ""

    @property
    def text(self) -> str:
        """What stands there now."""
        return "\n".join(displayed(self.raw))

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._main, termios.TIOCSWINSZ, size)

    def read(self, wanted: str = "", times: int = 1) -> None:
        """Read until ``wanted`` was written; without it, until the program ends."""
        end = time.monotonic() + 60
        while not wanted or self.raw.count(wanted) < times:
            ready, _, _ = select.select([self._main], [], [], end - time.monotonic())
            try:
                data = os.read(self._main, 65536) if ready else b""
            except OSError:  # the program has closed its end
                data = b""
            if not data:
                assert not wanted, f"{wanted!r} is not in {self.raw!r}"
                return
            self.raw += data.decode()

    def type(self, text: str) -> None:
        """Press keys."""
        os.write(self._main, text.encode())

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._main)


@contextmanager
def screen(desk: Desk, *arguments: str, **variables: str) -> Iterator[Screen]:
    """Run the program on a terminal for the time of a block."""
    shown = Screen(desk, *arguments, **variables)
    try:
        yield shown
    finally:
        shown.close()
