"""The program, run as its user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Ran:
    """How a run of the program ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Desk:
    """A folder to work in, with a home of its own.

    Attributes:
        folder: where the program is run.
        environment: what it finds in its environment.
    """

    folder: Path
    environment: dict[str, str]

    @classmethod
    def at(cls, folder: Path, **environment: str) -> Desk:
        """Make a desk without any configuration of the person who tests."""
        home = folder / "home"
        home.mkdir(exist_ok=True)
        kept = {
            name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ
        }
        kept |= {
            name: value
            for name, value in os.environ.items()
            if name.startswith("COVERAGE")
        }
        own = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), "TZ": "UTC"}
        return cls(folder, {**kept, **own, **environment})

    def start(
        self, *arguments: str, stdin: int = subprocess.DEVNULL
    ) -> subprocess.Popen[str]:
        """Start ``hangar`` without waiting for its end."""
        return subprocess.Popen(
            [sys.executable, "-m", "hangar", *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def hangar(self, *arguments: str, typed: str = "") -> Ran:
        """Run ``hangar`` to its end; standard input is what was ``typed``."""
        with self.start(*arguments, stdin=subprocess.PIPE) as process:
            out, err = process.communicate(typed, timeout=240)
        return Ran(process.returncode, out, err)

    def write(self, name: str, *lines: str) -> str:
        """Write a file of lines; return its name."""
        (self.folder / name).write_text("".join(f"{line}\n" for line in lines))
        return name

    def read(self, name: str) -> str:
        """Read a file."""
        return (self.folder / name).read_text()
