"""Streams of content: verified, counted, read to their end."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Iterator

from hangar.errors import IntegrityError, InvalidManifest
from hangar.oci import MAX_CONFIG, Descriptor
from hangar.store import Source


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


def read_config(source: Source, config: Descriptor) -> bytes:
    """Read an image's config.

    Raises:
        InvalidManifest: it has more than `MAX_CONFIG` bytes.
        HangarError: it cannot be read.
    """
    if config.size > MAX_CONFIG:
        message = f"{source.name}: a config of {config.size} bytes"
        raise InvalidManifest(message)
    with contextlib.closing(source.blob(config)) as chunks:
        return b"".join(verified(chunks, config))
