"""Batches: images copied, foreseen or checked, whatever they are stored in.

``mirror``, ``save``, ``load`` and ``sync`` differ in the routes they make; what is
done with routes is the same for all of them, and stands here.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypedDict, TypeVar

from hangar.batch import Pools, Turns
from hangar.copying import (
    Ledger,
    Plan,
    Route,
    Transfer,
    Unpacked,
    foreseen,
    full_plan,
    missing,
    plan,
)
from hangar.deadline import Deadline, Stop, applied
from hangar.errors import Incomplete, NoMatchingPlatform
from hangar.events import (
    Event,
    ImageFinished,
    ImageStarted,
    Noticed,
    Outcome,
    Report,
    Reporter,
    Status,
    Traffic,
    unheard,
)
from hangar.oci import Descriptor, Digest
from hangar.selection import Selection
from hangar.store import Destination, Source

DEFAULT_JOBS = 16
"""Images at once; across a distance it is what is in flight that counts."""

MAX_JOBS = 64
"""Images at once that the command line allows; more only wait for each other."""

DEFAULT_TIMEOUT = 600.0
"""Seconds for one image with all its platforms."""

S = TypeVar("S", bound=Source)

Prepare = Callable[[Route[S], Plan], Plan]
"""Is told of a plan before it is carried out, and may complete it."""


class How(TypedDict, total=False):
    """How a batch is worked through; what is left out is as in `copy_all`.

    Attributes:
        selection: what of each image is wanted; default: everything.
        jobs: images at once.
        timeout: seconds for each image; None: no limit.
        report: is told what happens, from several threads, one call at a time.
        stop: ends the run when requested; what is not finished then has failed.
    """

    selection: Selection | None
    jobs: int
    timeout: float | None
    report: Reporter
    stop: Stop | None


def copy_all(
    routes: Iterable[Route[Destination] | Outcome],
    *,
    selection: Selection | None = None,
    jobs: int = DEFAULT_JOBS,
    timeout: float | None = DEFAULT_TIMEOUT,
    overwrite: bool = False,
    platform_tags: bool = False,
    prepare: Prepare[Destination] | None = None,
    report: Reporter = unheard,
    stop: Stop | None = None,
) -> Report:
    """Copy images; each fails or succeeds for itself.

    Args:
        routes: the images; an `Outcome` is one that failed before it had a route.
        selection: what of each image is wanted; default: everything.
        jobs: images at once.
        timeout: seconds for each image; None: no limit.
        overwrite: whether platforms that only the destination has may go.
        platform_tags: whether each platform gets a tag of its own, too.
        prepare: is called with the plan of each image before anything of it is
            moved, in the order of the images; what it returns is carried out.
        report: is told what happens, from several threads, one call at a time.
        stop: ends the run when requested; what is not finished then has failed.

    Returns:
        What became of each image, in the order given; nothing is raised for them.
    """
    ledger, given = Ledger(), list(routes)
    decide = _decider(
        given,
        selection or Selection(),
        prepare,
        overwrite=overwrite,
        platform_tags=platform_tags,
    )

    def act(route: Route[Destination], pools: Pools, report: Reporter) -> Result:
        decided = decide(route)
        _notice(route, decided, report)
        if not decided.steps:
            return Result(decided)
        traffic = Transfer(route, decided, ledger, report).execute(pools.blobs)
        return Result(decided, traffic)

    return carry_out(act, given, jobs, timeout, report, stop)


def plan_all(
    routes: Iterable[Route[S] | Outcome],
    *,
    selection: Selection | None = None,
    jobs: int = DEFAULT_JOBS,
    timeout: float | None = DEFAULT_TIMEOUT,
    overwrite: bool = False,
    platform_tags: bool = False,
    prepare: Prepare[S] | None = None,
    report: Reporter = unheard,
    stop: Stop | None = None,
) -> Report:
    """Tell what `copy_all` would do, with the bytes it would move; do nothing.

    The arguments are those of `copy_all`.
    """
    ledger, given = Ledger(), list(routes)
    decide = _decider(
        given,
        selection or Selection(),
        prepare,
        overwrite=overwrite,
        platform_tags=platform_tags,
    )

    def act(route: Route[S], pools: Pools, report: Reporter) -> Result:
        del pools
        decided = decide(route)
        _notice(route, decided, report)
        return Result(decided, foreseen(route, decided, ledger))

    return carry_out(act, given, jobs, timeout, report, stop)


def _notice(route: Route[S], decided: Plan, report: Reporter) -> None:
    for text in decided.notices:
        report(Noticed(route.number, text))


def check_all(
    routes: Iterable[Route[S] | Outcome],
    *,
    selection: Selection | None = None,
    jobs: int = DEFAULT_JOBS,
    timeout: float | None = DEFAULT_TIMEOUT,
    overwrite: bool = False,
    platform_tags: bool = False,
    deep: bool = False,
    report: Reporter = unheard,
    stop: Stop | None = None,
) -> Report:
    """Check that what `copy_all` would write is there: tags, manifests and blobs.

    With ``deep``, every byte is read back and hashed. What is there whole ends as
    `Status.UP_TO_DATE`, anything else as `Status.FAILED` with `Incomplete`. The other
    arguments are those of `copy_all`.

    Raises:
        Incomplete: nothing was checked at all, which proves nothing.
    """
    measured = dict[Digest, Unpacked]()
    wanted = selection or Selection()

    def act(route: Route[S], pools: Pools, report: Reporter) -> Result:
        del report
        decided = full_plan(
            route,
            wanted,
            overwrite=overwrite,
            platform_tags=platform_tags,
            measured=measured,
        )
        absent = missing(decided, route.destination, pools.blobs, deep=deep)
        if absent:
            more = f" and {len(absent) - 3} more" if len(absent) > 3 else ""
            message = f"{route.destination_name} lacks {', '.join(absent[:3])}{more}"
            raise Incomplete(message, missing=absent, hint="copy the image again")
        return Result(Plan(decided.source_digest, decided.digest))

    checked = carry_out(act, routes, jobs, timeout, report, stop)
    if all(outcome.status is Status.SKIPPED for outcome in checked):
        message = "nothing was checked"
        hint = "name images in the list, and select platforms that they have"
        raise Incomplete(message, hint=hint)
    return checked


def _decider(
    routes: Sequence[Route[S] | Outcome],
    selection: Selection,
    prepare: Prepare[S] | None,
    *,
    overwrite: bool,
    platform_tags: bool,
) -> Callable[[Route[S]], Plan]:
    """Make what plans an image, and has plans prepared in the order of the images.

    An image that another one of the same tag stands before takes no turn: its plan
    can only be made when that one is done.
    """
    firsts = [routes[chain[0]] for chain in _chains(routes)]
    waiting = {id(route) for route in firsts if isinstance(route, Route)}
    turns = Turns([id(route) for route in firsts if id(route) in waiting])

    measured: dict[Digest, Unpacked] = {}

    def decide(route: Route[S]) -> Plan:
        try:
            decided = plan(
                route,
                selection,
                overwrite=overwrite,
                platform_tags=platform_tags,
                measured=measured,
            )
            if prepare is None:
                return decided
            if id(route) in waiting:
                turns.wait(id(route))
            return prepare(route, decided)
        finally:
            if id(route) in waiting:
                turns.passed(id(route))

    return decide


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one image.

    Attributes:
        plan: what there was to do.
        traffic: bytes that were moved.
        entries: what the image consists of, if that was asked for.
    """

    plan: Plan
    traffic: Traffic = field(default_factory=Traffic)
    entries: tuple[Descriptor, ...] = ()


def carry_out(
    act: Callable[[Route[S], Pools, Reporter], Result],
    routes: Iterable[Route[S] | Outcome],
    jobs: int,
    timeout: float | None,
    report: Reporter,
    stop: Stop | None,
) -> Report:
    """Run ``act`` for all routes; those that write the same tag one after another."""
    started = time.monotonic()
    ending = stop or Stop()
    tell = one_at_a_time(report)
    given = list(routes)
    outcomes: dict[int, Outcome] = {}

    def run(chain: Sequence[int]) -> None:
        for position in chain:
            route = given[position]
            if isinstance(route, Outcome):
                outcome = route
            else:
                outcome = _outcome(route, act, pools, timeout, tell, ending)
            outcomes[position] = outcome
            tell(ImageFinished(outcome))

    with Pools(jobs) as pools:
        pools.images(run, _chains(given))
    ordered = tuple(outcomes[position] for position in range(len(given)))
    return Report(ordered, time.monotonic() - started)


def one_at_a_time(report: Reporter) -> Reporter:
    """Let several threads tell a reporter, one after another."""
    lock = threading.Lock()

    def tell(event: Event) -> None:
        with lock:
            report(event)

    return tell


def _chains(routes: Sequence[Route[S] | Outcome]) -> list[list[int]]:
    """Group positions by what is written, so that no two write it at once."""
    chains: dict[object, list[int]] = {}
    for position, route in enumerate(routes):
        written: object = position
        if isinstance(route, Route) and route.tag:
            written = (route.destination.name, route.tag)
        chains.setdefault(written, []).append(position)
    return list(chains.values())


def _once(text: str, known: str) -> str:
    """The one for the other if they are equal: there may be very many outcomes."""
    return known if text == known else text


def _outcome(
    route: Route[S],
    act: Callable[[Route[S], Pools, Reporter], Result],
    pools: Pools,
    timeout: float | None,
    report: Reporter,
    stop: Stop,
) -> Outcome:
    """Handle one image; whatever it raises becomes its outcome."""
    started = time.monotonic()
    source = route.source_name
    outcome = Outcome(
        number=route.number,
        image=route.image,
        source=source,
        destination=_once(route.destination_name, source),
        status=Status.FAILED,
    )
    try:
        with applied(Deadline(timeout, stop)) as deadline:
            deadline.check()
            report(
                ImageStarted(
                    route.number, route.image, outcome.source, outcome.destination
                )
            )
            result = act(route, pools, report)
    except NoMatchingPlatform as error:
        outcome = replace(outcome, status=Status.SKIPPED, error=error)
    except Exception as error:  # noqa: BLE001 - a bug must not take others down
        outcome = replace(outcome, error=error)
    else:
        decided = result.plan
        outcome = replace(
            outcome,
            status=Status.COPIED if decided.steps else Status.UP_TO_DATE,
            source_digest=decided.source_digest,
            digest=_once(decided.digest, decided.source_digest),
            traffic=result.traffic,
            entries=result.entries,
        )
    return replace(outcome, seconds=time.monotonic() - started)
