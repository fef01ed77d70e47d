"""``hangar archive`` and what is below it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

import hangar
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.exits import Exit
from hangar.cli.listing import findings_json, index_json, repaired_json, rows
from hangar.cli.options import ARCHIVE, SOURCE_REGISTRY, archive_argument
from hangar.cli.output import show
from hangar.cli.pflag import BOOLEAN, FileName
from hangar.cli.records import Level, Record


@command("archive", usage="[flags]")
@click.pass_context
def group(ctx: click.Context, /) -> int:
    """Look at archives, make them, put them together, take them apart."""
    show(ctx.get_help())
    return Exit.DONE


@command(
    "archive init",
    usage="ARCHIVE.zip [ARCHIVE.zip ...]",
    examples="hangar archive init images.zip",
)
@click.argument(
    "names", nargs=-1, required=True, type=FileName(".zip"), metavar="ARCHIVE.zip"
)
@click.pass_obj
def init(console: Console, /, *, names: Sequence[str]) -> int:
    """Make empty archives.

    'hangar sync' adds to them.
    """
    for name in names:
        hangar.create_archive(Path(name))
        console.info(f"Create [{name}]")
    return Exit.DONE


@command(
    "archive ls",
    usage="[-f] ARCHIVE.zip [flags]",
    examples="""
        hangar archive ls images.zip

        # An image list of what is in it:
        hangar archive ls images.zip --image-only
        """,
)
@archive_argument
@option("--json", type=BOOLEAN, help="Print the archive's index, in JSON.")
@option("--image-only", type=BOOLEAN, help="Print names of images, one a line.")
@click.pass_obj
def ls(console: Console, /, *, archive: str, json: bool, image_only: bool) -> int:
    """List an archive's images."""
    with hangar.Archive.open(Path(archive)) as opened:
        index = opened.index
        if json:
            for piece in index_json(index):
                show(piece, end="")
            show("")
            return Exit.DONE
        if image_only:
            _show_all(console, [entry.name for entry in index.entries])
            return Exit.DONE
        if console.settings.times:
            console.info(f"Created time: {index.time[:10]}")
        console.info(f"Index version: {index.version}")
        console.info("Images:")
        _show_all(console, list(rows(opened)))
        for line in index.missing:
            console.warn(f"Missing, for it could not be saved: {line}")
    return Exit.DONE


@command(
    "archive rm",
    usage="-f ARCHIVE.zip IMAGE [IMAGE ...] [flags]",
    examples="""
        hangar archive rm -f images.zip docker.io/library/nginx:1.25

        # Give the space back, too:
        hangar archive rm -f images.zip nginx:1.25 --compact

        # Give back what earlier changes have left:
        hangar archive rm -f images.zip --compact
        """,
)
@ARCHIVE
@click.argument("images", nargs=-1, metavar="IMAGE")
@SOURCE_REGISTRY
@option("--compact", type=BOOLEAN, help="Write the archive anew, to give space back.")
@click.pass_obj
def rm(
    console: Console,
    /,
    *,
    file: str,
    images: Sequence[str],
    source_registry: str,
    compact: bool,
) -> int:
    """Drop images from an archive.

    If one of them is not there, nothing is dropped. With --compact none need be named.
    """
    if not (images or compact):
        message = "image not provided"
        raise click.UsageError(message, click.get_current_context())
    for image in images:  # what is no name would be a line to ignore, in a list
        hangar.Reference.parse(image.removeprefix("docker://"))
    names = hangar.remove_images(
        images, Path(file), source_registry=source_registry, compact=compact
    )
    for name in names:
        console.info(f"Removed [{name}]")
    return Exit.DONE


@command(
    "archive verify",
    usage="[-f] ARCHIVE.zip [flags]",
    examples="hangar archive verify images.zip",
)
@archive_argument
@option("--json", type=BOOLEAN, help="Print what was found, in JSON.")
@click.pass_obj
def verify(console: Console, /, *, archive: str, json: bool) -> int:
    """Hash all that an archive holds.

    It is also looked for all that the images need.

    Exit status: 0 if all is there and nothing else, 1 if not, 2 if it is no archive.
    """
    findings = hangar.verify_archive(Path(archive))
    if json:
        show(findings_json(findings))
    else:
        for member, needing in findings.missing.items():
            console.result(f"missing {member}: needed by {', '.join(needing)}")
        for member in findings.damaged:
            console.result(f"damaged {member}")
        for member in findings.unreferenced:
            console.result(f"unreferenced {member}")
        for digest, base in findings.left_out.items():
            console.info(f"left to {base}: {digest}")
    if findings.ok:
        console.info(f"Verified {findings.members} members: all are whole")
        return Exit.DONE
    hint = f"drop what is not whole: hangar archive repair {archive}"
    console.log(Record(Level.FATAL, f"{archive} is not whole", hint=hint))
    return Exit.FAILED


@command(
    "archive repair",
    usage="[-f] ARCHIVE.zip [flags]",
    examples="hangar archive repair images.zip",
)
@archive_argument
@option("--json", type=BOOLEAN, help="Print what was done and what is lost, in JSON.")
@click.pass_obj
def repair(console: Console, /, *, archive: str, json: bool) -> int:
    """Make an archive whole again.

    An interrupted or damaged archive is brought back to its last whole state; what is
    lost is said. Exit status: 0 if nothing is, 1 if images are lost.
    """
    done = hangar.repair_archive(Path(archive))
    if done.found is not hangar.Unfinished.NOTHING:
        console.info(f"A run was interrupted: {done.found.value}")
    if done.rebuilt:
        console.info("The directory was lost, and was made anew")
    if json:
        show(repaired_json(done))
    else:
        for image in done.lost:
            console.result(f"lost {image}")
    console.info(f"{len(done.kept)} images are whole, {len(done.lost)} are lost")
    return Exit.FAILED if done.lost else Exit.DONE


def _show_all(console: Console, lines: Sequence[str]) -> None:
    """Print many lines at once; nothing at all if there are none."""
    if lines:
        console.result(*lines)
