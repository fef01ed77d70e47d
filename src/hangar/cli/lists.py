"""Image lists as commands see them: which lines are done, which are not, and why."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import hangar
from hangar.cli import figures, files
from hangar.cli.records import Level, Record


@dataclass(frozen=True, slots=True)
class Listed:
    """The lines of a list, by what becomes of them.

    Attributes:
        wanted: those to be done.
        ignored: those that are not understood.
        repeated: those that state what an earlier one states.
    """

    wanted: tuple[hangar.Line, ...]
    ignored: tuple[hangar.Line, ...]
    repeated: tuple[hangar.Line, ...]

    @classmethod
    def of(cls, lines: Sequence[hangar.Line], *, mirrored: bool) -> Listed:
        """Sort the lines of a list.

        Args:
            lines: the list.
            mirrored: whether lines in the mirror format are understood.
        """

        def is_understood(line: hangar.Line) -> bool:
            return line.valid and (mirrored or not line.destination or bool(line.job))

        understood = [line for line in lines if is_understood(line)]
        return cls(
            wanted=tuple(line for line in understood if not line.repeats),
            ignored=tuple(line for line in lines if not is_understood(line)),
            repeated=tuple(line for line in understood if line.repeats),
        )

    def remarks(self, name: str) -> Iterator[Record]:
        """What to say of the lines that are not done, of the list of that name.

        Args:
            name: of the list, or "" if the user gave none.
        """
        for line in self.ignored:
            said = f'Ignore image list line "{line.text:.200}": invalid format'
            yield Record(Level.WARN, said)
        if self.repeated:
            lines = figures.number(len(self.repeated), "repeated line")
            line = self.repeated[0]
            said = f'"{line.text:.200}" is the same as [IMG:{line.repeats}]'
            yield Record(Level.INFO, f"Leave out {lines}: {said}", line.number)
        if name and not self.wanted:
            yield Record(Level.WARN, f'No images in "{name}"')


def list_failed(name: str, failed: Sequence[hangar.Line], listed: str) -> bool:
    """Write the list of those that failed; tell whether there are any.

    What failed of a job file is a job file. If nothing did, the list of an earlier run
    goes, unless it is the very list that was read.

    Args:
        name: of the file.
        failed: what it is to name.
        listed: name of the list that was read, or "".
    """
    entries = [line.job for line in failed if line.job]
    if entries:
        files.write(name, hangar.job_text(entries))
    elif failed:
        files.write(name, "".join(f"{line.text}\n" for line in failed))
    elif Path(name).resolve() != Path(listed or ".").resolve():
        files.remove(name)
    return bool(failed)
