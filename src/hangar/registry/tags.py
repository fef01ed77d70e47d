"""The tags of a repository: listed, and looked up in a list that is asked for once."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from urllib.parse import urlencode

from hangar import deadline
from hangar.errors import (
    AccessDenied,
    HangarError,
    InvalidManifest,
    NotFound,
    RegistryError,
)
from hangar.http import Response
from hangar.oci import Digest, load_object
from hangar.reference import is_tag
from hangar.registry.desk import Desk
from hangar.registry.manifests import resolve
from hangar.registry.pages import MAX_PAGE, pages

_PAGE = 1000
"""Tags that we ask for at a time; registries may give fewer."""

_WORTH_LISTING = 10
"""Pages; whoever has more is asked for the tags one by one."""


def tags(desk: Desk) -> Iterator[str]:
    """Yield the tags, in the registry's order, as pages come.

    Raises:
        NotFound: there is no such repository.
    """
    for page in _pages(desk):
        yield from page


def _pages(desk: Desk) -> Iterator[list[str]]:
    def refused(response: Response) -> HangarError:
        return desk.refusal(response, ": list of tags")

    found = pages(desk, f"tags/list?n={_PAGE}", refused)
    try:
        first = [next(found)]
    except (RegistryError, NotFound) as error:
        if isinstance(error, RegistryError) and error.status != 400:
            raise
        # more than it gives at a time (PAGINATION_NUMBER_INVALID); or there is no
        # such repository, but Zuul's registry says so whenever it reads a query
        first = []
        found = pages(desk, "tags/list", refused)
    names: list[str] = []
    for page in itertools.chain(first, found):
        names = _names(desk, page)
        yield names
    seen: set[str] = set()
    while len(names) == _PAGE and not seen.issuperset(names):
        seen.update(names)
        names = _after(desk, names[-1])
        yield [name for name in names if name not in seen]


def _after(desk: Desk, last: str) -> list[str]:
    """What comes after a page that is full, though it has no link to a next one.

    Some registries cut the list where they are told to and do not say so. Others
    answer with the same page once more, or refuse: they had no more.
    """

    def ask() -> list[str]:
        query = urlencode({"n": _PAGE, "last": last})
        with desk.send("GET", f"tags/list?{query}") as response:
            if response.status == 200:
                return _names(desk, response.read(MAX_PAGE))
            error = desk.refusal(response, ": list of tags")
        if error.retryable:
            raise error
        return []

    return desk.again(ask, ": list of tags")


def _names(desk: Desk, page: bytes) -> list[str]:
    try:
        listed = load_object(page, "list of tags").get("tags")
    except InvalidManifest as error:
        message = f"{desk.name}: its list of tags cannot be read: {error}"
        raise RegistryError(message, status=200) from error
    names = listed if isinstance(listed, list) else []
    return [name for name in names if isinstance(name, str) and is_tag(name)]


class TagLookup:
    """Finds out whether tags exist, with as few requests as possible."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._written: set[str] = set()
        self._listed: frozenset[str] | None = None
        self._asked = False

    def note(self, tag: str) -> None:
        """Take note of a tag that was just written."""
        self._written.add(tag)

    def find(self, tag: str) -> Digest | None:
        """The digest that a tag names, or None if there is no such tag."""
        with deadline.holding(self._lock):
            if not self._asked:
                self._listed = self._list()
                self._asked = True
        listed = self._listed
        if listed is not None and tag not in listed and tag not in self._written:
            return None
        try:
            return resolve(self._desk, tag)
        except NotFound:
            return None

    def _list(self) -> frozenset[str] | None:
        """All tags, or None if the registry does not list them, or not briefly."""
        found: set[str] = set()
        listing = _pages(self._desk)
        try:
            for page in itertools.islice(listing, _WORTH_LISTING):
                found.update(page)
            return None if next(listing, None) else frozenset(found)
        except (NotFound, AccessDenied):
            return None
        except RegistryError as error:
            if error.retryable:
                raise
            return None
