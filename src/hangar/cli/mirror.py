"""``hangar mirror`` and ``hangar mirror validate``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import click

import hangar
from hangar import Line, Report, Status
from hangar.cli.accounts import log_in_where_demanded, make_projects
from hangar.cli.batch import Run
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.options import (
    Batch,
    Function,
    batch_options,
    bundle,
    push_options,
    selection_options,
    two_sided_options,
)
from hangar.cli.pflag import BOOLEAN
from hangar.cli.words import Words

COPYING = Words(
    started="Copying [{source}] => [{destination}]",
    copied="Copied [{source}] => [{destination}]",
    up_to_date="Up to date [{source}] => [{destination}]",
    skipped="Skip copy image [{source}]",
    failed="error occurred when copy [{source}] to [{destination}]",
    failed_list="Copy failed image list: ",
    failure="some images failed to copy",
    counts={status: status.value for status in Status},
)
FORETELLING = replace(
    COPYING,
    started="",
    copied="",
    up_to_date="",
    counts={**COPYING.counts, Status.COPIED: "to copy"},
)
CHECKING = replace(
    COPYING,
    started="",
    up_to_date="PASS: [{source}] == [{destination}]",
    failed="FAILED: [{source}] != [{destination}]",
    counts={
        Status.UP_TO_DATE: "passed",
        Status.SKIPPED: "skipped",
        Status.FAILED: "failed",
    },
)


def _naming(
    destination: str, destination_project: str, source: str, source_project: str
) -> dict[str, str]:
    """What `hangar.mirror_routes` calls them."""
    return {
        "to": destination,
        "project": destination_project,
        "source": source,
        "source_project": source_project,
    }


def mirror_options(function: Function) -> Function:
    """Options that mirroring and validating share."""
    naming = bundle(
        "naming",
        _naming,
        option(
            "-d",
            "--destination",
            metavar="REGISTRY",
            help="Registry that gets the images; by default the one that a line in the"
            " mirror format names.",
        ),
        option(
            "--destination-project",
            metavar="PROJECT",
            help="Replaces the project of every destination.",
        ),
        option(
            "-s",
            "--source",
            metavar="REGISTRY",
            help="Replaces the registry of every source.",
        ),
        option(
            "--source-project",
            metavar="PROJECT",
            help="Replaces the project of every source.",
        ),
    )
    for add in (
        push_options,
        two_sided_options,
        selection_options,
        naming,
        batch_options("mirror-failed.txt"),
    ):
        function = add(function)
    return function


@command(
    "mirror",
    usage="-f IMAGE_LIST.txt -d REGISTRY [flags]",
    examples="""
        # Copy a list of images to a registry:
        hangar mirror -f images.txt -d registry.example.com

        # Copy every platform of them, into one project:
        hangar mirror -f images.txt -d registry.example.com \\
            --destination-project mirror --arch '' --os ''

        # Tell what would be copied:
        hangar mirror -f images.txt -d registry.example.com --dry-run
        """,
)
@mirror_options
@option("--dry-run", type=BOOLEAN, help="Copy nothing; print what would be copied.")
@click.pass_obj
def mirror(console: Console, /, *, batch: Batch, dry_run: bool, **wanted: Any) -> int:
    """Copy images from registries to a registry.

    Lines of the list are NAME[:TAG][@DIGEST], or SOURCE DESTINATION TAG. What the
    destination has already is not sent again. Images with all their platforms keep
    their digests; a selection of platforms joins those that are there.
    """
    act = hangar.plan_all if dry_run else hangar.copy_all
    words = FORETELLING if dry_run else COPYING
    run = Run("mirror", batch, words, console, dry=dry_run)
    return _go_through(run, act, **wanted)


@command(
    "mirror validate",
    usage="-f IMAGE_LIST.txt -d REGISTRY [flags]",
    examples="hangar mirror validate -f images.txt -d registry.example.com --deep",
    shares_variables=True,
)
@mirror_options
@option("--deep", type=BOOLEAN, help="Read every byte back and hash it.")
@click.pass_obj
def validate(console: Console, /, *, batch: Batch, deep: bool, **wanted: Any) -> int:
    """Check that what was mirrored is whole.

    Checks the tag, every manifest and every blob of what 'hangar mirror' with the same
    flags would have written.
    """
    run = Run("mirror validate", batch, CHECKING, console)
    act = partial(hangar.check_all, deep=deep)
    return _go_through(run, act, **wanted)


def _go_through(
    run: Run,
    act: Callable[..., Report],
    *,
    selection: hangar.Selection,
    registries: hangar.Registries,
    destination_registries: hangar.Registries,
    naming: dict[str, Any],
    skip_login: bool,
    create_project: bool,
    harbor_public: bool,
    **how: Any,
) -> int:
    """Do ``act`` with the routes of the run's list."""

    def log_in(lines: Sequence[Line]) -> None:
        where = {name: naming[name] for name in ("to", "project")}
        log_in_where_demanded(
            hangar.mirror_targets(
                lines, None if naming["source"] else registries, **where
            ),
            destination_registries,
            to_write=act is hangar.copy_all,
        )

    def work(lines: Sequence[Line], **more: Any) -> Report:
        routes = hangar.mirror_routes(
            lines,
            registries,
            destination_registries=destination_registries,
            **naming,
        )
        if create_project and act is hangar.copy_all:
            make_projects(routes, destination_registries, public=harbor_public, **more)
        return act(routes, selection=selection, **how, **more)

    run.announce(selection)
    with registries:
        tags = hangar.registry_tags(
            registries, registry=naming["source"], project=naming["source_project"]
        )
        expand = partial(hangar.expanded, tags_of=tags)
        prepare = None if skip_login else log_in
        return run.through(work, prepare=prepare, expand=expand)
