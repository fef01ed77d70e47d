"""Archives that others replaced, or were about to replace, before they are written."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hangar.archive import Archive, Draft
from hangar.errors import StorageError
from hangar.operations.saving import save, sync
from tests.archive.common import NAME, golden, registries
from tests.support.killing import Given


class PowerFailure(BaseException):
    """Nothing after this happens."""


def failing(*arguments: object) -> None:
    """End in the middle."""
    raise PowerFailure(arguments)


def names(path: Path) -> list[str]:
    """The images of an archive."""
    with Archive.open(path) as archive:
        return [entry.name for entry in archive.entries]


def test_what_is_added_goes_to_the_archive_that_a_killed_save_was_about_to_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, saved, added = golden(tmp_path), Given(1), Given(2)
    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", failing)
        with pytest.raises(PowerFailure):
            save(saved.lines[:1], registries(saved), path)
    assert names(path) == [f"{NAME}:1"]

    report = sync(added.lines[3:], registries(added), path)

    assert report.ok
    assert names(path) == [*saved.lines[:1], *added.lines[3:]]


def test_an_archive_of_two_names_is_written_by_one_process_at_a_time(
    tmp_path: Path,
) -> None:
    path, other = golden(tmp_path), tmp_path / "other.zip"
    other.hardlink_to(path)

    with Draft.append(path) as draft:
        with pytest.raises(StorageError, match="another process"):
            Draft.append(other)
        draft.undo()

    assert sorted(tmp_path.iterdir()) == [path, other]
