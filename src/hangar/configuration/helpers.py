"""Running credential helpers, programs called ``docker-credential-<name>``.

This is the only place where Hangar runs programs on behalf of configuration.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import shutil
import subprocess
import time
from collections.abc import Mapping
from typing import IO, cast

from hangar import deadline
from hangar.errors import InvalidConfiguration

TIME_LIMIT = 60.0
"""Seconds; a helper may ask the user to unlock something."""

MAX_ANSWER = 1 << 20
"""Bytes that a helper may print."""

_PREFIX = "docker-credential-"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*", re.ASCII)
_NOT_FOUND = b"credentials not found"


def ask(
    name: str,
    verb: str,
    text: str,
    environ: Mapping[str, str],
    *,
    time_limit: float = TIME_LIMIT,
) -> bytes | None:
    """Run ``docker-credential-NAME VERB``; return what it prints.

    None if it says that there is no such credential. What it prints is never quoted in
    errors: it may be a secret. Hangar's own variables, which may hold one, are not in
    its environment.

    Args:
        name: what the configuration calls it.
        verb: ``get``, ``store``, ``erase`` or ``list``.
        text: its input, at most what a pipe takes at once.
        environ: its environment, and where PATH comes from.
        time_limit: seconds that it may take.

    Raises:
        InvalidConfiguration: there is no such program, or it does not do its work.
    """
    program = f"{_PREFIX}{name}"
    path = shutil.which(program, path=environ.get("PATH"))
    if not _NAME.fullmatch(name) or path is None:
        message = f"credential helper {program!r:.100} is not on PATH"
        raise InvalidConfiguration(message, hint="install it, or do not configure it")
    own = {k: value for k, value in environ.items() if not k.startswith("HANGAR_")}
    try:
        status, answer = _run([path, verb], text.encode(), own, time_limit)
    except (OSError, subprocess.TimeoutExpired) as error:
        late = isinstance(error, subprocess.TimeoutExpired)
        reason = f"no answer within {time_limit:g} s" if late else "cannot be run"
        raise failed(name, verb, reason) from error
    if len(answer) > MAX_ANSWER:
        raise failed(name, verb, "answers without end")
    if status and _NOT_FOUND in answer:
        return None
    if status:
        raise failed(name, verb, f"exit status {status}")
    return answer


def failed(name: str, verb: str, reason: str) -> InvalidConfiguration:
    """Say that a helper did not do its work, and how to see for oneself."""
    program = f"{_PREFIX}{name}"
    message = f"credential helper {program} {verb}: {reason}"
    hint = f"try it: echo SERVER | {program} get"
    return InvalidConfiguration(message, hint=hint)


def _run(
    command: list[str], text: bytes, environ: Mapping[str, str], time_limit: float
) -> tuple[int, bytes]:
    """Run a program; return its exit status and the beginning of its output.

    Raises:
        OSError: it cannot be run.
        TimeoutExpired: it took too long, and was killed.
    """
    end = time.monotonic() + time_limit
    with subprocess.Popen(  # noqa: S603 - the user's own configuration names it
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environ,
    ) as process:
        try:
            answer = _talk(process, text, end)
            if len(answer) > MAX_ANSWER:
                process.kill()
            return process.wait(max(end - time.monotonic(), 0)), answer
        except BaseException:
            process.kill()
            raise


def _talk(process: subprocess.Popen[bytes], text: bytes, end: float) -> bytes:
    """Give the program its input; return its output, but little more than allowed.

    A program may leave children behind that keep its output open, so its end is not
    waited for without looking at the clock.
    """
    pipes = process.stdin, process.stdout
    given, told = cast("tuple[IO[bytes], IO[bytes]]", pipes)
    with contextlib.suppress(BrokenPipeError), given:  # it may not want to know
        given.write(text)
    answer = b""
    while len(answer) <= MAX_ANSWER:
        left = end - time.monotonic()
        if left <= 0:
            raise subprocess.TimeoutExpired(process.args, 0)
        wait = deadline.current().remaining(min(left, 1.0))
        if select.select([told], [], [], wait)[0]:
            chunk = os.read(told.fileno(), 65536)
            if not chunk:
                break
            answer += chunk
    return answer
