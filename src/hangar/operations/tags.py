"""The tags of a repository: listed, and deleted."""

from __future__ import annotations

import itertools

from hangar.batch import Pools
from hangar.errors import (
    HangarError,
    Interrupted,
    NotFound,
    RegistryError,
    Unsupported,
)
from hangar.oci import Digest
from hangar.operations.transfer import DEFAULT_JOBS
from hangar.reference import Reference
from hangar.registry import Registries, Repository
from hangar.tagfilter import TagFilter

MAX_TAGS = 2000
"""Tags that are asked for their digest before one is deleted."""

_NOT_DONE = frozenset({400, 405, 501})
"""How registries refuse to delete a tag by itself."""


def list_tags(
    image: Reference, registries: Registries, *, wanted: TagFilter | None = None
) -> list[str]:
    """List the tags of an image's repository, in byte order unless ``wanted`` differs.

    Raises:
        NotFound: there is no such repository.
        HangarError: the registry cannot be asked.
    """
    tags = registries.repository(image).tags()
    return (wanted or TagFilter()).select(tags)


def find_tags(
    repository: Repository, digest: Digest, *, jobs: int = DEFAULT_JOBS
) -> list[str]:
    """Find all tags that name a manifest, in byte order; each tag is asked for.

    Raises:
        Unsupported: there are more than 2000 tags (`MAX_TAGS`).
        HangarError: the registry does not list its tags, or cannot be asked.
    """
    listed = list(itertools.islice(repository.tags(), MAX_TAGS + 1))
    if len(listed) > MAX_TAGS:
        message = f"{repository.name} has more than {MAX_TAGS} tags"
        raise Unsupported(message)

    def names(tag: str) -> bool:
        return _names(repository, tag, digest)

    tags = sorted(set(listed))
    with Pools(jobs) as pools:
        found = pools.images(names, tags)
    return list(itertools.compress(tags, found))


def delete_image(
    image: Reference, digest: Digest, registries: Registries, *, tag_only: bool = False
) -> None:
    """Delete a manifest with all its tags, or just the tag of ``image``.

    Raises:
        NotFound: it is not there any more.
        Unsupported: the registry cannot delete a tag alone, or an image with its tags.
        HangarError: the registry refuses.
    """
    repository, named = registries.repository(image), image.tag or digest
    if tag_only:
        _delete_tag(repository, image)
    else:
        _delete_manifest(repository, image, digest)
    if not _names(repository, named, digest):
        return
    if image.tag and not tag_only:
        _delete_left(repository, image, digest)
        if not _names(repository, named, digest):
            return
    message = f"{image.registry} accepted to delete {image}, which is still there"
    raise Unsupported(message, hint="look again later: some take their time")


def _delete_manifest(repository: Repository, image: Reference, digest: Digest) -> None:
    try:
        repository.delete(digest)
    except NotFound as error:
        if not _names(repository, image.locator, digest):
            raise
        message = f"{image.registry} deletes no images"
        raise Unsupported(message, hint="its operator may know a way") from error


def _delete_tag(repository: Repository, image: Reference) -> None:
    try:
        repository.delete(image.tag)
    except RegistryError as error:
        if error.status not in _NOT_DONE:
            raise
        message = f"{image.registry} cannot delete a tag by itself: {error}"
        hint = "without --tag-only the image goes with all its tags"
        raise Unsupported(message, hint=hint) from error


def _delete_left(repository: Repository, image: Reference, digest: Digest) -> None:
    """Delete the tags that a registry has kept of an image that it has deleted."""
    try:
        for tag in find_tags(repository, digest):
            repository.delete(tag)
    except Interrupted:
        raise
    except HangarError as error:
        message = f"{image} was deleted, but the registry has kept its tags: {error}"
        raise Unsupported(message, hint="delete them with --tag-only") from error


def _names(repository: Repository, reference: str, digest: Digest) -> bool:
    try:
        return repository.resolve(reference) == digest
    except NotFound:  # deleted meanwhile
        return False
