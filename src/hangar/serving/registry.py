"""What a registry knows and decides, apart from how it is asked.

Content is taken only when its digest and size agree, a manifest only when everything
that it points at is there (distribution-spec 1.1, "Push").
"""

from __future__ import annotations

import contextlib
import os
import threading
import uuid
from dataclasses import dataclass, field
from typing import BinaryIO

from hangar.errors import HangarError, IntegrityError
from hangar.oci import Descriptor, Digest, Manifest
from hangar.serving.messages import Refusal
from hangar.serving.storage import Repository, Storage, Upload

MAX_UPLOADS = 200
"""Sessions at once; whoever forgets theirs must not use up the open files.

Beside them there are connections, and each may read a file (`hangar.serving.server`).
"""


@dataclass(slots=True)
class Session:
    """An upload under way.

    Attributes:
        repository: where it will belong.
        upload: what came so far.
        lock: held by the request that adds to it.
    """

    repository: str
    upload: Upload
    lock: threading.Lock = field(default_factory=threading.Lock)


class Registry:
    """Repositories with their content; safe to use from many threads."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._lock = threading.Lock()
        self._repositories = storage.load()
        self._sessions: dict[str, Session] = {}

    # --- reading ---

    def names(self) -> list[str]:
        """List the repositories, sorted."""
        with self._lock:
            return sorted(self._repositories)

    def tags(self, name: str) -> list[str]:
        """List a repository's tags, sorted."""
        with self._lock:
            return sorted(self._repository(name).tags)

    def manifest(self, name: str, reference: str) -> tuple[Descriptor, BinaryIO]:
        """Find a manifest by tag or digest, and open it."""
        with self._lock:
            repository = self._repository(name, "MANIFEST_UNKNOWN")
            digest = repository.tags.get(reference, reference)
            record = repository.manifests.get(_as_key(digest))
            if record is None:
                raise Refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")
            descriptor = record.descriptor
            return descriptor, self._open(descriptor.digest, descriptor.size)

    def blob(self, name: str, digest: Digest) -> tuple[int, BinaryIO]:
        """Find a blob; return its size, and the blob opened."""
        with self._lock:
            repository = self._repository(name, "BLOB_UNKNOWN")
            if digest not in repository.blobs:
                raise Refusal(404, "BLOB_UNKNOWN", f"blob unknown: {digest}")
            size = repository.blobs[digest]
            return size, self._open(digest, size)

    def referrers(self, name: str, subject: Digest) -> list[Descriptor]:
        """List the manifests that refer to ``subject``."""
        with self._lock:
            repository = self._repositories.get(name, Repository())
            records = repository.manifests.values()
            return [r.descriptor for r in records if r.subject == subject]

    # --- writing ---

    def begin(self, name: str) -> str:
        """Open an upload; return the session's name."""
        session = uuid.uuid4().hex
        with self._lock:
            if len(self._sessions) >= MAX_UPLOADS:
                self._drop_the_oldest()
            self._sessions[session] = Session(name, self._storage.upload())
        return session

    def _drop_the_oldest(self) -> None:
        """End the oldest upload that nobody is writing to."""
        for session, found in self._sessions.items():
            if not found.lock.locked():
                del self._sessions[session]
                found.upload.discard()
                return
        message = "too many uploads"
        raise Refusal(429, "TOOMANYREQUESTS", message, Retry_After="5")

    def session(self, name: str, session: str) -> Session:
        """Find an upload under way."""
        with self._lock:
            found = self._sessions.get(session)
        if found is None or found.repository != name:
            raise Refusal(404, "BLOB_UPLOAD_UNKNOWN", "upload unknown")
        return found

    def cancel(self, name: str, session: str) -> None:
        """End an upload without keeping anything of it."""
        found = self.session(name, session)
        with self._lock:
            self._sessions.pop(session, None)
        found.upload.discard()

    def finish(self, name: str, session: str, digest: Digest) -> None:
        """Keep what was uploaded, if it is what ``digest`` says; the session ends."""
        found = self.session(name, session)
        with self._lock:
            self._sessions.pop(session, None)
        try:
            found.upload.seal(digest)
            with self._lock:
                self._storage.adopt(found.upload, digest)
                repository = self._repositories.setdefault(name, Repository())
                repository.blobs[digest] = found.upload.size
        except IntegrityError as error:
            raise Refusal(400, "DIGEST_INVALID", str(error)) from error
        finally:
            found.upload.discard()

    def mount(self, name: str, digest: Digest, lender: str) -> bool:
        """Take a blob over from another repository; return whether it has it."""
        with self._lock:
            source = self._repositories.get(lender)
            if source is None or digest not in source.blobs:
                return False
            try:
                self._open(digest, source.blobs[digest]).close()
            except Refusal:
                return False
            target = self._repositories.setdefault(name, Repository())
            target.blobs[digest] = source.blobs[digest]
            return True

    def put(self, name: str, reference: str, raw: bytes, media_type: str) -> Manifest:
        """Store a manifest under a tag or its digest."""
        is_digest = ":" in reference
        algorithm = reference.partition(":")[0] if is_digest else "sha256"
        try:
            manifest = Manifest.parse(raw, media_type, algorithm)
        except HangarError as error:
            raise Refusal(400, "MANIFEST_INVALID", str(error)) from error
        if is_digest and manifest.digest != reference:
            raise Refusal(400, "DIGEST_INVALID", "these are not the digest's bytes")
        upload = self._storage.upload()
        try:
            upload.write(raw)
            with self._lock:
                repository = self._repositories.get(name, Repository())
                _require(repository, manifest)
                self._storage.adopt(upload, manifest.digest)
                repository.add(manifest)
                if not is_digest:
                    repository.tags[reference] = manifest.digest
                self._repositories[name] = repository
                self._storage.publish(self._repositories)
        finally:
            upload.discard()
        return manifest

    def untag(self, name: str, tag: str) -> None:
        """Forget a tag; its manifest stays."""
        with self._lock:
            repository = self._repository(name, "MANIFEST_UNKNOWN")
            if tag not in repository.tags:
                raise Refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")
            del repository.tags[tag]
            self._storage.publish(self._repositories)

    def delete_manifest(self, name: str, digest: Digest) -> None:
        """Forget a manifest, with all tags that name it and blobs that it alone needs.

        What an index lists stays: it may be pinned by its digest.
        """
        with self._lock:
            repository = self._repository(name, "MANIFEST_UNKNOWN")
            record = repository.manifests.pop(digest, None)
            if record is None:
                raise Refusal(404, "MANIFEST_UNKNOWN", "manifest unknown")
            repository.tags = {t: d for t, d in repository.tags.items() if d != digest}
            freed = record.blobs.difference(*repository.needed)
            for blob in freed:
                repository.blobs.pop(blob, None)
            self._storage.publish(self._repositories)
            for content in (digest, *freed):
                self._forget(content)

    def delete_blob(self, name: str, digest: Digest) -> None:
        """Take a blob out of a repository; one that is needed stays."""
        with self._lock:
            repository = self._repository(name, "BLOB_UNKNOWN")
            if digest not in repository.blobs:
                raise Refusal(404, "BLOB_UNKNOWN", f"blob unknown: {digest}")
            if any(digest in needed for needed in repository.needed):
                raise Refusal(405, "UNSUPPORTED", "a manifest needs this blob")
            del repository.blobs[digest]
            self._forget(digest)

    def _forget(self, digest: Digest) -> None:
        """Remove content that no repository has any more."""
        if not any(r.has(digest) for r in self._repositories.values()):
            self._storage.remove(digest)

    def _open(self, digest: Digest, size: int) -> BinaryIO:
        """Open content; what the disk has lost bytes of is gone, to be pushed again."""
        with contextlib.suppress(FileNotFoundError):
            file = self._storage.open(digest)
            if file.seek(0, os.SEEK_END) == size:
                file.seek(0)
                return file
            file.close()
        raise Refusal(404, "BLOB_UNKNOWN", f"content is gone: {digest}")

    def _repository(self, name: str, code: str = "NAME_UNKNOWN") -> Repository:
        found = self._repositories.get(name)
        if found is None:
            raise Refusal(404, code, f"repository unknown: {name}")
        return found


def _as_key(text: str) -> Digest:
    return text if isinstance(text, Digest) else str.__new__(Digest, text)


def _require(repository: Repository, manifest: Manifest) -> None:
    """Refuse a manifest that points at what the repository has not."""
    for child in manifest.children:
        if child.digest not in repository.manifests:
            message = f"manifest unknown: {child.digest}"
            raise Refusal(400, "MANIFEST_BLOB_UNKNOWN", message)
    for blob in manifest.blobs:
        if repository.blobs.get(blob.digest) != blob.size:
            message = f"blob unknown, or of another size: {blob.digest}"
            raise Refusal(400, "MANIFEST_BLOB_UNKNOWN", message)
