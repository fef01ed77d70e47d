"""Wrappers around a stream of content: verification and counting."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator

from hangar.errors import IntegrityError
from hangar.oci import Descriptor


def verified(chunks: Iterable[bytes], blob: Descriptor) -> Iterator[bytes]:
    """Yield ``chunks``, holding the last one back until the digest agrees.

    So a receiver that was promised ``blob.size`` bytes never gets all of them from
    a source that lies.

    Raises:
        IntegrityError: the digest or the size differs.
    """
    hasher, received, held = hashlib.new(blob.digest.algorithm), 0, b""
    for chunk in filter(None, chunks):  # an empty one would push the last one out
        hasher.update(chunk)
        received += len(chunk)
        if received > blob.size:
            break
        if held:
            yield held
        held = chunk
    actual = f"{blob.digest.algorithm}:{hasher.hexdigest()}"
    if received != blob.size or actual != blob.digest:
        raise IntegrityError(expected=blob.digest, actual=actual, received=received)
    if held:
        yield held


def counted(chunks: Iterable[bytes], told: Callable[[int], None]) -> Iterator[bytes]:
    """Yield ``chunks``, telling the size of each as it comes."""
    for chunk in chunks:
        told(len(chunk))
        yield chunk
