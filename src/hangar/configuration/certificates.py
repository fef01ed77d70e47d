"""Certificates of registries: the directories ``certs.d`` (containers-certs.d(5))."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hangar.configuration.files import SYSTEM, entries, invalid, user_configuration


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files that prove identity between a host and us.

    Attributes:
        authorities: CA certificates to trust beside the system's.
        pairs: our own certificates with their keys.
    """

    authorities: tuple[Path, ...] = ()
    pairs: tuple[tuple[Path, Path], ...] = ()


def find(host: str, cert_dir: Path | None, environ: Mapping[str, str]) -> Certificates:
    """Find the certificates for ``host[:port]``; the first directory counts.

    Raises:
        InvalidConfiguration: a certificate without key, or the other way round; a
            directory that was named and is not there, or that cannot be read.
    """
    folders = [cert_dir] if cert_dir else _folders(host, environ)
    for folder in folders:
        if os.path.isdir(folder):  # noqa: PTH112 - false where we may not look, too
            return _read(folder)
    if cert_dir:
        raise invalid(cert_dir, "no such directory", "name another one")
    return Certificates()


def _folders(host: str, environ: Mapping[str, str]) -> list[Path]:
    roots = (
        user_configuration(environ) / "containers",
        SYSTEM,
        Path("/etc/docker"),
    )
    return [root / "certs.d" / host for root in roots]


def _read(folder: Path) -> Certificates:
    files = entries(folder)
    keys = {path.stem: path for path in files if path.suffix == ".key"}
    certificates = {path.stem: path for path in files if path.suffix == ".cert"}
    for name in keys.keys() ^ certificates.keys():
        message = f"{name}.cert and {name}.key must be there both"
        raise invalid(folder, message)
    return Certificates(
        tuple(path for path in files if path.suffix == ".crt"),
        tuple((path, keys[name]) for name, path in certificates.items()),
    )
