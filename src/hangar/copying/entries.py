"""What an image consists of, as the entries of an index."""

from __future__ import annotations

from dataclasses import replace

from hangar.copying import schema1
from hangar.copying.streams import read_config
from hangar.oci import Descriptor, Manifest, Platform, load_object
from hangar.store import Source


def entries_of(source: Source, manifest: Manifest) -> tuple[Descriptor, ...]:
    """An index's entries; a single image as it would stand in an index.

    Only an image's entry states a platform, not that of another artifact.
    """
    if manifest.is_index:
        return manifest.children
    entry = manifest.descriptor
    if manifest.is_schema1:
        return (replace(entry, platform=schema1.platform(manifest)),)
    if manifest.config and manifest.is_image:
        config = load_object(read_config(source, manifest.config), "config")
        return (replace(entry, platform=Platform.from_json(config)),)
    return (entry,)
