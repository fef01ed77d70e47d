"""Write what the documentation says of options and names from these themselves.

Each page of ``docs/commands`` has a table of its command's options between two marks;
``docs/environment.md`` lists every option with its variable, ``docs/library.md`` every
public name.
"""

from __future__ import annotations

import ast
import inspect
import itertools
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path

import hangar
from hangar.cli.command import Command, everywhere
from hangar.cli.help import default_of, spelled
from hangar.cli.pflag import Option
from hangar.cli.tree import ROOT, every_path

DOCS = Path(__file__).resolve().parent.parent / "docs"
BEGIN, END = "<!-- options of: {} -->", "<!-- end of options -->"
NAMES = "<!-- names: written by `make docs` -->", "<!-- end of names -->"


def main() -> None:
    """Bring all pages up to date."""
    for page, text in pages().items():
        page.write_text(text, encoding="utf-8")


def pages() -> dict[Path, str]:
    """What the pages have to say, by their names."""
    commands = [path[-1].load() for path in every_path()]
    library = DOCS / "library.md"
    found = {
        DOCS / "environment.md": environment(commands),
        library: with_names(library.read_text(encoding="utf-8")),
    }
    for page in sorted((DOCS / "commands").glob("*.md")):
        text = page.read_text(encoding="utf-8")
        for command in commands:
            text = with_options(text, command)
        found[page] = text
    return found


def with_options(text: str, command: Command) -> str:
    """Put a command's table between its marks, if the text has them."""
    rows = [
        (f"`{spelled(option).strip()}`", default_of(option), option.help or "")
        for option in own(command)
    ]
    table = table_of(("option", "default", "what it does"), rows)
    return between(text, BEGIN.format(name_of(command)), END, table)


def with_names(text: str) -> str:
    """Put the table of public names between its marks."""
    rows = [
        (f"`{name}`", documentation(name).partition("\n\n")[0].replace("\n", " "))
        for name in sorted(hangar.__all__, key=str.lower)
    ]
    return between(text, *NAMES, table_of(("name", "what it is"), rows))


def documentation(name: str) -> str:
    """The docstring of a public name; that of a constant stands below it."""
    value = getattr(hangar, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        return inspect.getdoc(value) or ""
    home = import_module(f"hangar.{hangar._HOMES[name]}")  # noqa: SLF001 - where it is
    body = ast.parse(inspect.getsource(home)).body
    for statement, following in itertools.pairwise(body):
        match statement, following:
            case (
                ast.Assign(targets=[ast.Name(id=found)]),
                ast.Expr(value=ast.Constant(value=str(text))),
            ) if found == name:
                return inspect.cleandoc(text)
    return ""


def between(text: str, begin: str, end: str, table: str) -> str:
    """Replace what stands between two marks, if they are there."""
    before, found, after = text.partition(begin)
    if not found:
        return text
    _, end, rest = after.partition(end)
    return f"{before}{begin}\n{table}\n{end}{rest}"


def environment(commands: Iterable[Command]) -> str:
    """The page on environment variables."""
    common = table_of(
        ("variable", "option"),
        [
            (f"`{o.variables(())[0]}`", f"`{o.long}`")
            for o in everywhere()
            if o.variables(())
        ],
    )
    rows = [
        (
            f"`{name_of(command)}`",
            f"`{option.long}`",
            f"`{option.variables(command.names)[0]}`",
        )
        for command in commands
        for option in own(command)
        if option.variables(command.names)
    ]
    return PAGE.format(
        common=common, own=table_of(("command", "option", "variable"), rows)
    )


def own(command: Command) -> list[Option]:
    """The options that are shown as the command's own."""
    return [o for o in command.options if not (o.everywhere or o.hidden)]


def name_of(command: Command) -> str:
    """The command as it is typed."""
    return " ".join((ROOT.name, *command.names))


def table_of(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    escaped = ((cell.replace("|", "\\|") for cell in line) for line in lines)
    return "\n".join(f"| {' | '.join(line)} |" for line in escaped)


PAGE = """\
# Options by environment

<!-- written by `make docs` -->

Every option can be set by an environment variable; the command line wins. Values are
written as on the command line: `HANGAR_MIRROR_ARCH=amd64,arm64`,
`HANGAR_MIRROR_TIMEOUT=1h30m`, `HANGAR_MIRROR_OVERWRITE=true`. A variable that is set
counts even when it is empty: `HANGAR_MIRROR_ARCH=` is `--arch ''`, all architectures.

`validate` commands have the options of the command above them, and where their own
variable is not set, that of this command counts: `HANGAR_MIRROR_JOBS` is for
`hangar mirror` and `hangar mirror validate`, `HANGAR_MIRROR_VALIDATE_JOBS` for the
latter alone. So it is with options of all commands: `HANGAR_SAVE_QUIET` is for
`hangar save`, and comes before `HANGAR_QUIET`.

Options of all commands:

{common}

Options of single commands:

{own}
"""


if __name__ == "__main__":
    main()
