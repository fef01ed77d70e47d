"""From where to where: image lists turned into routes between registries."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import TypeVar

from hangar.copying import Route
from hangar.errors import HangarError, InvalidReference, NoMatchingTag
from hangar.events import Outcome, Status
from hangar.imagelist import Line, parse_list
from hangar.reference import Reference, names_registry
from hangar.registry import Registries
from hangar.store import Destination, Source

S = TypeVar("S", bound=Source)


def mirror_routes(
    lines: Iterable[str | Line],
    registries: Registries,
    *,
    to: str = "",
    project: str = "",
    source: str = "",
    source_project: str = "",
    destination_registries: Registries | None = None,
) -> list[Route[Destination] | Outcome]:
    """Make the routes of a mirror run.

    A line that cannot be routed becomes an `Outcome` that says why. Lines of neither
    list format are left out, and so are those that repeat others.

    Args:
        lines: of an image list, in either format.
        registries: gives the repositories to read from.
        to: registry to write to, optionally with a path; "" is allowed for lines
            in the mirror format that name a registry themselves.
        project: replaces the first part of every destination's path.
        source: registry that replaces every source's.
        source_project: replaces the first part of every source's path.
        destination_registries: gives the repositories to write to, if these are to
            be spoken to in another way.

    Raises:
        InvalidReference: what is to replace parts of all names cannot be in one.
    """
    check_place(to, project)
    check_place(source, source_project)
    writing = destination_registries or registries

    def route(line: Line) -> Route[Destination]:
        origin = origin_of(line).moved(registry=source, project=source_project)
        target = _target(line, to, project)
        return Route(
            image=line.text,
            source=registries.source(origin),
            reference=origin.locator,
            destination=writing.repository(target),
            tag=target.tag,
            number=line.number,
            platforms=line.platforms,
        )

    return routed(lines, None if source else registries, route)


def mirror_targets(
    lines: Iterable[str | Line],
    registries: Registries | None = None,
    *,
    to: str = "",
    project: str = "",
) -> Iterator[Reference]:
    """Yield what a mirror run writes; arguments as of `mirror_routes`.

    Lines that name nothing to write to are left out. Short names stand for images of
    docker.io without ``registries``.
    """
    for line in lines_of(lines, registries):
        with contextlib.suppress(InvalidReference):
            yield _target(line, to, project)


def source_routes(
    lines: Iterable[str | Line],
    registries: Registries,
    *,
    registry: str = "",
    project: str = "",
) -> list[Route[Source] | Outcome]:
    """Make routes that end where they begin, for images that are only looked at.

    Args:
        lines: of an image list, in either format.
        registries: gives the repositories to read from.
        registry: replaces every image's registry.
        project: replaces the first part of every image's path.
    """

    def route(line: Line) -> Route[Source]:
        origin = origin_of(line).moved(registry=registry, project=project)
        source = registries.source(origin)
        return Route(line.text, source, origin.locator, source, "", line.number)

    return routed(lines, None if registry else registries, route)


def routed(
    lines: Iterable[str | Line],
    registries: Registries | None,
    route: Callable[[Line], Route[S]],
) -> list[Route[S] | Outcome]:
    """Route each line of a list; one for which that fails becomes its outcome.

    Args:
        lines: of an image list; those are taken that `lines_of` gives.
        registries: whose configuration tells what short names of sources stand for.
        route: makes a line's route, or raises a `HangarError`.
    """

    def attempt(line: Line) -> Route[S] | Outcome:
        try:
            return route(line)
        except HangarError as error:
            return failed(line, error)

    return [attempt(line) for line in lines_of(lines, registries)]


def failed(line: Line, error: HangarError) -> Outcome:
    """The outcome of a line that has no route."""
    return Outcome(
        number=line.number,
        image=line.text,
        source=line.source,
        destination=line.destination,
        status=Status.SKIPPED if isinstance(error, NoMatchingTag) else Status.FAILED,
        error=error,
    )


def lines_of(
    lines: Iterable[str | Line], registries: Registries | None = None
) -> tuple[Line, ...]:
    """The lines of a list that name images, each once; parsed if they are not yet.

    Args:
        lines: of an image list.
        registries: whose configuration tells what short names of sources stand for.
    """
    given = list(lines)
    parsed = [line for line in given if isinstance(line, Line)]
    if len(parsed) != len(given):
        parsed = list(parse_list(str(line) for line in given))
    wanted = tuple(line for line in parsed if line.valid and not line.repeats)
    if registries is None:
        return wanted
    return tuple(
        replace(line, source=registries.expanded(line.source)) for line in wanted
    )


def origin_of(line: Line) -> Reference:
    """What a line names as its source; the mirror format states the tag apart.

    Raises:
        HangarError: it names none, or could not be made out.
    """
    if line.error:
        raise line.error
    origin = Reference.parse(line.source)
    return origin.tagged(line.tag) if line.tag else origin


def _target(line: Line, to: str, project: str) -> Reference:
    """What a line is to become, without any digest: the tag is what is written."""
    if not to and not (line.destination and names_registry(line.destination)):
        message = f"no destination registry for {line.text!r:.200}"
        hint = "name one with --destination, or in the list's second column"
        raise InvalidReference(message, hint=hint)
    return placed(target_of(line), to, project)


def target_of(line: Line) -> Reference:
    """What a line names as its destination, which is its source if it names none."""
    named = Reference.parse(line.destination or line.source)
    return named.tagged(line.tag) if line.tag else named


def check_place(registry: str, project: str) -> None:
    """See that a registry and a project can be in names; "" is none.

    Raises:
        InvalidReference: they cannot.
    """
    try:
        Reference("registry.example", "project/name").moved(registry, project)
    except InvalidReference:
        place = "/".join(filter(None, (registry, project)))
        message = f"no image can be in {place!r:.200}"
        hint = "expected HOST[:PORT][/PATH], and projects in lower case"
        raise InvalidReference(message, hint=hint) from None


def placed(named: Reference, to: str, project: str) -> Reference:
    """What an image becomes in another registry, without any digest.

    Raises:
        InvalidReference: the result is no valid name.
    """
    if "/" not in named.repository:  # Harbor has no repository outside a project
        named = replace(named, repository=f"library/{named.repository}")
    return replace(named.moved(registry=to, project=project), digest=None)
