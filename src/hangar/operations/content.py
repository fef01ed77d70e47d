"""Packages and files, wherever they are: their bytes, and what proves their origin."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from hangar.archive import Arrival
from hangar.charts import (
    ChartFolder,
    file_chunks,
    file_size,
    provenance_url,
    read_small,
)
from hangar.dates import source_date
from hangar.errors import AccessDenied, InvalidInput, NotFound, RegistryError
from hangar.oci import Digest
from hangar.registry import Web, url_without_secrets
from hangar.store import Chunks

MAX_PROVENANCE = 4 << 20
"""Bytes; it repeats ``Chart.yaml`` and adds a signature."""

_SIGNED = b"-----BEGIN PGP SIGNED MESSAGE-----"

Use = Callable[[Chunks], Arrival]
Announce = Callable[[int], None]
"""Is told how many bytes will come; 0 if that is not known."""


@dataclass(frozen=True, slots=True)
class Content:
    """A package or file.

    Attributes:
        what: what errors and archives call it.
        fetch: gives its bytes to a function, once or more often.
        provenance: fetches its provenance; b"" if it has none.
        digest: of its bytes, if that is known.
        files: local files that it is read from.
    """

    what: str
    fetch: Callable[[Use, Announce], Arrival]
    provenance: Callable[[], bytes] = bytes
    digest: Digest | None = None
    files: Collection[Path] = ()


def local_content(path: Path, what: str = "", digest: Digest | None = None) -> Content:
    """A local file; its provenance, if any, lies beside it."""

    def fetch(use: Use, announce: Announce) -> Arrival:
        announce(file_size(path))
        return use(file_chunks(path))

    def provenance() -> bytes:
        try:
            return read_small(path.with_name(f"{path.name}.prov"), MAX_PROVENANCE)
        except NotFound:
            return b""

    return Content(what or str(path), fetch, provenance, digest, [path])


def packed_content(path: Path) -> Content:
    """A folder, which is packed on the way.

    Raises:
        InvalidInput: it is no chart.
    """
    folder = ChartFolder.read(path)

    def fetch(use: Use, announce: Announce) -> Arrival:
        announce(0)
        return use(folder.chunks(source_date() or 0))

    return Content(str(path), fetch, files=folder.files.values())


def web_content(
    web: Web, url: str, digest: Digest | None, notice: Callable[[str], None]
) -> Content:
    """What is at a URL; ``notice`` is told if its provenance cannot be had."""

    def fetch(use: Use, announce: Announce) -> Arrival:
        return web.fetch(url, use, announce=announce)

    def provenance() -> bytes:
        return _fetched_provenance(web, provenance_url(url), notice)

    return Content(url_without_secrets(url), fetch, provenance, digest)


def _fetched_provenance(web: Web, url: str, notice: Callable[[str], None]) -> bytes:
    what = url_without_secrets(url)
    try:
        found = web.fetch(url, lambda chunks: _small(chunks, what))
    except NotFound:
        return b""
    except (AccessDenied, RegistryError) as error:
        if error.retryable:
            raise
        # Storage that does not tell what it has refuses what is not there.
        notice(f"stored without provenance: {error}")
        return b""
    if not found.startswith(_SIGNED):  # some answer everything with a page
        notice(f"stored without provenance: {what} is none")
        return b""
    return found


def _small(chunks: Iterable[bytes], what: str) -> bytes:
    data = b""
    for chunk in chunks:
        data += chunk
        if len(data) > MAX_PROVENANCE:
            message = f"{what} is larger than {MAX_PROVENANCE} bytes"
            raise InvalidInput(message)
    return data
