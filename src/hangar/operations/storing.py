"""Charts and files put into archives, for `load` to bring to a registry."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from hangar.archive import Draft
from hangar.deadline import Deadline, Stop, applied
from hangar.errors import InvalidInput, StorageError
from hangar.events import (
    ImageFinished,
    ImageStarted,
    Outcome,
    Report,
    Reporter,
    Status,
    unheard,
)
from hangar.operations.intake import Intake, Stored
from hangar.operations.locating import Locator
from hangar.operations.oci_charts import OCI_SCHEME, chart_image_named
from hangar.operations.resuming import reading_back
from hangar.operations.transfer import one_at_a_time
from hangar.registry import Registries, url_without_secrets

_Put = Callable[[Intake, str], Stored]
"""Puts one thing into an archive."""


def store_charts(
    charts: Iterable[str],
    registries: Registries,
    archive: Path,
    *,
    name: str = "",
    version: str = "",
    report: Reporter = unheard,
    stop: Stop | None = None,
) -> Report:
    """Put Helm charts into an archive; each fails or succeeds for itself.

    Until all is written, the archive is what it was. A chart that it has already,
    byte for byte, is left alone; another one of the same name and version goes.

    Args:
        charts: folders, packages, URLs of packages or repositories, ``oci://`` names.
        registries: reaches them; what was given to prove who the user is goes to the
            host that a URL names, and to no other.
        archive: the file.
        name: which chart, where a repository is named.
        version: which version of it, or a range; "" is the newest that is released.
        report: is told what happens.
        stop: ends the run when requested.

    Raises:
        InvalidInput: credentials were given, and more than one host was named.
        InvalidArchive: it is no archive, or a damaged one.
        StorageError: it cannot be written, or somebody else is at it.
    """
    named = list(charts)
    _check_hosts(named, registries)

    def put(intake: Intake, item: str) -> Stored:
        if item.startswith(OCI_SCHEME):
            image = chart_image_named(item, name, version, registries)
            return intake.image(image, registries.source(image))
        located = Locator(registries, intake.notice).chart(item, name, version)
        return intake.chart(located.content, located.chosen)

    return _store(named, archive, put, report, stop)


def store_files(
    files: Iterable[str],
    registries: Registries,
    archive: Path,
    *,
    name: str = "",
    report: Reporter = unheard,
    stop: Stop | None = None,
) -> Report:
    """Put files into an archive, by their paths or URLs; see `store_charts`.

    Args:
        files: paths and URLs.
        registries: reaches the web servers.
        archive: the file.
        name: what to call the one file, in place of its own name.
        report: is told what happens.
        stop: ends the run when requested.

    Raises:
        InvalidInput: a name was given for several files, or credentials and more
            than one host.
        InvalidArchive: it is no archive, or a damaged one.
        StorageError: it cannot be written, or somebody else is at it.
    """
    given = list(files)
    if name and len(given) > 1:
        message = "one name cannot be that of several files"
        raise InvalidInput(message, hint="store them one by one")
    _check_hosts(given, registries)

    def put(intake: Intake, item: str) -> Stored:
        located = Locator(registries, intake.notice).file(item, name)
        return intake.file(located.content, located.name, name)

    return _store(given, archive, put, report, stop)


def _check_hosts(items: Iterable[str], registries: Registries) -> None:
    """See that no host is told what was meant for another."""
    urls = [url_without_secrets(item) for item in items if "://" in item]
    hosts = {url.partition("://")[2].partition("/")[0].lower() for url in urls}
    if len(hosts) > 1 and registries.gives_credentials:
        message = f"for which host are the credentials: {', '.join(sorted(hosts))}?"
        hint = "store from one host at a time, or keep passwords with 'hangar login'"
        raise InvalidInput(message, hint=hint)


def _store(
    items: Iterable[str],
    archive: Path,
    put: _Put,
    report: Reporter,
    stop: Stop | None,
) -> Report:
    """Put one thing after another into an archive, then write its index."""
    started = time.monotonic()
    outcomes: list[Outcome] = []
    taken: dict[tuple[str, str], str] = {}
    ending, tell = stop or Stop(), one_at_a_time(report)
    with reading_back([archive], tell, ending):
        appended = Draft.append(archive, resume=True)
    with appended as draft:
        before, is_changed = draft.images, False
        listed = {(e.repository, e.reference) for e in draft.index.entries}
        listed -= {*before}  # perhaps with what was there before that
        for number, item in enumerate(items, start=1):
            intake = Intake(draft, number, tell, taken)
            outcome, stored = _attempt(intake, item, number, put, tell, ending)
            if stored:
                name = (stored.repository, stored.reference)
                taken[name] = outcome.image
                is_changed = is_changed or stored.is_new or name not in listed
            outcomes.append(outcome)
            tell(ImageFinished(outcome))
        _end(draft, [*before, *taken] if is_changed else [])
    return Report(tuple(outcomes), time.monotonic() - started)


def _end(draft: Draft, images: list[tuple[str, str]]) -> None:
    """Write the index if there is something new; leave what an earlier run left.

    Raises:
        StorageError: it cannot be written; then nothing was added.
    """
    resumed = draft.is_resumed
    try:
        if images:
            draft.finish(images, missing=draft.index.missing)
        elif not resumed:
            draft.undo()
    except StorageError:
        if not resumed:
            draft.undo()
        raise


def _attempt(
    intake: Intake, item: str, number: int, put: _Put, report: Reporter, stop: Stop
) -> tuple[Outcome, Stored | None]:
    """Put one thing into an archive; whatever it raises becomes its outcome."""
    started = time.monotonic()
    name = url_without_secrets(item)
    outcome = Outcome(number, name, name, "", Status.FAILED)
    stored = None
    try:
        with applied(Deadline(None, stop)) as deadline:
            deadline.check()
            report(ImageStarted(number, name, name, ""))
            stored = put(intake, item)
    except Exception as error:  # noqa: BLE001 - a bug must not take others down
        outcome = replace(outcome, error=error)
    else:
        separator = "@" if ":" in stored.reference else ":"
        outcome = replace(
            outcome,
            destination=f"{stored.repository}{separator}{stored.reference}",
            status=Status.COPIED if stored.is_new else Status.UP_TO_DATE,
            digest=stored.digest,
            traffic=stored.traffic,
        )
    return replace(outcome, seconds=time.monotonic() - started), stored
