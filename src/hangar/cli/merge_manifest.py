"""``hangar merge-manifest``."""

from __future__ import annotations

import click

import hangar
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.interrupts import stopping
from hangar.cli.options import registry_options
from hangar.cli.output import show_bytes
from hangar.cli.pflag import BOOLEAN


@command(
    "merge-manifest",
    usage="DESTINATION IMAGE IMAGE... [flags]",
    examples="""
        # Make one image of two, each for one architecture:
        hangar merge-manifest registry.example.com/team/app:1.0 \\
            registry.example.com/team/app:1.0-amd64 \\
            registry.example.com/team/app:1.0-arm64
        """,
)
@click.argument("images", nargs=-1)
@registry_options
@option("--dry-run", type=BOOLEAN, help="Print the index, and write nothing.")
@click.pass_context
def merge_manifest(
    ctx: click.Context,
    *,
    images: tuple[str, ...],
    registries: hangar.Registries,
    dry_run: bool,
) -> None:
    """Make one multi-platform image of several images.

    Writes an index that lists the platforms of all images; what is not in the
    destination's repository is copied there first. Of two images for the same platform
    the later one counts. What the destination names now is not kept.
    """
    console: Console = ctx.obj
    if len(images) < 3:
        message = "merge-manifest command requires at least 3 arguments"
        raise click.UsageError(message, ctx)
    target, *sources = (registries.configuration.reference(image) for image in images)
    with stopping(console) as stop, registries:
        parts = []
        for source in sources:
            part = hangar.read_part(source, registries)
            console.info(f'Image "docker://{source}" is "{part.media_type}"')
            parts.append(part)
        index = hangar.merged_index(parts)
        listed = {entry.digest for entry in index.children}
        for part in parts:
            for entry in part.entries:
                if entry.digest not in listed:
                    gone = f'{entry.platform} of "docker://{part.image}"'
                    console.warn(f"{gone} gives way to a later image")
        if dry_run:
            show_bytes(index.raw + b"\n")
            return
        count = len(index.children)
        console.info(
            f"Pushing image manifest index docker://{target} with {count} contents"
        )
        hangar.merge_manifests(target, parts, registries, stop=stop)
