"""Write a manual page for each command, from the tree of commands.

    python -m scripts.man FOLDER

The pages say what ``--help`` says. They are in the macros of man(7), which every
``man`` reads. The date in them is SOURCE_DATE_EPOCH, if that is set.
"""

from __future__ import annotations

import inspect
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import hangar
from hangar.cli.command import Command
from hangar.cli.help import default_of, spelled
from hangar.cli.pflag import Option
from hangar.cli.tree import ROOT, every_path


def main(folder: str) -> None:
    """Write all pages."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for path in every_path():
        command = path[-1].load()
        page = Path(folder, f"{page_name(command)}.1")
        page.write_text(manual_page(command), encoding="utf-8")


def page_name(command: Command) -> str:
    """What a command's page is called: ``hangar-mirror-validate``."""
    return "-".join((ROOT.name, *command.names))


def manual_page(command: Command) -> str:
    """The page of a command, in the macros of man(7)."""
    return "\n".join((*_lines(command), ""))


def _lines(command: Command) -> Iterator[str]:
    entry, name = command.path[-1], page_name(command)
    typed = " ".join((ROOT.name, *command.names))
    seconds = int(os.environ.get("SOURCE_DATE_EPOCH") or datetime.now(UTC).timestamp())
    date = datetime.fromtimestamp(seconds, UTC).date()
    yield f'.TH {name.upper()} 1 {date} "Hangar {hangar.__version__}" "Hangar"'
    yield from (".SH NAME", rf"{text(name)} \- {text(entry.summary.rstrip('.'))}")
    yield from (".SH SYNOPSIS", rf"\fB{text(typed)}\fR {text(command.usage)}")
    if entry.children:
        yield from (".br", rf"\fB{text(typed)}\fR {text('COMMAND [flags]')}")
    yield ".SH DESCRIPTION"
    yield from _paragraphs(command.help or entry.summary)
    if entry.aliases:
        yield from (".PP", f"Aliases: {text(', '.join(entry.aliases))}")
    if entry.children:
        yield ".SH COMMANDS"
        for child in entry.visible:
            yield from _item(child.name, child.summary)
    own = [o for o in command.options if not (o.everywhere or o.hidden)]
    if own:
        yield ".SH OPTIONS"
        yield from _options(own)
    yield from (".SH OPTIONS OF ALL COMMANDS", *_options(_common(command)))
    variables = [o.variables(command.names) for o in (*own, *_common(command))]
    if any(variables):
        yield from (".SH ENVIRONMENT", "Each option can be set by a variable; the")
        yield "command line wins."
        yield from (".nf", *(text(names[0]) for names in variables if names), ".fi")
    yield from (".SH EXIT STATUS", "0 done, 1 something failed, 2 wrong usage,")
    yield "130 interrupted."
    if command.examples:
        yield from (".SH EXAMPLES", ".nf")
        yield from map(text, inspect.cleandoc(command.examples).splitlines())
        yield ".fi"
    yield from _see_also(command)


def _common(command: Command) -> list[Option]:
    return [o for o in command.options if o.everywhere and not o.hidden]


def _options(options: Iterable[Option]) -> Iterator[str]:
    for option in options:
        default = default_of(option)
        stated = f" [default: {default}]" if default else ""
        yield from _item(spelled(option).strip(), f"{option.help}{stated}")


def _item(title: str, purpose: str) -> Iterator[str]:
    yield from (".TP", rf"\fB{text(title)}\fR", *_running(purpose))


def _paragraphs(help_: str) -> Iterator[str]:
    """A docstring, each of its paragraphs as one."""
    for number, paragraph in enumerate(inspect.cleandoc(help_).split("\n\n")):
        if number:
            yield ".PP"
        yield from _running(paragraph)


def _see_also(command: Command) -> Iterator[str]:
    path = command.path
    near = [path[:-1]] if path[:-1] else []
    near += [(*path, child) for child in path[-1].visible]
    if near:
        pages = [f"{'-'.join(entry.name for entry in one)}(1)" for one in near]
        yield from (".SH SEE ALSO", *_running(", ".join(pages)))


def _running(words: str) -> Iterator[str]:
    """Lines of text that roff fills, short enough for whoever reads the source."""
    lines = textwrap.wrap(words, 72, break_long_words=False, break_on_hyphens=False)
    yield from map(text, lines)


def text(line: str) -> str:
    """A line as roff prints it: no character of it means anything."""
    escaped = line.replace("\\", r"\e").replace("-", r"\-")
    escaped = re.sub(r"['`^~]", lambda found: _NAMED[found[0]], escaped)
    return rf"\&{escaped}" if escaped.startswith(".") else escaped


_NAMED = {"'": r"\(aq", "`": r"\(ga", "^": r"\(ha", "~": r"\(ti"}
"""Characters that roff would print as typographic ones, which nobody can paste."""


if __name__ == "__main__":
    main(*sys.argv[1:])
