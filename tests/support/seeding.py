"""Real registries filled by plain HTTP with what was built in memory."""

from __future__ import annotations

from tests.support.judges import PlainHTTP
from tests.support.memory import MemoryPlace, MemoryStore


def draft(repository: str = "library/app") -> MemoryStore:
    """A repository in memory, to build images in before they are pushed."""
    return MemoryPlace("draft.example").repository(repository)


def push(http: PlainHTTP, repository: str, store: MemoryStore) -> None:
    """Push all blobs, manifests and tags of ``store``, in the order they were made."""
    for (_, digest), data in store.shared.blobs.items():
        start = http.ask("POST", f"/v2/{repository}/blobs/uploads/")
        location = start.headers["location"].partition(http.address)
        path = location[2] or location[0]
        separator = "&" if "?" in path else "?"
        answer = http.ask("PUT", f"{path}{separator}digest={digest}", data)
        assert answer.status == 201, answer
    named = {digest: tag for tag, digest in store.tags.items()}
    for digest, manifest in store.manifests.items():
        reference = named.get(manifest.digest, digest)
        path = f"/v2/{repository}/manifests/{reference}"
        kind = manifest.media_type
        answer = http.ask("PUT", path, manifest.raw, Content_Type=kind)
        assert answer.status == 201, answer
