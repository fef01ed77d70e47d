"""``hangar inspect list``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import click

import hangar
from hangar import Line, Report, Status
from hangar.cli import files
from hangar.cli.batch import Run
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.options import AUTO_YES, Batch, batch_options, registry_options
from hangar.cli.pflag import FileName
from hangar.cli.platform_report import FORMATS, platform_report
from hangar.cli.prompts import allow_writing
from hangar.cli.words import Words

INSPECTING = Words(
    started="",
    copied="",
    up_to_date='Image [{source}]: "{platforms}"',
    skipped="Skip [{source}]",
    failed="error occurred on [{source}]",
    failed_list="Inspect failed image list: ",
    failure="some images failed to inspect",
    counts={Status.UP_TO_DATE: "inspected", Status.FAILED: "failed"},
)


@command(
    "inspect list",
    usage="-f IMAGE_LIST.txt [flags]",
    examples="""
        # Which platforms there are of all images of a list:
        hangar inspect list -f images.txt

        # The same for a spreadsheet:
        hangar inspect list -f images.txt --format csv --report platforms.csv -y
        """,
)
@batch_options(
    "inspect-failed.txt",
    option(
        "-r",
        "--report",
        type=FileName(),
        help="File that gets the report; by default inspect-report.FORMAT.",
    ),
)
@registry_options
@AUTO_YES
@option(
    "--format",
    type=click.Choice(FORMATS),
    default="txt",
    help="How to write the report: txt, json, yaml or csv.",
)
@option("--registry", metavar="REGISTRY", help="Replaces the registry of every image.")
@option("--project", metavar="PROJECT", help="Replaces the project of every image.")
@click.pass_obj
def inspect_list(
    console: Console,
    /,
    *,
    batch: Batch,
    registries: hangar.Registries,
    auto_yes: bool,
    format: str,  # noqa: A002 - the option's name
    registry: str,
    project: str,
) -> int:
    """Report the platforms of a list of images.

    Lines of the list are NAME[:TAG][@DIGEST]. The images stand in the report in the
    order of the list; those that failed do not. It is written even if some failed.
    """
    name = batch.report or f"inspect-report.{format}"
    allow_writing(name, yes=auto_yes, listed=batch.file)

    def work(lines: Sequence[Line], **how: Any) -> Report:
        routes = hangar.source_routes(
            lines, registries, registry=registry, project=project
        )
        return hangar.inspect_all(routes, **how)

    def publish(report: Report) -> None:
        files.write(name, platform_report(report, format))
        console.info(f'Report saved to "{name}"')

    with registries:
        run = Run("inspect list", replace(batch, report=name), INSPECTING, console)
        tags = hangar.registry_tags(registries, registry=registry, project=project)
        expand = partial(hangar.expanded, tags_of=tags, destinations=False)
        return run.through(work, publish, expand=expand)
