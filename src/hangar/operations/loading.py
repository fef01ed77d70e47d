"""Archives loaded into registries."""

from __future__ import annotations

import contextlib
import glob
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from hangar.archive import Archive, ArchiveEntry
from hangar.copying import Route
from hangar.errors import HangarError, NotFound
from hangar.events import Outcome
from hangar.imagelist import Line
from hangar.oci import Digest
from hangar.operations.routes import (
    check_place,
    failed,
    lines_of,
    origin_of,
    placed,
    target_of,
)
from hangar.reference import Reference
from hangar.registry import Registries
from hangar.store import Destination


def load_routes(
    archives: Sequence[Archive],
    registries: Registries,
    *,
    to: str,
    project: str = "",
    lines: Iterable[str | Line] | None = None,
    source_registry: str = "",
) -> list[Route[Destination] | Outcome]:
    """Make the routes from archives to a registry.

    Args:
        archives: what to load; must stay open until the routes were gone.
        registries: gives the repositories to write to.
        to: registry to write to, optionally with a path.
        project: replaces the first part of every destination's path.
        lines: of an image list, the images to load; None: all of them.
        source_registry: replaces the registry of every line, to look it up.

    Raises:
        InvalidReference: no image can be in that registry or project.
    """
    check_place(to, project)
    known = by_name(archives)
    routes: list[Route[Destination] | Outcome] = []
    asked = archive_lines(archives) if lines is None else list(lines)
    meant = lines_of(asked, None if source_registry else registries)
    for line, full in zip(lines_of(asked), meant, strict=True):
        try:
            found = find_entries(line, known, source_registry, meant=full)
        except HangarError as error:
            routes.append(failed(line, error))
        else:
            routes += (_route(line, one, registries, to, project) for one in found)
    return routes


def open_archives(names: Iterable[str]) -> list[Archive]:
    """Open archives; a name that is no file's is a pattern, as shells have them.

    The archives ``NAME-2.zip`` and ``NAME-10.zip`` of one pattern come in this order.
    What one of them left to another is read from that.

    Raises:
        StorageError: there is no such file.
        InvalidArchive: one of them is no archive.
    """
    with contextlib.ExitStack() as stack:
        opened = [
            stack.enter_context(Archive.open(path))
            for name in names
            for path in _matching(name)
        ]
        for archive in opened:
            archive.others = tuple(a.container for a in opened if a is not archive)
        stack.pop_all()
        return opened


def _matching(name: str) -> list[Path]:
    if Path(name).exists():
        return [Path(name)]
    found = glob.glob(name)  # noqa: PTH207 - an absolute pattern is one, too
    return [Path(path) for path in sorted(found, key=_numbers)] or [Path(name)]


def _numbers(name: str) -> list[tuple[int, str]]:
    """A key by which numbers within names sort by value."""
    parts = re.split(r"([0-9]+)", name)
    return [(int(part) if part.isdecimal() else 0, part) for part in parts]


def archive_lines(archives: Iterable[Archive]) -> tuple[Line, ...]:
    """The image list of all that archives hold."""
    names = dict.fromkeys(e.name for archive in archives for e in archive.entries)
    return tuple(Line(number, name, name) for number, name in enumerate(names, 1))


def by_name(
    archives: Iterable[Archive],
) -> dict[str, list[tuple[Archive, ArchiveEntry]]]:
    """All entries of archives by their names."""
    found: dict[str, list[tuple[Archive, ArchiveEntry]]] = {}
    for archive in archives:
        for entry in archive.entries:
            found.setdefault(entry.name, []).append((archive, entry))
    return found


def find_entries(
    line: Line,
    known: dict[str, list[tuple[Archive, ArchiveEntry]]],
    registry: str,
    *,
    meant: Line | None = None,
) -> list[tuple[Archive, ArchiveEntry]]:
    """Look up what a line names; the Go program puts ``library/`` into short names.

    Args:
        line: of an image list.
        known: from `by_name`.
        registry: replaces the line's, if not "".
        meant: the line with what its short name stands for; it is looked up first, but
            whoever made the archive may not have known that.

    Raises:
        NotFound: no archive has it.
        InvalidReference: the line is no name of an image.
    """
    wanted = origin_of(meant or line).moved(registry=registry)
    for name in (wanted, *spellings(origin_of(line).moved(registry=registry))):
        found = known.get(_entry_name(name))
        if found:
            return found
    message = f"image [{wanted}] not exists in archive"
    raise NotFound(message, hint="see what it has: hangar archive ls")


def spellings(image: Reference) -> Iterator[Reference]:
    """The names under which an archive may have an image, ours and the Go program's."""
    yield image
    if "/" not in image.repository:
        yield replace(image, repository=f"library/{image.repository}")


def _entry_name(name: Reference) -> str:
    if name.tag:
        return f"{name.full_repository}:{name.tag}"
    digest = name.digest or Digest.of(b"")
    return f"{name.full_repository}@{digest.algorithm}:{digest.hex}"


def _route(
    line: Line,
    found: tuple[Archive, ArchiveEntry],
    registries: Registries,
    to: str,
    project: str,
) -> Route[Destination] | Outcome:
    archive, entry = found
    try:
        named = Reference.parse(entry.name)
        # To policies, images in archives are of the transport that they have inside.
        registries.configuration.policy.check("oci", str(archive.path.resolve()))
        wanted = target_of(line) if line.destination else named
        target = placed(wanted, to, project)
        return Route(
            image=line.text,
            source=archive.repository(entry.repository),
            reference=entry.reference,
            destination=registries.repository(target),
            tag=wanted.tag if not wanted.digest else "",
            number=line.number,
            platforms=line.platforms,
        )
    except HangarError as error:
        return failed(line, error)
