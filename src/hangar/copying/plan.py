"""Deciding: what one image consists of, in an order that is safe to write.

A plan reads manifests and configs, never layers (but for schema 1, which cannot be
understood without), and writes nothing.
"""

from __future__ import annotations

import contextlib
from collections import ChainMap
from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from hangar.copying import schema1, signatures
from hangar.copying.merging import merged
from hangar.copying.schema1 import Unpacked
from hangar.copying.streams import read_config
from hangar.errors import (
    Incomplete,
    InvalidManifest,
    NoMatchingPlatform,
    NotFound,
    Unsupported,
)
from hangar.oci import (
    MANIFEST_TYPES,
    Descriptor,
    Digest,
    Manifest,
    Platform,
    load_object,
)
from hangar.selection import Selection
from hangar.store import Companion, Source

_LEFT_BEHIND = (
    "its signatures, or what else is attached to the whole image, stay behind, for"
    " only some of its platforms are selected (--arch '' --os '' selects all)"
)

MAX_DEPTH = 32
"""Indexes within indexes, and referrers of referrers, that are followed."""

D_co = TypeVar("D_co", bound=Source, covariant=True)


@dataclass(frozen=True, slots=True)
class Route(Generic[D_co]):
    """From where to where one image goes.

    Attributes:
        image: what the user called it; failed lists repeat it word for word.
        source: what it is read from.
        reference: its tag or digest there.
        destination: what it is written to, or compared with.
        tag: its tag there; "" if it has none and goes by its digest.
        number: position in the list, from 1.
        platforms: those that are wanted of just this image, () for all of them; None
            leaves it to the selection for all images.
    """

    image: str
    source: Source
    reference: str
    destination: D_co
    tag: str
    number: int = 0
    platforms: tuple[Platform, ...] | None = None

    @property
    def source_name(self) -> str:
        """Full name of what is read."""
        return _full_name(self.source, self.reference)

    @property
    def destination_name(self) -> str:
        """Full name of what is written; "" if the image is to stay where it is."""
        if self.destination is self.source and not self.tag:
            return ""
        return _full_name(self.destination, self.tag or self.reference)


@dataclass(frozen=True, slots=True)
class Step:
    """A manifest to write once its blobs are there.

    Attributes:
        manifest: what to write.
        tag: what to call it; "" for its digest alone.
        over: what a tag of signatures named that are among these, or None.
    """

    manifest: Manifest
    tag: str = ""
    over: Digest | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What one image consists of.

    Attributes:
        source_digest: of the root manifest at the source.
        digest: of what the destination's tag is to name.
        steps: manifests with their blobs, each after all that it needs; the root
            comes last. Empty if the destination has everything.
        made: content that comes from here, not from the source: configs that were
            read already, or had to be made.
        notices: what the user should know that is no failure.
    """

    source_digest: Digest
    digest: Digest
    steps: tuple[Step, ...] = ()
    made: Mapping[Digest, bytes] = field(default_factory=dict)
    notices: tuple[str, ...] = ()

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """All blobs of all steps, each once."""
        blobs = [blob for step in self.steps for blob in step.manifest.blobs]
        return tuple({blob.digest: blob for blob in blobs}.values())

    @property
    def size(self) -> int:
        """Bytes of all blobs and manifests."""
        manifests = sum(len(step.manifest.raw) for step in self.steps)
        return manifests + sum(blob.size for blob in self.blobs)


def plan(
    route: Route[Source],
    selection: Selection,
    *,
    overwrite: bool = False,
    platform_tags: bool = False,
    measured: MutableMapping[Digest, Unpacked] | None = None,
) -> Plan:
    """Decide what is to be written for an image.

    What the destination's tag names is taken to be there whole: the same root as at
    the source means that nothing is to be done, and manifests that its index lists
    are not looked at again.

    Args:
        route: the image.
        selection: what of it is wanted.
        overwrite: whether platforms that only the destination has may go.
        platform_tags: whether each platform gets a tag of its own, too.
        measured: what the run knows of layers of schema 1; what is learnt is added.

    Raises:
        NoMatchingPlatform: the selection leaves nothing of the image.
        HangarError: a manifest or config cannot be read.
    """
    selection = selection.only(route.platforms)
    there = _resolved(route.destination, route.tag or route.reference)
    exact = not platform_tags and (selection.whole or not overwrite)
    if there and exact and _source_digest(route) == there:
        return Plan(there, there)
    planner = _Planner(route, selection, platform_tags=platform_tags, measured=measured)
    existing = None if overwrite or not there else route.destination.manifest(there)
    decided = planner.plan(existing)
    if decided.digest == there and not platform_tags:
        return replace(decided, steps=())
    return decided


def full_plan(
    route: Route[Source],
    selection: Selection,
    *,
    overwrite: bool = False,
    platform_tags: bool = False,
    measured: MutableMapping[Digest, Unpacked] | None = None,
) -> Plan:
    """Decide as `plan` does, but take nothing at the destination for granted."""
    selection = selection.only(route.platforms)
    planner = _Planner(
        route, selection, platform_tags=platform_tags, measured=measured, full=True
    )
    there = _resolved(route.destination, route.tag or route.reference)
    existing = None if overwrite or not there else route.destination.manifest(there)
    return planner.plan(existing)


class _Planner:
    """Walks one image's graph and lists the steps."""

    def __init__(
        self,
        route: Route[Source],
        selection: Selection,
        *,
        platform_tags: bool,
        full: bool = False,
        measured: MutableMapping[Digest, Unpacked] | None = None,
    ) -> None:
        self._source = route.source
        self._destination = route.destination
        self._reference = route.reference
        self._tag = route.tag
        # Who asks for a digest alone wants just that, or the digest is lost.
        self._selection = selection if route.tag else selection.unfiltered
        self._platform_tags = platform_tags and bool(route.tag)
        self._full = full
        self._measured = {} if measured is None else measured
        self._known: frozenset[Digest] = frozenset()
        self._steps: dict[tuple[Digest, str], Step] = {}
        self._made: dict[Digest, bytes] = {}
        self._accompanied: set[Digest] = set()
        self._depth = 0

    def plan(self, existing: Manifest | None) -> Plan:
        """List the steps, given what the destination's tag names now."""
        found = self._source.manifest(self._reference)
        root = self._converted(found, existing) if found.is_schema1 else found
        chosen = self._chosen(root, existing)
        target = merged(existing, root, chosen) if chosen else root
        if existing and not self._full and not self._platform_tags:
            self._known = frozenset(child.digest for child in existing.children)
        for entry in chosen:
            tag = self._platform_tag(entry)
            if root.is_index:
                self._walk(entry, tag)
            elif target is not root or tag:
                self._write(root, tag)
        notices: tuple[str, ...] = ()
        if target is root:
            self._accompany(root.digest)
        elif not self._full and self._leaves_behind(root.digest):
            notices = (_LEFT_BEHIND,)
        self._steps[target.digest, self._tag] = Step(target, self._tag)
        steps = tuple(self._steps.values())
        return Plan(found.digest, target.digest, steps, self._made, notices)

    def _leaves_behind(self, root: Digest) -> bool:
        """Whether something is attached to a root that the destination will lack."""
        return root not in self._accompanied and any(
            self._selection.accompanied_by(companion)
            for companion in self._source.companions(root)
        )

    def _chosen(
        self, root: Manifest, existing: Manifest | None
    ) -> tuple[Descriptor, ...]:
        """Select of a root what is wanted; () for what has no platforms at all."""
        selection = self._selection
        if root.is_index and root.children:
            chosen = selection.entries(root.children)
            if chosen:
                return chosen
            raise _no_platform()
        if root.is_image:
            asked = selection.filters or self._platform_tags
            platform = None
            if asked or (existing and existing.children):
                platform = self._platform(self._source, root)
            if selection.passes(platform):
                return (replace(root.descriptor, platform=platform),)
            raise _no_platform()
        return ()

    def _walk(self, entry: Descriptor, tag: str = "") -> None:
        """Add the steps of an index's entry, and of all below it."""
        if entry.digest in self._known:
            self._accompany(entry.digest)
            return
        if (entry.digest, tag) in self._steps:
            return
        try:
            manifest = self._source.manifest(entry.digest)
        except NotFound as error:
            message = f"{self._source.name}: its index lists {entry.digest}, not found"
            raise Incomplete(message, missing=[entry.digest]) from error
        if len(manifest.raw) != entry.size:
            message = (
                f"{self._source.name}: {entry.digest} has {len(manifest.raw)} bytes,"
                f" but the index that lists it says {entry.size}"
            )
            raise InvalidManifest(message)
        with self._deeper():
            for child in manifest.children:
                self._walk(child)
            self._write(manifest, tag)

    def _write(
        self, manifest: Manifest, tag: str = "", over: Digest | None = None
    ) -> None:
        """Add the step of a manifest that stays as it is, and of its companions."""
        self._accompany(manifest.digest)
        self._steps[manifest.digest, tag] = Step(manifest, tag, over)

    def _accompany(self, subject: Digest) -> None:
        """Add the steps of what accompanies a manifest, and what accompanies that."""
        if subject in self._accompanied:
            return
        self._accompanied.add(subject)
        for companion in self._source.companions(subject):
            if not self._selection.accompanied_by(companion):
                continue
            self._check_known(companion, subject)
            try:
                manifest = self._source.manifest(companion.digest)
            except NotFound:  # listed, but deleted since
                continue
            with self._deeper():
                for child in manifest.children:
                    self._walk(child)
                self._write(*self._joined(companion, manifest))

    def _check_known(self, companion: Companion, subject: Digest) -> None:
        """See that a companion is of a type that can be asked for."""
        kind = companion.media_type
        if kind and kind not in MANIFEST_TYPES:
            message = (
                f'{self._source.name}: unsupported MIME type "{kind:.80}" of'
                f" {companion.digest}, which is attached to {subject}"
            )
            hint = "--referrers=false leaves behind what is attached"
            raise Unsupported(message, hint=hint)

    @contextlib.contextmanager
    def _deeper(self) -> Iterator[None]:
        """Descend; a graph without end is no image but an attack."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            message = f"{self._source.name}: nested more than {MAX_DEPTH} deep"
            raise InvalidManifest(message)
        yield
        self._depth -= 1

    def _joined(
        self, companion: Companion, manifest: Manifest
    ) -> tuple[Manifest, str, Digest | None]:
        """Join cosign's signatures with those that the destination has already."""
        tag = companion.tag
        if not tag.endswith((".sig", ".att")):
            return manifest, tag, None
        there = _resolved(self._destination, tag)
        if there in (None, manifest.digest):
            return manifest, tag, there
        mine = self._destination.manifest(tag)
        if mine.config is None or {*mine.layers} <= {*manifest.layers}:
            return manifest, tag, mine.digest
        config = self._config(self._destination, mine)
        result, config = signatures.joined(mine, config, manifest)
        if result.config:
            self._made[result.config.digest] = config
        return result, tag, mine.digest

    def _converted(self, found: Manifest, existing: Manifest | None) -> Manifest:
        """Convert schema 1, with what the destination's image tells of its layers."""
        if not self._selection.passes(schema1.platform(found)):
            raise _no_platform()
        there: dict[Digest, Unpacked] = {}
        if existing and existing.is_image:
            config = self._config(self._destination, existing)
            there = schema1.known_layers(existing, config)
        known = ChainMap(self._measured, there)  # what is measured goes to the first
        root, config = schema1.converted(self._source, found, known)
        self._made[Digest.of(config)] = config
        return root

    def _platform_tag(self, entry: Descriptor) -> str:
        """The tag of its own that the Go program gives to an image of an index."""
        if not self._platform_tags or entry.attests:
            return ""
        platform = entry.platform
        if platform is None or not platform.os or not platform.architecture:
            return f"{self._tag}-{entry.digest.hex[:16]}"
        if _is_vague(platform):
            manifest = self._source.manifest(entry.digest)
            platform = self._platform(self._source, manifest)
        parts = (platform.os, platform.os_version, platform.architecture)
        return "-".join(filter(None, (self._tag, *parts))) + platform.variant

    def _platform(self, store: Source, manifest: Manifest) -> Platform:
        """Read from an image's config what it runs on."""
        return Platform.from_json(load_object(self._config(store, manifest), "config"))

    def _config(self, store: Source, manifest: Manifest) -> bytes:
        """Read a config; one of the source's is kept, so as not to be read twice."""
        config = manifest.config
        if config is None:
            return b"{}"
        if config.digest in self._made:
            return self._made[config.digest]
        data = read_config(store, config)
        if store is self._source:
            self._made[config.digest] = data
        return data


def _no_platform() -> NoMatchingPlatform:
    """Say that the selection leaves nothing of an image."""
    message = "no available image for specified arch and os"
    hint = "choose others with --arch and --os; empty ones select everything"
    return NoMatchingPlatform(message, hint=hint)


def _is_vague(platform: Platform) -> bool:
    """Whether an index says less of an image than its config does."""
    return (platform.os == "windows" and not platform.os_version) or (
        (platform.os, platform.architecture, platform.variant) == ("linux", "arm", "")
    )


def _source_digest(route: Route[Source]) -> Digest:
    if ":" in route.reference:  # a digest, no tag
        return Digest(route.reference)
    return route.source.resolve(route.reference)


def _resolved(store: Source, reference: str) -> Digest | None:
    try:
        return store.resolve(reference)
    except NotFound:
        return None


def _full_name(store: Source, reference: str) -> str:
    return f"{store.name}{'@' if ':' in reference else ':'}{reference}"
