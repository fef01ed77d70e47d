"""Charts and files as images: a manifest with a config and a layer or two.

A chart is what ``helm push`` makes of it, a file what the Go program makes of it; both
say what their layers are called, so that ``oras pull`` writes them to files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from hangar.charts.metadata import ChartMetadata
from hangar.charts.packages import Package
from hangar.dates import rfc3339
from hangar.gojson import compact_json, indented_json
from hangar.oci import OCI_MANIFEST, Descriptor, Digest, Manifest

CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
"""Of charts; the Go program has it for files, too."""

CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
PROVENANCE_LAYER = "application/vnd.cncf.helm.chart.provenance.v1.prov"
FILE_LAYER = "application/vnd.content.hangar.file.layer.v1"

CHARTS, FILES = "docker.io/hangar-helm", "docker.io/hangar-file"
"""The projects of what has no place of its own in a registry."""

FILE_TAG = "latest"

_PREFIX = "org.opencontainers.image"


def package_name(metadata: ChartMetadata) -> str:
    """What helm calls the file of a chart's package."""
    return f"{metadata.name}-{metadata.version}.tgz"


def chart_image(
    package: Package, layers: Sequence[Descriptor], created: int
) -> tuple[Manifest, bytes]:
    """Make the manifest and config of a chart.

    Args:
        package: the chart.
        layers: its package, and its provenance if it has one.
        created: seconds since 1970; 0: not told.
    """
    metadata = package.metadata
    name = package_name(metadata)
    titles = [name, f"{name}.prov"]
    annotations = {
        "vendor": "hangar",
        "created": rfc3339(created) if created else None,
        "url": metadata.home,
        "version": metadata.version,
        "title": metadata.name,
        "description": metadata.description,
    }
    config = metadata.config
    return _manifest(config, layers, titles, annotations), config


def file_image(
    name: str, layer: Descriptor, origin: str, created: int | None
) -> tuple[Manifest, bytes]:
    """Make the manifest and config of a file.

    Args:
        name: the file's own.
        layer: the file.
        origin: where it was, as the user said it.
        created: seconds since 1970; None: not told.
    """
    annotations = {
        "vendor": "Hangar",
        "created": None if created is None else rfc3339(created),
        "title": name,
        "description": origin,
    }
    config = compact_json({"Name": name})
    return _manifest(config, [layer], [name], annotations), config


def config_of(manifest: Manifest) -> str:
    """The media type of a manifest's config, or "" if it has none."""
    return manifest.config.media_type if manifest.config else ""


def _manifest(
    config: bytes,
    layers: Sequence[Descriptor],
    titles: Sequence[str],
    annotations: Mapping[str, str | None],
) -> Manifest:
    pointer = Descriptor(CHART_CONFIG, Digest.of(config), len(config))
    titled = [
        replace(layer, annotations={f"{_PREFIX}.title": title})
        for layer, title in zip(layers, titles, strict=False)
    ]
    value = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": pointer.to_json(),
        "layers": [layer.to_json() for layer in titled],
        "annotations": {
            f"{_PREFIX}.{key}": value
            for key, value in sorted(annotations.items())
            if value is not None
        },
    }
    return Manifest.parse(indented_json(value), OCI_MANIFEST)
