"""An OCI image layout: a directory of blobs, with an index (image-spec 1.1).

    oci-layout                  says that it is one
    index.json                  names of images, and referrers
    blobs/<algorithm>/<hex>     everything else

A layout holds images of many repositories. An entry of the index is called by its full
name, so skopeo finds it as ``oci:DIR:docker.io/library/nginx:1.27``.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import json
import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path
from typing import Any

from hangar.closing import Closing
from hangar.copying.streams import verified
from hangar.deadline import current
from hangar.disk import storage, sync_directory
from hangar.errors import (
    HangarError,
    IntegrityError,
    InvalidArchive,
    InvalidDigest,
    NotFound,
    StorageError,
)
from hangar.layouts import files
from hangar.oci import (
    MANIFEST_TYPES,
    MAX_MANIFEST,
    OCI_INDEX,
    Descriptor,
    Digest,
    Manifest,
    load_object,
)
from hangar.store import Companion

logger = logging.getLogger(__name__)

REF_NAME = "org.opencontainers.image.ref.name"
"""The annotation that names an entry of the index (image-spec, "annotations.md")."""

_FULL_NAME = "io.containerd.image.name"
"""Where docker and containerd put the name, of which `REF_NAME` is then the tag."""

MAX_INDEX = 256 << 20
"""Bytes; half a million images have room in it."""

MISSING = "vnd.content.hangar.missing"
"""The index's annotation that says what was to be saved and is not there: lines of an
image list, as a JSON list."""

_NAMED = 5
"""Images that are named when another one is not there."""

_LOCK = "lock"
_LAYOUT = {"imageLayoutVersion": "1.0.0"}


class OciLayout(Closing):
    """A layout; safe to use from many threads.

    Args:
        folder: where it is.
        writing: whether it is to be written to; then it is made if need be, and
            nobody else may write to it until it is closed.
        deferred: whether what is entered stays unseen by others until `publish`.

    Raises:
        InvalidArchive: there is none, or it is damaged.
        StorageError: somebody writes to it, or it cannot be written.
    """

    def __init__(
        self, folder: Path, *, writing: bool = False, deferred: bool = False
    ) -> None:
        self.folder = folder
        self._deferred = deferred
        self._lock = threading.Lock()
        self._publishing = threading.Lock()
        self._changed = self._published = 0
        self._referrers: dict[Digest, dict[Digest, Companion]] | None = None
        self._whole: set[Digest] = set()
        with contextlib.ExitStack() as held:
            if writing:
                held.enter_context(_reserved(folder))
                _make(folder)
            self._index, listed = _read(folder)
            self._entries = _by_name(listed)
            self._held = held.pop_all()

    def close(self) -> None:
        """Let others write to it."""
        self._held.close()

    @property
    def entries(self) -> Mapping[str, Descriptor]:
        """The index by names; what has none, or not alone, is called ``@digest``."""
        with self._lock:
            return dict(self._entries)

    @property
    def missing(self) -> tuple[str, ...]:
        """What was to be saved and is not there, by the lines of the image list."""
        match self._index.get("annotations"):
            case {**stated} if isinstance(text := stated.get(MISSING), str):
                with contextlib.suppress(ValueError, RecursionError):
                    match json.loads(text):
                        case [*lines]:
                            return tuple(map(str, lines))
        return ()

    def path(self, digest: Digest) -> Path:
        """The file of a blob, whether it is there or not."""
        return self.folder / "blobs" / digest.algorithm / digest.hex

    def find(self, name: str) -> Digest:
        """What a name or a digest stands for; the only image is called "", too.

        Raises:
            NotFound: nothing that is there.
        """
        with self._lock:
            entry = self._entries.get(name)
            if not name and len(self._entries) == 1:
                entry = next(iter(self._entries.values()))
            names = ", ".join(itertools.islice(self._entries, _NAMED))
        with contextlib.suppress(InvalidDigest):
            digest = entry.digest if entry else Digest(name)
            if self.path(digest).is_file():
                return digest
        mark = ":" if name else ""
        message = f"manifest unknown: oci:{self.folder}{mark}{name}"
        raise NotFound(message, hint=f"it has {names}" if names else "it is empty")

    def manifest(self, digest: Digest) -> Manifest:
        """Read a manifest; its bytes agree with its digest.

        Raises:
            HangarError: as those of `hangar.store.Source`.
        """
        raw = files.read(self.path(digest), MAX_MANIFEST)
        digest.check(raw, "manifest")
        return Manifest.parse(raw, algorithm=digest.algorithm)

    def holds(self, content: Descriptor) -> bool:
        """Tell whether a blob is there, with the right bytes: they are hashed once.

        What others wrote, or a disk kept badly, is so found before it is relied on.
        """
        path = self.path(content.digest)
        if not path.is_file() or path.stat().st_size != content.size:
            return False
        if content.digest not in self._whole:
            try:
                for _ in verified(current().watch(files.chunks(path)), content):
                    pass
            except IntegrityError:
                return False
            self._whole.add(content.digest)
        return True

    def add(self, digest: Digest, chunks: Iterator[bytes], size: int) -> None:
        """Write a blob of which ``chunks`` are the right bytes, or raise."""
        files.write(self.path(digest), chunks, size, via=self.folder)
        self._whole.add(digest)

    @property
    def verified(self) -> AbstractSet[Digest]:
        """Digests of the blobs that were written or hashed."""
        return self._whole

    def stored(self) -> frozenset[Digest]:
        """Digests of all blobs that are there, whatever they are worth."""
        found = set()
        with storage(self.folder):
            for path in self.folder.glob("blobs/*/*"):
                with contextlib.suppress(InvalidDigest):
                    found.add(Digest(f"{path.parent.name}:{path.name}"))
        return frozenset(found)

    def sweep(self, needed: AbstractSet[Digest]) -> None:
        """Remove all blobs but those that are needed.

        Raises:
            StorageError: they cannot be removed.
        """
        with storage(self.folder):
            for digest in self.stored() - needed:
                self.path(digest).unlink(missing_ok=True)

    def enter(self, manifest: Manifest, name: str = "") -> None:
        """Put a manifest into the index, in place of what has its name.

        Several threads that come at once share one writing of the file.
        """
        annotations = {REF_NAME: name} if name else {}
        entry = replace(manifest.descriptor, annotations=annotations)
        with self._lock:
            self._entries[name or f"@{entry.digest}"] = entry
            if self._referrers is not None:
                _note(self._referrers, manifest)
            self._changed += 1
            mine = self._changed
        if self._deferred:
            return
        with self._publishing:
            if self._published < mine:
                self._publish()

    def clear(self) -> None:
        """Forget all that the index names, until `publish` only for ourselves."""
        with self._lock:
            self._entries, self._referrers = {}, None

    def publish(
        self, entries: Mapping[str, Descriptor], *, missing: Sequence[str] = ()
    ) -> None:
        """Make the index name just these entries; all they need is on the disk.

        Raises:
            StorageError: it cannot be written.
        """
        with self._lock:
            self._entries = dict(entries)
            stated = dict(self._index.get("annotations") or {})
            stated.pop(MISSING, None)
            if missing:
                stated[MISSING] = json.dumps(list(missing))
            rest = {k: v for k, v in self._index.items() if k != "annotations"}
            self._index = {**rest, **({"annotations": stated} if stated else {})}
        with storage(self.folder):
            for algorithm in self.folder.glob("blobs/*"):
                sync_directory(algorithm / "any")
                sync_directory(algorithm)
        with self._publishing:
            self._publish()
        with storage(self.folder):
            sync_directory(self.folder / "index.json")
            sync_directory(self.folder)

    def referrers(self, subject: Digest) -> tuple[Companion, ...]:
        """What the index lists that refers to a manifest."""
        with self._lock:
            if self._referrers is None:
                self._referrers = self._listed()
            return tuple(self._referrers.get(subject, {}).values())

    def _listed(self) -> dict[Digest, dict[Digest, Companion]]:
        """All referrers by what they refer to."""
        found: dict[Digest, dict[Digest, Companion]] = {}
        for entry in self._entries.values():
            if entry.media_type not in MANIFEST_TYPES:
                continue
            try:
                _note(found, self.manifest(entry.digest))
            except HangarError as error:  # whoever wants that image will be told
                logger.debug("oci:%s: %s", self.folder, error)
        return found

    def _publish(self) -> None:
        with self._lock:
            listed = [entry.to_json() for entry in self._entries.values()]
            state = self._changed
        _write(self.folder, "index.json", {**self._index, "manifests": listed})
        self._published = state


def _by_name(listed: Sequence[Descriptor]) -> dict[str, Descriptor]:
    """Entries by name; the first of a name has it, as skopeo thinks, too."""
    entries: dict[str, Descriptor] = {}
    for entry in listed:
        stated = entry.annotations
        name = stated.get(_FULL_NAME) or stated.get(REF_NAME) or f"@{entry.digest}"
        entries.setdefault(name, entry)
        if entries[name] != entry:
            entries[f"{name}@{entry.digest}"] = entry
    return entries


def _note(found: dict[Digest, dict[Digest, Companion]], manifest: Manifest) -> None:
    if manifest.subject:
        companion = Companion(manifest.digest, artifact_type=manifest.artifact_type)
        found.setdefault(manifest.subject.digest, {})[manifest.digest] = companion


@contextlib.contextmanager
def _reserved(folder: Path) -> Iterator[None]:
    """Keep others from writing to a folder, `hangar serve` among them."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / _LOCK).open("a") as lock:  # it may be somebody else's
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
    except BlockingIOError as error:
        message = f"oci:{folder} is being written to by another process"
        hint = "wait until that has ended, then try again"
        raise StorageError(message, hint=hint) from error
    except OSError as error:
        message = f"cannot write to oci:{folder}: {error.strerror}"
        raise StorageError(message) from error


def _make(folder: Path) -> None:
    """Make a layout of an empty folder, or of what a kill left of making one."""
    if not (folder / "oci-layout").exists():
        if any(
            path.name != _LOCK and not files.is_new(path) for path in folder.iterdir()
        ):
            message = f"{folder} holds other files, and is no OCI layout"
            raise InvalidArchive(message, hint="name a new directory")
    files.sweep(folder)
    if not (folder / "oci-layout").exists():
        _write(folder, "oci-layout", _LAYOUT)
    if not (folder / "index.json").exists():
        empty = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": []}
        _write(folder, "index.json", empty)


def _read(folder: Path) -> tuple[Mapping[str, Any], Sequence[Descriptor]]:
    """Read the index, as it stands there and its entries."""
    try:
        layout = load_object(
            files.read(folder / "oci-layout", MAX_MANIFEST), "oci-layout"
        )
        if layout != _LAYOUT:
            message = f"layouts of this version are not known: {layout!r:.80}"
            raise InvalidArchive(message)
        index = load_object(files.read(folder / "index.json", MAX_INDEX), "index.json")
        return index, [Descriptor.from_json(item) for item in index["manifests"]]
    except (HangarError, LookupError, TypeError) as error:
        message = f"{folder} is no OCI layout, or a damaged one: {error}"
        hint = "'hangar save -d oci:DIR' makes one; so do skopeo, buildah and oras"
        raise InvalidArchive(message, hint=hint) from error


def _write(folder: Path, name: str, value: Mapping[str, Any]) -> None:
    raw = json.dumps(value).encode()
    files.write(folder / name, [raw], len(raw), via=folder)
