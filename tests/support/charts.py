"""Small charts, made without what is tested."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zlib
from pathlib import Path
from typing import Any

HELM_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
PROVENANCE_LAYER = "application/vnd.cncf.helm.chart.provenance.v1.prov"
FILE_LAYER = "application/vnd.content.hangar.file.layer.v1"
TITLE = "org.opencontainers.image.title"


def chart_yaml(name: str = "app", version: str = "1.0.0", **more: str) -> bytes:
    """What ``Chart.yaml`` says."""
    fields = {"apiVersion": "v2", "name": name, "version": version, **more}
    return "".join(f"{key}: {value}\n" for key, value in fields.items()).encode()


def package(name: str = "app", version: str = "1.0.0", **more: str) -> bytes:
    """A chart's package."""
    text = chart_yaml(name, version, **more)
    return tgz(
        (f"{name}/Chart.yaml", text), (f"{name}/templates/a.yaml", b"kind: List")
    )


def tgz(*files: tuple[str, bytes], time: int = 1_700_000_000) -> bytes:
    """A compressed tar."""
    return zipped(tar(*files, time=time))


def zipped(content: bytes) -> bytes:
    """What gzip makes of it, the same each time."""
    return zlib.compress(content, wbits=31)


def tar(*files: tuple[str, bytes], time: int = 0) -> bytes:
    """A tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(content), time
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def index(*entries: dict[str, Any]) -> bytes:
    """An ``index.yaml``; JSON is YAML, too."""
    listed: dict[str, list[dict[str, Any]]] = {}
    for entry in entries:
        listed.setdefault(entry["name"], []).append(entry)
    return json.dumps({"apiVersion": "v1", "entries": listed}).encode()


def listed(content: bytes, url: str, **more: Any) -> dict[str, Any]:
    """What an index says of a package."""
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        first = archive.getmembers()[0]
        file = archive.extractfile(first)
        text = file.read().decode() if file else ""
    fields = dict(line.split(": ", 1) for line in text.splitlines())
    return {**fields, "urls": [url], "digest": sha256(content), **more}


def sha256(content: bytes) -> str:
    """The hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def provenance(name: str, content: bytes) -> bytes:
    """What helm signs, as far as it is looked at."""
    text = f"-----BEGIN PGP SIGNED MESSAGE-----\n\nfiles:\n  {name}: sha256:"
    return f"{text}{sha256(content)}\n-----BEGIN PGP SIGNATURE-----\n".encode()


def make_folder(folder: Path, name: str = "app", version: str = "1.0.0") -> Path:
    """A chart that is a folder."""
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_bytes(chart_yaml(name, version))
    (folder / "values.yaml").write_text("replicas: 1\n")
    (folder / "templates/deployment.yaml").write_text("kind: Deployment\n")
    return folder
