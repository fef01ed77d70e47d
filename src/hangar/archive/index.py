"""An archive's own index: ``index.json`` as the Go program v1.7 to v1.9 writes it.

What that program cannot know rides along under keys that its reader ignores: of each
entry the root manifest and what accompanies it (``root``, ``companions``), of the
whole what was asked for and is not in it (``missing``), and which blobs were left to
other archives (``bases``).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from hangar.archive.names import INDEX
from hangar.errors import InvalidArchive, InvalidDigest, InvalidManifest, Unsupported
from hangar.gojson import compact_json
from hangar.oci import Descriptor, Digest, Platform

VERSION = "v1.2.0"
"""Of the format: what Hangar v1.7 and later read and write."""

MAX_INDEX = 512 << 20
"""Bytes of ``index.json``; a hundred thousand images have room in it."""

_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9}))?.*", re.ASCII)
_DECODER = json.JSONDecoder()
_BLANKS = re.compile(r"[ \t\r\n]*")


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
        return _filled(
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

    def to_json(self) -> dict[str, Any]:
        """Its JSON object; empty fields are left out."""
        return _filled(
            source=self.source,
            tag=self.tag,
            archList=list(self.architectures),
            osList=list(self.systems),
            images=[image.to_json() for image in self.images],
            root=self.root and self.root.to_json(),
            companions=[
                {
                    **_filled(subject=attached.subject, tag=attached.tag),
                    **attached.manifest.to_json(),
                }
                for attached in self.companions
            ],
        )


@dataclass(frozen=True, slots=True)
class ArchiveIndex:
    """What an archive says that it holds.

    Attributes:
        entries: its images; the same name may come again, and adds to the first.
        time: when it was made, as it is written there (RFC 3339).
        version: of the format.
        missing: lines of the image list that are not in it and were wanted.
        bases: blobs left to other archives: the archive's file name by digest.
    """

    entries: tuple[ArchiveEntry, ...] = ()
    time: str = ""
    version: str = VERSION
    missing: tuple[str, ...] = ()
    bases: Mapping[str, str] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        """The content of ``index.json``."""
        value = _filled(list=[entry.to_json() for entry in self.entries])
        value |= {"version": self.version, "time": self.time}
        value |= _filled(missing=list(self.missing), bases=dict(self.bases))
        return compact_json(value)

    @classmethod
    def parse(cls, raw: bytes) -> ArchiveIndex:
        """Read ``index.json``.

        Raises:
            InvalidArchive: it is not what it should be.
            Unsupported: it is of a version that we do not read.
        """
        try:
            index = _parse(raw.decode())
        except (ValueError, RecursionError, InvalidManifest, InvalidDigest) as error:
            _refuse(str(error))
        _check_version(index.version)
        return index


def _parse(text: str) -> ArchiveIndex:
    """Read the index an entry at a time, for it may be large."""
    values: dict[str, Any] = {}
    at = _expect(text, 0, "{")
    while text[at : at + 1] != "}":
        key, at = _DECODER.raw_decode(text, at)
        key, at = _typed(key, str, "a key", None), _expect(text, at, ":")
        if key == "list" and text[at : at + 1] == "[":
            values[key], at = _entries(text, at)
        else:
            values[key], at = _DECODER.raw_decode(text, at)
        at = _after(text, at, "}")
    if text[at + 1 :].strip():
        _refuse("something follows its end")
    return ArchiveIndex(
        entries=_typed(values.get("list"), tuple, "list", ()),
        time=_typed(values.get("time"), str, "time", ""),
        version=_typed(values.get("version"), str, "version", None),
        missing=_texts(values.get("missing"), "missing"),
        bases=_strings(values.get("bases"), "bases"),
    )


def _entries(text: str, at: int) -> tuple[tuple[ArchiveEntry, ...], int]:
    """Read the list that begins at ``at``; return it, and where it ends."""
    entries = []
    at = _expect(text, at, "[")
    while text[at : at + 1] != "]":
        value, at = _DECODER.raw_decode(text, at)
        entries.append(_entry(value))
        at = _after(text, at, "]")
    return tuple(entries), at + 1


def _expect(text: str, at: int, character: str) -> int:
    """Step over a character and the blanks around it."""
    at = _BLANKS.match(text, at).end()  # type: ignore[union-attr]  # always matches
    if text[at : at + 1] != character:
        _refuse(f"no {character!r} where one should be")
    return _BLANKS.match(text, at + 1).end()  # type: ignore[union-attr]  # likewise


def _after(text: str, at: int, end: str) -> int:
    """Step from the end of a value to the next one, or to ``end``."""
    at = _BLANKS.match(text, at).end()  # type: ignore[union-attr]  # always matches
    if text[at : at + 1] == end:
        return at
    at = _expect(text, at, ",")
    if text[at : at + 1] == end:
        _refuse("a comma too many")
    return at


def _entry(value: Any) -> ArchiveEntry:
    """Read one entry.

    Raises:
        InvalidArchive: it is none.
    """
    value = _typed(value, dict, "list", None)
    root = value.get("root")
    return ArchiveEntry(
        source=_typed(value.get("source"), str, "source", None),
        tag=_typed(value.get("tag"), str, "tag", ""),
        images=tuple(map(_image, _typed(value.get("images"), list, "images", []))),
        architectures=_texts(value.get("archList"), "archList"),
        systems=_texts(value.get("osList"), "osList"),
        root=None if root is None else Descriptor.from_json(root),
        companions=tuple(
            Attached(
                manifest=Descriptor.from_json(one),
                subject=Digest(_typed(one.get("subject"), str, "subject", "")),
                tag=_typed(one.get("tag"), str, "tag", ""),
            )
            for one in _typed(value.get("companions"), list, "companions", [])
        ),
    )


def _image(value: Any) -> Image:
    value = _typed(value, dict, "images", None)

    def text(key: str) -> str:
        found: str = _typed(value.get(key), str, key, "")
        return found

    return Image(
        platform=Platform(
            architecture=text("arch"),
            os=text("os"),
            variant=text("variant"),
            os_version=text("osVersion"),
            os_features=_texts(value.get("osFeatures"), "osFeatures"),
        ),
        media_type=text("mediaType"),
        digest=text("digest"),
        config=text("config"),
        layers=_texts(value.get("layers"), "layers"),
        annotations=_strings(value.get("annotations"), "annotations"),
    )


def _texts(value: Any, key: str) -> tuple[str, ...]:
    if value is None:
        return ()
    texts = _typed(value, list, key, None)
    if not all(isinstance(text, str) for text in texts):
        _refuse(f"{key} is {texts!r:.60}")
    return tuple(texts)


def _strings(value: Any, key: str) -> dict[str, str]:
    strings: dict[str, str] = _typed(value, dict, key, {})
    if not all(isinstance(text, str) for text in strings.values()):
        _refuse(f"{key} is {strings!r:.60}")
    return strings


def _typed(value: Any, kind: type, key: str, default: Any) -> Any:
    """Return ``value``, which has to be of ``kind``, or ``default`` if it is null."""
    if value is None and default is not None:
        return default
    if not isinstance(value, kind):
        _refuse(f"{key} is {value!r:.60}")
    return value


def _filled(**fields: Any) -> dict[str, Any]:
    """The fields that are not empty."""
    return {key: value for key, value in fields.items() if value}


def _check_version(version: str) -> None:
    """See that we can read that version: ours, or a later one, as Go's reader does.

    Raises:
        Unsupported: it is older.
        InvalidArchive: it is no version.
    """
    found = _VERSION.fullmatch(version)
    if not found:
        _refuse(f"its version is {version!r:.60}")
    if tuple(int(part or 0) for part in found.groups()) < (1, 2, 0):
        message = f"this tool does not support index version {version:.60}"
        hint = "archives of Hangar v1.7 and later can be read; make it anew with one"
        raise Unsupported(message, hint=hint)


def _refuse(reason: str) -> NoReturn:
    message = f"{INDEX} is damaged: {reason}"
    raise InvalidArchive(message)
