"""Folders in which charts are: unpacked ones, packages, a repository's own folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from hangar.charts.local import file_chunks, read_small
from hangar.charts.metadata import CHART_FILE, MAX_CHART_FILE, ChartMetadata
from hangar.charts.repositories import (
    INDEX_FILE,
    ChartVersion,
    chosen_version,
    is_absolute,
    listed_versions,
)
from hangar.errors import HangarError, InvalidInput, NotFound


def find_in_folder(
    folder: Path, name: str, version: str
) -> tuple[ChartVersion, Path | None]:
    """Find a chart below a folder, and where its package or folder is.

    The nearest ``index.yaml`` says what there is; without one, unpacked charts are
    looked for. The path is None if the index has but a URL for it.

    Raises:
        NotFound: it is not there.
        InvalidInput: the index cannot be used.
    """
    index, charts = _survey(folder)
    if index is None:
        if not charts:
            message = f"{folder} is no chart, and no repository of charts"
            hint = f"a chart has {CHART_FILE} in it, a repository {INDEX_FILE}"
            raise InvalidInput(message, hint=hint)
        found = dict(_unpacked(charts, name))
        chosen = chosen_version(list(found), name, version)
        return chosen, found[chosen]
    offered = listed_versions(file_chunks(index), name, str(index))
    chosen = chosen_version(offered, name, version)
    return chosen, _place(index.parent, chosen)


def _survey(folder: Path) -> tuple[Path | None, list[Path]]:
    """Find the nearest index, and the unpacked charts; links are not followed."""
    indexes, charts = [], []
    for here, names, files in os.walk(folder):
        names.sort()
        if INDEX_FILE in files:
            indexes.append(Path(here, INDEX_FILE))
        if CHART_FILE in files:
            charts.append(Path(here))
            names.clear()  # what is below belongs to it
    nearest = min(indexes, key=lambda path: (len(path.parts), path), default=None)
    return nearest, charts


def _unpacked(charts: list[Path], name: str) -> Iterator[tuple[ChartVersion, Path]]:
    for path in charts:
        try:
            data = read_small(path / CHART_FILE, MAX_CHART_FILE)
            metadata = ChartMetadata.parse(data, str(path / CHART_FILE))
        except HangarError:  # somebody else's chart may be anything
            continue
        if metadata.name == name:
            yield ChartVersion(name, metadata.version), path


def _place(folder: Path, chosen: ChartVersion) -> Path | None:
    """Where what an index lists is in the index's folder; None: it is elsewhere."""
    if not chosen.urls:
        raise no_urls(chosen)
    url = chosen.urls[0]
    if is_absolute(url):  # the index is that of a server; its packages may be here
        path = folder / url.partition("?")[0].rpartition("/")[2]
        return path if path.is_file() else None
    path = folder / url
    root = os.path.realpath(folder)
    if not Path(os.path.realpath(path)).is_relative_to(root):
        message = f"{INDEX_FILE} lists {url!r:.200}, which leads out of {folder}"
        raise InvalidInput(message)
    if not path.exists():
        message = f"{INDEX_FILE} lists {url!r:.200}, which is not in {folder}"
        raise NotFound(message)
    return path


def no_urls(chosen: ChartVersion) -> InvalidInput:
    """Make the error of an entry that says nothing of where its package is."""
    message = f'chart "{chosen.name}" version "{chosen.version}" has no URLs'
    return InvalidInput(message)
