"""Values of the OCI image specification: digest, platform, descriptor, manifest.

A `Manifest` keeps the bytes it was made of, for these are what its digest names and
what is copied, and shows the two kinds of edges that the image graph has: manifests
it lists (``children``) and blobs it needs (``blobs``). The media types are looked at
here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from hangar.errors import IntegrityError, InvalidDigest, InvalidManifest, Unsupported
from hangar.gojson import indented_json

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_SCHEMA1 = "application/vnd.docker.distribution.manifest.v1+json"
DOCKER_SCHEMA1_SIGNED = "application/vnd.docker.distribution.manifest.v1+prettyjws"

INDEX_TYPES = frozenset({OCI_INDEX, DOCKER_LIST})
IMAGE_TYPES = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
SCHEMA1_TYPES = frozenset({DOCKER_SCHEMA1, DOCKER_SCHEMA1_SIGNED})
MANIFEST_TYPES = INDEX_TYPES | IMAGE_TYPES | SCHEMA1_TYPES

MAX_MANIFEST = 4 << 20
"""Bytes; the size that registries are asked to accept (distribution-spec 1.1)."""

MAX_CONFIG = 4 << 20
"""Bytes; the limit that containers/image sets for a config read into memory."""

MAX_BLOB = 1 << 46
"""Bytes (64 TiB); a descriptor that promises more is a lie."""

_DIGESTS = {"sha256": 64, "sha384": 96, "sha512": 128}
_DIGEST = re.compile(r"(sha256|sha384|sha512):([0-9a-f]+)", re.ASCII)


class Digest(str):
    """Name of content, ``algorithm:hex`` (image-spec, "descriptor.md", Digests).

    >>> Digest.of(b"")[:19]
    'sha256:e3b0c44298fc'
    >>> Digest.of(b"", "sha512").algorithm
    'sha512'

    Raises:
        InvalidDigest: unknown algorithm, wrong length, upper case.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:
        match = _DIGEST.fullmatch(text)
        if match is None or len(match[2]) != _DIGESTS[match[1]]:
            message = f"not a digest: {text!r:.120}"
            raise InvalidDigest(message, hint="expected sha256:<64 hex digits>")
        return super().__new__(cls, text)

    @classmethod
    def of(cls, data: bytes, algorithm: str = "sha256") -> Self:
        """Compute the digest of ``data``."""
        return cls(f"{algorithm}:{hashlib.new(algorithm, data).hexdigest()}")

    @property
    def algorithm(self) -> str:
        """The hash function, as `hashlib` calls it."""
        return self.partition(":")[0]

    @property
    def hex(self) -> str:
        """The part after the colon."""
        return self.partition(":")[2]

    def check(self, data: bytes, what: str = "content") -> None:
        """Make sure that ``data`` is what this digest names.

        Raises:
            IntegrityError: it is not.
        """
        actual = Digest.of(data, self.algorithm)
        if actual != self:
            raise IntegrityError(
                expected=self, actual=actual, received=len(data), what=what
            )


@dataclass(frozen=True, slots=True)
class Platform:
    """What an image runs on (image-spec, "image-index.md"); "" where not stated.

    >>> str(Platform("arm", "linux", "v7"))
    'linux/armv7'
    """

    architecture: str = ""
    os: str = ""
    variant: str = ""
    os_version: str = ""
    os_features: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read the fields that index entries and image configs share.

        Raises:
            InvalidManifest: a field is not text.
        """
        value = _mapping(value, "platform")
        return cls(
            architecture=_text(value.get("architecture"), "architecture"),
            os=_text(value.get("os"), "os"),
            variant=_text(value.get("variant"), "variant"),
            os_version=_text(value.get("os.version"), "os.version"),
            os_features=_texts(value.get("os.features"), "os.features"),
        )

    def to_json(self) -> dict[str, Any]:
        """The object of an index entry; fields in the specification's order."""
        value: dict[str, Any] = {"architecture": self.architecture, "os": self.os}
        if self.os_version:
            value["os.version"] = self.os_version
        if self.os_features:
            value["os.features"] = list(self.os_features)
        if self.variant:
            value["variant"] = self.variant
        return value

    def __str__(self) -> str:
        return f"{self.os}/{self.architecture}{self.variant}"


ATTESTATION_TYPE = "vnd.docker.reference.type"
ATTESTATION_SUBJECT = "vnd.docker.reference.digest"
"""Annotations by which BuildKit marks index entries as attestations."""


@dataclass(frozen=True, slots=True)
class Descriptor:
    """Points at content by type, digest and size (image-spec, "descriptor.md").

    Attributes:
        media_type: what the content is.
        digest: the content's name; equal digests mean equal content.
        size: length in bytes.
        platform: set on an index's entries, else None.
        annotations: free text that the publisher attached.
        urls: where a foreign layer is to be had instead.
        artifact_type: what kind of artifact a manifest is, or "".
    """

    media_type: str
    digest: Digest
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)
    urls: tuple[str, ...] = ()
    artifact_type: str = ""

    @classmethod
    def from_json(cls, value: Any) -> Self:
        """Read a descriptor from parsed JSON.

        Raises:
            InvalidManifest: a required field is missing or of the wrong type.
            InvalidDigest: the digest is none.
        """
        get = value.get if isinstance(value, dict) else {}.get
        media_type, digest, size = get("mediaType"), get("digest"), get("size")
        if (
            not (isinstance(media_type, str) and isinstance(digest, str))
            or type(size) is not int  # True is an int too
            or not 0 <= size <= MAX_BLOB
        ):
            message = f"not a descriptor: {value!r:.120}"
            raise InvalidManifest(message)
        platform, urls = get("platform"), get("urls")
        return cls(
            media_type=media_type,
            digest=Digest(digest),
            size=size,
            platform=None if platform is None else Platform.from_json(platform),
            annotations=_annotations(value),
            urls=() if urls is None else _texts(urls, "urls"),
            artifact_type=_text(get("artifactType"), "artifactType"),
        )

    def to_json(self) -> dict[str, Any]:
        """The entry of an index; empty fields are left out."""
        value: dict[str, Any] = {
            "mediaType": self.media_type,
            "digest": self.digest,
            "size": self.size,
        }
        if self.annotations:
            value["annotations"] = dict(self.annotations)
        if self.platform is not None:
            value["platform"] = self.platform.to_json()
        if self.artifact_type:
            value["artifactType"] = self.artifact_type
        if self.urls:
            value["urls"] = list(self.urls)
        return value

    @property
    def attests(self) -> str:
        """Digest of the image that this BuildKit attestation is about, or ""."""
        platform = self.platform
        if platform and platform.architecture == platform.os == "unknown":
            if self.annotations.get(ATTESTATION_TYPE):
                return self.annotations.get(ATTESTATION_SUBJECT, "")
        return ""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest: its bytes, and what it points at.

    Attributes:
        raw: the bytes that the digest names; never rewritten.
        media_type: what the bytes are.
        digest: of ``raw``.
        children: manifests that an index lists; () for an image.
        config: an image's config; None for an index.
        layers: an image's layers, foreign ones included; of an index the entries
            that are no manifests (BuildKit's cache lists its layers so).
        subject: the manifest that this one says something about, or None.
        artifact_type: what kind of artifact it is, or "".
        annotations: free text that the publisher attached.
    """

    raw: bytes = field(repr=False)
    media_type: str
    digest: Digest
    children: tuple[Descriptor, ...] = ()
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    subject: Descriptor | None = None
    artifact_type: str = ""
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def parse(cls, raw: bytes, media_type: str = "", algorithm: str = "sha256") -> Self:
        """Read a manifest; ``algorithm`` is that of the digest it goes by.

        A ``media_type`` that is none of `MANIFEST_TYPES` (registries serve manifests
        as ``application/json`` or worse) counts as not given; then the bytes'
        own ``mediaType`` or shape decides (image-spec, "manifest.md").

        Raises:
            InvalidManifest: not JSON, not of that type, or over `MAX_MANIFEST`.
            InvalidDigest: something it points at has no valid digest.
            Unsupported: a type of manifest that Hangar does not know.
        """
        value = _load(raw)
        kind = _kind(value, media_type)
        digest = Digest.of(raw, algorithm)
        if kind in SCHEMA1_TYPES:
            return cls(raw=raw, media_type=kind, digest=digest)
        own = _text(value.get("mediaType"), "mediaType")
        if own and own != kind:
            message = f"served as {kind}, but says of itself that it is {own!r:.80}"
            raise InvalidManifest(message)
        is_index = kind in INDEX_TYPES
        if ("manifests" in value) != is_index or ("config" in value) == is_index:
            message = f"the content does not fit the media type {kind}"
            raise InvalidManifest(message)  # CVE-2021-41190: one digest, two readings
        subject = value.get("subject")
        config = value.get("config")
        entries = _descriptors(value, "manifests")
        layers = tuple(e for e in entries if e.media_type not in MANIFEST_TYPES)
        return cls(
            raw=raw,
            media_type=kind,
            digest=digest,
            children=tuple(e for e in entries if e.media_type in MANIFEST_TYPES),
            config=None if config is None else Descriptor.from_json(config),
            layers=layers if is_index else _descriptors(value, "layers"),
            subject=None if subject is None else Descriptor.from_json(subject),
            artifact_type=_text(value.get("artifactType"), "artifactType"),
            annotations=_annotations(value),
        )

    @classmethod
    def index(cls, entries: Iterable[Descriptor]) -> Self:
        """Make an OCI index, formatted as the Go program formats its own."""
        value = {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [entry.to_json() for entry in entries],
        }
        return cls.parse(indented_json(value), OCI_INDEX)

    @property
    def states_type(self) -> bool:
        """Whether its bytes alone tell what they are, however they are served."""
        try:
            return _kind(_load(self.raw), "") == self.media_type
        except (InvalidManifest, Unsupported):
            return False

    @property
    def is_index(self) -> bool:
        """Whether it lists manifests rather than layers."""
        return self.media_type in INDEX_TYPES

    @property
    def is_schema1(self) -> bool:
        """Whether it is of the format that Docker retired (schema 1)."""
        return self.media_type in SCHEMA1_TYPES

    @property
    def is_image(self) -> bool:
        """Whether it is an image that runs somewhere, not an index or artifact."""
        return self.config is not None and self.config.media_type in CONFIG_TYPES

    @property
    def blobs(self) -> tuple[Descriptor, ...]:
        """Config and layers to be stored with it, each once, foreign ones left out."""
        wanted = [self.config] if self.config else []
        wanted += [layer for layer in self.layers if not layer.urls]
        return tuple({blob.digest: blob for blob in wanted}.values())

    def check_size(self, blob: Descriptor, size: int) -> None:
        """Make sure that a blob has as many bytes as this manifest says.

        Raises:
            InvalidManifest: it has not.
        """
        if blob.size != size:
            stated = f"{self.digest} says that {blob.digest} has {blob.size} bytes"
            message = f"{stated}, but it has {size}"
            raise InvalidManifest(message)

    @property
    def descriptor(self) -> Descriptor:
        """Points at this manifest."""
        return Descriptor(self.media_type, self.digest, len(self.raw))


OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
CONFIG_TYPES = frozenset({OCI_CONFIG, DOCKER_CONFIG})
"""Configs that state a platform; a manifest with another one is an artifact."""


def load_object(raw: bytes, what: str) -> dict[str, Any]:
    """Parse a JSON object that came from outside.

    Raises:
        InvalidManifest: not JSON, or not an object.
    """
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:
        message = f"{what} is not JSON: {raw[:60]!r}"
        raise InvalidManifest(message) from error
    return _mapping(value, what)


def _load(raw: bytes) -> dict[str, Any]:
    if len(raw) > MAX_MANIFEST:
        message = f"a manifest of {len(raw)} bytes; at most {MAX_MANIFEST} are allowed"
        raise InvalidManifest(message)
    return load_object(raw, "manifest")


def _kind(value: dict[str, Any], served: str) -> str:
    """Tell the type of a manifest from how it was served, then what it says."""
    served = served.partition(";")[0].strip()
    if served in MANIFEST_TYPES:
        return served
    match value:
        case {"mediaType": str(own)} if own in MANIFEST_TYPES:
            return own
        case {"mediaType": str(own)} if own:
            kind = own
        case {"schemaVersion": 2, "manifests": list()}:
            return OCI_INDEX
        case {"schemaVersion": 2, "config": dict()}:
            return OCI_MANIFEST
        case {"schemaVersion": 1, "fsLayers": list()}:
            return DOCKER_SCHEMA1_SIGNED if "signatures" in value else DOCKER_SCHEMA1
        case _:
            message = f"not a manifest: {json.dumps(value):.120}"
            raise InvalidManifest(message)
    message = f'unsupported MIME type "{kind:.80}"'
    hint = "Hangar copies OCI and Docker images, indexes and artifacts"
    raise Unsupported(message, hint=hint)


def _descriptors(value: dict[str, Any], key: str) -> tuple[Descriptor, ...]:
    return tuple(Descriptor.from_json(item) for item in _list(value.get(key), key))


_NO_ANNOTATIONS: Mapping[str, str] = {}
"""One for all descriptors that have none: there may be very many."""


def _annotations(value: Mapping[str, Any]) -> Mapping[str, str]:
    found = value.get("annotations")
    if not found:
        return _NO_ANNOTATIONS
    items = _mapping(found, "annotations").items()
    return {key: _text(text, "annotations") for key, text in items}


def _mapping(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        message = f"{what}: expected an object, found {value!r:.60}"
        raise InvalidManifest(message)
    return value


def _list(value: Any, what: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        message = f"{what}: expected a list, found {value!r:.60}"
        raise InvalidManifest(message)
    return value


def _texts(value: Any, what: str) -> tuple[str, ...]:
    return tuple(_text(text, what) for text in _list(value, what))


def _text(value: Any, what: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        message = f"{what}: expected text, found {value!r:.60}"
        raise InvalidManifest(message)
    return value
