"""Choosing one image of an index, as container programs do to run it."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Sequence

from hangar.errors import InvalidManifest, NoMatchingPlatform
from hangar.oci import Descriptor, Manifest, Platform
from hangar.store import Source

_MAX_DEPTH = 8
"""Indexes within indexes that are followed."""

_ARCHITECTURES = {
    "x86_64": ("amd64", ""),
    "i386": ("386", ""),
    "i686": ("386", ""),
    "aarch64": ("arm64", "v8"),
    "armv8l": ("arm", "v8"),
    "armv7l": ("arm", "v7"),
    "armv6l": ("arm", "v6"),
    "loongarch64": ("loong64", ""),
}
"""What Go calls them; others have one name everywhere (ppc64le, riscv64, s390x)."""

_SYSTEMS = {"win32": "windows"}
_VARIANTS = {"arm": ("v8", "v7", "v6", "v5"), "arm64": ("v8",)}
"""Most capable first; each runs what is made for those behind it."""


def wanted_platform(
    *, architecture: str = "", os: str = "", variant: str = ""
) -> Platform:
    """What to choose an image for; what is "" is as on this machine."""
    machine = platform.machine().lower()
    here, own_variant = _ARCHITECTURES.get(machine, (machine, ""))
    if not variant and architecture in ("", here):
        variant = own_variant
    return Platform(
        architecture or here, os or _SYSTEMS.get(sys.platform, sys.platform), variant
    )


def chosen_image(source: Source, reference: str, wanted: Platform) -> Manifest:
    """Fetch the image that a reference names, or the one of its index that fits.

    Raises:
        NoMatchingPlatform: none of them fits.
        HangarError: it cannot be read.
    """
    manifest = source.manifest(reference)
    for _ in range(_MAX_DEPTH):
        if not manifest.is_index:
            return manifest
        manifest = source.manifest(_chosen(manifest.children, wanted).digest)
    message = f"{source.name}: nested more than {_MAX_DEPTH} deep"
    raise InvalidManifest(message)


def _chosen(entries: Sequence[Descriptor], wanted: Platform) -> Descriptor:
    """The first entry for the best variant; what states no platform comes last."""
    for variant in _acceptable(wanted):
        for entry in entries:
            stated = entry.platform
            if stated and (stated.architecture, stated.os, stated.variant) == (
                wanted.architecture,
                wanted.os,
                variant,
            ):
                return entry
    for entry in entries:
        if entry.platform is None:
            return entry
    message = (
        f'no image found in image index for architecture "{wanted.architecture}",'
        f' variant "{wanted.variant}", OS "{wanted.os}"'
    )
    there = [str(e.platform) for e in entries if e.platform and not e.attests]
    raise NoMatchingPlatform(message, hint=f"it has {', '.join(there):.200}")


def _acceptable(wanted: Platform) -> Iterator[str]:
    """Variants that run there, the best one first."""
    known = _VARIANTS.get(wanted.architecture, ())
    if not wanted.variant:
        yield ""
        yield from known
    elif wanted.variant in known:
        yield from known[known.index(wanted.variant) :]
        yield ""
    else:
        yield from (wanted.variant, "")
