"""Real small images, built from Debian's busybox-static for two architectures."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import subprocess
import tarfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ARCHITECTURES = ("amd64", "arm64")

OCI = "application/vnd.oci.image."
DOCKER = "application/vnd.docker."


def programs(folder: Path) -> dict[str, bytes]:
    """Download busybox for each architecture, with an apt that is ours alone.

    Packages that lie in ``folder`` already are not downloaded again.

    Raises:
        subprocess.CalledProcessError: apt-get failed.
    """
    for name in ("lists/partial", "cache/archives/partial", "packages"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    apt_get = [
        "apt-get",
        "-qq",
        *("-o", f"Dir::State::Lists={folder}/lists"),
        *("-o", f"Dir::Cache={folder}/cache"),
        *("-o", "APT::Sandbox::User=root"),
    ]
    for architecture in ARCHITECTURES:
        apt_get += ["-o", f"APT::Architectures::={architecture}"]
    found = {}
    for architecture in ARCHITECTURES:
        packages = folder / "packages"
        if not (package := _package(packages, architecture)):
            subprocess.run([*apt_get, "update"], check=True)
            name = f"busybox-static:{architecture}"
            subprocess.run([*apt_get, "download", name], cwd=packages, check=True)
            package = _package(packages, architecture)
        unpacked = subprocess.run(
            ["dpkg-deb", "--fsys-tarfile", str(package)],
            check=True,
            capture_output=True,
        ).stdout
        with tarfile.open(fileobj=io.BytesIO(unpacked)) as files:
            program = files.extractfile("./bin/busybox")
            found[architecture] = program.read() if program else b""
    return found


def _package(folder: Path, architecture: str) -> Path | None:
    return next(iter(sorted(folder.glob(f"busybox-static_*_{architecture}.deb"))), None)


@dataclass
class Images:
    """Images as raw content, to be pushed anywhere.

    Attributes:
        blobs: by digest.
        manifests: media type and bytes by digest; children before their index.
        tags: digest by ``repository:tag``.
    """

    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def blob(self, data: bytes, media_type: str) -> dict[str, Any]:
        """Add a blob; return its descriptor."""
        digest = _digest(data)
        self.blobs[digest] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def manifest(self, value: dict[str, Any]) -> dict[str, Any]:
        """Add a manifest; return its descriptor."""
        raw = json.dumps(value, indent=3).encode()
        media_type = str(value["mediaType"])
        self.manifests[_digest(raw)] = (media_type, raw)
        return {"mediaType": media_type, "digest": _digest(raw), "size": len(raw)}

    def image(
        self, program: bytes, architecture: str, *, docker: bool = False
    ) -> dict[str, Any]:
        """Add an image with busybox alone in it; return its entry for an index."""
        layer = _layer({"bin/busybox": program, "bin/sh": program[:0]})
        platform = {"architecture": architecture, "os": "linux"}
        config = {
            **platform,
            "config": {"Cmd": ["/bin/busybox", "sh"], "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [_digest(gzip.decompress(layer))]},
        }
        kinds = (
            ("distribution.manifest.v2", "container.image.v1", "image.rootfs.diff.tar")
            if docker
            else ("manifest.v1", "config.v1", "layer.v1.tar")
        )
        prefix, compressed = (DOCKER, ".gzip") if docker else (OCI, "+gzip")
        entry = self.manifest(
            {
                "schemaVersion": 2,
                "mediaType": f"{prefix}{kinds[0]}+json",
                "config": self.blob(
                    json.dumps(config).encode(), f"{prefix}{kinds[1]}+json"
                ),
                "layers": [self.blob(layer, f"{prefix}{kinds[2]}{compressed}")],
            }
        )
        return {**entry, "platform": platform}

    def attestation(self, image: dict[str, Any]) -> dict[str, Any]:
        """Add what BuildKit would attest of an image; return its entry."""
        statement = {"_type": "https://in-toto.io/Statement/v0.1", "subject": []}
        layer = self.blob(
            json.dumps(statement).encode(), "application/vnd.in-toto+json"
        )
        config = {"architecture": "unknown", "os": "unknown"}
        entry = self.manifest(
            {
                "schemaVersion": 2,
                "mediaType": f"{OCI}manifest.v1+json",
                "config": self.blob(
                    json.dumps({**config, "about": image["digest"]}).encode(),
                    f"{OCI}config.v1+json",
                ),
                "layers": [layer],
            }
        )
        annotations = {
            "vnd.docker.reference.digest": image["digest"],
            "vnd.docker.reference.type": "attestation-manifest",
        }
        return {**entry, "annotations": annotations, "platform": config}

    def index(self, entries: list[dict[str, Any]], *, docker: bool = False) -> str:
        """Add an index, or a Docker manifest list; return its digest."""
        kind = f"{DOCKER}distribution.manifest.list.v2" if docker else f"{OCI}index.v1"
        value = {"schemaVersion": 2, "mediaType": f"{kind}+json", "manifests": entries}
        digest: str = self.manifest(value)["digest"]
        return digest


def build(folder: Path) -> Images:
    """Build an index with attestations, a Docker manifest list, a single image."""
    found, images = programs(folder), Images()
    oci = [images.image(found[name], name) for name in ARCHITECTURES]
    attested = [images.attestation(entry) for entry in oci]
    images.tags["demo/busybox:oci"] = images.index([*oci, *attested])
    docker = [images.image(found[name], name, docker=True) for name in ARCHITECTURES]
    images.tags["demo/busybox:docker"] = images.index(docker, docker=True)
    images.tags["tools/busybox:single"] = oci[0]["digest"]
    return images


def _layer(files: dict[str, bytes]) -> bytes:
    """Pack files as a layer that is the same each time."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as layer:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.mode, member.size = 0o755, len(data)
            if not data:
                member.type, member.linkname = tarfile.SYMTYPE, "busybox"
            layer.addfile(member, io.BytesIO(data))
    return zlib.compress(packed.getvalue(), wbits=31)


def _digest(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"
