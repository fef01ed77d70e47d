"""``hangar config`` and ``hangar config show``."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

import hangar
from hangar.cli.access import FILES, Files
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.options import bundle, warn_of
from hangar.cli.output import show
from hangar.cli.pflag import BOOLEAN


@command("config")
@click.pass_context
def config(ctx: click.Context) -> None:
    """Look at the configuration of registries.

    Hangar reads the files that podman, skopeo and docker read.
    """
    show(ctx.get_help())


@command(
    "config show",
    usage="HOST[:PORT][/REPOSITORY] [flags]",
    examples="""
        # What applies to a registry:
        hangar config show registry.example.com

        # What applies to a repository, for a machine:
        hangar config show docker.io/library/nginx --json
        """,
)
@click.argument("name", default="")
@bundle("files", Files, *FILES)
@option("--json", type=BOOLEAN, help="Print JSON in place of a table.")
@click.pass_context
def config_show(ctx: click.Context, *, name: str, files: Files, json: bool) -> None:
    """Show what is configured about a registry, and where.

    No registry is asked, and no secret is shown. Where the file is "-", nothing is
    stated, and the default holds.
    """
    if not name:
        message = "registry not provided"
        raise click.UsageError(message, ctx)
    configuration = files.configuration()
    try:
        settings = hangar.registry_settings(name, configuration)
    finally:
        warn_of(configuration)
    if json:
        show(_document(name, settings))
    else:
        console: Console = ctx.obj
        for row in _table(settings):
            console.result(row)


def _document(name: str, settings: Sequence[hangar.Setting]) -> str:
    listed = [
        {
            "setting": setting.name,
            "value": setting.value,
            "detail": setting.detail,
            "from": setting.origin,
        }
        for setting in settings
    ]
    return json.dumps({"name": name, "settings": listed}, indent=2)


_WORDS: dict[object, str] = {None: "none", True: "yes", False: "no"}


def _table(settings: Sequence[hangar.Setting]) -> list[str]:
    rows = [("SETTING", "VALUE", "FROM")]
    for setting in settings:
        value = _WORDS.get(setting.value) or setting.value
        detail = f" ({setting.detail})" if setting.detail else ""
        rows.append((setting.name, f"{value}{detail}", setting.origin or "-"))
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return [f"{row[0]:<{first}}  {row[1]:<{second}}  {row[2]}" for row in rows]
