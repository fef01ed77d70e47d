"""The entries of an archive's index: its images, as the Go program lists them."""

from __future__ import annotations

import functools
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from hangar.archive.names import INDEX
from hangar.errors import InvalidArchive
from hangar.gojson import compact_json
from hangar.oci import Descriptor, Digest, Platform
from hangar.store import cosign_subject


@dataclass(frozen=True, slots=True)
class Image:
    """A manifest that is no index, as the Go program lists it.

    Attributes:
        platform: what it runs on; empty for charts, files and other artifacts.
        media_type: of the manifest.
        digest: of the manifest.
        config: digest of its config.
        layers: digests of its layers, foreign ones left out.
        annotations: those of the descriptor that listed it.
    """

    platform: Platform
    media_type: str
    digest: str
    config: str = ""
    layers: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Its JSON object; empty fields are left out."""
        platform = self.platform
        return filled(
            arch=platform.architecture,
            os=platform.os,
            osVersion=platform.os_version,
            osFeatures=list(platform.os_features),
            variant=platform.variant,
            mediaType=self.media_type,
            layers=list(self.layers),
            config=self.config,
            digest=self.digest,
            annotations=dict(self.annotations),
        )


@dataclass(frozen=True, slots=True)
class Attached:
    """What accompanies an image: a signature, an SBOM.

    Attributes:
        manifest: points at it.
        subject: digest of the manifest that it is about.
        tag: cosign's tag, or "" for an OCI referrer.
    """

    manifest: Descriptor
    subject: str
    tag: str = ""


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One image of an archive.

    Attributes:
        source: full name without tag.
        tag: its tag; with a ``source`` that ends in ``@sha256`` the rest of a digest.
        images: its manifests that are no indexes.
        architectures: distinct ones, as they are listed; () for artifacts.
        systems: likewise.
        root: the manifest that the tag names, or None in an archive that the Go
            program wrote.
        companions: what accompanies the root, its manifests, and each other.
    """

    source: str
    tag: str
    images: tuple[Image, ...]
    architectures: tuple[str, ...] = ()
    systems: tuple[str, ...] = ()
    root: Descriptor | None = None
    companions: tuple[Attached, ...] = ()

    @property
    def name(self) -> str:
        """``source:tag``."""
        return f"{self.source}:{self.tag}"

    @property
    def repository(self) -> str:
        """Full name of its repository."""
        return self.source.partition("@")[0]

    @property
    def reference(self) -> str:
        """Its tag, or the digest that it goes by."""
        algorithm = self.source.partition("@")[2]
        return f"{algorithm}:{self.tag}" if algorithm else self.tag

    def to_bytes(self) -> bytes:
        """Its JSON, as it stands in the index."""
        return compact_json(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """Its JSON object; empty fields are left out."""
        return filled(
            source=self.source,
            tag=self.tag,
            archList=list(self.architectures),
            osList=list(self.systems),
            images=[image.to_json() for image in self.images],
            root=self.root and self.root.to_json(),
            companions=[
                {
                    **filled(subject=attached.subject, tag=attached.tag),
                    **attached.manifest.to_json(),
                }
                for attached in self.companions
            ],
        )


class EntryReader:
    """Makes entries of parsed JSON; texts that come again are held once."""

    def __init__(self) -> None:
        self._layers: dict[str, str] = {}

    def entry(self, value: Any) -> ArchiveEntry:
        """Read one entry.

        Raises:
            InvalidArchive, InvalidManifest, InvalidDigest: it is none.
        """
        value = typed(value, dict, "list", None)
        root = value.get("root")
        return ArchiveEntry(
            source=sys.intern(
                written(typed(value.get("source"), str, "source", None), "source")
            ),
            tag=written(_text(value, "tag"), "tag"),
            images=tuple(
                map(self._image, typed(value.get("images"), list, "images", []))
            ),
            architectures=_shared(texts(value.get("archList"), "archList")),
            systems=_shared(texts(value.get("osList"), "osList")),
            root=None if root is None else Descriptor.from_json(root),
            companions=tuple(
                map(_attached, typed(value.get("companions"), list, "companions", []))
            ),
        )

    def _image(self, value: Any) -> Image:
        value = typed(value, dict, "images", None)
        architecture, os, variant, version, media_type, digest, config = _fields(
            value, "arch", "os", "variant", "osVersion", "mediaType", "digest", "config"
        )
        layers = texts(value.get("layers"), "layers")
        features = texts(value.get("osFeatures"), "osFeatures")
        return Image(
            platform=_platform(architecture, os, variant, version, features),
            media_type=sys.intern(media_type),
            digest=digest,
            config=config,
            layers=tuple(map(self._layers.setdefault, layers, layers)),
            annotations=strings(value.get("annotations"), "annotations"),
        )


def _attached(value: Any) -> Attached:
    """Read what accompanies an image: its tag says of what, and is no other image's."""
    manifest = Descriptor.from_json(value)
    subject, tag = Digest(_text(value, "subject")), _text(value, "tag")
    if tag and cosign_subject(tag) != subject:
        refuse(f"companions have the tag {tag!r:.60}")
    return Attached(manifest, subject, tag)


@functools.lru_cache(maxsize=256)
def _platform(
    architecture: str, os: str, variant: str, version: str, features: tuple[str, ...]
) -> Platform:
    return Platform(architecture, os, variant, version, features)


@functools.lru_cache(maxsize=256)
def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    return names


def filled(**fields: Any) -> dict[str, Any]:
    """The fields that are not empty."""
    return {key: value for key, value in fields.items() if value}


def typed(value: Any, kind: type, key: str, default: Any) -> Any:
    """Return ``value``, which has to be of ``kind``, or ``default`` if it is null."""
    if value is None and default is not None:
        return default
    if not isinstance(value, kind):
        refuse(f"{key} is {value!r:.60}")
    return value


def written(text: str, key: str) -> str:
    """Return a text that can be written to files; JSON can state others."""
    try:
        text.encode()
    except UnicodeEncodeError:
        refuse(f"{key} is {text!r:.60}")
    return text


def texts(value: Any, key: str) -> tuple[str, ...]:
    """Return a list of texts, () if there is none."""
    if not value and value in (None, []):
        return ()
    found = typed(value, list, key, None)
    if {*map(type, found)} != {str}:
        refuse(f"{key} is {found!r:.60}")
    return tuple(found)


_NOTHING: Mapping[str, str] = {}
"""One for all that have no annotations: there may be very many."""


def strings(value: Any, key: str) -> Mapping[str, str]:
    """Return a mapping of texts to texts, empty if there is none."""
    found: Mapping[str, str] = typed(value, dict, key, _NOTHING)
    if found and {*map(type, found.values())} != {str}:
        refuse(f"{key} is {found!r:.60}")
    return found


def refuse(reason: str) -> NoReturn:
    """Say that the index is not what it should be."""
    message = f"{INDEX} is damaged: {reason}"
    raise InvalidArchive(message)


def _fields(value: dict[str, Any], *keys: str) -> list[str]:
    """Look up texts, "" for what is not there."""
    found = [value.get(key, "") for key in keys]
    if {*map(type, found)} != {str}:  # null, perhaps, which stands for ""
        return [typed(value.get(key), str, key, "") for key in keys]
    return found


def _text(value: dict[str, Any], key: str) -> str:
    return _fields(value, key)[0]
