"""From an image's manifests to its entry in ``index.json``, as the Go program does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from hangar.archive.contents import ArchiveRepository
from hangar.archive.entries import ArchiveEntry, Image
from hangar.errors import InvalidManifest
from hangar.oci import MAX_CONFIG, Descriptor, Digest, Manifest, Platform, load_object

_MOST_LISTED = 64 << 20
"""Bytes of manifests in one index; those of a real one have some kilobytes each."""


def described(
    repository: ArchiveRepository,
    source: str,
    tag: str,
    root: Digest,
    manifests: Iterable[Manifest],
) -> ArchiveEntry:
    """Make the entry of an image that is whole in the archive.

    Args:
        repository: what has it.
        source: what the entry calls its repository.
        tag: what the entry calls its tag.
        root: what the tag names.
        manifests: all that the image consists of, from `closure`.
    """
    known = {manifest.digest: manifest for manifest in manifests}
    top = known[root]
    images = tuple(
        _image(repository, entry, manifest)
        for entry, manifest in _leaves(known, top.descriptor)
    )
    companions = tuple(
        attached for digest in known for attached in repository.attached_to(digest)
    )
    return ArchiveEntry(
        source=source,
        tag=tag,
        images=images,
        architectures=_distinct(image.platform.architecture for image in images),
        systems=_distinct(image.platform.os for image in images),
        root=top.descriptor,
        companions=companions,
    )


def check_listed(manifest: Manifest) -> None:
    """See that what an index lists can be described, however often it does.

    Raises:
        InvalidManifest: it lists large manifests again and again.
    """
    size = sum(child.size for child in manifest.children)
    if size > _MOST_LISTED:
        message = f"{manifest.digest} lists manifests of {size} bytes"
        raise InvalidManifest(message)


def _leaves(
    known: Mapping[Digest, Manifest], entry: Descriptor
) -> Iterator[tuple[Descriptor, Manifest]]:
    """Yield the manifests below ``entry`` that are no indexes, in their order.

    Each index is followed once: through indexes that list each other twice, there are
    more ways than can be gone.
    """
    seen: set[Digest] = set()

    def below(entry: Descriptor) -> Iterator[tuple[Descriptor, Manifest]]:
        manifest = known[entry.digest]
        if not manifest.is_index:
            yield entry, manifest
        elif manifest.digest not in seen:
            check_listed(manifest)
            seen.add(manifest.digest)
            for child in manifest.children:
                yield from below(child)

    yield from below(entry)


def _image(
    repository: ArchiveRepository, entry: Descriptor, manifest: Manifest
) -> Image:
    listed = entry.platform
    if manifest.is_image and (listed is None or _is_vague(listed)):
        own = _platform(repository, manifest)
        listed = own if listed is None else _completed(listed, own)
    return Image(
        platform=listed or Platform(),
        media_type=manifest.media_type,
        digest=manifest.digest,
        config=manifest.config.digest if manifest.config else "",
        layers=tuple(str(layer.digest) for layer in manifest.layers if not layer.urls),
        annotations=entry.annotations or _own_annotations(manifest),
    )


def _own_annotations(manifest: Manifest) -> Mapping[str, str]:
    """What is listed of charts, files and other artifacts, which no index describes."""
    return {} if manifest.is_image else manifest.annotations


def _platform(repository: ArchiveRepository, manifest: Manifest) -> Platform:
    """Read from an image's config what it runs on; some do not tell."""
    config = manifest.config
    if config is None or config.size > MAX_CONFIG:
        return Platform()
    data = b"".join(repository.blob(config))
    try:
        return Platform.from_json(load_object(data, "config"))
    except InvalidManifest:
        return Platform()


def _is_vague(platform: Platform) -> bool:
    """Whether the Go program asks the config what an index does not say."""
    if platform.os == "windows":
        return not platform.os_version or not platform.os_features
    own = (platform.os, platform.architecture, platform.variant)
    return own == ("linux", "arm", "")


def _completed(listed: Platform, own: Platform) -> Platform:
    return replace(
        listed,
        variant=listed.variant or own.variant,
        os_version=listed.os_version or own.os_version,
        os_features=listed.os_features or own.os_features,
    )


def _distinct(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, values)))
