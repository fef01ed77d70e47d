"""The program, run while it is watched: its memory, what it writes, files it makes.

    python -m tests.support.watched REPORT ARGUMENT...

The report is about that process alone: `os.wait4` would tell of a child's memory that
it was at least what its parent had.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


@dataclass(frozen=True)
class Watched:
    """What was seen.

    Attributes:
        peak: MiB of memory at the most.
        written: bytes that were handed to the system to be written to files.
        opened: files that were opened to be written, and folders made, in order.
        descriptors: what was open near the end, but for pipes and sockets.
    """

    peak: float
    written: int
    opened: list[str]
    descriptors: list[str]


def watched(folder: Path, *arguments: str, **environment: str) -> Watched:
    """Run ``hangar`` in ``folder`` with ``arguments``; it has to succeed."""
    report = folder / "watched.json"
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-B", "-m", "tests.support.watched", str(report), *arguments],
        cwd=folder,
        env={**kept, "HOME": str(folder), "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    seen = Watched(**json.loads(report.read_text()))
    report.unlink()
    return seen


def _run(report: str, arguments: list[str]) -> int:
    """Be the program; write the report when it has ended."""
    opened: list[str] = []

    def heard(event: str, details: tuple[Any, ...]) -> None:
        if event == "open" and details[2] & _WRITING:
            if not isinstance(details[0], int):  # that is open already
                opened.append(str(details[0]))
        if event == "os.mkdir":
            opened.append(str(details[0]))

    sys.addaudithook(heard)
    from hangar.cli.main import invoke  # noqa: PLC0415 - what it does is to be heard

    status = invoke(arguments)
    links = [Path(entry) for entry in Path("/proc/self/fd").iterdir()]
    targets = [str(link.readlink()) for link in links if link.is_symlink()]
    memory = Path("/proc/self/status").read_text()
    counted = Path("/proc/self/io").read_text()
    value = {
        "peak": int(_found(r"^VmHWM:\s+(\d+) kB$", memory)) / 1024,
        "written": int(_found(r"^wchar: (\d+)$", counted)),
        "opened": opened,
        "descriptors": [name for name in targets if name.startswith("/")],
    }
    Path(report).write_text(json.dumps(value))
    return status


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    assert match
    return match[1]


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1], sys.argv[2:]))
