"""``hangar list-tags``."""

from __future__ import annotations

import json

import click

import hangar
from hangar.cli.command import command, option
from hangar.cli.options import image_argument, registry_options
from hangar.cli.output import show


@command(
    "list-tags",
    usage="IMAGE [flags]",
    examples="""
        # All tags:
        hangar list-tags nginx

        # The three newest releases of 1.x, one a line:
        hangar list-tags nginx --semver 1.x --newest 3 --format text
        """,
)
@image_argument
@registry_options
@option("--filter", metavar="REGEX", help="Only tags in which this is found.")
@option(
    "--semver",
    metavar="RANGE",
    help="Only versions in this range, such as '^1.4' or '>=1.2, <2'.",
)
@option(
    "--newest",
    type=click.INT,
    default="0",
    help="Only so many of the highest versions, the highest first; 0 is all.",
)
@option(
    "--format",
    type=click.Choice(("json", "text")),
    default="json",
    help="How to print them: json, or text with one a line.",
)
def list_tags(
    *,
    image: str,
    registries: hangar.Registries,
    filter: str,  # noqa: A002 - the option's name
    semver: str,
    newest: int,
    format: str,  # noqa: A002 - the option's name
) -> None:
    """List the tags of an image.

    A tag or digest in its name makes no difference.
    """
    wanted = hangar.TagFilter.parse(filter, semver, newest)
    reference = registries.configuration.reference(image)
    with registries:
        tags = hangar.list_tags(reference, registries, wanted=wanted)
    if format == "json":
        show(json.dumps(tags, indent=2))
    elif tags:
        show("\n".join(tags))
