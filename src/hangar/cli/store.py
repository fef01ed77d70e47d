"""``hangar archive store`` and what is below it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

import hangar
from hangar import Line, Report, Reporter, Status, Stop
from hangar.cli.access import PERSONAL, UNJUDGED, PersonalAccess, UnjudgedAccess
from hangar.cli.batch import Run
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.exits import Exit
from hangar.cli.options import ARCHIVE, REPORT, Batch, access_options
from hangar.cli.output import show
from hangar.cli.words import Words

CHARTS = Words(
    started="Storing [{source}]",
    copied="Add OCI Helm Chart [{destination}]",
    up_to_date="Up to date [{destination}]",
    skipped="",
    failed="failed to store [{source}]",
    failed_list="Store failed list: ",
    failure="some charts failed to be stored",
    counts={
        Status.COPIED: "stored",
        Status.UP_TO_DATE: "up to date",
        Status.FAILED: "failed",
    },
)
FILES = replace(
    CHARTS,
    copied="Add OCI File [{destination}]",
    failure="some files failed to be stored",
)


@command("archive store", usage="[flags]")
@click.pass_context
def group(ctx: click.Context, /) -> int:
    """Put charts and files into an archive.

    'hangar load' brings them to a registry, from where helm and oras pull them.
    """
    show(ctx.get_help())
    return Exit.DONE


@command(
    "archive store chart",
    usage="-f ARCHIVE.zip CHART [CHART ...] [flags]",
    examples="""
        # A package, and a folder, which is packed:
        hangar archive store chart -f images.zip app-1.2.0.tgz ./charts/web

        # The newest version that a repository has, and one of version 1:
        hangar archive store chart -f images.zip -n app https://charts.example.com
        hangar archive store chart -f images.zip -n app -v '^1.2' https://charts.example.com

        # From a registry:
        hangar archive store chart -f images.zip oci://registry.example.com/charts/app:1.2.0
        """,
)
@ARCHIVE
@click.argument("charts", nargs=-1, metavar="CHART")
@option("-n", "--name", help="Which chart, where a repository is named.")
@option(
    "-v",
    "--version",
    help="Which version of it, or a range such as '^1.2'; by default the newest one.",
)
@REPORT
@access_options(PersonalAccess, PERSONAL)
@click.pass_context
def chart(
    ctx: click.Context,
    /,
    *,
    charts: Sequence[str],
    name: str,
    version: str,
    **wanted: Any,
) -> int:
    """Put Helm charts into an archive.

    A chart is a package (.tgz), a folder with Chart.yaml in it, a chart repository (a
    URL or a folder with index.yaml in it), the URL of a package, or an image (oci://).
    Until all is written, the archive is what it was.
    """
    if not charts:
        message = "helm chart not provided"
        raise click.UsageError(message, ctx)
    store = partial(hangar.store_charts, charts, name=name, version=version)
    return _store(ctx.obj, "archive store chart", CHARTS, charts, store, **wanted)


@command(
    "archive store file",
    usage="-f ARCHIVE.zip FILE [FILE ...] [flags]",
    examples="""
        hangar archive store file -f images.zip notes.txt https://example.com/tool.tar.gz

        # A name that registries would not accept:
        hangar archive store file -f images.zip -n readme.md README.md
        """,
)
@ARCHIVE
@click.argument("files", nargs=-1, metavar="FILE")
@option("-n", "--name", help="What to call the file in the archive.")
@REPORT
@access_options(UnjudgedAccess, UNJUDGED)
@click.pass_context
def file(
    ctx: click.Context,
    /,
    *,
    files: Sequence[str],
    name: str,
    **wanted: Any,
) -> int:
    """Put files into an archive.

    A file is a path or a URL. Until all is written, the archive is what it was. 'hangar
    archive export file' gives a file back.
    """
    if not files:
        message = "file not provided"
        raise click.UsageError(message, ctx)
    store = partial(hangar.store_files, files, name=name)
    return _store(ctx.obj, "archive store file", FILES, files, store, **wanted)


def _store(
    console: Console,
    name: str,
    words: Words,
    items: Sequence[str],
    store: Callable[..., Report],
    *,
    file: str,
    report: str,
    registries: hangar.Registries,
) -> int:
    batch = Batch(file="", failed="", report=report, jobs=1, timeout=0)
    run = Run(name, batch, words, console)

    def work(
        lines: Sequence[Line], *, report: Reporter, stop: Stop, **how: Any
    ) -> Report:
        del lines, how  # one after another, for as long as bytes come
        done = store(registries, Path(file), report=report, stop=stop)
        if done.having(Status.COPIED):
            console.info(f'Updated index file "index.json" of "{file}"')
        return done

    shown = [hangar.url_without_secrets(item) for item in items]
    lines = [Line(number, text, text) for number, text in enumerate(shown, start=1)]
    with registries:
        beside = [file, *items]
        return run.through(work, lines=lines, expand=_as_they_are, beside=beside)


def _as_they_are(lines: Sequence[Line], **how: Any) -> Sequence[Line]:
    """What is stored is no job file."""
    del how
    return lines
