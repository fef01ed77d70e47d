"""Job files turned into lists: which images their entries mean, just now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from hangar.batch import Pools
from hangar.deadline import Deadline, Stop, applied
from hangar.errors import (
    HangarError,
    Interrupted,
    InvalidImageList,
    NoMatchingTag,
    NotFound,
)
from hangar.imagelist import Line
from hangar.jobs import JobImage
from hangar.oci import Platform
from hangar.operations.carriers import Carrier, Entry
from hangar.operations.loading import spellings
from hangar.operations.transfer import DEFAULT_JOBS, DEFAULT_TIMEOUT
from hangar.reference import Reference
from hangar.registry import Registries

TagsOf = Callable[[str], Iterable[str]]
"""Lists the tags of an image's repository, by its name."""


def registry_tags(
    registries: Registries, *, registry: str = "", project: str = ""
) -> TagsOf:
    """Tags as registries list them.

    Args:
        registries: gives the repositories to read from.
        registry: replaces every image's registry.
        project: replaces the first part of every image's path.
    """

    def tags(name: str) -> Iterable[str]:
        full = name if registry else registries.expanded(name)
        moved = Reference.parse(full).moved(registry=registry, project=project)
        return registries.source(moved).tags()

    return tags


def archive_tags(
    archives: Sequence[Carrier[Entry]],
    registries: Registries | None = None,
    *,
    registry: str = "",
) -> TagsOf:
    """Tags of what archives hold.

    Args:
        archives: the archives.
        registries: whose configuration tells what short names stand for; without, they
            are of docker.io.
        registry: replaces every image's registry.
    """
    known: dict[str, list[str]] = {}
    for archive in archives:
        for entry in archive.entries:
            known.setdefault(entry.repository, []).append(entry.reference)

    def tags(name: str) -> Iterable[str]:
        meant = registries.expanded(name) if registries and not registry else name
        wanted = Reference.parse(meant).moved(registry=registry)
        others = spellings(Reference.parse(name).moved(registry=registry))
        names = [image.full_repository for image in (wanted, *others)]
        found = [tag for name in names for tag in known.get(name, ())]
        if found:
            return [tag for tag in found if ":" not in tag]
        message = f"image [{wanted.full_repository}] not exists in archive"
        raise NotFound(message, hint="see what it has: hangar archive ls")

    return tags


def expanded(
    lines: Iterable[Line],
    tags_of: TagsOf,
    *,
    destinations: bool = True,
    jobs: int = DEFAULT_JOBS,
    timeout: float | None = DEFAULT_TIMEOUT,
    stop: Stop | None = None,
) -> tuple[Line, ...]:
    """Make a line of each image that the entries of a job file mean.

    Lines of a plain list stay. An entry whose tags cannot be found out stays, too, and
    fails when it is its turn; one of which no tag is wanted is skipped then.

    Args:
        lines: from `hangar.read_list`.
        tags_of: from `registry_tags` or `archive_tags`.
        destinations: whether it matters where the images are to be written.
        jobs: repositories that are asked at once.
        timeout: seconds for each of them; None: no limit.
        stop: ends it when requested.

    Raises:
        Interrupted: it was requested.
    """
    given = tuple(lines)
    names = {line.source for line in given if line.job and line.job.filter}
    ending = stop or Stop()

    def listed(name: str) -> list[str] | HangarError:
        try:
            with applied(Deadline(timeout, ending)) as deadline:
                deadline.check()
                return list(tags_of(name))
        except Interrupted:
            raise
        except HangarError as error:
            return error

    ordered = sorted(names)
    with Pools(jobs) as pools:
        known = dict(zip(ordered, pools.images(listed, ordered), strict=True))
    found = [image for line in given for image in _images(line, known, destinations)]
    return tuple(_numbered(found))


def _images(
    line: Line, known: Mapping[str, list[str] | HangarError], destinations: bool
) -> Iterator[Line]:
    """The images that one line means; their numbers are not right yet."""
    entry = line.job
    if entry is None:
        yield line
        return
    names = list(entry.named)
    try:
        if entry.filter:
            names += _chosen(entry, known[line.source])
        if not names:
            message = f"no tag of {entry.name} is wanted"
            hint = "see what there is with 'hangar list-tags'"
            raise NoMatchingTag(message, hint=hint)
    except HangarError as error:
        yield replace(line, error=error)
        return
    for name in names:
        exact = JobImage(name, platforms=entry.platforms, destination=entry.destination)
        target = _target(exact) if destinations else ""
        text = f"{name} => {target}" if target else name
        yield Line(line.number, text, name, target, job=exact)


def _chosen(entry: JobImage, tags: list[str] | HangarError) -> list[str]:
    """Names of the images that an entry does not name itself."""
    if isinstance(tags, HangarError):
        raise tags
    chosen = entry.filter.select(tags) if entry.filter else []
    return [f"{entry.name}:{tag}" for tag in chosen if tag not in entry.tags]


def _target(image: JobImage) -> str:
    """Where an image goes; what its destination leaves open is as at the source."""
    if not image.destination or image.destination_is_exact:
        return image.destination
    reference = Reference.parse(image.name)
    tag = f":{reference.tag}" if reference.tag else ""
    digest = f"@{reference.digest}" if reference.digest else ""
    return f"{image.destination}{tag}{digest}"


def _numbered(lines: Iterable[Line]) -> list[Line]:
    """Give numbers; join the platforms of what is stated more than once."""
    numbered: list[Line] = []
    first: dict[tuple[str, str], int] = {}
    for number, given in enumerate(lines, start=1):
        line = replace(given, number=number)
        stated = (line.source, line.destination)
        if line.job and not line.error:
            earlier = first.setdefault(stated, number)
            if earlier != number:
                before = numbered[earlier - 1]
                line, numbered[earlier - 1] = _joined(line, before)
        numbered.append(line)
    return numbered


def _joined(line: Line, before: Line) -> tuple[Line, Line]:
    """Make one of two lines for the same image."""
    mine, theirs = line.platforms, before.platforms
    if mine == theirs:
        return replace(line, repeats=before.number), before
    if mine is None or theirs is None:
        message = f"{line.text} is stated once with platforms, and once without"
        hint = f"state them both times; the other is [IMG:{before.number}]"
        return replace(line, error=InvalidImageList(message, hint=hint)), before
    union: tuple[Platform, ...] = ()
    if mine and theirs:
        union = tuple(dict.fromkeys((*theirs, *mine)))
    job = replace(before.job or JobImage(before.source), platforms=union)
    return replace(line, repeats=before.number), replace(before, job=job)
