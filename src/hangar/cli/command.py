"""What a command is here: a click command with pflag's syntax and our own help."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Sequence
from typing import Any

import click

from hangar.cli import pflag
from hangar.cli.console import FORMATS, Settings
from hangar.cli.help import described
from hangar.cli.output import show
from hangar.cli.pflag import BOOLEAN, Option
from hangar.cli.tree import Entry, path_to


def everywhere() -> list[Option]:
    """The options that all commands have; new ones, for they get variables."""
    return [
        Option(
            ["--debug"],
            type=BOOLEAN,
            everywhere=True,
            help="Show what happens in detail.",
        ),
        Option(
            ["-h", "--help"],
            type=BOOLEAN,
            everywhere=True,
            is_eager=True,
            expose_value=False,
            allow_from_autoenv=False,
            callback=_show_help,
            help="Show this help.",
        ),
        Option(
            ["--hide-log-time"],
            type=BOOLEAN,
            everywhere=True,
            hidden=True,
            help="Log '-' for the time.",
        ),
        Option(
            ["--insecure-policy"],
            type=BOOLEAN,
            everywhere=True,
            expose_value=False,
            callback=_note_policy,
            help="Accept images whatever policy.json says.",
        ),
        Option(
            ["--log-format"],
            type=click.Choice(FORMATS),
            default="text",
            everywhere=True,
            help="How to log: text, or json with one object a line.",
        ),
        Option(
            ["--quiet"],
            type=BOOLEAN,
            everywhere=True,
            help="Log warnings and errors only.",
        ),
    ]


class Command(click.Command):
    """One command of the tree.

    Its function takes the console, if it needs it, with ``click.pass_obj``.
    """

    def __init__(
        self,
        *,
        names: str,
        usage: str,
        examples: str,
        shares_variables: bool,
        **attributes: Any,
    ) -> None:
        super().__init__(add_help_option=False, **attributes)
        self.names = tuple(names.split())
        self.usage = usage
        self.examples = examples
        self.params += everywhere()
        for option in self.options:
            option.envvar = option.variables(self.names, shared=shares_variables)

    @property
    def path(self) -> tuple[Entry, ...]:
        """Its place in the tree, from the root."""
        return path_to(self.names)

    @property
    def options(self) -> list[Option]:
        """Its options by long name, those that all commands have among them."""
        options = [param for param in self.params if isinstance(param, Option)]
        return sorted(options, key=lambda option: option.long)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with click.core.augment_usage_errors(ctx):
            words = pflag.normalised(args, self.options)
        extra = words[words.index("--") + 1 :]
        if extra and not any(isinstance(p, click.Argument) for p in self.params):
            raise _unexpected(ctx, self.path[-1], extra[0])
        return super().parse_args(ctx, words)

    def get_help(self, ctx: click.Context) -> str:
        del ctx
        return described(self)


def command(
    names: str,
    *,
    usage: str = "[flags]",
    examples: str = "",
    shares_variables: bool = False,
) -> Callable[[Callable[..., Any]], Command]:
    """Make a function the command ``hangar NAMES``.

    Args:
        names: the words that name it in the tree; "" for ``hangar`` itself.
        usage: what follows the name.
        examples: command lines, for the help.
        shares_variables: whether what sets an option of the command above it sets its
            own, too, for they are the same.
    """

    def decorate(function: Callable[..., Any]) -> Command:
        return click.command(
            cls=Command,
            name=names.rpartition(" ")[2],
            names=names,
            usage=usage,
            examples=examples,
            shares_variables=shares_variables,
        )(function)

    return decorate


def settings(parameters: dict[str, Any]) -> Settings:
    """Take the options that all commands have out of a command's ``parameters``."""
    return Settings(
        debug=parameters.pop("debug"),
        quiet=parameters.pop("quiet"),
        form=parameters.pop("log_format"),
        times=not parameters.pop("hide_log_time"),
    )


def accepts_anything() -> bool:
    """Whether the command is to read images whatever policy.json says."""
    return bool(click.get_current_context().meta[_INSECURE_POLICY])


_INSECURE_POLICY = f"{__name__}.insecure_policy"


def _note_policy(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    ctx.meta[_INSECURE_POLICY] = value


def option(*names: str, **attributes: Any) -> Callable[[Any], Any]:
    """Give a command an option; see `hangar.cli.pflag`."""
    return click.option(*names, cls=Option, **attributes)


def _show_help(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value:
        show(ctx.get_help())
        ctx.exit()


def _unexpected(ctx: click.Context, entry: Entry, word: str) -> click.UsageError:
    """Say that ``word`` is no sub-command, and which was perhaps meant."""
    if not entry.children:
        return click.UsageError(f'unexpected argument "{word}"', ctx)
    message = f'unknown command "{word}" for "{ctx.command_path}"'
    near = difflib.get_close_matches(word, _names(entry.visible), n=3)
    if near:
        message += "\n\nDid you mean this?\n" + "".join(f"    {n}\n" for n in near)
    return click.UsageError(message, ctx)


def _names(entries: Sequence[Entry]) -> list[str]:
    return [entry.name for entry in entries]
