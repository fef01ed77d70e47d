"""Scopes: the names under which policy.json and registries.d state what holds.

(containers-policy.json(5), "Supported transports and their scopes";
containers-registries.d(5), "Registries, Scopes and Search Order".)
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from hangar.reference import Reference

OF_NAMES = frozenset({"docker", "docker-daemon"})
"""Transports whose images have names as in registries."""

_PATHS = frozenset({"dir", "oci", "oci-archive"})
"""Transports whose images are files."""


def scope_of(image: Reference) -> str:
    """The scope of just this image; where there is a digest, the tag says nothing."""
    mark = f"@{image.digest}" if image.digest else f":{image.tag}"
    return f"{image.full_repository}{mark}"


def covering(transport: str, scope: str) -> Iterator[str]:
    """Yield the scopes that cover ``scope``, the most specific first.

    Those of files are told by their real paths.
    """
    if transport in OF_NAMES:
        yield from above(scope)
        yield from _wildcards(folded(scope).partition("/")[0].partition(":")[0])
    elif transport in _PATHS:
        is_named = transport != "dir"  # a directory's own name may have a colon
        place, colon, name = scope.partition(":") if is_named else (scope, "", "")
        path = Path(os.path.realpath(place))
        yield f"{path}{colon}{name}"
        yield from map(str, (path, *path.parents[:-1]))


def folded(scope: str) -> str:
    """A scope of registries as it is compared: hosts are the same in any case."""
    host, slash, rest = scope.partition("/")
    return f"{host.lower()}{slash}{rest}"


def above(scope: str) -> Iterator[str]:
    """Yield the scope of an image, its repository, what that is in, and the host.

    All are `folded`.
    """
    scope = folded(scope)
    yield scope
    parent, slash, name = scope.partition("@")[0].rpartition("/")
    scope = f"{parent}{slash}{name.partition(':')[0]}"
    while slash:
        yield scope
        scope, slash, _ = scope.rpartition("/")


def _wildcards(host: str) -> Iterator[str]:
    """Yield ``*.`` with all domains that a host is below of."""
    _, dot, domain = host.partition(".")
    while dot:
        yield f"*.{domain}"
        _, dot, domain = domain.partition(".")
