"""How long it takes to start."""

from __future__ import annotations

from collections.abc import Callable

from scripts.bench.measuring import HANGAR, Measured, Row, Table

HEAD = ("what", "s", "goal")
RUNS = 20


def table() -> Table:
    """The cases."""

    def starting(title: str, goal: str, *arguments: str) -> Callable[[int], Row]:
        def row(runs: int) -> Row:
            del runs  # they are short
            ours = Measured()
            for _ in range(RUNS):
                ours.add([*HANGAR, *arguments])
            return (title, f"**{ours.seconds:.3f}**", goal)

        return row

    asked = ("__complete", "--")
    cases = {
        "help": starting("`hangar --help`", "0.15", "--help"),
        "tab": starting("`hangar <TAB>`", "0.2", *asked, ""),
        "tab-flags": starting("`hangar save --<TAB>`", "0.2", *asked, "save", "--"),
    }
    return Table("starting", HEAD, cases)
