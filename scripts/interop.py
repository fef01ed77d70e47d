"""What `make interop` runs: tests with the programs of others, and their record.

Writes which versions were there and how the tests ended into docs/interop.md.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

from scripts.peers import ROOT, Peer, installed, peers

PAGE = ROOT / "docs" / "interop.md"
REGISTRY = "docker-registry"
"""That of Debian, which the ordinary tests use, too."""

_WHOLE = (0, 1)
"""What pytest returns when all tests were run, whether they passed or not."""

_BAD = ("failure", "error", "skipped")

FILES = {
    "test_carrying": "carried between registries",
    "test_signing": "signed and copied before",
    "test_storing": "charts and files stored in archives",
    "test_toolbox": "small commands, and logins",
    "test_serving": "`hangar serve`",
}


def main() -> int:
    """Run the tests; write the page if all of them ran. Return pytest's status."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "results.xml"
        chosen = sys.argv[1:]
        pytest = [sys.executable, "-m", "pytest", "--interop", "tests/interop"]
        command = [*pytest, f"--junitxml={results}", *chosen]
        status = subprocess.run(command, cwd=ROOT, check=False).returncode
        if not chosen and status in _WHOLE:
            cases = ET.parse(results).iter("testcase")  # noqa: S314 - pytest wrote it
            write(versions(peers()), results_of(cases))
    return status


def versions(known: dict[str, Peer]) -> list[str]:
    """The table of programs."""
    rows = [(name, peer.version, peer.origin) for name, peer in known.items()]
    rows += [(REGISTRY, installed(REGISTRY), "Debian, this machine's suite")]
    lines = [f"| {' | '.join(row)} |" for row in sorted(rows)]
    return ["| program | version | from |", "|---|---|---|", *lines]


def results_of(cases: Iterable[ET.Element]) -> list[str]:
    """The table of results: a line for each test, with how many of its cases passed."""
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for case in cases:
        name, _, parameters = case.get("name", "").partition("[")
        place = case.get("classname", "").rpartition(".")[2]
        sentence = name.removeprefix("test_").replace("_", " ")
        ended = next((child.tag for child in case if child.tag in _BAD), "passed")
        found.setdefault((place, sentence), []).append((ended, parameters.rstrip("]")))
    lines = ["| what | passed | not passed |", "|---|---|---|"]
    for place, title in FILES.items():
        lines.append(f"| **{title}** | | |")
        for (where, sentence), ends in sorted(found.items()):
            if where == place:
                lines.append(f"| {sentence} | {' | '.join(_counted(ends))} |")
    return lines


def _counted(ends: Iterable[tuple[str, str]]) -> tuple[str, str]:
    """How many passed, and what became of the others."""
    ends = sorted(ends)
    passed = sum(ended == "passed" for ended, _ in ends)
    skipped = sum(ended == "skipped" for ended, _ in ends)
    other = [f"{skipped} skipped"] if skipped else []
    other += [f"{ended}: {which}" for ended, which in ends if ended in _BAD[:2]]
    return f"{passed} of {len(ends)}", "; ".join(other)


def write(*tables: list[str]) -> None:
    """Put the tables between the page's marks."""
    text = "\n\n".join("\n".join(table) for table in tables)
    PAGE.write_text(
        re.sub(
            r"(?s)(<!-- tested -->\n).*(<!-- end -->)",
            lambda found: f"{found[1]}{text}\n{found[2]}",
            PAGE.read_text(),
        )
    )


if __name__ == "__main__":
    sys.exit(main())
