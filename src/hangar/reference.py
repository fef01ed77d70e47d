"""Names of images: ``[REGISTRY/][PROJECT/]NAME[:TAG][@DIGEST]``.

Parsed once, with the rules that docker, podman and skopeo share: a first part with a
dot or a colon, or ``localhost``, is a registry; otherwise the registry is docker.io,
where one-part names live in ``library/``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Self

from hangar.errors import InvalidDigest, InvalidReference
from hangar.oci import Digest

DOCKER_HUB = "docker.io"
DEFAULT_TAG = "latest"

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*", re.ASCII)
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}", re.ASCII)
_HOST = r"[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?|\[[0-9a-fA-F:.]+\]"
_REGISTRY = re.compile(rf"(?:{_HOST})(?::[0-9]{{1,5}})?", re.ASCII)
"""Distribution-spec 1.1, "Pulling manifests"; hosts as in distribution/reference."""

_MAX_NAME = 255
"""Characters of registry and repository together (distribution-spec 1.1)."""

_HINT = "expected [REGISTRY/][PROJECT/]NAME[:TAG][@DIGEST]"


@dataclass(frozen=True, slots=True)
class Reference:
    """Full name of an image.

    Attributes:
        registry: host, with the port if there is one.
        repository: path below the registry, without slashes at its ends.
        tag: "" only where there is a digest instead.
        digest: of the manifest, or None; where given it decides what is meant.
    """

    registry: str
    repository: str
    tag: str = ""
    digest: Digest | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a name as users write it; without tag and digest it is ``latest``.

        >>> str(Reference.parse("nginx"))
        'docker.io/library/nginx:latest'
        >>> str(Reference.parse("registry.k8s.io/pause:3.9"))
        'registry.k8s.io/pause:3.9'

        Raises:
            InvalidReference: it is no name of an image.
        """
        name, at, digest_text = text.partition("@")
        head, slash, tail = name.rpartition("/")
        last, _, tag = tail.partition(":")
        registry, repository = _split(head + slash + last)
        try:
            digest = Digest(digest_text) if at else None
        except InvalidDigest as error:
            raise _invalid(text) from error
        tag = tag or ("" if digest else DEFAULT_TAG)
        if (
            not is_registry(registry)
            or not is_repository(repository)
            or (tag and not is_tag(tag))
            or len(registry) + 1 + len(repository) > _MAX_NAME
        ):
            raise _invalid(text)
        return cls(registry, repository, tag, digest)

    @property
    def project(self) -> str:
        """First part of the repository's path, or "" if it has but one part."""
        return self.repository.rpartition("/")[0].partition("/")[0]

    @property
    def name(self) -> str:
        """The repository's path without the project."""
        return self.repository.removeprefix(self.project).lstrip("/")

    @property
    def locator(self) -> str:
        """What to ask the registry for: the digest if there is one, else the tag."""
        return self.digest or self.tag

    @property
    def full_repository(self) -> str:
        """``registry/repository``."""
        return f"{self.registry}/{self.repository}"

    def moved(self, registry: str = "", project: str = "") -> Self:
        """Put it into another registry or project; "" keeps what is there.

        ``registry`` may carry a path, which then goes in front of the project.

        >>> moved = Reference.parse("nginx").moved("example.com/hub", "mirror")
        >>> str(moved)
        'example.com/hub/mirror/nginx:latest'

        Raises:
            InvalidReference: the result is no valid name.
        """
        repository = f"{project}/{self.name}" if project else self.repository
        host, _, prefix = (registry or self.registry).partition("/")
        repository = "/".join(filter(None, (prefix.strip("/"), repository)))
        moved = replace(self, registry=host, repository=repository)
        if not is_registry(host) or not is_repository(repository):
            raise _invalid(str(moved))
        return moved

    def tagged(self, tag: str) -> Self:
        """Give it another tag; a digest stays.

        Raises:
            InvalidReference: that is no tag.
        """
        tagged = replace(self, tag=tag)
        if not is_tag(tag):
            raise _invalid(str(tagged))
        return tagged

    def __str__(self) -> str:
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def is_registry(text: str) -> bool:
    """Tell whether ``text`` is a host with an optional port."""
    return _REGISTRY.fullmatch(text) is not None


def is_repository(text: str) -> bool:
    """Tell whether registries accept ``text`` as the path of a repository."""
    return _REPOSITORY.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Tell whether registries accept ``text`` as a tag."""
    return _TAG.fullmatch(text) is not None


def names_registry(text: str) -> bool:
    """Tell whether a name begins with a registry, as docker decides it."""
    first, slash, _ = text.partition("/")
    return bool(slash) and ("." in first or ":" in first or first == "localhost")


def without_transport(name: str) -> str:
    """A name without ``docker://`` in front.

    What has it is at docker.io if it names no registry, whatever short names stand for;
    so that is stated then.
    """
    bare = name.removeprefix("docker://")
    if bare in ("", name) or names_registry(bare):
        return bare
    return f"{DOCKER_HUB}/{bare}"


def _split(name: str) -> tuple[str, str]:
    """Part the registry from the repository."""
    first, _, rest = name.partition("/")
    if not names_registry(name):
        first, rest = DOCKER_HUB, name
    if first in ("index.docker.io", "registry-1.docker.io"):
        first = DOCKER_HUB
    if first == DOCKER_HUB and "/" not in rest:
        rest = f"library/{rest}"
    return first, rest


def _invalid(text: str) -> InvalidReference:
    return InvalidReference(f"invalid reference format: {text!r:.200}", hint=_HINT)
