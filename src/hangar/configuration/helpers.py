"""Credential helpers: programs ``docker-credential-<name>`` that keep passwords.

(docker/docker-credential-helpers, "Development".) This is the only place where Hangar
runs programs on behalf of configuration.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping

from hangar.errors import InvalidConfiguration

TIME_LIMIT = 60.0
"""Seconds; a helper may ask the user to unlock something."""

MAX_ANSWER = 1 << 20
"""Bytes that a helper may print."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_NOT_FOUND = "credentials not found"


def get(name: str, server: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """Ask a helper for the user name and the secret of a server; None if it has none.

    Raises:
        InvalidConfiguration: there is no such program, or it does not do its work.
    """
    program = f"docker-credential-{name}"
    path = shutil.which(program, path=environ.get("PATH"))
    if not _NAME.fullmatch(name) or path is None:
        message = f"credential helper {program!r:.100} is not on PATH"
        raise InvalidConfiguration(message, hint="install it, or do not configure it")
    try:
        done = subprocess.run(  # noqa: S603 - the user's own configuration names it
            [path, "get"],
            input=server.encode(),
            capture_output=True,
            timeout=TIME_LIMIT,
            check=False,
            env=dict(environ),
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        late = isinstance(error, subprocess.TimeoutExpired)
        kind = "did not answer" if late else "could not be run"
        message = f"credential helper {program} {kind} for {server}"
        raise InvalidConfiguration(message) from error
    if done.returncode:
        if _NOT_FOUND in (done.stdout + done.stderr).decode(errors="replace"):
            return None
        message = f"credential helper {program}: exit status {done.returncode}"
        raise InvalidConfiguration(message)
    try:
        answer = json.loads(done.stdout[: MAX_ANSWER + 1])
        return str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        message = f"credential helper {program} answered nonsense for {server}"
        raise InvalidConfiguration(message) from error
