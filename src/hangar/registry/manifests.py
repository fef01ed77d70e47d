"""Manifests of a repository: asked for, fetched, written, deleted."""

from __future__ import annotations

import base64
import binascii
import itertools
from dataclasses import replace

from hangar.errors import (
    HangarError,
    IntegrityError,
    InvalidDigest,
    InvalidManifest,
    InvalidReference,
    RegistryError,
    TransferError,
)
from hangar.http import Response
from hangar.oci import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA1,
    DOCKER_SCHEMA1_SIGNED,
    MANIFEST_TYPES,
    MAX_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    Digest,
    Manifest,
    load_object,
)
from hangar.reference import is_tag
from hangar.registry.desk import DELETE, PUSH, Desk

_TYPES = (
    OCI_INDEX,
    DOCKER_LIST,
    OCI_MANIFEST,
    DOCKER_MANIFEST,
    DOCKER_SCHEMA1_SIGNED,
    DOCKER_SCHEMA1,
)
_ACCEPT = {"Accept": ", ".join(_TYPES)}
_UNKNOWN = "manifest unknown"
_DOUBTED = "DIGEST_INVALID"
_HEAD_REFUSED = frozenset({405, 501})
_NOT_ACCEPTED = frozenset({400, 415, 422})
_HINT_MIXED = (
    "some registries take no Docker images in an OCI index: mirror all platforms,"
    " which keeps the source's own list"
)


def resolve(desk: Desk, reference: str) -> Digest:
    """Ask which manifest a tag or digest names; fetch it if asking is not enough.

    Raises:
        NotFound: none.
    """

    def ask() -> Digest | None:
        with desk.send("HEAD", _path(reference), headers=_ACCEPT) as response:
            if response.status == 200:
                return _named(response, reference)
            if response.status in _HEAD_REFUSED:
                return None
            raise desk.refusal(response, _suffix(reference), _UNKNOWN)

    return desk.again(ask, _suffix(reference)) or fetch(desk, reference).digest


def fetch(desk: Desk, reference: str) -> Manifest:
    """Get a manifest; its bytes are what its digest says.

    Raises:
        NotFound: there is none.
        InvalidManifest, Unsupported: what came is no manifest that we know.
    """

    def get() -> Manifest:
        with desk.send("GET", _path(reference), headers=_ACCEPT) as response:
            if response.status != 200:
                raise desk.refusal(response, _suffix(reference), _UNKNOWN)
            raw = response.read(MAX_MANIFEST)
        digest = Digest(reference) if ":" in reference else _stated(response)
        return _checked(raw, response.headers.get("content-type", ""), digest)

    return desk.again(get, _suffix(reference))


def put(desk: Desk, manifest: Manifest, tag: str) -> str:
    """Write a manifest; return what the registry says that its subject is, or "".

    A registry that refuses to write a tag again is asked whether there is any need.
    """
    reference = tag or manifest.digest

    def write() -> str:
        with desk.send(
            "PUT",
            _path(reference),
            PUSH,
            headers={"Content-Type": manifest.media_type},
            body=manifest.raw,
        ) as response:
            if response.status not in (200, 201, 202, 204):
                error = desk.refusal(response, _suffix(reference))
                if isinstance(error, RegistryError) and error.code == _DOUBTED:
                    # Ours are right: it read what somebody else was just writing.
                    raise TransferError(str(error)) from error
                if response.status in _NOT_ACCEPTED and _mixes(manifest):
                    error.hint = _HINT_MIXED
                raise error
            stored = _stated(response)
            if stored and stored.algorithm == manifest.digest.algorithm:
                _same(manifest.digest, stored, len(manifest.raw))
            return response.headers.get("oci-subject", "")

    try:
        return desk.again(write, _suffix(reference))
    except HangarError:
        if tag and _names(desk, tag, manifest.digest):
            return ""
        raise


def delete(desk: Desk, reference: str) -> None:
    """Delete a manifest, or a tag where the registry can.

    Raises:
        NotFound: there is none.
    """
    tries = itertools.count()

    def remove() -> None:
        is_first = next(tries) == 0
        with desk.send("DELETE", _path(reference), DELETE) as response:
            if response.status == 404 and not is_first:
                return  # it was deleted; only the answer was lost
            if response.status not in (200, 202, 204):
                raise desk.refusal(response, _suffix(reference), _UNKNOWN)

    desk.again(remove, _suffix(reference))


def _path(reference: str) -> str:
    """Where a manifest is; only what is a tag or a digest becomes part of a path."""
    if ":" in reference:
        return f"manifests/{Digest(reference)}"
    if is_tag(reference):
        return f"manifests/{reference}"
    message = f"neither a tag nor a digest: {reference!r:.140}"
    raise InvalidReference(message)


def _suffix(reference: str) -> str:
    return f"{'@' if ':' in reference else ':'}{reference}"


def _stated(response: Response) -> Digest | None:
    """The digest that the registry says the manifest has."""
    try:
        return Digest(response.headers.get("docker-content-digest", ""))
    except InvalidDigest:
        return None


def _named(response: Response, reference: str) -> Digest | None:
    """What an answer without bytes says that a reference names; None if too little.

    Of a digest it has to say so, or at least that it is about a manifest: there are
    proxies that answer everything with a page of their own.
    """
    stated = _stated(response)
    if ":" not in reference or stated == reference:
        return stated
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    return Digest(reference) if not stated and kind in MANIFEST_TYPES else None


def _checked(raw: bytes, media_type: str, digest: Digest | None) -> Manifest:
    algorithm = digest.algorithm if digest else "sha256"
    actual = Digest.of(raw, algorithm)
    if digest is None or actual == digest:
        return Manifest.parse(raw, media_type, algorithm)
    payload = _signed_payload(raw)
    _same(digest, Digest.of(payload, algorithm) if payload else actual, len(raw))
    return replace(Manifest.parse(raw, media_type, algorithm), digest=digest)


def _mixes(manifest: Manifest) -> bool:
    """Whether it is an OCI index of Docker images."""
    children = {child.media_type for child in manifest.children}
    return manifest.media_type == OCI_INDEX and DOCKER_MANIFEST in children


def _same(expected: Digest, actual: Digest, size: int) -> None:
    if expected != actual:
        raise IntegrityError(
            expected=expected, actual=actual, received=size, what="manifest"
        )


def _signed_payload(raw: bytes) -> bytes:
    """What was signed of a schema 1 manifest, which is what its digest names.

    The signature says how much of the text it covers, and with what it went on
    (docker/libtrust, JSON Web Signature in "pretty" form). b"" if there is none.
    """
    try:
        match load_object(raw, "manifest"):
            case {"signatures": [{"protected": str(protected)}, *_]}:
                pass
            case _:
                return b""
        match load_object(_base64(protected), "signature"):
            case {"formatLength": int(length), "formatTail": str(tail)}:
                return raw[: max(length, 0)] + _base64(tail)
    except (InvalidManifest, binascii.Error, ValueError):
        pass
    return b""


def _base64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _names(desk: Desk, tag: str, digest: Digest) -> bool:
    try:
        return resolve(desk, tag) == digest
    except HangarError:
        return False  # what refused the writing is the error to tell
