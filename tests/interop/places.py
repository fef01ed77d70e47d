"""Registries of four kinds, each started on a free loopback port."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from scripts.peers import peers
from tests.interop.programs import Workshop
from tests.support.judges import PlainHTTP
from tests.support.registries import docker_registry, free_port, wait_for

ZUUL_LOGIN = ("writer", "secret")


@dataclass(frozen=True)
class Place:
    """A registry that runs.

    Attributes:
        kind: which of the four it is.
        http: the judge that asks it by plain HTTP.
    """

    kind: str
    http: PlainHTTP

    @property
    def address(self) -> str:
        """``host:port``."""
        return self.http.address

    @property
    def for_helm(self) -> bool:
        """Whether helm can use it.

        Helm's manifests do not say their type, and Zuul's registry fails to serve such
        by digest.
        """
        return self.kind != "zuul-registry"


@contextlib.contextmanager
def docker(_: Workshop) -> Iterator[Place]:
    """Debian's docker-registry."""
    with docker_registry() as registry:
        yield Place("docker-registry", registry.http)


@contextlib.contextmanager
def crane(_: Workshop) -> Iterator[Place]:
    """The registry that crane brings."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    start = [*peers()["crane"].command, "registry", "serve", "--address", address]
    with running(start, port):
        yield Place("crane", PlainHTTP(address))


@contextlib.contextmanager
def zuul(workshop: Workshop) -> Iterator[Place]:
    """Zuul's, which lets write only whom it knows."""
    port = free_port()
    address, (name, password) = f"127.0.0.1:{port}", ZUUL_LOGIN
    workshop.log_in(address, name, password)
    with tempfile.TemporaryDirectory(prefix="zuul-") as folder:
        settings = {
            "address": "127.0.0.1",
            "port": port,
            "public-url": f"http://{address}",
            "secret": "secret",
            "users": [{"name": name, "pass": password, "access": "write"}],
            "storage": {"driver": "filesystem", "root": f"{folder}/data"},
        }
        configuration = Path(folder) / "registry.yaml"
        configuration.write_text(json.dumps({"registry": settings}))
        start = [*peers()["zuul-registry"].command, "-c", str(configuration)]
        with running(start, port):
            login = base64.b64encode(":".join(ZUUL_LOGIN).encode()).decode()
            told = PlainHTTP(address).ask(
                "GET",
                "/auth/token?scope=repository:x:pull,push",
                Authorization=f"Basic {login}",
            )
            bearer = {"Authorization": f"Bearer {told.json['token']}"}
            yield Place("zuul-registry", PlainHTTP(address, headers=bearer))


@contextlib.contextmanager
def hangar(_: Workshop, *options: str) -> Iterator[Place]:
    """Our own."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    start = [sys.executable, "-m", "hangar", "serve", "--addr", address, *options]
    with running(start, port):
        yield Place("hangar serve", PlainHTTP(address))


@contextlib.contextmanager
def running(command: Sequence[str], port: int) -> Iterator[None]:
    """Run a server for the time of a block."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
    try:
        wait_for(port, process)
        yield
    finally:
        process.terminate()
        process.wait(30)


Starter = Callable[[Workshop], AbstractContextManager[Place]]

KINDS: dict[str, Starter] = {
    "docker": docker,
    "crane": crane,
    "zuul": zuul,
    "hangar": hangar,
}
