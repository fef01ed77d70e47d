"""A registry of our own, to be run for the time of a block."""

from __future__ import annotations

from pathlib import Path

from hangar.serving import (
    Api,
    DirectoryStorage,
    MemoryStorage,
    Passwords,
    Registry,
    Server,
    tls_context,
)


def serve(
    address: str = "127.0.0.1:0",
    *,
    data: Path | None = None,
    tls: tuple[Path, Path] | None = None,
    htpasswd: Path | None = None,
    read_only: bool = False,
) -> Server:
    """Make a registry that answers inside a ``with`` block.

    It listens from now on; the `Server` says at which ``address``. In memory, nothing
    is left of it afterwards.

    Args:
        address: ``host:port``; port 0 is one that is free.
        data: directory that keeps everything, an OCI layout; None: in memory.
        tls: certificate chain and private key to speak TLS with, both PEM, the key
            not encrypted; None: HTTP.
        htpasswd: file that names who is let in, with passwords of bcrypt.
        read_only: whether to refuse whatever would change something.

    Raises:
        InvalidInput: the address is none.
        InvalidConfiguration: one cannot listen there, a file or the directory cannot
            be used, or another process uses the directory.
    """
    storage = DirectoryStorage(data) if data else MemoryStorage()
    api = Api(Registry(storage), read_only=read_only)
    handler = Passwords(htpasswd, api) if htpasswd else api
    context = tls_context(*tls) if tls else None
    return Server(handler, address, tls=context)
