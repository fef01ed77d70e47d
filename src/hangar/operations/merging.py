"""Several images made one: an index of all their platforms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hangar.copying import Route, entries_of, joined
from hangar.deadline import Stop
from hangar.errors import InvalidReference, Unsupported
from hangar.events import Outcome, Reporter, unheard
from hangar.oci import OCI_MANIFEST, Descriptor, Manifest
from hangar.operations.transfer import copy_all
from hangar.reference import Reference
from hangar.registry import Registries
from hangar.store import Destination, Source


@dataclass(frozen=True, slots=True)
class Part:
    """An image that goes into a merged one.

    Attributes:
        image: what it is called.
        source: what it is read from.
        media_type: of what its name stands for.
        entries: its images, as an index lists them.
    """

    image: Reference
    source: Source
    media_type: str
    entries: tuple[Descriptor, ...]


def read_part(image: Reference, registries: Registries) -> Part:
    """Read what an image contributes to a merged one.

    Raises:
        Unsupported: it is of a kind that no index can list.
        HangarError: it cannot be read.
    """
    source = registries.source(image)
    manifest = source.manifest(image.locator)
    if manifest.is_schema1:
        message = (
            f'image "docker://{image}" mime type "{manifest.media_type}" is deprecated'
            " and not supported"
        )
        hint = "mirror it first: that converts it"
        raise Unsupported(message, hint=hint)
    if manifest.is_index and manifest.layers:
        message = f'"docker://{image}" lists more than images'
        raise Unsupported(message)
    if not manifest.is_index and not manifest.is_image:
        kind = manifest.artifact_type or (
            manifest.config and manifest.config.media_type
        )
        message = f'"docker://{image}" is no image, but an artifact of type "{kind}"'
        raise Unsupported(message)
    entries = entries_of(source, manifest)
    if manifest.media_type == OCI_MANIFEST:
        entries = tuple(replace(e, annotations=manifest.annotations) for e in entries)
    return Part(image, source, manifest.media_type, entries)


def merged_index(parts: Sequence[Part]) -> Manifest:
    """Make the index that lists all images of all parts.

    Of two images for the same platform, the later one is listed, as in the Go program.
    """
    return Manifest.index(joined(entry for part in parts for entry in part.entries))


def merge_manifests(
    target: Reference,
    parts: Sequence[Part],
    registries: Registries,
    *,
    report: Reporter = unheard,
    stop: Stop | None = None,
) -> Manifest:
    """Write the index of all parts; images of other repositories are copied first.

    What the target names now is not kept.

    Raises:
        InvalidReference: the target has no tag, or also a digest.
        HangarError: an image cannot be copied; then no index was written.
    """
    if target.digest:
        message = f"an index cannot be written to a digest: {target}"
        raise InvalidReference(message, hint="name a tag")
    destination: Destination = registries.repository(target)
    index = merged_index(parts)
    listed = {entry.digest for entry in index.children}
    routes: list[Route[Destination] | Outcome] = [
        Route(str(part.image), part.source, entry.digest, destination, "", number)
        for number, part in enumerate(parts, start=1)
        for entry in part.entries
        if entry.digest in listed
    ]
    for outcome in copy_all(routes, report=report, stop=stop).failed:
        if outcome.error:
            raise outcome.error
    destination.put_manifest(index, target.tag)
    return index
