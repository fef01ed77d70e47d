"""Images saved into archives and OCI layouts, and these compared with registries."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar, Unpack

from hangar.archive import (
    Archive,
    Draft,
    Packing,
    Part,
    PlannedDraft,
    SplitDraft,
    empty_archive,
    is_begun,
    part_numbers,
    part_path,
)
from hangar.copying import Route
from hangar.errors import HangarError, Interrupted, InvalidInput, StorageError
from hangar.events import (
    Noticed,
    Outcome,
    PartWritten,
    Report,
    Reporter,
    Status,
    unheard,
)
from hangar.imagelist import Line
from hangar.layouts import LayoutDraft, LayoutImages
from hangar.oci import Descriptor
from hangar.operations.carriers import Carrier, Entry, layout_folder, open_carrier
from hangar.operations.resuming import reading_back
from hangar.operations.routes import lines_of, origin_of, routed
from hangar.operations.thrift import Thrifty
from hangar.operations.transfer import How, check_all, copy_all, plan_all
from hangar.reference import Reference
from hangar.registry import Registries
from hangar.selection import Selection
from hangar.store import Destination, Source

D = TypeVar("D", bound=Source)


def save(
    lines: Iterable[str | Line],
    registries: Registries,
    archive: str | Path,
    *,
    source: str = "",
    since: Sequence[Path] = (),
    split: int = 0,
    **how: Unpack[How],
) -> Report:
    """Save images into a new archive, or go on with one that was interrupted.

    What the file holds now stays until the new archive is whole, and is not fetched
    again. If images fail, the archive gets the others; if all fail, an archive that is
    there stays, and none of several is made. If the disk is full, the same call goes on
    later.

    Args:
        lines: of an image list, in the default format.
        registries: gives the repositories to read from.
        archive: the file; or ``oci:DIR``, a directory that becomes an OCI layout.
        source: registry that replaces every source's.
        since: archives whose layers are left out; what loads this one needs them.
        split: bytes; if not 0, several archives are written, each at most so large and
            whole by itself: ``NAME-1.zip``, ``NAME-2.zip``, ...
        how: as `hangar.copy_all` takes it.

    Raises:
        InvalidArchive: one of ``since`` is no archive; or the directory holds other
            things than a layout.
        InvalidInput: a layout can neither leave anything out nor be split; or one of
            ``since`` is going to be replaced.
        StorageError: the archive cannot be written, or somebody else is at it.
    """
    given = lines_of(lines)
    texts = [line.text for line in given if line.valid]
    report = how.get("report", unheard)
    with _begun(archive, texts, since, split, how) as draft:
        routes = _routes(given, registries, _in(draft), source, draft.at_hand)
        saved = copy_all(routes, overwrite=True, prepare=draft.prepare, **how)
        reached, interrupted = _reached(saved, routes), _was_interrupted(saved)
        there = replaced_by_saving(archive, split=split)
        useless = there or (split and saved.failed)
        if not interrupted and (reached or not useless):
            missing = [outcome.image for outcome in saved.failed]
            if isinstance(draft, SplitDraft):
                parts = draft.finish(reached, missing=missing)
                _tell(parts, report)
                _tell_others(Path(archive), parts, report)
            else:
                draft.finish(reached, missing=missing)
            return saved
        draft.abandon()
    if there and not interrupted:
        report(Noticed(0, f"{', '.join(there)} stays as it was"))
    return saved


def sync(
    lines: Iterable[str | Line],
    registries: Registries,
    archive: str | Path,
    *,
    source: str = "",
    **how: Unpack[How],
) -> Report:
    """Add images to an archive; see `save` for the arguments.

    Until all is written, the archive is what it was, and it stays that if nothing is
    new. Other platforms of an image that it has already stay.

    Raises:
        InvalidArchive: it is no archive, or a damaged one.
        StorageError: it cannot be written, or somebody else is at it.
    """
    with _appended(archive, how) as draft:
        routes = _routes(lines, registries, _in(draft), source, draft.at_hand)
        synced = copy_all(routes, prepare=draft.prepare, **how)
        reached = _reached(synced, routes)
        if _was_interrupted(synced):
            return synced
        there = {o.image for o in synced if o.status is not Status.FAILED}
        missing = [line for line in draft.missing if line not in there]
        is_new = synced.having(Status.COPIED) or len(missing) < len(draft.missing)
        if isinstance(draft, Draft) and not (is_new or draft.is_resumed):
            draft.undo()  # or each run would leave another index behind
        elif reached:
            draft.finish(reached, missing=missing)
        elif not draft.is_resumed:
            draft.undo()
    return synced


def replaced_by_saving(archive: str | Path, *, split: int = 0) -> tuple[str, ...]:
    """Names of what is there that `save` would replace."""
    folder = layout_folder(archive)
    if folder is None:
        paths = _parts(Path(archive)) if split else [Path(archive)]
        return tuple(str(path) for path in paths if path.is_file())
    with contextlib.suppress(HangarError), LayoutImages.open(folder) as there:
        return (str(archive),) if there.entries else ()
    return ()


def is_unfinished(
    lines: Iterable[str | Line],
    archive: str | Path,
    *,
    source: str = "",
    registries: Registries | None = None,
    split: int = 0,
) -> bool:
    """Tell whether there is what an earlier `save` of the same lines made, not whole.

    Saving them again then loses nothing: whatever it holds is wanted again. So it is
    with several archives of which the last one has not got its name. Short names stand
    for images of docker.io without ``registries``.
    """
    if split and is_begun(Path(archive)):
        return True
    wanted = lines_of(lines, None if source else registries)
    missing, held = set[str](), set[str]()
    try:
        for place in _parts(Path(archive)) if split else [archive]:
            with open_carrier(place) as there:
                missing |= {*there.missing}
                held |= {entry.name for entry in there.entries}
        names = {str(origin_of(line).moved(registry=source)) for line in wanted}
    except HangarError:
        return False
    again = {line.text for line in wanted}
    return bool(missing) and missing <= again and held <= names


def plan_saving(
    lines: Iterable[str | Line],
    registries: Registries,
    archive: str | Path,
    *,
    source: str = "",
    since: Sequence[Path] = (),
    split: int = 0,
    added: bool = False,
    **how: Unpack[How],
) -> Report:
    """Tell what `save` (with ``added``: `sync`) would write; write nothing.

    Of several archives, each image's outcome names the one that it would be in.

    Raises:
        InvalidArchive: what is to be added to, or one of ``since``, is no archive, or a
            damaged one.
    """
    given = lines_of(lines)
    if added:
        with open_carrier(archive) as carrier:
            store = carrier.repository
            routes = _routes(given, registries, _of_origin(store), source)
            return plan_all(routes, **how)
    texts = [line.text for line in given if line.valid]
    packing = Packing(split, texts) if split else None
    with PlannedDraft(Path(archive), packing, since) as draft:
        planned = _routes(given, registries, _of_origin(draft.repository), source)
        told = plan_all(planned, overwrite=True, prepare=draft.prepare, **how)
        _tell(draft.parts, how.get("report", unheard))
        return Report(
            tuple(
                replace(outcome, destination=draft.where(route) or outcome.destination)
                if isinstance(route, Route)
                else outcome
                for outcome, route in zip(told, planned, strict=True)
            ),
            told.seconds,
        )


def check_saved(
    lines: Iterable[str | Line],
    registries: Registries,
    archive: str | Path,
    *,
    source: str = "",
    since: Sequence[Path] = (),
    split: int = 0,
    added: bool = False,
    deep: bool = False,
    **how: Unpack[How],
) -> Report:
    """Check that an archive has what `save` (with ``added``: `sync`) writes.

    What was left to other archives is looked for in ``since``. Of several archives
    (``split``), the one that lists an image has to have all of it.

    Raises:
        InvalidArchive: it is no archive, or a damaged one.
        StorageError: there is none.
        Incomplete: nothing was checked at all, which proves nothing.
    """
    with contextlib.ExitStack() as stack:
        bases = [stack.enter_context(Archive.open(base)) for base in since]
        listed: dict[tuple[str, str], Carrier[Entry]] = {}
        nothing = empty_archive(Path(archive))
        first = part_path(Path(archive), 1)
        for place in (_parts(Path(archive)) or [first]) if split else [archive]:
            saved = open_carrier(place)
            stack.enter_context(saved)
            if isinstance(saved, Archive):
                saved.others = tuple(base.container for base in bases)
            for entry in saved.entries:
                listed.setdefault((entry.repository, entry.reference), saved)

        def repository(origin: Reference) -> Source:
            name = origin.full_repository
            found = listed.get((name, origin.tag or str(origin.digest)))
            return found.repository(name) if found else nothing(name)

        routes = _routes(lines, registries, repository, source)
        return check_all(routes, overwrite=not added, deep=deep, **how)


def _begun(
    archive: str | Path,
    lines: Sequence[str],
    since: Sequence[Path],
    split: int,
    how: How,
) -> Draft | LayoutDraft | SplitDraft:
    """Begin to write what is to hold the images of a list."""
    folder = layout_folder(archive)
    if folder is not None and (since or split):
        message = f"{archive} has to have all that it names, in one place"
        raise InvalidInput(message, hint="save into an archive: NAME.zip")
    if folder is not None:
        return LayoutDraft.create(folder, lines)
    for there in map(Path, replaced_by_saving(archive, split=split)):
        if any(base.exists() and base.samefile(there) for base in since):
            message = f"{there} is going to be replaced, and cannot be relied on"
            raise InvalidInput(message, hint="choose another name for the new archive")
    # An image is the same with and without what accompanies it.
    selection = how.get("selection") or Selection()
    asked = f"signatures {selection.signatures}, referrers {selection.referrers}"
    path = Path(archive)
    begun = _parts(path, ".journal") if split else [path]
    with reading_back(begun, how.get("report", unheard), how.get("stop")):
        if split:
            return SplitDraft.create(path, split, lines, since=since, asked=asked)
        return Draft.create(path, since=since, resume=True, reuse=True, asked=asked)


def _appended(archive: str | Path, how: How) -> Draft | LayoutDraft:
    """Begin to add to what is there."""
    folder, path = layout_folder(archive), Path(archive)
    if folder is not None:
        return LayoutDraft.append(folder)
    with reading_back([path], how.get("report", unheard), how.get("stop")):
        return Draft.append(path, resume=True)


def _parts(archive: Path, ending: str = "") -> list[Path]:
    """Those of the archives called ``archive`` that are there, or files beside them."""
    return [part_path(archive, number) for number in part_numbers(archive, ending)]


def _tell(parts: Iterable[Part], report: Reporter) -> None:
    for part in parts:
        report(PartWritten(str(part.path), part.images, part.size))


def _tell_others(archive: Path, parts: Iterable[Part], report: Reporter) -> None:
    """Tell of files that are numbered, too, which a pattern would take for parts."""
    own = {part.path for part in parts}
    others = [str(path) for path in _parts(archive) if path not in own]
    if others:
        report(Noticed(0, f"none of these archives, left alone: {', '.join(others)}"))


def _of_origin(repository: Callable[[str], D]) -> Callable[[Reference], D]:
    return lambda origin: repository(origin.full_repository)


def _in(draft: Draft | LayoutDraft | SplitDraft) -> Callable[[Reference], Destination]:
    return lambda origin: draft.repository(origin.full_repository)


def _routes(
    lines: Iterable[str | Line],
    registries: Registries,
    repository: Callable[[Reference], D],
    source: str,
    at_hand: Callable[[Descriptor], bytes | None] = lambda _: None,
) -> list[Route[D] | Outcome]:
    """Routes from registries to what carries the images, under the same names."""

    def route(line: Line) -> Route[D]:
        origin = origin_of(line).moved(registry=source)
        return Route(
            image=line.text,
            source=Thrifty(registries.source(origin), at_hand),
            reference=origin.locator,
            destination=repository(origin),
            tag=origin.tag,
            number=line.number,
            platforms=line.platforms,
        )

    return routed(lines, None if source else registries, route)


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
