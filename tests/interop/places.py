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
from tests.support.registries import docker_registry, kept_port, wait_for

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
    start = [*peers()["crane"].command, "registry", "serve", "--address"]
    with kept_port() as port, running([*start, f"127.0.0.1:{port}"], port):
        yield Place("crane", PlainHTTP(f"127.0.0.1:{port}"))


@contextlib.contextmanager
def zuul(workshop: Workshop) -> Iterator[Place]:
    """Zuul's, which lets write only whom it knows."""
    name, password = ZUUL_LOGIN
    with (
        kept_port() as port,
        tempfile.TemporaryDirectory(prefix="zuul-") as folder,
    ):
        address = f"127.0.0.1:{port}"
        workshop.log_in(address, name, password)
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
    start = [sys.executable, "-m", "hangar", "serve", *options, "--addr"]
    with kept_port() as port, running([*start, f"127.0.0.1:{port}"], port):
        yield Place("hangar serve", PlainHTTP(f"127.0.0.1:{port}"))


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
