"""Who may come in: a file of names and password hashes, made by ``htpasswd -B``."""

from __future__ import annotations

import base64
import binascii
import hashlib
import threading
from pathlib import Path

import bcrypt

from hangar.errors import InvalidConfiguration
from hangar.serving.messages import Handler, Refusal, Request, Response

_CHALLENGE = 'Basic realm="hangar"'
_NOBODY = bcrypt.hashpw(b"", bcrypt.gensalt(4))


class Passwords:
    """Lets requests through to a handler that come with a name and its password.

    Only bcrypt is understood, as by the docker registry: hashes of other kinds can be
    guessed too fast.

    Raises:
        InvalidConfiguration: the file cannot be read, or has another kind of hash.
    """

    def __init__(self, path: Path, handler: Handler) -> None:
        self._handler = handler
        self._hashes = _read(path)
        self._known: set[bytes] = set()
        self._lock = threading.Lock()

    def __call__(self, request: Request) -> Response:
        """Answer a request, or ask for a password."""
        if not self._admits(request.headers.get("authorization", "")):
            message = "authentication required"
            raise Refusal(401, "UNAUTHORIZED", message, WWW_Authenticate=_CHALLENGE)
        return self._handler(request)

    def _admits(self, authorization: str) -> bool:
        scheme, _, encoded = authorization.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            decoded = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            return False
        fingerprint = hashlib.sha256(decoded).digest()
        with self._lock:
            if fingerprint in self._known:
                return True  # bcrypt is slow on purpose; once is enough
        name, _, password = decoded.partition(b":")
        hashed = self._hashes.get(name, _NOBODY)
        if not bcrypt.checkpw(password[:72], hashed) or name not in self._hashes:
            return False
        with self._lock:
            self._known.add(fingerprint)
        return True


def _read(path: Path) -> dict[bytes, bytes]:
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        message = f"cannot read {path}: {error.strerror}"
        raise InvalidConfiguration(message) from error
    hashes = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith(b"#"):
            continue
        name, _, hashed = line.strip().partition(b":")
        if not hashed.startswith((b"$2y$", b"$2a$", b"$2b$")) or len(hashed) != 60:
            message = f"{path}, line {number}: not a bcrypt hash"
            raise InvalidConfiguration(message, hint="make it with htpasswd -B")
        hashes[name] = hashed
    return hashes
