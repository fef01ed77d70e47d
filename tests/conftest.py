"""What tests of several folders use."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from tests.support.registries import (
    Certificates,
    DockerRegistry,
    docker_registry,
    kept_port,
    make_certificates,
)
from tests.support.running import Desk

hypothesis.settings.register_profile(
    "unhurried",
    deadline=None,  # how fast the machine is today says nothing about a law
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("unhurried")


def pytest_configure() -> None:
    """Have Ctrl-C heard, here and by what is started, though we may run unheard."""
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--soak`` and ``--interop``."""
    parser.addoption("--soak", action="store_true", help="run with many seeds")
    parser.addoption(
        "--interop", action="store_true", help="run with programs of others"
    )


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out many seeds and programs of others, unless they are asked for."""
    wanted = {
        "soak": config.getoption("--soak") or os.environ.get("HANGAR_SOAK"),
        "interop": config.getoption("--interop"),
    }
    left = [
        item
        for item in items
        if any(item.get_closest_marker(name) for name in wanted if not wanted[name])
    ]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if item not in left]


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens."""
    with kept_port() as port:
        yield f"127.0.0.1:{port}"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A folder to run the program in."""
    return Desk.at(tmp_path)


@pytest.fixture
def source() -> Iterator[DockerRegistry]:
    """A real registry to copy from."""
    with docker_registry() as registry:
        yield registry


@pytest.fixture
def target() -> Iterator[DockerRegistry]:
    """A real registry to copy to."""
    with docker_registry() as registry:
        yield registry


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """A CA of our own with a certificate for loopback."""
    return make_certificates(tmp_path_factory.mktemp("certificates"))
