"""Programs of others, run as their users run them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from scripts.peers import peers

PLAIN = {
    "buildah": "--tls-verify=false",
    "cosign": "--allow-http-registry",
    "crane": "--insecure",
    "helm": "--plain-http",
    "oras": "--plain-http",
    "podman": "--tls-verify=false",
    "skopeo": "--tls-verify=false",
}
"""What makes each of them speak HTTP."""


class Ended(NamedTuple):
    """How a program ended."""

    status: int
    out: str
    err: str


@dataclass(frozen=True)
class Program:
    """A program of others.

    Attributes:
        command: how it is started.
        plain: the flag that makes it speak HTTP.
        folder: where it works.
        environment: what it finds in its environment.
    """

    command: list[str]
    plain: str
    folder: Path
    environment: dict[str, str]

    def __call__(self, *arguments: str) -> str:
        """Run it; it must succeed. Return what it prints."""
        ended = self.ends(*arguments)
        assert ended.status == 0, f"{arguments}: {ended.err}{ended.out}"
        return ended.out

    def ends(self, *arguments: str) -> Ended:
        """Run it, and see how it ends."""
        done = subprocess.run(
            [*self.command, *arguments],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=120,
        )
        out, err = (x.decode(errors="replace") for x in (done.stdout, done.stderr))
        return Ended(done.returncode, out, err)


@dataclass(frozen=True)
class Workshop:
    """A folder in which all programs work, with a home of its own.

    Attributes:
        folder: where they work, and where their configuration lies.
    """

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> Workshop:
        """Lay out a workshop: policies, storage, no credentials."""
        workshop = cls(folder)
        for name in ("home", "docker", "work"):
            (folder / name).mkdir(parents=True)
        (folder / "policy.json").write_text(
            json.dumps({"default": [{"type": "insecureAcceptAnything"}]})
        )
        (folder / "registries.conf").touch()
        (folder / "docker/config.json").write_text('{"auths": {}}')
        (folder / "docker/config.json").chmod(0o600)
        (folder / "storage.conf").write_text(
            f'[storage]\ndriver = "vfs"\nrunroot = "{folder}/run"\n'
            f'graphroot = "{folder}/graph"\n'
        )
        (folder / "containers.conf").write_text(
            '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
            f'conmon_path = ["{Path(peers()["podman"].command[-1]).parent}/conmon"]\n'
            'runtime = "none"\n'
            '[engine.runtimes]\nnone = ["/bin/true"]\n'
        )
        return workshop

    @property
    def work(self) -> Path:
        """Where they are run."""
        return self.folder / "work"

    @property
    def environment(self) -> dict[str, str]:
        """What every program finds in its environment."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "XDG_RUNTIME_DIR": str(self.folder / "home"),
            "DOCKER_CONFIG": str(self.folder / "docker"),
            "CONTAINERS_STORAGE_CONF": str(self.folder / "storage.conf"),
            "CONTAINERS_REGISTRIES_CONF": str(self.folder / "registries.conf"),
            "CONTAINERS_CONF": str(self.folder / "containers.conf"),
            "BUILDAH_ISOLATION": "chroot",
            "COSIGN_PASSWORD": "",
        }

    def program(self, name: str) -> Program:
        """A program, ready to run."""
        command = peers()[name].command
        if name == "skopeo":
            command = [*command, "--policy", str(self.folder / "policy.json")]
        return Program(command, PLAIN[name], self.work, self.environment)

    def log_in(self, address: str, username: str, password: str) -> None:
        """Write a login where docker keeps it, for all programs to find."""
        path = self.folder / "docker/config.json"
        known = json.loads(path.read_text())
        token = base64.b64encode(f"{username}:{password}".encode()).decode()
        known["auths"][address] = {"auth": token}
        path.write_text(json.dumps(known))
