"""A registry of ours that is guarded, and how each program logs in to it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import bcrypt

from tests.interop import places
from tests.interop.programs import Workshop
from tests.support.judges import PlainHTTP
from tests.support.registries import Certificates

PASSWORD = "a password"

LOGINS = {
    "buildah": ("login", "--tls-verify=false"),
    "crane": ("auth", "login", "--insecure"),
    "helm": ("registry", "login", "--insecure"),
    "oras": ("login", "--insecure"),
    "podman": ("login", "--tls-verify=false"),
    "skopeo": ("login", "--tls-verify=false"),
}


@contextlib.contextmanager
def guarded(
    workshop: Workshop, certificates: Certificates, folder: Path
) -> Iterator[PlainHTTP]:
    """A registry of ours that speaks TLS and demands a password."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    (folder / "htpasswd").write_text(f"me:{hashed}\n")
    tls = ("--tls-cert", str(certificates.certificate))
    key = ("--tls-key", str(certificates.key))
    who = ("--htpasswd", str(folder / "htpasswd"))
    with places.hangar(workshop, *tls, *key, *who) as place:
        login = ("me", PASSWORD)
        yield PlainHTTP(place.address, certificates.authority, login)
