"""Whose file it is, and the job file that it becomes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePath

from hangar.errors import InvalidImageList
from hangar.jobs import image_syncer, regsync, skopeo
from hangar.jobs.foreign import Translation
from hangar.jobs.job import is_job
from hangar.strict import Section, parse_json, parse_yaml

_PROGRAMS: Mapping[
    str, tuple[Callable[[Section], bool], Callable[[Section], Translation]]
] = {
    "regsync": (regsync.is_regsync, regsync.translate),
    "skopeo": (skopeo.is_skopeo, skopeo.translate),
    "image-syncer": (image_syncer.is_image_syncer, image_syncer.translate),
}

PROGRAMS = tuple(_PROGRAMS)
"""Whose files can be translated."""

_SUFFIXES = (".yaml", ".yml", ".json")
_KEY = re.compile(
    r"(?:[^\S\n]*(?:[#%].*)?\n|---.*\n)*[^\S\n]*(?:\{|[^\s#][^\n]*:(?:\s|$))"
)
"""A file that begins with a key, behind comments; a name does not end in a colon."""


def program_of(name: str, text: str) -> str:
    """Tell whose file it is, by what it says; "" if it is a plain list.

    Raises:
        InvalidImageList: it is a job file; or its name says that it is no plain list,
            and it cannot be read, or is not known.
    """
    if is_job("", text):
        message = f"{name} is a job file already"
        raise InvalidImageList(message, hint="give it to -f as it is")
    structured = PurePath(name).suffix.lower() in _SUFFIXES
    if not structured and not _KEY.match(text):
        return ""
    try:
        top = _parsed(text)
    except ValueError as error:
        if not structured:
            return ""
        raise _unreadable(name, error) from error
    for program, (is_its, _) in _PROGRAMS.items():
        if is_its(top):
            return program
    if not structured:
        return ""
    message = f"{name}: it is not known whose file this is"
    hint = f"say it with --from, if it is one of {', '.join(PROGRAMS)}"
    raise InvalidImageList(message, hint=hint)


def translated(name: str, text: str, program: str) -> Translation:
    """Make entries of a job file of a program's file.

    Raises:
        InvalidImageList: it is not such a file; the message names the line.
    """
    try:
        return _PROGRAMS[program][1](_parsed(text))
    except ValueError as error:
        raise _unreadable(name, error) from error


def _parsed(text: str) -> Section:
    if text.lstrip().startswith("{"):
        return parse_json(text)
    return parse_yaml(text, aliases=True, booleans=False)


def _unreadable(name: str, error: ValueError) -> InvalidImageList:
    return InvalidImageList(f"{name}: {error}")
