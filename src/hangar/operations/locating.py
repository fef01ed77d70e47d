"""Charts and files that a user names: found out which ones, and where they are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from hangar.charts import (
    CHART_FILE,
    ChartVersion,
    chosen_version,
    file_size,
    find_in_folder,
    index_url,
    is_absolute,
    is_package_url,
    listed_versions,
    no_urls,
)
from hangar.errors import InvalidInput, Unsupported
from hangar.http import resolve
from hangar.oci import Digest
from hangar.operations.content import (
    Content,
    local_content,
    packed_content,
    web_content,
)
from hangar.operations.oci_charts import OCI_SCHEME
from hangar.registry import Registries, Web, WebAddress, url_without_secrets
from hangar.store import Chunks


class LocatedChart(NamedTuple):
    """A package, and what it has to be if it was chosen among others."""

    content: Content
    chosen: ChartVersion | None = None


class LocatedFile(NamedTuple):
    """A file, and its own name."""

    content: Content
    name: str


class Locator:
    """Finds what users name.

    Args:
        registries: reaches web servers.
        notice: is told what the user should know.
    """

    def __init__(self, registries: Registries, notice: Callable[[str], None]) -> None:
        self._registries = registries
        self._notice = notice

    def chart(self, item: str, name: str, version: str) -> LocatedChart:
        """Find a chart that is no image yet.

        Args:
            item: a folder, a package, the URL of a package or of a repository.
            name: which chart of a repository.
            version: which version of it, or a range; "" is the newest.

        Raises:
            InvalidInput: it is nothing that can be read.
            NotFound: it is not there.
            HangarError: a repository cannot be read.
        """
        path = Path(item)
        if _exists(path):
            return self._local(path, name, version)
        if not _is_url(item):
            message = f'invalid chart "{item:.200}": no such file or directory'
            hint = f"a URL begins with https:// or {OCI_SCHEME}"
            raise InvalidInput(message, hint=hint)
        address = WebAddress.parse(item)
        web = self._registries.web(address)
        if is_package_url(address.url):
            return LocatedChart(self._at(web, address.url))
        return self._in_repository(web, index_url(address.url), name, version)

    def file(self, item: str, name: str) -> LocatedFile:
        """Find a file, by its path or URL; ``name`` is for one that has none.

        Raises:
            InvalidInput: it is no file.
            Unsupported: it is an image.
        """
        if item.startswith(OCI_SCHEME):
            message = "file protocol does not support Helm OCI image"
            raise Unsupported(message, hint="hangar archive store chart")
        path = Path(item)
        if _exists(path):
            file_size(path)  # a folder is refused before its name is looked at
            return LocatedFile(local_content(path, item), path.name)
        if not _is_url(item):
            message = f'invalid URL "{item:.200}": no such file or directory'
            raise InvalidInput(message, hint="a URL begins with https://")
        address = WebAddress.parse(item)
        own = unquote(urlsplit(address.url).path.rpartition("/")[2])
        if own in ("", ".", "..") or {*own} & {*"/\\\0"}:
            own = name
        if not own:
            what = url_without_secrets(item)
            message = f"{what} does not say what the file is called"
            raise InvalidInput(message, hint="--name does")
        web = self._registries.web(address)
        return LocatedFile(self._at(web, address.url), own)

    def _local(self, path: Path, name: str, version: str) -> LocatedChart:
        if not path.is_dir():
            return LocatedChart(local_content(path))
        if (path / CHART_FILE).exists():
            return LocatedChart(packed_content(path))
        _check_name(name)
        chosen, place = find_in_folder(path, name, version)
        if place is None:
            url = WebAddress.parse(_no_image(chosen.urls[0])).url
            content = self._at(self._registries.web(), url, chosen.digest)
        elif place.is_dir():
            content = packed_content(place)
        else:
            content = local_content(place, digest=chosen.digest)
        return LocatedChart(content, chosen)

    def _in_repository(
        self, web: Web, index: str, name: str, version: str
    ) -> LocatedChart:
        _check_name(name)

        def read(chunks: Chunks) -> list[ChartVersion]:
            return listed_versions(chunks, name, url_without_secrets(index))

        offered = web.fetch(index, read, decode=True)
        chosen = chosen_version(offered, name, version)
        if not chosen.urls:
            raise no_urls(chosen)
        listed = _no_image(chosen.urls[0])
        url = WebAddress.parse(resolve(index, listed)).url
        query = urlsplit(index).query
        if query and not urlsplit(url).query and not is_absolute(listed):
            url = f"{url}?{query}"  # what lets us read the index lets us read this
        return LocatedChart(self._at(web, url, chosen.digest), chosen)

    def _at(self, web: Web, url: str, digest: Digest | None = None) -> Content:
        return web_content(web, url, digest, self._notice)


def _no_image(url: str) -> str:
    """A URL of an index, unless it is one of an image."""
    if url.startswith(OCI_SCHEME):
        message = f"the repository's index says that the chart is an image: {url:.200}"
        raise Unsupported(message, hint=f"hangar archive store chart {url:.200}")
    return url


def _check_name(name: str) -> None:
    if not name:
        message = "chart name not provided"
        raise InvalidInput(message, hint="--name says which chart of a repository")


def _is_url(item: str) -> bool:
    return item.lower().startswith(("http://", "https://"))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, a zero byte
        return False
