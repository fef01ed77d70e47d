"""Projects of Harbors, made before images are pushed to them.

A Harbor takes images only into projects that exist. Other registries are asked one
cheap question, and left alone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from hangar.batch import Pools
from hangar.copying import Route
from hangar.deadline import Deadline, Stop, applied
from hangar.errors import HangarError, Interrupted, TransferError
from hangar.events import Noticed, Outcome, ProjectMade, Reporter, unheard
from hangar.reference import Reference
from hangar.registry import Registries
from hangar.store import Destination

logger = logging.getLogger(__name__)

_SHORT = 5.0
"""Seconds for a registry to say whether it is a Harbor; it is asked but once."""

_MOST = 16
"""Requests at once."""

_YES, _NO = "yes", "no"


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What a registry is asked for: some image in it, and one of each project."""

    image: Reference
    projects: dict[str, Reference] = field(default_factory=dict)


def create_projects(
    routes: Iterable[Route[Destination] | Outcome],
    registries: Registries,
    *,
    public: bool = False,
    timeout: float | None = None,
    report: Reporter = unheard,
    stop: Stop | None = None,
) -> None:
    """Make the projects that images are going to need, where registries are Harbors.

    What cannot be made is only told: the images will fail, or be let in after all.

    Args:
        routes: of the images.
        registries: gives the repositories that are written to.
        public: whether everybody may pull from the projects that are made.
        timeout: seconds for each registry with all its projects; None: no limit.
        report: is told what was made, and what could not be.
        stop: ends it when requested.
    """
    ending = stop or Stop()
    wanted = list(_wanted(routes, registries))
    if not wanted:
        return

    def ask(one: _Wanted) -> str:
        with applied(Deadline(timeout, ending)):
            return _harbor(one, registries, ending)

    def make(image: Reference) -> Noticed | ProjectMade | None:
        with applied(Deadline(timeout, ending)):
            return _made(image, registries, public=public)

    with Pools(_MOST) as pools:
        answers = pools.images(ask, wanted)
        needed = [
            image
            for one, answer in zip(wanted, answers, strict=True)
            if answer == _YES
            for image in one.projects.values()
        ]
        made = pools.images(make, needed)
    for answer in answers:
        if answer not in (_YES, _NO):
            report(Noticed(0, answer))
    for event in made:
        if event:
            report(event)


def _wanted(
    routes: Iterable[Route[Destination] | Outcome], registries: Registries
) -> Iterator[_Wanted]:
    """Sort what is written by registries and projects."""
    found: dict[str, _Wanted] = {}
    for route in routes:
        if isinstance(route, Outcome):
            continue
        try:
            named = Reference.parse(route.destination.name)
            host, project = registries.project(named)
        except HangarError as error:  # the image will tell
            logger.debug("%s: no project to make: %s", route.destination.name, error)
            continue
        one = found.setdefault(host, _Wanted(named))
        one.projects.setdefault(project, named)
    yield from found.values()


def _harbor(wanted: _Wanted, registries: Registries, stop: Stop) -> str:
    """Whether a registry says that it is a Harbor; or why it could not be asked."""
    harbor = registries.harbor(wanted.image)
    try:
        harbor.reach()
    except HangarError as error:  # the images will tell
        logger.debug("%s: %s", wanted.image.registry, error)
        return _NO
    try:
        with applied(Deadline(_SHORT, stop)):
            return _YES if harbor.is_there() else _NO
    except Interrupted:
        return _NO
    except TransferError as error:
        return f"{wanted.image.registry} did not say whether it is a Harbor: {error}"


def _made(
    image: Reference, registries: Registries, *, public: bool
) -> Noticed | ProjectMade | None:
    """Make an image's project; tell what came of it, if anything."""
    _, project = registries.project(image)
    harbor = registries.harbor(image)
    try:
        if not harbor.has(project) and harbor.create(project, is_public=public):
            return ProjectMade(image.registry, project, is_public=public)
    except Interrupted:
        pass
    except HangarError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return Noticed(0, f"Failed to init Harbor Project: {error}{hint}")
    return None
