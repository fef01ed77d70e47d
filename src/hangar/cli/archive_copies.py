"""``hangar archive merge`` and ``hangar archive export``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

import hangar
from hangar import Line, Unsupported, read_list
from hangar.cli import files
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.exits import Exit
from hangar.cli.files import is_same
from hangar.cli.lists import Listed, list_failed
from hangar.cli.options import ARCHIVE, AUTO_YES, IMAGE_LIST, SOURCE_REGISTRY
from hangar.cli.pflag import FileList, FileName
from hangar.cli.prompts import allow_writing
from hangar.cli.records import Level, Record


@command(
    "archive merge",
    usage="-f A.zip -f B.zip -o OUT.zip [flags]",
    examples="hangar archive merge -f january.zip -f february.zip -o all.zip",
)
@option(
    "-f",
    "--file",
    type=FileList(".zip"),
    required=True,
    help="Archives to merge; repeatable.",
)
@option(
    "-o", "--output", type=FileName(".zip"), required=True, help="Archive to write."
)
@AUTO_YES
@click.pass_context
def merge(
    ctx: click.Context, /, *, file: Sequence[str], output: str, auto_yes: bool
) -> int:
    """Make one archive of several.

    Images of the same name become one, with the platforms of both; of two images for
    the same platform, that of the later archive stays.
    """
    if len(file) < 2:
        message = "use '--file' option to specify at least 2 archive files"
        raise click.UsageError(message, ctx)
    console: Console = ctx.obj
    allow_writing(output, yes=auto_yes)
    for image in hangar.merge_archives([Path(name) for name in file], Path(output)):
        console.info(f"Copy [{image}]")
    console.info(f'Merged archive files [{",".join(file)}] to "{output}"')
    return Exit.DONE


@command(
    "archive export",
    usage="-f IMAGE_LIST.txt -s ARCHIVE.zip -d OUT.zip [flags]",
    examples="hangar archive export -f some.txt -s images.zip -d some.zip",
)
@option(
    "-f",
    "--file",
    type=IMAGE_LIST,
    required=True,
    help="List of images, or job file; '-' is standard input.",
)
@option("-s", "--source", type=FileName(".zip"), required=True, help="Archive to read.")
@option(
    "-d",
    "--destination",
    type=FileName(".zip"),
    required=True,
    help="Archive to write.",
)
@SOURCE_REGISTRY
@option(
    "--failed",
    type=FileName(".txt"),
    default="export-failed.txt",
    help="File that gets the lines that failed.",
)
@AUTO_YES
@click.pass_obj
def export(
    console: Console,
    /,
    *,
    file: str,
    source: str,
    destination: str,
    source_registry: str,
    failed: str,
    auto_yes: bool,
) -> int:
    """Copy some images of an archive into a new one.

    Images are copied with all the platforms that the archive has of them.
    """
    files.check_apart(failed, [source, destination])
    files.check_apart(destination, [file])
    allow_writing(destination, yes=auto_yes, listed=file)
    images = Listed.of(_chosen(file, source, source_registry), mirrored=False)
    for remark in images.remarks(file):
        console.log(remark)
    done = hangar.export_images(
        images.wanted, Path(source), Path(destination), source_registry=source_registry
    )
    for image in done.images:
        console.info(f"Copy [{image}]")
    missing = [line for line in images.wanted if line.text in done.failed]
    if not list_failed(failed, missing, file):
        console.info("Done")
        return Exit.DONE
    for line, error in done.failed.items():
        console.log(Record(Level.ERROR, f"Failed to export image [{line}]: {error}"))
    record = Record(Level.ERROR, "Export failed image list: ", lines=tuple(done.failed))
    console.log(record)
    console.info(f'Export failed images saved to "{failed}"')
    console.log(Record(Level.FATAL, "some images failed to export"))
    return Exit.FAILED


def _chosen(listed: str, archive: str, registry: str) -> Sequence[Line]:
    """The images that a list or a job file names in an archive.

    Raises:
        Unsupported: some platforms of an image are wanted only.
    """
    lines = read_list(listed)
    if not any(line.job for line in lines):
        return lines
    for line in lines:
        if line.platforms:
            message = f"{listed}: {line.source}: images are exported with all platforms"
            hint = "state 'platforms: all', or none"
            raise Unsupported(message, hint=hint)
    with hangar.Archive.open(Path(archive)) as opened:
        tags = hangar.archive_tags([opened], registry=registry)
        return hangar.expanded(lines, tags, destinations=False)


@command(
    "archive export file",
    usage="-f ARCHIVE.zip -n NAME [flags]",
    examples="hangar archive export file -f images.zip -n notes.txt",
)
@ARCHIVE
@option("-n", "--name", required=True, help="The file's name, in the archive and here.")
@AUTO_YES
@click.pass_context
def export_file(ctx: click.Context, /, *, file: str, name: str, auto_yes: bool) -> int:
    """Write a file that an archive holds.

    It gets its name in the current directory.
    """
    if name != Path(name).name or name in (".", ".."):
        message = f'"{name}" is not the name of a file alone'
        raise click.UsageError(message, ctx)
    if is_same(name, file):
        message = f'"{name}" is the archive itself'
        raise click.UsageError(message, ctx)
    console: Console = ctx.obj
    with hangar.Archive.open(Path(file)) as opened:
        chunks = hangar.stored_file(opened, name)
        allow_writing(name, yes=auto_yes)
        files.write_chunks(name, chunks)
    console.info(f"Load [{name}]")
    return Exit.DONE
