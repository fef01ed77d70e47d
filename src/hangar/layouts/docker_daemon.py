"""Images that a container daemon keeps: docker's, or podman's service.

It writes an image as ``docker save`` does. That goes into a file without a name, which
is gone when we are, however we end.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Self
from urllib.parse import quote, urlsplit

from hangar.errors import (
    HangarError,
    InvalidConfiguration,
    NotFound,
    StorageError,
    TransferError,
)
from hangar.http import Client, Response, Tls
from hangar.layouts.docker_archive import DockerArchive

DEFAULT_HOST = "unix:///var/run/docker.sock"

_FORMS = "unix:///PATH or tcp://HOST:PORT"


class Daemon:
    """A daemon that speaks docker's API.

    Args:
        environ: says where it is, as for docker: ``DOCKER_HOST``, and for TLS
            ``DOCKER_TLS_VERIFY`` and ``DOCKER_CERT_PATH``.
        folder: for what it writes; made if it is not there.

    Raises:
        InvalidConfiguration: ``DOCKER_HOST`` is no address that we can connect to.
    """

    def __init__(self, environ: Mapping[str, str], folder: Path) -> None:
        self._host = environ.get("DOCKER_HOST") or DEFAULT_HOST
        self._folder = folder
        self._tls = Tls()
        scheme, _, rest = self._host.partition("://")
        self._socket = Path(rest) if scheme == "unix" and rest[:1] == "/" else None
        if self._socket:
            self._url = "http://localhost"
        elif scheme in ("tcp", "http", "https") and rest:
            verify = bool(environ.get("DOCKER_TLS_VERIFY"))
            encrypted = scheme == "https" or verify
            parts = urlsplit(f"//{rest}")
            port = "" if parts.port else f":{2376 if encrypted else 2375}"
            self._url = f"http{'s' if encrypted else ''}://{parts.netloc}{port}"
            if encrypted:
                self._tls = _tls(environ, verify=verify)
        else:
            message = f"DOCKER_HOST {self._host!r:.200} is not supported"
            raise InvalidConfiguration(message, hint=f"expected {_FORMS}")
        self._client = Client(environ, local=self._socket)

    def image(self, name: str) -> DockerArchive:
        """Fetch an image, by its name or ID; it is an archive of that one image.

        Raises:
            NotFound: there is no such image, or no daemon.
            TransferError: the daemon cannot be asked, or refuses.
            StorageError: there is no room for it.
            InvalidArchive: what came is no image.
        """
        called = f"docker-daemon:{name}"
        if self._socket and not self._socket.exists():
            message = f"{called}: no daemon listens at {self._socket}"
            hint = "start it, or name another one by DOCKER_HOST"
            raise NotFound(message, hint=hint)
        path = f"/images/{quote(name, safe='/:@')}/get"
        with self._client as client, self._explained(called):
            response = client.request(
                "GET", f"{self._url}{path}", headers={}, trust=lambda _: self._tls
            )
            with response:
                if response.status != 200:
                    raise _refused(called, response)
                file = _Unnamed.filled(self._folder, response)
        return DockerArchive(Path(name), name=called, file=file.reader)

    @contextlib.contextmanager
    def _explained(self, called: str) -> Iterator[None]:
        """Say which daemon it is that cannot be asked."""
        try:
            yield
        except TransferError as error:
            message = f"{called}: the daemon at {self._host} cannot be asked: {error}"
            hint = "may you use it? DOCKER_HOST names another one"
            raise TransferError(message, hint=hint) from error


def _tls(environ: Mapping[str, str], *, verify: bool) -> Tls:
    folder = environ.get("DOCKER_CERT_PATH")
    if not folder:
        return Tls(verify)
    files = {name: Path(folder, f"{name}.pem") for name in ("ca", "cert", "key")}
    pairs = ((files["cert"], files["key"]),) if files["cert"].exists() else ()
    return Tls(verify, (files["ca"],), pairs)


def _refused(called: str, response: Response) -> HangarError:
    status, said = response.status, response.excerpt()
    try:
        value: Any = json.loads(said)
        reason = str(value["message"])
    except (ValueError, TypeError, KeyError):
        reason = said.decode("utf-8", "replace")
    if status == 404:
        hint = "'docker images' or 'podman images' tells which there are"
        return NotFound(f"{called}: {reason:.200}", hint=hint)
    return HangarError(f"{called}: the daemon answers {status}: {reason:.200}")


class _Unnamed:
    """A file without a name, closed with the last one who uses it."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        weakref.finalize(self, os.close, handle)

    @classmethod
    def filled(cls, folder: Path, response: Response) -> Self:
        """Make one of all that a response says."""
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder) as file:
                for chunk in response.chunks():
                    file.write(chunk)
                file.flush()
                return cls(os.dup(file.fileno()))
        except OSError as error:
            message = f"cannot write a temporary file in {folder}: {error.strerror}"
            hint = "name another directory with --cache-dir"
            raise StorageError(message, hint=hint) from error

    @contextlib.contextmanager
    def reader(self) -> Iterator[IO[bytes]]:
        """Read it from its beginning; several may at once."""
        with io.BufferedReader(_Reader(self._handle)) as file:
            yield file


class _Reader(io.RawIOBase):
    """Reads an open file with a position of its own."""

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        begins = (0, self._position, os.fstat(self._handle).st_size)
        self._position = begins[whence] + offset
        return self._position

    def readinto(self, buffer: Any) -> int:
        data = os.pread(self._handle, len(buffer), self._position)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)
