"""From an image's manifests to its entry in ``index.json``, as the Go program has it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from hangar.archive.index import Attached, Entry, Image
from hangar.oci import Descriptor, Digest, Manifest, Platform

Reader = Callable[[Descriptor], Manifest]
"""Reads a manifest of the archive."""

PlatformOf = Callable[[Manifest], Platform]
"""Reads from an image's config what it runs on."""

Companions = Callable[[Digest], Iterable[Attached]]
"""Lists what the archive has that accompanies a manifest."""


def described(
    name: tuple[str, str],
    root: Descriptor,
    read: Reader,
    platform_of: PlatformOf,
    companions: Companions,
) -> Entry:
    """Make the entry of an image that is whole in the archive.

    Args:
        name: source and tag.
        root: what the tag names.
        read: reads manifests.
        platform_of: reads a config.
        companions: lists what accompanies a manifest.
    """
    leaves = list(_leaves(root, read))
    images = tuple(_image(entry, read(entry), platform_of) for entry in leaves)
    platforms = [image.platform for image in images]
    attached = _attached(root, read, companions)
    return Entry(
        source=name[0],
        tag=name[1],
        images=images,
        architectures=_distinct(platform.architecture for platform in platforms),
        systems=_distinct(platform.os for platform in platforms),
        root=replace(root, platform=None, annotations={}),
        companions=tuple(attached),
    )


def descendants(root: Descriptor, read: Reader) -> Iterator[Descriptor]:
    """Yield a manifest and all below it, each before its parent."""
    for child in read(root).children:
        yield from descendants(child, read)
    yield root


def _leaves(entry: Descriptor, read: Reader) -> Iterator[Descriptor]:
    """Yield the manifests below ``entry`` that are no indexes, in their order."""
    manifest = read(entry)
    if not manifest.is_index:
        yield entry
    for child in manifest.children:
        yield from _leaves(child, read)


def _image(entry: Descriptor, manifest: Manifest, platform_of: PlatformOf) -> Image:
    listed = entry.platform
    if manifest.is_image and (listed is None or _is_vague(listed)):
        own = platform_of(manifest)
        listed = own if listed is None else _completed(listed, own)
    return Image(
        platform=listed or Platform(),
        media_type=manifest.media_type,
        digest=manifest.digest,
        config=manifest.config.digest if manifest.config else "",
        layers=tuple(str(layer.digest) for layer in manifest.layers if not layer.urls),
        annotations=entry.annotations,
    )


def _is_vague(platform: Platform) -> bool:
    """Whether the Go program asks the config what an index does not say."""
    if platform.os == "windows":
        return not platform.os_version or not platform.os_features
    return (platform.os, platform.architecture, platform.variant) == ("linux", "arm", "")


def _completed(listed: Platform, own: Platform) -> Platform:
    return replace(
        listed,
        variant=listed.variant or own.variant,
        os_version=listed.os_version or own.os_version,
        os_features=listed.os_features or own.os_features,
    )


def _attached(
    root: Descriptor, read: Reader, companions: Companions
) -> Iterator[Attached]:
    """Yield what accompanies an image, its manifests, and each other."""
    seen: set[Digest] = set()
    waiting = [root]
    while waiting:
        for manifest in descendants(waiting.pop(0), read):
            if manifest.digest in seen:
                continue
            seen.add(manifest.digest)
            for companion in companions(manifest.digest):
                yield companion
                waiting.append(companion.manifest)


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))
