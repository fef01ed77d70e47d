"""What commands share that log in to registries."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import click

import hangar
from hangar.cli import output
from hangar.cli.access import AUTHFILE
from hangar.cli.command import option
from hangar.cli.options import Function, bundle
from hangar.cli.passwords import ask_password, ask_username, can_ask
from hangar.cli.pflag import FileName


def configuration_options(function: Function) -> Function:
    """Options that name credential files; a `Configuration`, ``configuration``."""
    return bundle(
        "configuration",
        _configuration,
        AUTHFILE,
        option(
            "--compat-auth-file",
            type=FileName(".json"),
            help="The same, for a config.json that docker reads.",
        ),
    )(function)


def _configuration(authfile: str, compat_auth_file: str) -> hangar.Configuration:
    if authfile and compat_auth_file:
        message = "--authfile and --compat-auth-file exclude each other"
        raise click.UsageError(message)
    return hangar.Configuration.load(
        authfile=Path(authfile) if authfile else None,
        compat_auth_file=Path(compat_auth_file) if compat_auth_file else None,
    )


def log_in_where_demanded(
    images: Iterable[hangar.Reference],
    registries: hangar.Registries,
    *,
    to_write: bool,
) -> None:
    """Ask for the passwords that a run will want, if somebody is there to answer.

    Who does not say who he is stays nobody; the images will tell what comes of it.
    """
    if not can_ask():
        return
    for registry in hangar.demanded_logins(images, registries, to_write=to_write):
        output.log(f'Logging into "{registry}"')
        if username := ask_username():
            password = ask_password()
            hangar.login(
                registry, username=username, password=password, registries=registries
            )
