"""Archives and OCI layouts loaded into registries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TypeVar, Unpack

from hangar.archive import ArchiveRepository
from hangar.copying import Plan, Route
from hangar.errors import HangarError, Incomplete, NotFound
from hangar.events import Outcome, Report
from hangar.imagelist import Line
from hangar.oci import Digest
from hangar.operations.carriers import Carrier, Entry
from hangar.operations.lending import Borrower, Increment, lender
from hangar.operations.routes import (
    check_place,
    failed,
    lines_of,
    origin_of,
    placed,
    target_of,
)
from hangar.operations.transfer import How, copy_all, plan_all
from hangar.reference import Reference
from hangar.registry import Registries
from hangar.store import Destination, Source

E = TypeVar("E", bound=Entry)

_NAMED = 20
"""Blobs that are named when they are missing; errors have them all."""


def load_routes(
    archives: Sequence[Carrier[Entry]],
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


def archive_lines(archives: Iterable[Carrier[Entry]]) -> tuple[Line, ...]:
    """The image list of all that archives hold."""
    names = dict.fromkeys(e.name for archive in archives for e in archive.entries)
    return tuple(Line(number, name, name) for number, name in enumerate(names, 1))


Known = dict[str, list[tuple[Carrier[E], E]]]
"""Entries, with where they are, by their names."""


def by_name(carriers: Iterable[Carrier[E]]) -> Known[E]:
    """All entries by their names."""
    found: Known[E] = {}
    for carrier in carriers:
        for entry in carrier.entries:
            found.setdefault(entry.name, []).append((carrier, entry))
    return found


def find_entries(
    line: Line, known: Known[E], registry: str, *, meant: Line | None = None
) -> list[tuple[Carrier[E], E]]:
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
    found: tuple[Carrier[Entry], Entry],
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
        source, destination = _ends(
            archive.repository(entry.repository),
            registries.repository(target),
            lambda home: registries.repository(
                placed(Reference.parse(home), to, project)
            ),
        )
        return Route(
            image=line.text,
            source=source,
            reference=entry.reference,
            destination=destination,
            tag=wanted.tag if not wanted.digest else "",
            number=line.number,
            platforms=line.platforms,
        )
    except HangarError as error:
        return failed(line, error)


def _ends(
    source: Source, destination: Destination, place: Callable[[str], Source]
) -> tuple[Source, Destination]:
    """Where an image comes from and goes to; increments borrow what they lack."""
    if not isinstance(source, ArchiveRepository) or not source.homes:
        return source, destination
    find = lender(source.homes, place)
    return Increment(source, find), Borrower(destination, source, find)


class HowToLoad(How, total=False):
    """How archives are loaded; what is left out is as in `hangar.copy_all`.

    Attributes:
        overwrite: whether platforms that only the destination has may go.
        platform_tags: whether each platform gets a tag of its own, too.
    """

    overwrite: bool
    platform_tags: bool


def load(
    routes: Iterable[Route[Destination] | Outcome], **how: Unpack[HowToLoad]
) -> Report:
    """Copy images from archives, as `hangar.copy_all` does.

    Nothing of an image is sent if something is neither in the archive nor at the
    destination: it then fails with `hangar.Incomplete`, which names all of that.
    """
    return copy_all(routes, prepare=_checked, **how)


def plan_loading(
    routes: Iterable[Route[Destination] | Outcome], **how: Unpack[HowToLoad]
) -> Report:
    """Tell what `load` would do, with the bytes it would send; do nothing."""
    return plan_all(routes, prepare=_checked, **how)


def _checked(route: Route[Destination], plan: Plan) -> Plan:
    """See that all is there that has to be sent.

    Raises:
        Incomplete: it is not.
    """
    source, there = route.source, route.destination
    absent = [
        blob.digest
        for blob in plan.blobs
        if blob.digest not in plan.made and not source.has(blob) and not there.has(blob)
    ]
    if not absent:
        return plan
    kept = source.kept if isinstance(source, Increment) else source
    left = kept.left_to(absent) if isinstance(kept, ArchiveRepository) else ()
    more = f" and {len(absent) - _NAMED} more" if len(absent) > _NAMED else ""
    message = f"{source.place} does not have {', '.join(absent[:_NAMED])}{more}"
    hint = "save it anew"
    if isinstance(kept, ArchiveRepository):
        hint = "save it anew, or bring back what is whole: hangar archive repair"
    if left:
        bases = ", ".join(left)
        message += f", left to {bases}"
        hint = f"load {bases} to the same registry first, or together with it"
    raise Incomplete(message, missing=absent, hint=hint)
