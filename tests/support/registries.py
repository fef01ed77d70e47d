"""Debian's docker-registry (distribution 2.8), started on a free loopback port."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import bcrypt

from tests.support.judges import PlainHTTP

PROGRAM = shutil.which("docker-registry") or "docker-registry"


class Request(NamedTuple):
    """One line of a registry's access log."""

    method: str
    path: str
    status: int


@dataclass(frozen=True)
class DockerRegistry:
    """A running registry.

    Attributes:
        address: ``host:port``.
        folder: its storage, its log and whatever else belongs to it.
        authority: file with the CA's certificate, if it speaks TLS.
        login: user name and password that it demands, or None.
    """

    address: str
    folder: Path
    authority: Path | None = None
    login: tuple[str, str] | None = None

    @property
    def http(self) -> PlainHTTP:
        """The judge that asks it by plain HTTP."""
        return PlainHTTP(self.address, self.authority, self.login)

    @property
    def requests(self) -> list[Request]:
        """What it was asked so far, by whomever."""
        text = (self.folder / "log").read_text(errors="replace")
        return [
            Request(found["method"], found["path"], int(found["status"]))
            for found in _ACCESS.finditer(text)
        ]


_ACCESS = re.compile(
    r'"(?P<method>[A-Z]+) (?P<path>/[^ "]*) HTTP/1\.[01]" (?P<status>\d{3}) '
)


@dataclass(frozen=True)
class Certificates:
    """A CA of our own, with a certificate for 127.0.0.1 and localhost."""

    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path, *hosts: str) -> Certificates:
    """Make a CA and a server certificate with the ``openssl`` program.

    The certificate is for loopback, and for ``hosts``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = ["IP:127.0.0.1", *(f"DNS:{host}" for host in ("localhost", *hosts))]
    (folder / "names").write_text(f"subjectAltName={','.join(names)}")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
        [
            "req",
            "-x509",
            *new_key,
            "-days",
            "9",
            "-subj",
            "/CN=test CA",
            "-keyout",
            "ca.key",
            "-out",
            "ca.crt",
        ],
        [
            "req",
            *new_key,
            "-subj",
            "/CN=127.0.0.1",
            "-keyout",
            "server.key",
            "-out",
            "server.csr",
        ],
        [
            "x509",
            "-req",
            "-in",
            "server.csr",
            "-CA",
            "ca.crt",
            "-CAkey",
            "ca.key",
            "-CAcreateserial",
            "-days",
            "9",
            "-extfile",
            "names",
            "-out",
            "server.crt",
        ],
    ):
        subprocess.run(
            ["openssl", *command], cwd=folder, check=True, capture_output=True
        )
    return Certificates(folder / "ca.crt", folder / "server.crt", folder / "server.key")


@contextlib.contextmanager
def docker_registry(
    *,
    certificates: Certificates | None = None,
    client_authority: Path | None = None,
    login: tuple[str, str] | None = None,
    place: Path | None = None,
    **settings: Any,
) -> Iterator[DockerRegistry]:
    """Run a registry for the time of a block.

    Args:
        certificates: speak TLS with these.
        client_authority: demand client certificates of this CA.
        login: demand this user name and password (htpasswd).
        place: where its folder is to be; by default where temporary files are.
        settings: further sections of its configuration, e.g. ``auth=...``.
    """
    with (
        kept_port() as port,
        tempfile.TemporaryDirectory(prefix="registry-", dir=place) as name,
    ):
        folder = Path(name)
        http: dict[str, Any] = {"addr": f"127.0.0.1:{port}"}
        if certificates:
            http["tls"] = {
                "certificate": str(certificates.certificate),
                "key": str(certificates.key),
            }
        if client_authority:
            http["tls"]["clientcas"] = [str(client_authority)]
        if login:
            hashed = bcrypt.hashpw(login[1].encode(), bcrypt.gensalt(4)).decode()
            (folder / "htpasswd").write_text(f"{login[0]}:{hashed}\n")
            access = {"realm": "test", "path": str(folder / "htpasswd")}
            settings["auth"] = {"htpasswd": access}
        configuration = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": False}},
            "storage": {
                "filesystem": {"rootdirectory": str(folder / "data")},
                "delete": {"enabled": True},
                "maintenance": {"uploadpurging": {"enabled": False}},
            },
            "http": http,
            **settings,
        }
        (folder / "config.yml").write_text(json.dumps(configuration))
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [PROGRAM, "serve", str(folder / "config.yml")],
                stdout=log,
                stderr=log,
                env={"PATH": os.environ["PATH"], "OTEL_TRACES_EXPORTER": "none"},
            )
        try:
            wait_for(port, process)
            authority = certificates.authority if certificates else None
            yield DockerRegistry(f"127.0.0.1:{port}", folder, authority, login)
        finally:
            process.terminate()
            process.wait(30)


@contextlib.contextmanager
def kept_port() -> Iterator[int]:
    """Keep a loopback port for the time of a block.

    Who connects is refused until somebody asks for just this port and listens; who
    asks for any port gets another one.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Wait until something listens at ``port``, or the process has ended."""
    for _ in range(2000):
        if process.poll() is not None:
            break
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=1),
        ):
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(0.01)
    message = f"{process.args!r} does not listen"
    raise RuntimeError(message)
