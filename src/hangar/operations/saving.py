"""Images saved into archives, and archives compared with what registries have."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar, Unpack

from hangar.archive import Archive, ArchiveRepository, Draft, empty_archive
from hangar.copying import Route
from hangar.errors import HangarError, Interrupted, StorageError
from hangar.events import Noticed, Outcome, Report, Status, unheard
from hangar.imagelist import Line
from hangar.operations.routes import failed, lines_of, origin_of
from hangar.operations.transfer import How, check_all, copy_all, plan_all
from hangar.registry import Registries
from hangar.store import Source

D = TypeVar("D", bound=Source)


def save(
    lines: Iterable[str | Line],
    registries: Registries,
    archive: Path,
    *,
    source: str = "",
    since: Sequence[Path] = (),
    **how: Unpack[How],
) -> Report:
    """Save images into a new archive, or go on with one that was interrupted.

    What the file holds now stays until the new archive is whole, and is not fetched
    again. If images fail, the archive gets the others; if all fail, an archive that is
    there stays as it is. If the disk is full, the same call goes on later.

    Args:
        lines: of an image list, in the default format.
        registries: gives the repositories to read from.
        archive: the file.
        source: registry that replaces every source's.
        since: archives whose layers are left out; what loads this one needs them.
        how: as `hangar.copy_all` takes it.

    Raises:
        InvalidArchive: one of ``since`` is no archive.
        StorageError: the archive cannot be written, or somebody else is at it.
    """
    with Draft.create(archive, since=since, resume=True, reuse=True) as draft:
        routes = _routes(lines, registries, draft.repository, source)
        saved = copy_all(routes, overwrite=True, prepare=draft.reserve, **how)
        reached = _reached(saved, routes)
        if not _was_interrupted(saved) and (reached or not archive.exists()):
            draft.finish(reached, missing=[outcome.image for outcome in saved.failed])
            return saved
        if not draft.writer.members:
            draft.undo()
    if archive.exists() and not _was_interrupted(saved):
        how.get("report", unheard)(Noticed(0, f"{archive} stays as it was"))
    return saved


def sync(
    lines: Iterable[str | Line],
    registries: Registries,
    archive: Path,
    *,
    source: str = "",
    **how: Unpack[How],
) -> Report:
    """Add images to an archive; see `save` for the arguments.

    Until all is written, the archive is what it was. Other platforms of an image that
    it has already stay.

    Raises:
        InvalidArchive: it is no archive, or a damaged one.
        StorageError: it cannot be written, or somebody else is at it.
    """
    with Draft.append(archive, resume=True) as draft:
        routes = _routes(lines, registries, draft.repository, source)
        synced = copy_all(routes, prepare=draft.reserve, **how)
        reached = _reached(synced, routes)
        if reached and not _was_interrupted(synced):
            there = {o.image for o in synced if o.status is not Status.FAILED}
            missing = [line for line in draft.index.missing if line not in there]
            draft.finish(reached, missing=missing)
        elif not _was_interrupted(synced):
            draft.undo()
    return synced


def is_unfinished(
    lines: Iterable[str | Line],
    archive: Path,
    *,
    source: str = "",
    registries: Registries | None = None,
) -> bool:
    """Tell whether a file is what an earlier `save` of the same lines made, not whole.

    Saving them again then loses nothing: whatever it holds is wanted again. Short names
    stand for images of docker.io without ``registries``.
    """
    wanted = lines_of(lines, None if source else registries)
    try:
        with Archive.open(archive) as there:
            missing, held = there.index.missing, {e.name for e in there.entries}
        names = {str(origin_of(line).moved(registry=source)) for line in wanted}
    except HangarError:
        return False
    again = {line.text for line in wanted}
    return bool(missing) and {*missing} <= again and held <= names


def plan_saving(
    lines: Iterable[str | Line],
    registries: Registries,
    archive: Path,
    *,
    source: str = "",
    added: bool = False,
    **how: Unpack[How],
) -> Report:
    """Tell what `save` (with ``added``: `sync`) would write; write nothing.

    Raises:
        InvalidArchive: what is to be added to is no archive, or a damaged one.
    """
    with _read(archive, added=added) as repository:
        routes = _routes(lines, registries, repository, source)
        return plan_all(routes, overwrite=not added, **how)


def check_saved(
    lines: Iterable[str | Line],
    registries: Registries,
    archive: Path,
    *,
    source: str = "",
    since: Sequence[Path] = (),
    added: bool = False,
    deep: bool = False,
    **how: Unpack[How],
) -> Report:
    """Check that an archive has what `save` (with ``added``: `sync`) writes.

    What was left to other archives is looked for in ``since``.

    Raises:
        InvalidArchive: it is no archive, or a damaged one.
        Incomplete: nothing was checked at all, which proves nothing.
    """
    with contextlib.ExitStack() as stack:
        saved = stack.enter_context(Archive.open(archive))
        bases = [stack.enter_context(Archive.open(base)) for base in since]
        saved.others = tuple(base.container for base in bases)
        routes = _routes(lines, registries, saved.repository, source)
        return check_all(routes, overwrite=not added, deep=deep, **how)


@contextlib.contextmanager
def _read(
    archive: Path, *, added: bool
) -> Iterator[Callable[[str], ArchiveRepository]]:
    """Give what tells of an archive's repositories; of a new one, all are empty."""
    if added:
        with Archive.open(archive) as there:
            yield there.repository
    else:
        yield empty_archive(archive)


def _routes(
    lines: Iterable[str | Line],
    registries: Registries,
    repository: Callable[[str], D],
    source: str,
) -> list[Route[D] | Outcome]:
    """Routes from registries to an archive's repositories of the same names."""

    def route(line: Line) -> Route[D] | Outcome:
        try:
            origin = origin_of(line).moved(registry=source)
            return Route(
                image=line.text,
                source=registries.source(origin),
                reference=origin.locator,
                destination=repository(origin.full_repository),
                tag=origin.tag,
                number=line.number,
                platforms=line.platforms,
            )
        except HangarError as error:
            return failed(line, error)

    named = lines_of(lines, None if source else registries)
    return [route(line) for line in named]


def _reached(
    report: Report, routes: Sequence[Route[D] | Outcome]
) -> list[tuple[str, str]]:
    """Repository and reference of the images that are in the archive now."""
    return [
        (route.destination.name, route.tag or route.reference)
        for outcome, route in zip(report, routes, strict=True)
        if isinstance(route, Route)
        and outcome.status in (Status.COPIED, Status.UP_TO_DATE)
    ]


def _was_interrupted(report: Report) -> bool:
    """Whether the run ended before its time: by the user, or for the disk is full."""
    reasons = (Interrupted, StorageError)
    return any(isinstance(outcome.error, reasons) for outcome in report)
