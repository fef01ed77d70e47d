"""Getting user names and passwords from a person or a pipe; passwords stay unseen."""

from __future__ import annotations

import contextlib
import getpass
import sys
import warnings
from collections.abc import Iterator

from hangar import InvalidInput

_LONGEST = 1 << 20
"""Bytes of standard input; more is no password."""


def can_ask() -> bool:
    """Whether a person is there who sees a question and can answer it."""
    streams = (sys.stdin, sys.stderr)  # None if whoever started us has closed it
    return all(stream is not None and stream.isatty() for stream in streams)


def ask_username(known: str = "") -> str:
    """Ask who the user is; without an answer it is who we know already."""
    sys.stderr.write(f"Username ({known}): " if known else "Username: ")
    sys.stderr.flush()
    with _understood():
        return sys.stdin.readline(_LONGEST).strip() or known


def ask_password() -> str:
    """Ask for a password, which the terminal does not show.

    Raises:
        InvalidInput: there is no answer, or the terminal would show it.
    """
    with _understood(), warnings.catch_warnings():
        warnings.simplefilter("error", getpass.GetPassWarning)
        return getpass.getpass("Password: ", sys.stderr)


def read_password() -> str:
    """Read a password from standard input, all its lines joined.

    Raises:
        InvalidInput: there is none, or it is no text.
    """
    with _understood():
        text = sys.stdin.buffer.read(_LONGEST).decode() if sys.stdin else ""
    password = "".join(line.removesuffix("\r") for line in text.split("\n"))
    if not password:
        message = "there is no password on standard input"
        raise InvalidInput(message)
    return password


@contextlib.contextmanager
def _understood() -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError, UnicodeDecodeError, getpass.GetPassWarning):
        message = "no user name and password could be read"
        raise InvalidInput(message) from None  # the cause may quote the password
