"""What all tests of the registry client need."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hangar.configuration import Configuration
from hangar.http import Client
from hangar.oci import Descriptor, Digest
from hangar.reference import Reference
from hangar.registry import Registries, Repository
from hangar.retry import Patience
from hangar.store import Chunks
from tests.support.content import LAYER, put_bytes, put_image
from tests.support.proxy import FaultyProxy
from tests.support.registries import (
    Certificates,
    DockerRegistry,
    docker_registry,
    make_certificates,
)

Open = Callable[..., Repository]

CONTENT = hashlib.sha256(b"layer").digest() * 40_000
BLOB = Descriptor(LAYER, Digest.of(CONTENT), len(CONTENT))
"""A layer that comes in several pieces."""


@pytest.fixture
def client() -> Iterator[Client]:
    with Client({}) as client:
        yield client


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="session")
def registry() -> Iterator[DockerRegistry]:
    """Shared by all tests; each has a repository of its own."""
    with docker_registry() as registry:
        yield registry


@pytest.fixture
def proxy(registry: DockerRegistry) -> Iterator[FaultyProxy]:
    """Stands in front of the registry."""
    with FaultyProxy(registry.address) as proxy:
        yield proxy


@pytest.fixture
def path(request: pytest.FixtureRequest) -> str:
    """A repository that no other test uses."""
    return re.sub(r"[^a-z0-9]+", "-", request.node.nodeid.lower()).strip("-")[-120:]


@pytest.fixture
def make_registries(client: Client, tmp_path: Path) -> Callable[..., Registries]:
    """Makes `Registries` that know only the test's own home; keywords are theirs."""
    home = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path)}

    def make(**options: object) -> Registries:
        given: dict[str, Any] = {
            "verify_tls": False,
            "patience": Patience(pause=0.001, longest=0.01),
            "client": client,
            **options,
        }
        return Registries(Configuration.load(environ=home), **given)

    return make


@pytest.fixture
def open_at(make_registries: Callable[..., Registries], path: str) -> Open:
    """Opens the test's repository at an address; keywords as `Registries` has them."""

    def open_at(address: str, name: str = path, **options: object) -> Repository:
        reference = Reference(address, name, "any")
        return make_registries(**options).repository(reference)

    return open_at


@pytest.fixture
def source_at(make_registries: Callable[..., Registries], path: str) -> Open:
    """Open a repository as a source: by way of mirrors, if there are any."""

    def source_at(address: str, name: str = path, **options: object) -> Repository:
        reference = Reference(address, name, "any")
        return make_registries(**options).source(reference)

    return source_at


def read(repository: Repository, blob: Descriptor = BLOB) -> bytes:
    """Read a blob to its end."""
    with contextlib.closing(repository.blob(blob)) as chunks:
        return b"".join(chunks)


def never() -> Chunks:
    """Chunks that nobody should ask for."""
    pytest.fail("nothing had to be sent")
    yield b""


@pytest.fixture
def remote(proxy: FaultyProxy, open_at: Open) -> Repository:
    """An empty repository, seen through the proxy."""
    return open_at(proxy.address)


@pytest.fixture
def stocked(remote: Repository, registry: DockerRegistry, open_at: Open) -> Repository:
    """Seen through the proxy; has an image tagged ``1`` and the blob."""
    straight = open_at(registry.address)
    put_bytes(straight, CONTENT)
    put_image(straight, b"small layer", tag="1")
    return remote
