"""What all tests of the registry client need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hangar.http import Client
from tests.support.registries import Certificates, make_certificates


@pytest.fixture
def client() -> Iterator[Client]:
    with Client({}) as client:
        yield client


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))
