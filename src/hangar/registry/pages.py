"""Lists that come in pages, each with a link to the next (distribution-spec)."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from hangar.errors import HangarError, TransferError
from hangar.http import Response
from hangar.registry.desk import Desk

MAX_PAGE = 8 << 20
"""Bytes; some registries put all the tags they have into one page."""

MAX_PAGES = 10_000

_NEXT = re.compile(r'<([^<>]*)>\s*;[^<]*\brel="?next\b')


def pages(
    desk: Desk, path: str, refused: Callable[[Response], HangarError]
) -> Iterator[bytes]:
    """Yield page after page; the cursor in a link is the registry's own affair.

    Raises:
        HangarError: what ``refused`` makes of an answer other than 200.
        TransferError: the list has no end.
    """
    asked = {path}
    for _ in range(MAX_PAGES):
        fetch = functools.partial(_page, desk, path, refused)
        page, following = desk.again(fetch, ": list")
        yield page
        if not following:
            return
        if following in asked:
            break
        path = following
        asked.add(path)
    message = f"{desk.name}: a list without end"
    raise TransferError(message)


def _page(
    desk: Desk, path: str, refused: Callable[[Response], HangarError]
) -> tuple[bytes, str]:
    """Fetch a page; return it with the URL of the next one, or ""."""
    with desk.send("GET", path) as response:
        if response.status != 200:
            raise refused(response)
        page = response.read(MAX_PAGE)
    found = _NEXT.search(response.headers.get("link", ""))
    return page, desk.registry.locate(response, found[1]) if found else ""
