"""Every option can be set by the variable that docs/environment.md names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import click
import pytest

from hangar.cli.command import Command
from hangar.cli.console import Console
from hangar.cli.limits import RATES, SIZE
from hangar.cli.pflag import BOOLEAN, DURATION, Option
from hangar.cli.tree import every_path
from hangar.errors import HangarError
from scripts.reference import DOCS, name_of

COMMANDS = {name_of(c): c for c in (path[-1].load() for path in every_path())}
ROW = re.compile(r"\| `(hangar[^`]*)` \| `(--[^`]*)` \| `(HANGAR_[A-Z_]*)` \|")
DOCUMENTED = ROW.findall((DOCS / "environment.md").read_text())
COMMON = re.findall(
    r"\| `(HANGAR_[A-Z_]*)` \| `(--[^`]*)` \|", (DOCS / "environment.md").read_text()
)


def options_of(command: Command) -> dict[str, Option]:
    return {option.long: option for option in command.options}


def sample(option: Option) -> str:
    """A value that an option may have, and has not by default."""
    if option.type is BOOLEAN:
        return "false" if option.default == "true" else "true"
    if isinstance(option.type, click.Choice):
        return next(str(c) for c in option.type.choices if c != option.default)
    if isinstance(option.type, click.types.IntParamType):
        return "2"
    return {SIZE: "5MB", RATES: "a.io=2", DURATION: "90s"}.get(option.type, "x,y")


def needed(command: Command, option: Option) -> list[str]:
    """What a command wants to be given besides one of its options."""
    others = [o for o in command.options if o.required and o is not option]
    flags = [f"{other.long}={sample(other)}" for other in others]
    takes_names = any(isinstance(p, click.Argument) for p in command.params)
    return [*flags, *(["bash"] if takes_names else [])]  # a shell, and a name of images


def understood(command: Command, arguments: Sequence[str]) -> Any:
    """All that a command makes of its arguments, or the error."""
    try:
        context = command.make_context("hangar", list(arguments), obj=Console())
    except HangarError as error:
        return repr(error)
    return context.params, context.meta


def test_every_option_of_every_command_is_documented() -> None:
    documented = {(name, option) for name, option, _ in DOCUMENTED}
    common = {option for _, option in COMMON}
    for name, command in COMMANDS.items():
        for option in command.options:
            if option.long == "--help" or (name, option.long) == (
                "hangar",
                "--version",
            ):
                continue  # whoever sets these for ever sees no more of a command
            if option.hidden and option.long != "--hide-log-time":
                continue
            told = common if option.everywhere else documented
            assert (option.long if option.everywhere else (name, option.long)) in told


@pytest.mark.parametrize(("name", "long", "variable"), DOCUMENTED)
def test_a_variable_does_what_the_option_does(
    monkeypatch: pytest.MonkeyPatch, name: str, long: str, variable: str
) -> None:
    command = COMMANDS[name]
    option = options_of(command)[long]
    others, value = needed(command, option), sample(option)
    by_option = understood(command, [*others, f"{long}={value}"])
    assert option.required or by_option != understood(command, others)

    monkeypatch.setenv(variable, value)

    assert understood(command, others) == by_option


@pytest.mark.parametrize(("variable", "long"), COMMON)
def test_a_variable_for_all_commands_does_what_the_option_does(
    monkeypatch: pytest.MonkeyPatch, variable: str, long: str
) -> None:
    command = COMMANDS["hangar version"]
    by_option = understood(command, [f"{long}={sample(options_of(command)[long])}"])
    assert by_option != understood(command, [])

    monkeypatch.setenv(variable, sample(options_of(command)[long]))

    assert understood(command, []) == by_option


def heeded() -> Iterator[tuple[str, Option]]:
    for command in COMMANDS.values():
        for option in command.options:
            assert isinstance(option.envvar, list)
            yield from ((variable, option) for variable in option.envvar)


def test_a_variable_means_the_same_to_all_commands_that_heed_it() -> None:
    meanings = defaultdict(set)
    for variable, option in heeded():
        meanings[variable].add((option.long, option.type.name, option.help))

    assert {v: m for v, m in meanings.items() if len(m) > 1} == {}


def test_the_command_line_comes_before_all_variables_and_the_closest_of_these_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    command = COMMANDS["hangar mirror validate"]

    def jobs(*flags: str) -> int:
        params, _ = understood(command, ["-f=x", *flags])
        return int(params["jobs"])

    monkeypatch.setenv("HANGAR_MIRROR_JOBS", "3")
    assert jobs() == 3
    monkeypatch.setenv("HANGAR_MIRROR_VALIDATE_JOBS", "4")
    assert jobs() == 4
    assert jobs("-j5") == 5
