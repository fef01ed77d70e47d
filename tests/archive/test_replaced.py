"""Archives that others replaced, or were about to replace, before they are written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hangar.archive import Archive, Draft
from hangar.archive.journal import journal_path
from hangar.errors import StorageError
from hangar.operations.archives import (
    create_archive,
    remove_images,
    repair_archive,
    verify_archive,
)
from hangar.operations.saving import save, sync
from tests.archive.common import NAME, golden, registries
from tests.support.killing import Given


class PowerFailure(BaseException):
    """Nothing after this happens."""


def failing(*arguments: object, **more: object) -> None:
    """End in the middle."""
    raise PowerFailure(arguments, more)


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


def interrupted(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave behind what a sync has that is killed before it writes the index."""
    given = Given(1)
    with monkeypatch.context() as patched:
        patched.setattr(Draft, "finish", failing)
        with pytest.raises(PowerFailure):
            sync(given.lines, registries(given), archive)
    assert journal_path(archive).exists()


@pytest.mark.parametrize("size", ["smaller", "larger"])
def test_an_archive_that_was_put_in_the_place_of_one_being_added_to_is_not_cut(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str
) -> None:
    path, other, given = tmp_path / "a.zip", tmp_path / "other.zip", Given(7)
    few, many = given.lines[:1], given.lines[1:]
    before, after = (many, few) if size == "smaller" else (few, many)
    assert save(before, registries(given), path).ok
    assert save(after, registries(given), other).ok
    interrupted(path, monkeypatch)
    shutil.copyfile(other, path)

    assert names(path) == after
    assert repair_archive(path).kept == tuple(after)
    assert path.read_bytes() == other.read_bytes()


@pytest.mark.parametrize("act", ["sync", "save"])
def test_what_was_put_there_is_added_to_or_stays_until_it_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, act: str
) -> None:
    path, other, given = golden(tmp_path), tmp_path / "other.zip", Given(7)
    assert save(given.lines[1:], registries(given), other).ok
    interrupted(path, monkeypatch)
    shutil.copyfile(other, path)

    if act == "sync":
        assert sync(given.lines[:1], registries(given), path).ok
        assert names(path) == [*given.lines[1:], given.lines[0]]
        assert verify_archive(path).ok
    else:
        assert not save(["source.example/team/app:none"], registries(given), path).ok
        assert path.read_bytes() == other.read_bytes()


def test_if_more_was_added_elsewhere_the_user_has_to_say_what_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, other, given = golden(tmp_path), tmp_path / "other.zip", Given(7)
    shutil.copyfile(path, other)
    assert sync(given.lines, registries(given), other).ok
    interrupted(path, monkeypatch)
    shutil.copyfile(other, path)

    for act in (names, repair_archive, Draft.append):
        with pytest.raises(StorageError, match="replaced") as caught:
            act(path)
        assert str(journal_path(path).name) in caught.value.hint
    assert path.read_bytes() == other.read_bytes()

    journal_path(path).unlink()
    assert names(path) == names(other)


def test_an_archive_that_was_deleted_while_added_to_can_be_saved_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, given = golden(tmp_path), Given(7)
    interrupted(path, monkeypatch)
    path.unlink()

    assert save(given.lines, registries(given), path).ok

    assert names(path) == given.lines


def meanwhile(
    patch: pytest.MonkeyPatch, path: Path, act: Callable[[Given], object]
) -> None:
    """Have another process do something just before this one locks an archive."""
    create = Draft.create

    def late(archive: Path) -> Draft:
        assert archive == path
        patch.undo()
        act(Given(7))
        return create(archive)

    patch.setattr(Draft, "create", late)


def test_what_is_added_while_an_archive_is_about_to_be_compacted_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, given = golden(tmp_path), Given(1)
    assert sync(given.lines, registries(given), path).ok
    added = "source.example/team/app:new"

    def add(other: Given) -> None:
        store = other.stores["team/app"]
        store.put_manifest(store.manifest("1"), "new")
        assert sync([added], registries(other), path).ok

    meanwhile(monkeypatch, path, add)
    remove_images([f"{NAME}:1"], path, compact=True)

    assert names(path) == [*given.lines, added]
    assert verify_archive(path).ok


def test_what_is_saved_while_an_archive_is_about_to_be_repaired_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = golden(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"a layer", b"a LAYER"))

    meanwhile(monkeypatch, path, lambda g: save(g.lines, registries(g), path))
    with pytest.raises(StorageError, match="meanwhile"):
        repair_archive(path)

    assert names(path) == Given(7).lines
    assert list(tmp_path.iterdir()) == [path]


def test_an_archive_that_appears_while_an_empty_one_is_made_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"

    meanwhile(monkeypatch, path, lambda g: save(g.lines, registries(g), path))
    with pytest.raises(StorageError, match="exists"):
        create_archive(path)

    assert names(path) == Given(7).lines
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_added_is_cut_off_on_the_disk_before_the_journal_goes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, calls = golden(tmp_path), list[str]()
    interrupted(path, monkeypatch)
    fsync, ftruncate = os.fsync, os.ftruncate

    def named(what: str, file: int) -> None:
        calls.append(f"{what} {Path(f'/proc/self/fd/{file}').readlink().name}")

    def synced(file: int) -> None:
        named("sync", file)
        fsync(file)

    def cut(file: int, size: int) -> None:
        named("cut", file)
        ftruncate(file, size)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "ftruncate", cut)
    with Draft.append(path):
        pass

    journal = journal_path(path).name
    assert calls.index(f"sync {path.name}") < calls.index(f"cut {journal}")


def test_who_reads_an_archive_that_changes_again_and_again_sees_some_state_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = golden(tmp_path)
    before = path.read_bytes()
    interrupted(path, monkeypatch)
    path.write_bytes(path.read_bytes() + bytes(100_000))
    journal, added = journal_path(path), path.read_bytes()
    told = journal.read_bytes()

    def add() -> None:
        path.write_bytes(added)
        journal.write_bytes(told)

    def undo() -> None:
        path.write_bytes(before)
        journal.unlink()

    fstat, changes = os.fstat, [undo, add, undo]

    def changed(file: int) -> os.stat_result:
        """Tell the size, which is another one when the journal is looked at."""
        if len(changes) == 2:
            changes.pop(0)()
        found = fstat(file)
        if changes:
            changes.pop(0)()
        return found

    monkeypatch.setattr(os, "fstat", changed)
    assert names(path) == [f"{NAME}:1"]
    assert not changes
