"""``hangar delete``."""

from __future__ import annotations

import click

import hangar
from hangar import Digest, HangarError, Interrupted
from hangar.cli import figures
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.options import AUTO_YES, image_argument, registry_options
from hangar.cli.pflag import BOOLEAN
from hangar.cli.prompts import confirmed

_NAMED = 10
"""Tags that are named; of more, only the number is told."""


@command(
    "delete",
    usage="IMAGE [flags]",
    examples="""
        # Delete an image, and all tags that name it:
        hangar delete registry.example.com/team/app:1.0

        # Delete a tag, and leave the image to its other tags:
        hangar delete registry.example.com/team/app:1.0 --tag-only
        """,
)
@image_argument
@registry_options
@AUTO_YES
@option(
    "--tag-only",
    type=BOOLEAN,
    help="Delete the tag alone, where the registry can do that.",
)
@click.pass_context
def delete(
    ctx: click.Context,
    *,
    image: str,
    registries: hangar.Registries,
    auto_yes: bool,
    tag_only: bool,
) -> None:
    """Delete an image from a registry.

    The image is deleted by its digest, so all tags that name it go; which those are is
    told before the question. The registry frees the space when it collects garbage.
    """
    console: Console = ctx.obj
    image = registries.expanded(image)
    image = image.removeprefix("docker://")
    reference = hangar.Reference.parse(image)
    if tag_only and reference.digest:
        message = "--tag-only is for a tag, not for a digest"
        raise click.UsageError(message, ctx)
    with registries:
        digest = registries.repository(reference).resolve(reference.locator)
        if not tag_only:
            _tell_others(console, reference, digest, registries)
        question = f'Image "docker://{image}" will be deleted! proceed?'
        if not confirmed(question, yes=auto_yes):
            message = "abort by user"
            raise HangarError(message)
        hangar.delete_image(reference, digest, registries, tag_only=tag_only)
    console.info(f'delete "docker://{image}"')


def _tell_others(
    console: Console,
    reference: hangar.Reference,
    digest: Digest,
    registries: hangar.Registries,
) -> None:
    """Say which other tags go with the image."""
    try:
        tags = hangar.find_tags(registries.repository(reference), digest)
    except Interrupted:
        raise
    except HangarError as error:
        console.warn(f"other tags may name the same image: {error}")
        return
    others = [tag for tag in tags if reference.digest or tag != reference.tag]
    if others:
        named = ", ".join(others[:_NAMED])
        more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
        count = figures.number(len(others), "other tag")
        console.warn(f"{count} of the same image will be gone, too: {named}{more}")
