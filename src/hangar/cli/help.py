"""The help of a command, in the layout that users of Go programs know."""

from __future__ import annotations

import inspect
import shutil
import textwrap
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

from hangar.cli.pflag import BOOLEAN, Option
from hangar.cli.tree import Entry

if TYPE_CHECKING:  # the commands show their help with this module
    from hangar.cli.command import Command

_WIDEST = 100
"""Columns; longer lines are tiring to read."""


def described(command: Command) -> str:
    """The whole help of a command."""
    entry = command.path[-1]
    name = " ".join(part.name for part in command.path)
    usage = [f"{name} {command.usage}"]
    if entry.children:
        usage.append(f"{name} COMMAND")
    own = [o for o in command.options if not o.everywhere or o.long == "--help"]
    common = [o for o in command.options if o not in own]
    return "\n".join(
        (
            entry.summary,
            *_description(command.help),
            *_section("Usage:", usage),
            *_section("Aliases:", _aliases(entry)),
            *_section("Examples:", inspect.cleandoc(command.examples).splitlines()),
            *_section("Commands:", _table((c.name, c.summary) for c in entry.visible)),
            *_section("Flags:", option_lines(own)),
            *_section("Global flags:", option_lines(common)),
            *_hint(command, name),
        )
    )


def option_lines(options: Iterable[Option]) -> list[str]:
    """One line or more for each option: its names, its value, what it does."""
    shown = [option for option in options if not option.hidden]
    return _table((spelled(option), purpose(option)) for option in shown)


def spelled(option: Option) -> str:
    """An option's names and value: ``-f, --file FILE``."""
    short = next((n for n in option.opts if not n.startswith("--")), "")
    value = f" {value_name(option)}" if option.takes_value else ""
    return f"{short + ', ' if short else '    '}{option.long}{value}"


def value_name(option: Option) -> str:
    """What stands for an option's value in the help."""
    if option.metavar:
        return option.metavar
    if isinstance(option.type, click.Choice):
        return "|".join(option.type.choices)
    names = {"text": "TEXT", "integer": "N"}
    return names.get(option.type.name, option.type.name.upper())


def purpose(option: Option) -> str:
    """What an option does, with its default if that is worth telling."""
    default = default_of(option)
    return f"{option.help} [default: {default}]" if default else option.help or ""


def default_of(option: Option) -> str:
    """What an option is if it is not given; "" if that goes without saying."""
    absent = option.required or option.default in ("", None)
    off = option.type is BOOLEAN and option.default == "false"
    return "" if absent or off else str(option.default)


def _description(text: str | None) -> list[str]:
    """What a command's docstring says beyond the summary."""
    _, _, body = inspect.cleandoc(text or "").partition("\n\n")
    return ["", *body.splitlines()] if body else []


def _aliases(entry: Entry) -> list[str]:
    return [", ".join((entry.name, *entry.aliases))] if entry.aliases else []


def _section(title: str, lines: Sequence[str]) -> list[str]:
    return ["", title, *(f"  {line}".rstrip() for line in lines)] if lines else []


def _table(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Two columns; the second is wrapped."""
    cells = list(rows)
    first = max((len(left) for left, _ in cells), default=0)
    columns = min(shutil.get_terminal_size().columns, _WIDEST)
    width = max(columns - first - 5, 24)
    lines = []
    for left, right in cells:
        top, *rest = textwrap.wrap(right, width) or [""]
        lines.append(f"{left:<{first}}   {top}")
        lines += [f"{'':<{first}}   {line}" for line in rest]
    return lines


def _hint(command: Command, name: str) -> list[str]:
    lines = []
    if command.path[-1].children:
        lines.append(f"'{name} COMMAND --help' tells more about a command.")
    variables = [o.envvar for o in command.options if o.envvar and not o.everywhere]
    if variables:
        lines.append(f"Flags can be set by environment, too: {variables[0][0]}=...")
    return ["", *lines] if lines else []
