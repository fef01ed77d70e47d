"""``hangar inspect``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

import hangar
from hangar import Platform, indented_json
from hangar.cli import figures
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.options import bundle, image_argument, registry_options
from hangar.cli.output import show_bytes
from hangar.cli.pflag import BOOLEAN


def _platform(override_arch: str, override_os: str, override_variant: str) -> Platform:
    return hangar.wanted_platform(
        architecture=override_arch, os=override_os, variant=override_variant
    )


_platform_options = bundle(
    "platform",
    _platform,
    option(
        "--override-arch",
        metavar="ARCH",
        help="Architecture to choose an image for; by default, this machine's.",
    ),
    option(
        "--override-os",
        metavar="OS",
        help="Operating system to choose an image for; by default, this machine's.",
    ),
    option(
        "--override-variant",
        metavar="VARIANT",
        help="Variant of the architecture to choose an image for.",
    ),
)


@command(
    "inspect",
    usage="IMAGE [flags]",
    examples="""
        # What an image is, on this machine's platform:
        hangar inspect nginx:1.27

        # All its platforms, as a table:
        hangar inspect nginx:1.27 --format table

        # Its manifest, byte for byte:
        hangar inspect nginx:1.27 --raw

        # An image in a file:
        hangar inspect docker-archive:app.tar:team/app:1.0
        """,
)
@image_argument
@_platform_options
@registry_options
@option("--raw", type=BOOLEAN, help="Print the manifest, byte for byte.")
@option("--config", type=BOOLEAN, help="Print the image's config, byte for byte.")
@option(
    "--format",
    type=click.Choice(("json", "table")),
    default="json",
    help="How to print what the image is: json, or a table of its platforms.",
)
@click.pass_obj
def inspect(
    console: Console,
    /,
    *,
    image: str,
    platform: Platform,
    registries: hangar.Registries,
    raw: bool,
    config: bool,
    format: str,  # noqa: A002 - the option's name
) -> None:
    """Show what an image is.

    The image is one in a registry (NAME or docker://NAME), in an OCI layout
    (oci:DIR[:NAME]), in a directory that skopeo wrote (dir:DIR), in a file that
    'docker save' wrote (docker-archive:FILE[:NAME]), or in docker or podman's service
    (docker-daemon:NAME or docker-daemon:ID), which DOCKER_HOST names.
    """
    if format == "table" and (raw or config):
        bytes_of = "config" if config else "raw"
        message = f"--{bytes_of} and --format table exclude each other"
        raise click.UsageError(message)
    with registries:
        found = hangar.open_image(image, registries)
        if config:
            show_bytes(found.config(platform))
        elif raw:
            show_bytes(found.manifest().raw)
        elif format == "table":
            for row in _table(found):
                console.result(row)
        else:
            summary = hangar.summarize(found, platform)
            show_bytes(indented_json(_as_json(summary)) + b"\n")


def _as_json(summary: hangar.Summary) -> dict[str, Any]:
    """The keys that skopeo and the Go program print, in their order."""
    labels = summary.labels
    return {
        "Tag": summary.tag,
        "Created": summary.created,
        "DockerVersion": summary.docker_version,
        "Labels": labels if labels is None else dict(sorted(labels.items())),
        "Architecture": summary.platform.architecture,
        "Variant": summary.platform.variant,
        "Os": summary.platform.os,
        "Layers": [layer.digest for layer in summary.layers],
        "LayersData": [
            {
                "MIMEType": layer.media_type,
                "Digest": layer.digest,
                "Size": layer.size,
                "Annotations": dict(sorted(layer.annotations.items())) or None,
            }
            for layer in summary.layers
        ],
        "Env": summary.env,
        "Author": summary.author,
    }


def _table(image: hangar.Image) -> Iterator[str]:
    """The image's name, and a line for each of its platforms."""
    manifest = image.manifest()
    yield f"Image:   {image.name}"
    yield f"Digest:  {manifest.digest}"
    yield f"Type:    {manifest.media_type}"
    yield ""
    rows = [("PLATFORM", "SIZE", "DIGEST")]
    for entry, size in hangar.platform_sizes(image, manifest):
        platform = "attestation" if entry.attests else str(entry.platform or "-")
        shown = "missing" if size is None else figures.size(size)
        rows.append((platform, shown, entry.digest))
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    for row in rows:
        yield f"{row[0]:<{first}}  {row[1]:>{second}}  {row[2]}"
