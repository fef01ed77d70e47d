"""All that an image consists of, as it is in a store."""

from __future__ import annotations

from collections.abc import Iterator

from hangar.copying.plan import MAX_DEPTH
from hangar.errors import InvalidManifest
from hangar.oci import Digest, Manifest
from hangar.store import Source


def closure(store: Source, root: Digest) -> Iterator[Manifest]:
    """Yield all manifests of an image and of what accompanies it, once each.

    Whatever a manifest needs comes before it, in the order in which images are
    planned (`hangar.copying.plan`).

    Raises:
        NotFound: one of them is not there.
    """
    yield from _closure(store, root, set(), 0)


def _closure(
    store: Source, digest: Digest, seen: set[Digest], depth: int
) -> Iterator[Manifest]:
    if digest in seen:
        return
    if depth > MAX_DEPTH:
        message = f"{store.place}: nested more than {MAX_DEPTH} deep"
        raise InvalidManifest(message)
    seen.add(digest)
    manifest = store.manifest(digest)
    for child in manifest.children:
        yield from _closure(store, child.digest, seen, depth + 1)
    for companion in store.companions(digest):
        yield from _closure(store, companion.digest, seen, depth + 1)
    yield manifest
