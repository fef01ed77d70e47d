"""``hangar save`` and ``hangar sync``, each with ``validate``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import click

import hangar
from hangar import Line, Report, Status
from hangar.cli.batch import Run
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.files import is_same
from hangar.cli.limits import SIZE
from hangar.cli.options import (
    AUTO_YES,
    Batch,
    Function,
    batch_options,
    registry_options,
    selection_options,
)
from hangar.cli.pflag import BOOLEAN, FileList, FileName
from hangar.cli.prompts import allow_replacing
from hangar.cli.words import Words

SAVING = Words(
    started="Saving [{source}]",
    copied="Saved [{source}]",
    up_to_date="Up to date [{source}]",
    skipped="Skip save image [{source}]",
    failed="error occurred on [{source}]",
    failed_list="Save failed image list: ",
    failure="some images failed to copy",
    counts={
        Status.COPIED: "saved",
        Status.UP_TO_DATE: "up to date",
        Status.SKIPPED: "skipped",
        Status.FAILED: "failed",
    },
)
SYNCING = replace(
    SAVING,
    started="Syncing [{source}]",
    copied="Synced [{source}]",
    skipped="Skip copy image [{source}]",
    failed_list="Sync failed image list: ",
)
FORETELLING = replace(
    SAVING,
    started="",
    copied="",
    up_to_date="",
    counts={**SAVING.counts, Status.COPIED: "to save"},
)
CHECKING = replace(
    SAVING,
    started="",
    up_to_date="PASS: [{source}]",
    failed="FAILED: [{source}]",
    failed_list="Validate failed image list: ",
    failure="some images failed to validate",
    counts={
        Status.UP_TO_DATE: "passed",
        Status.SKIPPED: "skipped",
        Status.FAILED: "failed",
    },
)
SINCE = option(
    "--since",
    type=FileList(".zip"),
    metavar="ARCHIVE,...",
    help="Archives whose layers are left out.",
)
SPLIT = option(
    "--split",
    type=SIZE,
    default="0",
    help="Write archives of at most this size, such as 4GB, that are called NAME-1.zip,"
    " NAME-2.zip, ...; 0 is one archive.",
)
DRY_RUN = option("--dry-run", type=BOOLEAN, help="Write nothing; print what would be.")
DEEP = option("--deep", type=BOOLEAN, help="Read every byte back and hash it.")
SOURCE = option(
    "-s", "--source", metavar="REGISTRY", help="Replaces the registry of every source."
)
SAVED = option(
    "-d",
    "--destination",
    type=FileName(".zip"),
    default="saved-images.zip",
    help="Archive to write; oci:DIR is an OCI layout.",
)
SYNCED = option(
    "-d",
    "--destination",
    type=FileName(".zip"),
    required=True,
    help="Archive to add to; oci:DIR is an OCI layout.",
)


def _options(failed: str, destination: Function) -> Function:
    """Options that a command and its ``validate`` share."""

    def decorate(function: Function) -> Function:
        for add in (
            SOURCE,
            destination,
            registry_options,
            selection_options,
            batch_options(failed),
        ):
            function = add(function)
        return function

    return decorate


@command(
    "save",
    usage="-f IMAGE_LIST.txt -d ARCHIVE.zip [flags]",
    examples="""
        # Save a list of images into an archive:
        hangar save -f images.txt -d images.zip

        # Save what is new since an earlier archive:
        hangar save -f images.txt -d more.zip --since images.zip

        # Save into archives that fit on DVDs:
        hangar save -f images.txt -d images.zip --split 4.7GB
        """,
)
@_options("save-failed.txt", SAVED)
@SINCE
@SPLIT
@DRY_RUN
@AUTO_YES
@click.pass_obj
def save(
    console: Console,
    /,
    *,
    batch: Batch,
    destination: str,
    since: Sequence[str],
    split: int,
    dry_run: bool,
    auto_yes: bool,
    **wanted: Any,
) -> int:
    """Save images into a new archive.

    A save that was interrupted goes on where it ended when the same command is run
    again. The archive has its name only when it is whole.
    """
    if (since or split) and destination.startswith("oci:"):
        message = "--since and --split are for archives, an OCI layout is whole"
        raise click.UsageError(message)
    if is_same(batch.file, destination):
        message = f'"{destination}" is the image list'
        raise click.UsageError(message)
    bases = [Path(name) for name in since]
    wanted |= {"since": bases, "split": split}
    words = FORETELLING if dry_run else SAVING
    run = Run("save", batch, words, console, dry=dry_run, mirrored=False)
    if dry_run:
        return _go_through(run, hangar.plan_saving, destination, **wanted)

    def ask(lines: Sequence[Line]) -> None:
        there = hangar.replaced_by_saving(destination, split=split)
        where = {name: wanted[name] for name in ("source", "registries")}
        where["split"] = split
        if there and not hangar.is_unfinished(lines, destination, **where):
            allow_replacing(there, yes=auto_yes, listed=batch.file)

    return _go_through(run, hangar.save, destination, ask, **wanted)


@command(
    "save validate",
    usage="-f IMAGE_LIST.txt -d ARCHIVE.zip [flags]",
    examples="hangar save validate -f images.txt -d images.zip --deep",
    shares_variables=True,
)
@_options("save-failed.txt", SAVED)
@SINCE
@SPLIT
@DEEP
@AUTO_YES
@click.pass_obj
def validate_save(
    console: Console,
    /,
    *,
    batch: Batch,
    destination: str,
    since: Sequence[str],
    split: int,
    deep: bool,
    auto_yes: bool,
    **wanted: Any,
) -> int:
    """Check that an archive has what was saved.

    That is what 'hangar save' with the same flags writes: every manifest and every
    blob is looked for. The sources are read again.
    """
    del auto_yes  # nothing is overwritten
    run = Run("save validate", batch, CHECKING, console, mirrored=False)
    wanted |= {"since": [Path(name) for name in since], "split": split}
    return _go_through(run, hangar.check_saved, destination, deep=deep, **wanted)


@command(
    "sync",
    usage="-f IMAGE_LIST.txt -d ARCHIVE.zip [flags]",
    examples="hangar sync -f more-images.txt -d images.zip",
)
@_options("sync-failed.txt", SYNCED)
@DRY_RUN
@click.pass_obj
def sync(
    console: Console,
    /,
    *,
    batch: Batch,
    destination: str,
    dry_run: bool,
    **wanted: Any,
) -> int:
    """Add images to an archive.

    Until all is written, the archive is what it was; a sync that was interrupted goes
    on when the same command is run again. Images that it has already are replaced,
    but for platforms that only the archive has.
    """
    words = replace(FORETELLING, skipped=SYNCING.skipped) if dry_run else SYNCING
    run = Run("sync", batch, words, console, dry=dry_run, mirrored=False)
    if dry_run:
        wanted["added"] = True
        return _go_through(run, hangar.plan_saving, destination, **wanted)
    return _go_through(run, hangar.sync, destination, **wanted)


@command(
    "sync validate",
    usage="-f IMAGE_LIST.txt -d ARCHIVE.zip [flags]",
    examples="hangar sync validate -f more-images.txt -d images.zip",
    shares_variables=True,
)
@_options("sync-failed.txt", SYNCED)
@DEEP
@click.pass_obj
def validate_sync(
    console: Console,
    /,
    *,
    batch: Batch,
    destination: str,
    deep: bool,
    **wanted: Any,
) -> int:
    """Check that an archive has what was added.

    That is what 'hangar sync' with the same flags writes: every manifest and every
    blob is looked for. The sources are read again.
    """
    run = Run("sync validate", batch, CHECKING, console, mirrored=False)
    return _go_through(
        run, hangar.check_saved, destination, added=True, deep=deep, **wanted
    )


def _go_through(
    run: Run,
    act: Function,
    archive: str,
    prepare: Callable[[Sequence[Line]], None] | None = None,
    *,
    selection: hangar.Selection,
    registries: hangar.Registries,
    source: str,
    **how: Any,
) -> int:
    """Do ``act`` with the images of the run's list."""

    def work(lines: Sequence[Line], **more: Any) -> Report:
        report: Report = act(
            lines,
            registries,
            archive,
            selection=selection,
            source=source,
            **how,
            **more,
        )
        return report

    run.announce(selection)
    with registries:
        tags = hangar.registry_tags(registries, registry=source)
        expand = partial(hangar.expanded, tags_of=tags, destinations=False)
        beside = [archive, *map(str, how.get("since", ()))]
        return run.through(work, prepare=prepare, expand=expand, beside=beside)
