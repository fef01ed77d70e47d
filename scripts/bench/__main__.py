"""Measure what the command line names; write the tables that are whole."""

from __future__ import annotations

import argparse
import platform
import re
import subprocess
from pathlib import Path

from scripts.bench import archives, many, mirrors, starting
from scripts.bench.measuring import Table, line

PAGE = Path(__file__).resolve().parent.parent.parent / "docs" / "performance.md"
PROGRAMS = ("skopeo", "curl", "cp", "docker-registry")


def main() -> None:
    """Do what the command line says."""
    scales = argparse.ArgumentParser(add_help=False)
    scales.add_argument("--scale", type=float, default=1.0, help="of the content (1)")
    scale = scales.parse_known_args()[0].scale
    tables = [
        mirrors.table(scale),
        archives.table(scale),
        many.table(scale),
        starting.table(),
    ]
    known = [name for table in tables for name in table.cases]
    parser = argparse.ArgumentParser(description=__doc__, parents=[scales])
    parser.add_argument("case", nargs="*", help=f"all if none; {', '.join(known)}")
    parser.add_argument("--runs", type=int, default=5, help="of each case (5)")
    chosen = parser.parse_args()
    unknown = {*chosen.case} - {*known}
    if unknown:
        parser.error(f"no case {', '.join(sorted(unknown))}; there are {known}")
    texts = {
        table.name: measure(table, chosen.case or known, chosen.runs)
        for table in tables
    }
    texts["versions"] = versions()
    print(texts["versions"])
    if chosen.scale == 1:
        partial = {t.name for t in tables if {*t.cases} - {*(chosen.case or known)}}
        page = PAGE.read_text()
        for name in texts.keys() - partial:
            page = replaced(page, name, texts[name])
        PAGE.write_text(page)


def measure(table: Table, chosen: list[str], runs: int) -> str:
    """Measure a table's chosen cases; return it as text."""
    lines: list[str] = []
    for name in table.cases:
        if name in chosen:
            if not lines:
                lines += [line(table.head), line(["---"] * len(table.head))]
                print("\n".join(lines))
            lines.append(line(table.cases[name](runs)))
            print(lines[-1], flush=True)
    return "\n".join(lines)


def versions() -> str:
    """Name the versions of all that was measured."""
    found = [f"Hangar on Python {platform.python_version()}"]
    for program in PROGRAMS:
        command = [program, "--version"]
        told = subprocess.run(command, check=True, capture_output=True, text=True)
        version = re.search(r"\d+(\.\d+)+", told.stdout)
        found.append(f"{program} {version[0] if version else 'of no version'}")
    return ", ".join(found)


def replaced(page: str, name: str, text: str) -> str:
    """Put a text between its marks."""
    return re.sub(
        rf"(?s)(<!-- {name} -->\n).*?(<!-- end -->)",
        lambda found: f"{found[1]}{text}\n{found[2]}",
        page,
    )


if __name__ == "__main__":
    main()
