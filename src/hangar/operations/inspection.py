"""Telling what images are: one in detail, or the platforms of a whole list."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hangar.batch import Pools
from hangar.copying import Plan, Route, entries_of, read_config
from hangar.copying.schema1 import described
from hangar.deadline import Stop
from hangar.errors import InvalidManifest, NotFound
from hangar.events import Outcome, Report, Reporter, unheard
from hangar.oci import DOCKER_MANIFEST, Descriptor, Manifest, Platform, load_object
from hangar.operations.images import Image
from hangar.operations.transfer import (
    DEFAULT_JOBS,
    DEFAULT_TIMEOUT,
    Result,
    carry_out,
)
from hangar.store import Source

_TIME = re.compile(r"(.{19})(?:(\.[0-9]*?)0*)?(Z|[+-][0-9]{2}:[0-9]{2})")
_NEVER = "0001-01-01T00:00:00Z"
"""How Go writes a time that is not known."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What an image says of itself; None for what it does not state at all.

    Attributes:
        tag: of a Docker schema 1 image; others do not know theirs.
        created: when, as Go writes times.
        docker_version: version of docker that made it, or "".
        labels: free text that the publisher attached.
        platform: what it runs on.
        layers: from the lowest to the topmost; a size of -1 is not known.
        env: environment of its processes, ``NAME=value``.
        author: who made it, or "".
    """

    tag: str
    created: str | None
    docker_version: str
    labels: Mapping[str, str] | None
    platform: Platform
    layers: tuple[Descriptor, ...]
    env: tuple[str, ...] | None
    author: str


def summarize(image: Image, platform: Platform | None = None) -> Summary:
    """Read what an image says of itself; of an index, the image for one platform.

    An artifact that is no image states nothing but its layers.

    Raises:
        NoMatchingPlatform: there is no image for the platform.
        HangarError: the manifest or config cannot be read.
    """
    manifest = image.chosen(platform)
    if manifest.is_schema1:
        stated, blobs = described(manifest)
        layers = tuple(Descriptor("", digest, -1) for digest in blobs)
        tag = _text(load_object(manifest.raw, "manifest"), "tag")
        return _summary(stated, layers, tag=tag, unknown_time=_NEVER)
    stated = {}
    if manifest.config and manifest.is_image:
        config = read_config(image.source, manifest.config)
        stated = load_object(config, "config")
    is_docker = manifest.media_type == DOCKER_MANIFEST
    unknown = _NEVER if is_docker else None
    return _summary(stated, manifest.layers, unknown_time=unknown)


def platform_sizes(
    image: Image, manifest: Manifest
) -> Iterator[tuple[Descriptor, int | None]]:
    """Tell of each entry of an image how many bytes its manifest and blobs have.

    None stands for what an index lists although it is not there.

    Raises:
        HangarError: an entry cannot be read.
    """
    for entry in entries_of(image.source, manifest):
        try:
            of = image.source.manifest(entry.digest) if manifest.is_index else manifest
        except NotFound:
            yield entry, None
        else:
            yield entry, len(of.raw) + sum(blob.size for blob in of.blobs)


def inspect_all(
    routes: Iterable[Route[Source] | Outcome],
    *,
    jobs: int = DEFAULT_JOBS,
    timeout: float | None = DEFAULT_TIMEOUT,
    report: Reporter = unheard,
    stop: Stop | None = None,
) -> Report:
    """Find out the platforms of images: each `Outcome` has its ``entries``.

    Args:
        routes: from `source_routes`.
        jobs: images at once.
        timeout: seconds for each image; None: no limit.
        report: is told what happens, from several threads, one call at a time.
        stop: ends the run when requested; what is not finished then has failed.
    """

    def act(route: Route[Source], pools: Pools, report: Reporter) -> Result:
        del pools, report
        manifest = route.source.manifest(route.reference)
        entries = entries_of(route.source, manifest)
        return Result(Plan(manifest.digest, manifest.digest), entries=entries)

    return carry_out(act, routes, jobs, timeout, report, stop)


def _summary(
    stated: Mapping[str, Any],
    layers: Sequence[Descriptor],
    *,
    tag: str = "",
    unknown_time: str | None,
) -> Summary:
    run = stated.get("config") or {}
    if not isinstance(run, dict):
        message = f"config: expected an object, found {run!r:.60}"
        raise InvalidManifest(message)
    labels, env = run.get("Labels"), run.get("Env")
    fields = ("architecture", "os", "variant")
    created = _text(stated, "created")
    return Summary(
        tag=tag,
        created=_as_go_writes(created) if created else unknown_time,
        docker_version=_text(stated, "docker_version"),
        labels=labels if labels is None else _texts(labels, "Labels", dict),
        platform=Platform.from_json({name: stated.get(name) for name in fields}),
        layers=tuple(layers),
        env=env if env is None else tuple(_texts(env, "Env", list)),
        author=_text(stated, "author"),
    )


def _text(value: Mapping[str, Any], key: str) -> str:
    text = value.get(key) or ""
    if not isinstance(text, str):
        message = f"{key}: expected text, found {text!r:.60}"
        raise InvalidManifest(message)
    return text


def _texts(value: Any, what: str, kind: type) -> Any:
    """Make sure that a list or an object holds nothing but text."""
    texts = value.values() if isinstance(value, dict) else value
    if not isinstance(value, kind) or not all(isinstance(t, str) for t in texts):
        message = f"{what}: expected texts, found {value!r:.60}"
        raise InvalidManifest(message)
    return value


def _as_go_writes(time: str) -> str:
    """Write a time of RFC 3339 as Go does: no zeros at the end, UTC as ``Z``."""
    match = _TIME.fullmatch(time)
    if match is None:
        return time
    fraction = (match[2] or "").rstrip(".")
    zone = "Z" if match[3] in ("+00:00", "-00:00") else match[3]
    return f"{match[1]}{fraction[:10]}{zone}"
