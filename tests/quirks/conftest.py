"""Two real registries, each behind a proxy that has the manners of others."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hangar import (
    Configuration,
    Outcome,
    Patience,
    Registries,
    Report,
    check_all,
    copy_all,
    mirror_routes,
)
from tests.support.content import put_image, put_index
from tests.support.memory import MemoryStore
from tests.support.proxy import FaultyProxy, Message
from tests.support.registries import DockerRegistry
from tests.support.seeding import draft, push

LAYER = bytes(range(256)) * 8192
"""2 MiB: comes in several pieces."""


@dataclass(frozen=True)
class Site:
    """Two registries, each behind a proxy that can misbehave.

    Attributes:
        source: before the registry that is read.
        target: before the registry that is written.
        upstream: the registry that is read, for judges.
        judge: the registry that is written, for judges.
        registries: what the mirroring is done with.
    """

    source: FaultyProxy
    target: FaultyProxy
    upstream: DockerRegistry
    judge: DockerRegistry
    registries: Registries

    @property
    def requests(self) -> Iterator[Message]:
        """What either side was asked."""
        return itertools.chain(self.source.requests, self.target.requests)

    def mirror(self, name: str = "library/app", tag: str = "1") -> Outcome:
        """Mirror one image through both proxies."""
        (outcome,) = self.mirror_all(f"{name}:{tag}")
        return outcome

    def mirror_all(self, *names: str) -> Report:
        """Mirror images through both proxies."""
        lines = [f"{self.source.address}/{name}" for name in names]
        routes = mirror_routes(lines, self.registries, to=self.target.address)
        return copy_all(routes)

    def check(self, name: str = "library/app", tag: str = "1") -> Outcome:
        """Validate what `mirror` wrote."""
        line = f"{self.source.address}/{name}:{tag}"
        routes = mirror_routes([line], self.registries, to=self.target.address)
        (outcome,) = check_all(routes)
        return outcome

    def seed(self, store: MemoryStore, name: str = "library/app") -> None:
        """Have the registry that is read hold a repository."""
        push(self.upstream.http, name, store)

    def arrived(self, name: str = "library/app", tag: str = "1") -> bool:
        """Whether both have the same, every byte of it, as judges see them."""
        there = self.judge.http.whole(name, tag)
        return bool(there) and there == self.upstream.http.whole(name, tag)


@pytest.fixture
def site(
    source: DockerRegistry, target: DockerRegistry, tmp_path: Path
) -> Iterator[Site]:
    """Sites with an image ``library/app:1`` at the one that is read."""
    settings = Configuration.load(environ={"HOME": str(tmp_path)})
    hasty = Patience(pause=0.0)
    with (
        FaultyProxy(source.address) as before,
        FaultyProxy(target.address) as behind,
        Registries(settings, verify_tls=False, patience=hasty) as registries,
    ):
        made = Site(before, behind, source, target, registries)
        store = draft()
        put_index(store, "1", put_image(store, LAYER, b"a small layer"))
        made.seed(store)
        yield made
