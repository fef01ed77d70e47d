"""``hangar logout``."""

from __future__ import annotations

import click

import hangar
from hangar import CredentialKey, HangarError
from hangar.cli.accounts import configuration_options
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.options import Function
from hangar.cli.pflag import BOOLEAN, DURATION


def _without_effect(function: Function) -> Function:
    """Options of the Go program for asking a registry; we ask none."""
    for name, kind, default in (
        ("--tls-verify", BOOLEAN, "true"),
        ("--timeout", DURATION, "0"),
        ("--retry-times", click.INT, "3"),
    ):
        function = option(
            name,
            type=kind,
            default=default,
            hidden=True,
            expose_value=False,
            help="Has no effect.",
        )(function)
    return function


@command(
    "logout",
    usage="REGISTRY [flags]",
    examples="""
        # Forget a password:
        hangar logout registry.example.com

        # Forget all passwords:
        hangar logout --all
        """,
)
@click.argument("names", nargs=-1)
@configuration_options
@option("-a", "--all", type=BOOLEAN, help="Log out of all registries.")
@_without_effect
@click.pass_context
def logout(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    configuration: hangar.Configuration,
    all: bool,  # noqa: A002 - click names it after the option
) -> None:
    """Log out of a registry.

    Forgets what 'hangar login' has kept for a registry or, if that is what was logged
    in to, for a part of one. The registry is not asked.
    """
    console: Console = ctx.obj
    if all:
        if names:
            message = "--all takes no arguments"
            raise click.UsageError(message, ctx)
        hangar.logout_all(configuration=configuration)
        console.result("Removed login credentials for all registries")
        return
    if not names:
        message = "please provide a registry to log out from"
        raise click.UsageError(message, ctx)
    if len(names) > 1:
        message = "logout accepts only one registry to log out from"
        raise click.UsageError(message, ctx)
    key = CredentialKey.parse(names[0])
    removed = hangar.logout(str(key), configuration=configuration)
    left = configuration.credentials.locate(key)
    place = left.place if left else ""
    if not removed:
        message = f"not logged into {key}"
        hint = f"{place} has credentials that are used for it" if place else ""
        raise HangarError(message, hint=hint)
    console.result(f"Removed login credentials for {key}")
    if place:
        console.warn(f"{place} still has credentials for {key}")
