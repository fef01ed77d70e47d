"""``hangar`` itself, ``hangar help`` and ``hangar version``."""

from __future__ import annotations

import click

import hangar as library
from hangar.cli.command import command, option
from hangar.cli.output import show
from hangar.cli.pflag import BOOLEAN
from hangar.cli.tree import path_to


def _show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    del param
    if value:
        show(_version())
        ctx.exit()


@command("")
@option(
    "-v",
    "--version",
    type=BOOLEAN,
    is_eager=True,
    expose_value=False,
    allow_from_autoenv=False,
    callback=_show_version,
    help="Show the version.",
)
@click.pass_context
def hangar(ctx: click.Context) -> None:
    """Carry container images to places without internet access.

    Copies multi-platform images between registries and into archives, byte for byte,
    and proves that nothing was lost. No container runtime is needed.

    Exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.
    """
    show(ctx.get_help())


@command("help", usage="[COMMAND...]")
@click.argument("names", nargs=-1)
@click.pass_context
def show_help(ctx: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command."""
    try:
        entry = path_to(names)[-1]
    except KeyError as error:
        message = f'unknown command "{" ".join(names)}"'
        raise click.UsageError(message, ctx) from error
    show(entry.load().get_help(ctx))


@command("version")
def version() -> None:
    """Show the version."""
    show(_version())


def _version() -> str:
    return f"hangar version {library.__version__}"
