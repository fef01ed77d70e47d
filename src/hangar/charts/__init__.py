"""Helm charts: packages, folders, repositories; charts and files as images."""

from hangar.charts.artifacts import (
    CHART_CONFIG,
    CHART_LAYER,
    CHARTS,
    FILE_LAYER,
    FILE_TAG,
    FILES,
    PROVENANCE_LAYER,
    chart_image,
    config_of,
    file_image,
)
from hangar.charts.folders import find_in_folder, no_urls
from hangar.charts.local import file_chunks, file_size, read_small
from hangar.charts.metadata import CHART_FILE, ChartMetadata
from hangar.charts.packages import Package, read_package
from hangar.charts.packing import ChartFolder
from hangar.charts.repositories import (
    ChartVersion,
    chosen_version,
    index_url,
    is_absolute,
    is_package_url,
    listed_versions,
    provenance_url,
    same_version,
)

__all__ = [
    "CHARTS",
    "CHART_CONFIG",
    "CHART_FILE",
    "CHART_LAYER",
    "FILES",
    "FILE_LAYER",
    "FILE_TAG",
    "PROVENANCE_LAYER",
    "ChartFolder",
    "ChartMetadata",
    "ChartVersion",
    "Package",
    "chart_image",
    "chosen_version",
    "config_of",
    "file_chunks",
    "file_image",
    "file_size",
    "find_in_folder",
    "index_url",
    "is_absolute",
    "is_package_url",
    "listed_versions",
    "no_urls",
    "provenance_url",
    "read_package",
    "read_small",
    "same_version",
]
