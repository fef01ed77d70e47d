"""Doing: moving what the destination lacks, or telling what it lacks."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol, TypeVar

from hangar.copying.ledger import Ledger
from hangar.copying.plan import Plan, Route, Step
from hangar.copying.streams import counted, verified
from hangar.deadline import current
from hangar.errors import IntegrityError, NotFound, TransferError
from hangar.events import (
    BlobFinished,
    BlobProgress,
    BlobStarted,
    ImagePlanned,
    Reporter,
    Traffic,
)
from hangar.oci import MANIFEST_TYPES, Descriptor
from hangar.store import Chunks, Destination, Put, Source

R = TypeVar("R")


class Mapper(Protocol):
    """Calls a function for each blob, several at a time, and waits for all.

    When calls raise, the others are still finished; then the first error is raised.
    """

    def __call__(
        self, function: Callable[[Descriptor], R], blobs: Iterable[Descriptor], /
    ) -> list[R]:
        """Return the results in the order of ``blobs``."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One image on its way.

    Attributes:
        route: from where to where.
        plan: what is to be moved.
        ledger: which blobs the run has moved already.
        report: is told of the progress.
    """

    route: Route[Destination]
    plan: Plan
    ledger: Ledger
    report: Reporter

    def execute(self, each: Mapper) -> Traffic:
        """Move the blobs, ``each`` at a time; then write the manifests in order.

        Raises:
            HangarError: something could not be moved; the tag is as it was.
        """
        plan, destination = self.plan, self.route.destination
        self.report(ImagePlanned(self.route.number, plan.size, len(plan.blobs)))
        traffic = Traffic()
        wanted = plan.blobs
        while wanted:
            mine = [b for b in wanted if self.ledger.claim(destination, b.digest)]
            traffic = sum(each(self._bring, mine), traffic)
            wanted = tuple(blob for blob in wanted if blob not in mine)
            held = [b for b in wanted if self.ledger.holder(destination, b.digest)]
            traffic = sum(each(self._take, held), traffic)
            wanted = tuple(blob for blob in wanted if blob not in held)
        return sum(map(self._write, plan.steps), traffic)

    def _write(self, step: Step) -> Traffic:
        """Write a manifest, unless this run has written it there already."""
        current().check()
        destination, size = self.route.destination, len(step.manifest.raw)
        with self.ledger.turn(destination, step.manifest.digest) as is_there:
            if is_there and not step.tag:
                return Traffic(present=size)
            if not self.ledger.may_sign(destination, step):
                message = f"{destination.name}:{step.tag} was signed anew meanwhile"
                hint = "run the same command again: it keeps both signatures"
                raise TransferError(message, hint=hint)
            destination.put_manifest(step.manifest, step.tag)
        return Traffic(sent=size)

    def _bring(self, blob: Descriptor) -> Traffic:
        """Move a blob that this image has claimed."""
        source, destination = self.route.source, self.route.destination
        stored = False
        try:
            origin = source.name if source.place == destination.place else ""
            traffic = self._put(blob, origin)
            stored = True
        finally:
            self.ledger.settle(destination, blob.digest, stored=stored)
        return traffic

    def _take(self, blob: Descriptor) -> Traffic:
        """Get a blob that another repository of the same place has."""
        destination = self.route.destination
        holder = self.ledger.holder(destination, blob.digest)
        if holder == destination.name:
            return self._finish(blob, Put.PRESENT)
        traffic = self._put(blob, holder)
        self.ledger.settle(destination, blob.digest, stored=True)
        return traffic

    def _put(self, blob: Descriptor, origin: str) -> Traffic:
        put = self.route.destination.put_blob(
            blob, lambda: self._chunks(blob), origin=origin
        )
        return self._finish(blob, put)

    def _finish(self, blob: Descriptor, put: Put) -> Traffic:
        number = self.route.number
        self.report(BlobFinished(number, blob.digest, blob.size, put))
        return Traffic.of(put, blob.size)

    def _chunks(self, blob: Descriptor) -> Chunks:
        """Open a blob: what comes is verified, counted, and ends with the deadline."""
        number, digest = self.route.number, blob.digest
        self.report(BlobStarted(number, digest, blob.size))
        with contextlib.closing(self._opened(blob)) as chunks:
            told = counted(
                chunks, lambda size: self.report(BlobProgress(number, digest, size))
            )
            yield from verified(current().watch(told), blob)

    def _opened(self, blob: Descriptor) -> Chunks:
        made = self.plan.made.get(blob.digest)
        if made is None:
            yield from self.route.source.blob(blob)
        else:
            yield made


def foreseen(route: Route[Source], plan: Plan, ledger: Ledger) -> Traffic:
    """Tell what `Transfer.execute` would move, and move nothing."""
    destination, traffic = route.destination, Traffic()
    for blob in plan.blobs:
        if not ledger.claim(destination, blob.digest):
            own = ledger.holder(destination, blob.digest) == destination.name
            traffic += Traffic.of(Put.PRESENT if own else Put.MOUNTED, blob.size)
            continue
        answered = False
        try:
            there = destination.has(blob)
            answered = True
        finally:
            ledger.settle(destination, blob.digest, stored=answered)
        traffic += Traffic.of(Put.PRESENT if there else Put.SENT, blob.size)
    return traffic + Traffic(sent=sum(len(step.manifest.raw) for step in plan.steps))


def missing(
    plan: Plan, destination: Source, each: Mapper, *, deep: bool = False
) -> tuple[str, ...]:
    """List what ``destination`` lacks of a plan: tags, manifests, blobs by digest.

    With ``deep``, all bytes are read back, and what is damaged counts as missing.
    """
    lacks = _cannot_read if deep else _has_not
    blobs = plan.blobs
    found = each(lambda blob: lacks(destination, blob), blobs)
    absent = [str(b.digest) for b, lacking in zip(blobs, found, strict=True) if lacking]
    for step in plan.steps:
        if lacks(destination, step.manifest.descriptor):
            absent.append(step.manifest.digest)
        elif not _is_found(destination, step):
            absent.append(step.tag or f"referrer {step.manifest.digest}")
    return tuple(absent)


def _is_found(store: Source, step: Step) -> bool:
    """Whether a manifest that is there goes by its tag, or as a referrer."""
    if step.tag:
        try:
            return store.resolve(step.tag) == step.manifest.digest
        except NotFound:
            return False
    subject = step.manifest.subject
    return subject is None or step.manifest.digest in {
        companion.digest for companion in store.companions(subject.digest)
    }


def _has_not(store: Source, content: Descriptor) -> bool:
    return not store.has(content)


def _cannot_read(store: Source, content: Descriptor) -> bool:
    """Whether content is not there, or not what its digest says."""
    try:
        if content.media_type in MANIFEST_TYPES:
            store.manifest(content.digest)
        else:
            with contextlib.closing(store.blob(content)) as chunks:
                for _ in verified(current().watch(chunks), content):
                    pass
    except (NotFound, IntegrityError):
        return True
    return False
