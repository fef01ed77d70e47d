"""Archives that are going to be replaced: what they have need not be fetched."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from hangar.archive.container import Container, open_container
from hangar.archive.names import blob_name
from hangar.archive.writer import Writer
from hangar.copying.streams import verified
from hangar.errors import HangarError, IntegrityError, InvalidArchive
from hangar.oci import MAX_CONFIG, Descriptor


class _Closeable(Protocol):
    def close(self) -> None:
        """Give back what it holds."""


C = TypeVar("C", bound=_Closeable)


def opened(what: C, owned: contextlib.ExitStack) -> C:
    """Have it closed together with others."""
    owned.callback(what.close)
    return what


def replaceable(paths: Iterable[Path]) -> Iterator[Container]:
    """Open the archives that are going to be replaced, as far as they can be read."""
    for path in paths:
        with contextlib.suppress(HangarError):
            yield open_container(path)


def taken(blob: Descriptor, spare: Container, writer: Writer) -> bool:
    """Copy a blob from such an archive, if it is whole there."""
    name = blob_name(blob.digest)
    member = spare.members.get(name)
    if member is None or member.size != blob.size:
        return False
    try:
        writer.fill(name, blob.size, verified(spare.stream(name), blob))
    except (InvalidArchive, IntegrityError):
        return False
    return True


def config_in(containers: Sequence[Container], blob: Descriptor) -> bytes | None:
    """A config that is in one of several archives, whole; or None."""
    name = blob_name(blob.digest)
    for container in containers:
        member = container.members.get(name)
        if member and member.size == blob.size <= MAX_CONFIG:
            with contextlib.suppress(InvalidArchive, IntegrityError):
                data = container.read(name, MAX_CONFIG)
                blob.digest.check(data, "config")
                return data
    return None
