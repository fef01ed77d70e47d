"""Options as users of the Go program type them: the syntax of its library pflag.

    --x v  --x=v  -x v  -xv  -x=v       a value
    --x  --x=false                      a boolean, which takes no separate value
    --x a,b --x c                       a list: the first use replaces the default

Options and positional arguments may stand in any order; ``--`` ends the options.
`normalised` turns all that into the one spelling ``--x=v``, which click understands;
the types here read the values. An environment variable holds a value in the same
syntax and counts even when it is empty.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from typing import Any

import click

_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})
_FALSE = frozenset({"0", "f", "F", "false", "FALSE", "False"})
"""What Go's strconv.ParseBool accepts."""

_SECONDS = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART = re.compile(r"(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)", re.ASCII)


class Boolean(click.ParamType[bool]):
    """True or false; an option of this type takes no separate value."""

    name = ""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> bool:
        if value in _TRUE:
            return True
        if value in _FALSE:
            return False
        return self.fail("expected true or false", param, ctx)


class CommaList(click.ParamType[tuple[str, ...]]):
    """Values parted by commas; an empty text is an empty list."""

    name = "list"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        del param, ctx
        return tuple(filter(None, (part.strip() for part in value.split(","))))


class Duration(click.ParamType[float]):
    """Seconds, from a duration as in Go: ``10m``, ``1h30m``, ``1.5s``, ``0``."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        text = value.removeprefix("+")
        if text == "0":
            return 0.0
        if not text or _PART.sub("", text):
            self.fail("expected a duration such as 90s, 10m or 1h30m", param, ctx)
        parts = _PART.findall(text)
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)


class FileList(CommaList):
    """Names of files; shells complete those that end in one of ``suffixes``.

    A text that is the name of a file is that one, commas and blanks included.
    """

    def __init__(self, *suffixes: str) -> None:
        self.suffixes = suffixes

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        if os.path.lexists(value):
            return (value,)
        return super().convert(value, param, ctx)


class FileName(click.ParamType[str]):
    """A file's name; shells complete those that end in one of ``suffixes``."""

    name = "file"

    def __init__(self, *suffixes: str) -> None:
        self.suffixes = suffixes

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        del param, ctx
        return str(value)


BOOLEAN = Boolean()
LIST = CommaList()
DURATION = Duration()
DIRECTORY = FileName("/")


class Option(click.Option):
    """An option of a command.

    Attributes:
        everywhere: whether all commands have it, so that it has a variable without
            a command's name, too.
    """

    def __init__(
        self, names: Sequence[str], *, everywhere: bool = False, **attributes: Any
    ) -> None:
        attributes.setdefault("type", click.STRING)
        absent = "false" if attributes["type"] is BOOLEAN else ""
        if not attributes.get("required"):
            attributes.setdefault("default", absent)
        super().__init__(names, **attributes)
        self.everywhere = everywhere

    @property
    def long(self) -> str:
        """Its long name: ``--file``."""
        return next(name for name in self.opts if name.startswith("--"))

    @property
    def takes_value(self) -> bool:
        """Whether a value has to follow."""
        return self.type is not BOOLEAN

    def variables(self, path: Sequence[str], *, shared: bool = False) -> list[str]:
        """Environment variables that set it for the command ``hangar PATH...``.

        With ``shared`` that is also the one for the command above, which has it, too.
        """
        if not self.allow_from_autoenv:
            return []
        shortest = 0 if self.everywhere else len(path) - shared
        words = [path[:length] for length in range(len(path), shortest - 1, -1)]
        names = ["_".join(("hangar", *part, self.name or "")) for part in words]
        return [name.upper().replace("-", "_") for name in names]

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        del ctx
        found = (os.environ.get(name) for name in self.envvar or ())
        return next((value for value in found if value is not None), None)

    def type_cast_value(self, ctx: click.Context, value: Any) -> Any:
        try:
            return super().type_cast_value(ctx, value)
        except click.BadParameter as error:
            shown = "" if self.hide_input else f' "{value}"'
            reason = "" if self.hide_input else f": {error.message}"
            message = f"invalid argument{shown} for {self._origin(ctx)}{reason}"
            raise click.UsageError(message, ctx) from error

    def value_is_missing(self, value: Any) -> bool:
        return value in ("", ()) or super().value_is_missing(value)

    def process_value(self, ctx: click.Context, value: Any) -> Any:
        try:
            return super().process_value(ctx, value)
        except click.MissingParameter as error:
            what = self.long.removeprefix("--").replace("-", " ")
            message = f"{what} not provided, use '{self.long}'"
            raise click.UsageError(message, ctx) from error

    def _origin(self, ctx: click.Context) -> str:
        """Where the value came from, as messages call it."""
        if ctx.get_parameter_source(self.name or "") is _ENVIRONMENT:
            return next(name for name in self.envvar or () if name in os.environ)
        return f'"{", ".join(sorted(self.opts, key=len))}" flag'


_ENVIRONMENT = click.core.ParameterSource.ENVIRONMENT


def normalised(arguments: Iterable[str], options: Iterable[Option]) -> list[str]:
    """Rewrite ``arguments``: options as ``--x=v``, then ``--``, then the others.

    Raises:
        click.UsageError: an option is unknown or lacks its value.
    """
    known = {name: option for option in options for name in option.opts}
    values: dict[Option, str] = {}
    positional: list[str] = []
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        if word == "--":
            positional += rest
            break
        if len(word) < 2 or not word.startswith("-"):
            positional.append(word)
            continue
        for option, value in _read(word, rest, known):
            earlier = values.get(option)
            joined = isinstance(option.type, CommaList) and earlier is not None
            values[option] = f"{earlier},{value}" if joined else value
    written = [f"{option.long}={value}" for option, value in values.items()]
    return [*written, "--", *positional]


def _read(
    word: str, rest: list[str], known: dict[str, Option]
) -> Iterable[tuple[Option, str]]:
    """Read the options in ``word``; take a value from ``rest`` if one needs it."""
    if word.startswith("--"):
        name, equals, value = word.partition("=")
        option = known.get(name)
        if option is None:
            message = f"unknown flag: {name}"
            raise click.UsageError(message)
        yield option, value if equals else _following(option, rest, name)
        return
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        option = known.get(f"-{letter}")
        if option is None:
            message = f"unknown shorthand flag: {letter!r} in {word}"
            raise click.UsageError(message)
        if letters.startswith("=") or (letters and option.takes_value):
            yield option, letters.removeprefix("=")
            return
        yield option, _following(option, rest, f"{letter!r} in {word}")


def _following(option: Option, rest: list[str], spelled: str) -> str:
    """The value of an option that was given without ``=``."""
    if not option.takes_value:
        return "true"
    if not rest:
        message = f"flag needs an argument: {spelled}"
        raise click.UsageError(message)
    return rest.pop(0)


def first_positional(arguments: Sequence[str], options: Iterable[Option]) -> int:
    """Where the first argument stands that is neither option nor value; -1: nowhere.

    An option that is not known is taken for one with a value, as pflag does.
    """
    flags = {name for o in options if not o.takes_value for name in o.opts}
    skipping = False
    for position, word in enumerate(arguments):
        if skipping:
            skipping = False
        elif word == "--":
            return -1
        elif len(word) < 2 or not word.startswith("-"):
            return position
        else:
            skipping = _stands_alone(word) and word not in flags
    return -1


def waiting(arguments: Iterable[str], options: Iterable[Option]) -> Option | None:
    """The option whose value would come next, if any."""
    known = {name: o for o in options if o.takes_value for name in o.opts}
    option: Option | None = None
    for word in arguments:
        if word == "--":
            return None
        option = known.get(word) if option is None and _stands_alone(word) else None
    return option


def _stands_alone(word: str) -> bool:
    """Whether an option has no value in the same word."""
    return "=" not in word and (word.startswith("--") or len(word) == 2)
