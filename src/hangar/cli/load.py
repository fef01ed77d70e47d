"""``hangar load`` and ``hangar load validate``."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import click

import hangar
from hangar import Line, Report
from hangar.cli.accounts import log_in_where_demanded, make_projects
from hangar.cli.batch import Run
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.mirror import CHECKING as MIRROR_CHECKING
from hangar.cli.mirror import COPYING, FORETELLING
from hangar.cli.options import (
    Batch,
    Function,
    batch_options,
    push_options,
    registry_options,
    selection_options,
)
from hangar.cli.pflag import BOOLEAN, FileList

LOADING = replace(
    COPYING,
    started="Loading [{source}] => [{destination}]",
    copied="Loaded [{source}] => [{destination}]",
    skipped="Skip load image [{source}]",
)
CHECKING = replace(
    MIRROR_CHECKING,
    failed_list="Validate failed image list: ",
    failure="some images failed to validate",
)


def load_options(function: Function) -> Function:
    """Options that loading and validating share."""
    for add in (
        option(
            "--project",
            metavar="PROJECT",
            help="Replaces the project of every destination.",
        ),
        option(
            "--source-registry",
            metavar="REGISTRY",
            help="Replaces the registry of every line of the list.",
        ),
        option(
            "-d",
            "--destination",
            metavar="REGISTRY",
            required=True,
            help="Registry that gets the images.",
        ),
        option(
            "-s",
            "--source",
            type=FileList(".zip"),
            metavar="ARCHIVE,...",
            required=True,
            help="Archives to load; a pattern such as 'NAME-*.zip' is all that fit;"
            " oci:DIR is an OCI layout.",
        ),
        push_options,
        registry_options,
        selection_options,
        batch_options("load-failed.txt", listed=False),
    ):
        function = add(function)
    return function


@command(
    "load",
    usage="-s ARCHIVE.zip -d REGISTRY [flags]",
    examples="""
        # Load all images of an archive:
        hangar load -s images.zip -d registry.example.com

        # Load some of them, into one project:
        hangar load -s images.zip -d registry.example.com -f some.txt --project mirror
        """,
)
@load_options
@option("--dry-run", type=BOOLEAN, help="Copy nothing; print what would be copied.")
@click.pass_obj
def load(console: Console, /, *, batch: Batch, dry_run: bool, **wanted: Any) -> int:
    """Copy images from an archive to a registry.

    Nothing is unpacked: the registry is asked what it lacks, and gets just that. An
    image that was saved whole has the digest that it had where it came from.
    """
    act = hangar.plan_loading if dry_run else hangar.load
    words = FORETELLING if dry_run else LOADING
    run = Run("load", batch, words, console, dry=dry_run, mirrored=False)
    return _go_through(run, act, **wanted)


@command(
    "load validate",
    usage="-s ARCHIVE.zip -d REGISTRY [flags]",
    examples="hangar load validate -s images.zip -d registry.example.com",
    shares_variables=True,
)
@load_options
@option("--deep", type=BOOLEAN, help="Read every byte back and hash it.")
@click.pass_obj
def validate(console: Console, /, *, batch: Batch, deep: bool, **wanted: Any) -> int:
    """Check that what was loaded is whole.

    Checks the tag, every manifest and every blob of what 'hangar load' with the same
    flags would have written.
    """
    run = Run("load validate", batch, CHECKING, console, mirrored=False)
    return _go_through(run, partial(hangar.check_all, deep=deep), **wanted)


def _go_through(
    run: Run,
    act: Callable[..., Report],
    *,
    selection: hangar.Selection,
    registries: hangar.Registries,
    source: Sequence[str],
    destination: str,
    project: str,
    source_registry: str,
    skip_login: bool,
    create_project: bool,
    harbor_public: bool,
    **how: Any,
) -> int:
    """Do ``act`` with the routes from the archives."""

    def log_in(lines: Sequence[Line]) -> None:
        log_in_where_demanded(
            hangar.mirror_targets(lines, to=destination, project=project),
            registries,
            to_write=act is hangar.load,
        )

    with contextlib.ExitStack() as stack:
        stack.enter_context(registries)
        archives = hangar.open_archives(source)
        for archive in archives:
            stack.enter_context(archive)

        def work(lines: Sequence[Line], **more: Any) -> Report:
            routes = hangar.load_routes(
                archives,
                registries,
                to=destination,
                project=project,
                lines=lines,
                source_registry=source_registry,
            )
            if create_project and act is hangar.load:
                make_projects(routes, registries, public=harbor_public, **more)
            return act(routes, selection=selection, **how, **more)

        run.announce(selection)
        everything = None if run.batch.file else hangar.archive_lines(archives)
        for archive in archives:
            if not archive.entries:
                run.console.warn(f'No images in "{archive.path}"')
        asking = None if skip_login else log_in
        tags = hangar.archive_tags(archives, registries, registry=source_registry)
        expand = partial(hangar.expanded, tags_of=tags)
        return run.through(
            work,
            lines=everything,
            prepare=asking,
            expand=expand,
            beside=[str(archive.path) for archive in archives],
        )
