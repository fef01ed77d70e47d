"""Reading configuration files, with errors that name the file and the place."""

from __future__ import annotations

import json
import os
import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from hangar.errors import InvalidConfiguration

T = TypeVar("T")

SYSTEM = Path("/etc/containers")
"""Where the machine's configuration is."""

MAX_FILE = 16 << 20
"""Bytes; more is no configuration file."""


def home(environ: Mapping[str, str]) -> Path:
    """The user's home directory."""
    return Path(environ.get("HOME") or Path.home())


def user_configuration(environ: Mapping[str, str]) -> Path:
    """Where the user's ``containers/`` directory is."""
    return Path(environ.get("XDG_CONFIG_HOME") or home(environ) / ".config")


def read_json(path: Path) -> dict[str, Any] | None:
    """Read a JSON object; None if there is no such file.

    Raises:
        InvalidConfiguration: it cannot be read, or is no JSON object.
    """
    return read(path, lambda text: _object(json.loads, text))


def read_toml(path: Path) -> dict[str, Any] | None:
    """Read a TOML file; None if there is no such file.

    Raises:
        InvalidConfiguration: it cannot be read, or is not TOML.
    """
    return read(path, lambda text: _object(tomllib.loads, text))


def read(path: Path, parse: Callable[[str], T]) -> T | None:
    """Read a file in another syntax; None if there is no such file.

    Args:
        path: of the file.
        parse: makes something of its text, or raises `ValueError`.

    Raises:
        InvalidConfiguration: it cannot be read or parsed.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise invalid(path, error.strerror or "cannot be read") from error
    if len(raw) > MAX_FILE:
        raise invalid(path, "too large for a configuration file")
    try:
        return parse(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise invalid(path, _located(error, raw)) from error


def _located(error: Exception, raw: bytes) -> str:
    """What is wrong with a file, behind the line where that is."""
    if isinstance(error, UnicodeDecodeError):
        line = raw.count(b"\n", 0, error.start) + 1
        return f"line {line}: not text in UTF-8"
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    found = _OF_TOML.fullmatch(str(error))
    if found is None:
        return str(error)
    line = int(found[2] or raw.count(b"\n", 0, len(raw.rstrip())) + 1)
    return f"line {line}{found[3] or ''}: {found[1]}"


_OF_TOML = re.compile(
    r"(.*) \(at (?:line (\d+)(, column \d+)|end of document)\)", re.DOTALL
)
"""How Python's library says where an error is."""


def _object(parse: Callable[[str], Any], text: str) -> dict[str, Any]:
    """What ``parse`` makes of a text that is to be an object; an empty one is."""
    value = parse(text) if text.strip() else {}
    if not isinstance(value, dict):
        message = "expected an object"
        raise ValueError(message)  # noqa: TRY004 - what is of the wrong type is a file
    return value


def entries(folder: Path) -> list[Path]:
    """What is in a directory, by name; nothing if there is no such directory.

    Raises:
        InvalidConfiguration: it cannot be read.
    """
    try:
        return sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise invalid(folder, error.strerror or "cannot be read") from error


def invalid(
    path: Path, reason: str, hint: str = "repair or remove the file"
) -> InvalidConfiguration:
    """Say what is wrong with a file."""
    return InvalidConfiguration(f"{path}: {reason}", hint=hint)


def table(value: Any, path: Path, key: str) -> dict[str, Any]:
    """Check that a value is an object; absent ones count as empty."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise invalid(path, f"{key}: expected an object")
    return value


def text(value: Any, path: Path, key: str) -> str:
    """Check that a value is text; absent ones count as ""."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise invalid(path, f"{key}: expected text")
    return value


def flag(value: Any, path: Path, key: str) -> bool:
    """Check that a value is a boolean; absent ones count as False."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise invalid(path, f"{key}: expected true or false")
    return value


def is_readable_by_others(path: Path) -> bool:
    """Tell whether other users of the machine can read a file; devices do not count."""
    try:
        mode = path.stat().st_mode
    except OSError:  # it is gone meanwhile
        return False
    return os.name == "posix" and stat.S_ISREG(mode) and bool(mode & 0o077)
