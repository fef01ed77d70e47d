"""What one does with archives by themselves, without any registry."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from hangar.archive import (
    Archive,
    ArchiveEntry,
    ArchiveFindings,
    Draft,
    Unfinished,
    examined,
    salvaged,
    settled,
    unusable,
)
from hangar.batch import Pools
from hangar.charts import FILE_LAYER, FILE_TAG, FILES
from hangar.copying.streams import verified
from hangar.disk import storage
from hangar.errors import (
    HangarError,
    InvalidArchive,
    InvalidInput,
    NotFound,
    StorageError,
    Unsupported,
)
from hangar.imagelist import Line
from hangar.oci import Manifest
from hangar.operations.loading import by_name, find_entries
from hangar.operations.routes import lines_of


def create_archive(path: Path) -> None:
    """Make an archive that holds nothing.

    Raises:
        StorageError: there is such a file, or it cannot be written.
    """
    _check_free(path)
    with _new_archive(path) as draft:
        _check_free(path)  # somebody may have written one before we had the lock
        draft.finish()


def _check_free(path: Path) -> None:
    if path.exists():
        message = f'file "{path}" already exists'
        raise StorageError(message, hint="choose another name")


def merge_archives(sources: Sequence[Path], output: Path) -> tuple[str, ...]:
    """Make one archive of several; images of the same name become one.

    Of two images for the same platform, the later one stays. Returns their names.

    Raises:
        InvalidArchive: one of them is no archive, or a damaged one.
        InvalidInput: the output is one of them.
        StorageError: it cannot be written.
    """
    _check_apart(output, sources)
    for source in sources:  # before anything is copied, and one at a time: memory
        Archive.open(source).close()
    with _new_archive(output) as draft:
        images: list[tuple[str, str]] = []
        for source in sources:
            images += _carried_over(source, draft)
        return draft.finish(images)


@contextlib.contextmanager
def _new_archive(path: Path) -> Iterator[Draft]:
    """Write an archive anew; nothing is left of one that is not finished.

    It cannot be gone on with, for nothing had to be fetched.
    """
    with Draft.create(path) as draft:
        try:
            yield draft
        except BaseException:
            draft.undo()
            raise


def _carried_over(source: Path, draft: Draft) -> list[tuple[str, str]]:
    with Archive.open(source) as archive:
        return _carry_over(archive, archive.entries, draft)


@dataclass(frozen=True, slots=True)
class Exported:
    """What came of an export.

    Attributes:
        images: names of what the new archive holds.
        failed: lines of the list that are not in the old one, with the reason.
    """

    images: tuple[str, ...]
    failed: dict[str, HangarError]


def export_images(
    lines: Iterable[str | Line],
    source: Path,
    output: Path,
    *,
    source_registry: str = "",
) -> Exported:
    """Copy the images of a list from an archive into a new one.

    Args:
        lines: of an image list.
        source: the archive to read.
        output: the archive to write; what has that name now is replaced when it is
            whole, and stays if all lines fail.
        source_registry: replaces the registry of every line, to look it up.

    Raises:
        InvalidArchive: the source is no archive, or a damaged one.
        InvalidInput: the output is the source.
        StorageError: it cannot be written.
    """
    _check_apart(output, [source])
    failed: dict[str, HangarError] = {}
    with Archive.open(source) as archive:
        entries = _chosen(archive, lines, source_registry, failed)
        if failed and not entries and output.exists():
            return Exported((), failed)
        with _new_archive(output) as draft:
            images = draft.finish(_carry_over(archive, entries, draft))
        return Exported(images, failed)


def remove_images(
    lines: Iterable[str | Line],
    path: Path,
    *,
    source_registry: str = "",
    compact: bool = False,
) -> list[str]:
    """Drop the images of a list from an archive; return their names.

    Args:
        lines: of an image list.
        path: the archive.
        source_registry: replaces the registry of every line.
        compact: whether to write the archive anew, without what no image needs.

    Raises:
        NotFound: a line names nothing that is there; nothing was dropped.
        InvalidArchive: it is no archive, or a damaged one.
        StorageError: it cannot be written.
    """
    names = _removable(lines, path, source_registry)
    if compact:
        # Once it is locked, nobody adds what would not be carried over.
        with _new_archive(path) as draft, Archive.open(path) as archive:
            rest = (entry for entry in archive.entries if entry.name not in names)
            images = _carry_over(archive, rest, draft)
            draft.finish(images, missing=archive.index.missing)
    else:
        with Draft.append(path) as draft:
            draft.finish(without=names, missing=draft.index.missing)
    return list(names)


def _removable(
    lines: Iterable[str | Line], path: Path, registry: str
) -> dict[str, None]:
    """Names of the images that a list names; all of them have to be there."""
    failed: dict[str, HangarError] = {}
    with Archive.open(path) as archive:
        chosen = _chosen(archive, lines, registry, failed)
    for error in failed.values():
        raise error
    return dict.fromkeys(entry.name for entry in chosen)


def stored_file(archive: Archive, name: str) -> Iterator[bytes]:
    """Open a file that an archive holds; its bytes are verified as they come.

    Raises:
        NotFound: it holds no file of that name.
        Unsupported: what it holds is no file.
    """
    repository = archive.repository(f"{FILES}/{name}")
    try:
        manifest: Manifest = repository.manifest(FILE_TAG)
    except NotFound as error:
        message = f'failed to find custom file "{name}" from archive {archive.path}'
        hint = f"see what it has: hangar archive ls {archive.path}"
        raise NotFound(message, hint=hint) from error
    if [layer.media_type for layer in manifest.layers] != [FILE_LAYER]:
        kinds = ", ".join(layer.media_type for layer in manifest.layers)
        message = f'unexpected image layer mediaType: "{kinds}"'
        raise Unsupported(message, hint="a chart is fetched with 'helm pull'")
    layer = manifest.layers[0]
    return verified(repository.blob(layer), layer)


def verify_archive(path: Path, *, jobs: int = 2) -> ArchiveFindings:
    """Hash every blob of an archive, and look for all that its images need.

    Args:
        path: the archive.
        jobs: threads that hash.

    Raises:
        InvalidArchive: it is no archive, or its directory or index is damaged.
        StorageError: it cannot be read.
    """
    with Archive.open(path) as archive, Pools(jobs) as pools:
        return examined(archive, pools.images)


@dataclass(frozen=True, slots=True)
class Repaired:
    """What was done to an archive, and what could not be saved.

    Attributes:
        found: what an interrupted run had left.
        rebuilt: whether the directory was lost and made anew.
        kept: names of the images that are whole.
        lost: names of the images that are not.
    """

    found: Unfinished
    rebuilt: bool
    kept: tuple[str, ...]
    lost: tuple[str, ...]


def repair_archive(path: Path) -> Repaired:
    """Bring an interrupted or damaged archive back to its last whole state.

    Raises:
        InvalidArchive: nothing in it tells what it held.
        StorageError: somebody is writing it, or it cannot be written.
    """
    found = settled(path)
    if found is Unfinished.NEW and not path.exists():
        with Draft.create(path, resume=True) as draft:
            kept = draft.finish(draft.images, missing=draft.index.missing)
        return Repaired(found, rebuilt=False, kept=kept, lost=())
    with storage(path):
        before = path.stat()
    try:
        archive = Archive.open(path)
    except InvalidArchive:
        archive, rebuilt = _without_directory(path), True
    else:
        rebuilt = False
    with archive:
        with Pools(2) as pools:
            findings = examined(archive, pools.images)
        lost = unusable(archive, findings)
        whole = [entry for entry in archive.entries if entry.name not in lost]
        if rebuilt or not findings.ok:
            with _new_archive(path) as draft:
                _check_unchanged(path, before)
                images = _carry_over(archive, whole, draft)
                draft.finish(images, missing=archive.index.missing)
    kept = tuple(entry.name for entry in whole)
    return Repaired(found, rebuilt=rebuilt, kept=kept, lost=lost)


def _check_unchanged(path: Path, before: os.stat_result) -> None:
    """See that nobody wrote what we read before we had the lock."""
    now = path.stat()
    if os.path.samestat(now, before) and now.st_size == before.st_size:
        return
    message = f"{path} was written by another process meanwhile"
    raise StorageError(message, hint="run the same command again")


def _without_directory(path: Path) -> Archive:
    """Open what is found in an archive that has lost its directory."""
    container = salvaged(path)
    try:
        return Archive(container)
    except InvalidArchive as error:
        container.close()
        message = f"{path} cannot be repaired: nothing in it names its images"
        hint = "names stand at an archive's end: copy the file again, or save anew"
        raise InvalidArchive(message, hint=hint) from error


def _carry_over(
    archive: Archive, entries: Iterable[ArchiveEntry], draft: Draft
) -> list[tuple[str, str]]:
    """Copy images into another archive; return their repositories and references."""
    carried = []
    for entry in entries:
        draft.adopt(archive, entry)
        carried.append((entry.repository, entry.reference))
    return carried


def _chosen(
    archive: Archive,
    lines: Iterable[str | Line],
    registry: str,
    failed: dict[str, HangarError],
) -> list[ArchiveEntry]:
    """Look up a list's lines; those that name nothing are put into ``failed``."""
    known = by_name([archive])
    chosen: dict[str, ArchiveEntry] = {}
    for line in lines_of(lines):
        try:
            found = find_entries(line, known, registry)
        except HangarError as error:
            failed[line.text] = error
        else:
            chosen |= {entry.name: entry for _, entry in found}
    return list(chosen.values())


def _check_apart(output: Path, sources: Iterable[Path]) -> None:
    """See that no input is going to be overwritten."""
    for source in sources:
        if output.exists() and source.exists() and output.samefile(source):
            message = f"{output} is an input, too"
            raise InvalidInput(message, hint="choose another name for the output")
