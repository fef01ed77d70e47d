"""What accompanies an image: cosign's tags, and OCI referrers.

Registries that do not list referrers leave it to the clients to keep the list, as an
index under a tag (distribution-spec, "Referrers Tag Schema").
"""

from __future__ import annotations

import threading
from collections.abc import Iterator

from hangar import deadline
from hangar.errors import (
    HangarError,
    InvalidManifest,
    NotFound,
    RegistryError,
    TransferError,
    Unsupported,
)
from hangar.http import Response
from hangar.oci import OCI_INDEX, Descriptor, Digest, Manifest
from hangar.registry import manifests
from hangar.registry.desk import Desk
from hangar.registry.pages import pages
from hangar.registry.tags import TagLookup
from hangar.store import COSIGN_SUFFIXES, Companion

_NO_SUCH_THING = frozenset({404, 405, 501})
_UNSUPPORTED = "UNSUPPORTED"


class _NotListed(HangarError):
    """The registry does not list referrers."""


class Referrers:
    """Finds what accompanies the images of a repository; keeps lists if need be."""

    def __init__(self, desk: Desk, lookup: TagLookup) -> None:
        self._desk = desk
        self._lookup = lookup
        self._locks: dict[str, threading.Lock] = {}

    def find(self, subject: Digest) -> tuple[Companion, ...]:
        """List what accompanies a manifest: cosign's, then referrers."""
        tags = [f"{_tag(subject)}{suffix}" for suffix in COSIGN_SUFFIXES]
        found = ((self._lookup.find(tag), tag) for tag in tags)
        return (
            *(Companion(digest, tag) for digest, tag in found if digest),
            *(
                Companion(
                    entry.digest,
                    artifact_type=entry.artifact_type,
                    media_type=entry.media_type,
                )
                for entry in self._referrers(subject)
            ),
        )

    def record(self, manifest: Manifest, subject: Digest) -> None:
        """Make sure that a manifest is found as a referrer of its subject."""
        if self._desk.again(lambda: self._lists(manifest, subject), ": referrers"):
            return
        tag = _tag(subject)
        with deadline.holding(self._locks.setdefault(tag, threading.Lock())):
            kept = self._kept(tag)
            if kept and not kept.is_index:
                message = f"{self._desk.name}:{tag} is no list of referrers"
                raise Unsupported(message, hint="delete that tag; its name is reserved")
            entries = _entries(kept) if kept else ()
            if any(entry.digest == manifest.digest for entry in entries):
                return
            index = Manifest.index([*entries, _entry(manifest)])
            manifests.put(self._desk, index, tag)
            self._lookup.note(tag)

    def _lists(self, manifest: Manifest, subject: Digest) -> bool:
        """Whether the registry lists a referrer; False if it lists none at all.

        Raises:
            TransferError: it lists others only; that may take it a moment.
        """
        listed = self._asked(subject)
        if listed is not None and manifest.digest not in {e.digest for e in listed}:
            message = (
                f"{self._desk.name}@{manifest.digest} was stored, but is not listed as"
                f" a referrer of {subject}"
            )
            hint = (
                "--referrers=false, and --remove-signatures, leave such things behind"
            )
            raise TransferError(message, hint=hint)
        return listed is not None

    def _referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        listed = self._asked(subject)
        if listed is not None:
            return listed
        tag = _tag(subject)
        kept = self._kept(tag) if self._lookup.find(tag) else None
        # `cosign copy` gives such tags to images, which list nobody.
        return _entries(kept) if kept and kept.is_index else ()

    def _asked(self, subject: Digest) -> tuple[Descriptor, ...] | None:
        """What the registry lists; None if it does not do that."""
        if self._desk.registry.has_referrers is False:
            return None
        try:
            listed = tuple(self._listed(subject))
        except _NotListed:
            return None
        self._desk.registry.has_referrers = True
        return listed

    def _listed(self, subject: Digest) -> Iterator[Descriptor]:
        for page in pages(self._desk, f"referrers/{subject}", self._refused):
            try:
                yield from _entries(Manifest.parse(page, OCI_INDEX))
            except (InvalidManifest, Unsupported) as error:
                message = f"{self._desk.name}: no index, but asked for referrers"
                raise RegistryError(message, status=200) from error

    def _refused(self, response: Response) -> HangarError:
        said = response.excerpt()
        error = self._desk.refusal(response, ": list of referrers")
        unsupported = isinstance(error, RegistryError) and error.code == _UNSUPPORTED
        if response.status not in _NO_SUCH_THING and not unsupported:
            return error
        if unsupported or b'"errors"' not in said:  # else it knows what we mean
            if self._desk.registry.has_referrers is None:  # nor did it ever list any
                self._desk.registry.has_referrers = False
        return _NotListed("referrers are not listed")

    def _kept(self, tag: str) -> Manifest | None:
        """What the tag names that clients keep the list under."""
        try:
            return manifests.fetch(self._desk, tag)
        except NotFound:
            return None


def _tag(subject: Digest) -> str:
    return f"{subject.algorithm}-{subject.hex[:64]}"


def _entries(listed: Manifest) -> tuple[Descriptor, ...]:
    """All that a list names, also of types that we do not know."""
    return (*listed.children, *listed.layers)


def _entry(manifest: Manifest) -> Descriptor:
    """How a list of referrers shows a manifest."""
    artifact_type = manifest.artifact_type
    if not artifact_type and manifest.config:
        artifact_type = manifest.config.media_type
    return Descriptor(
        manifest.media_type,
        manifest.digest,
        len(manifest.raw),
        annotations=manifest.annotations,
        artifact_type=artifact_type,
    )
