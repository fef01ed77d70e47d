"""What may be written where, and what is read for it."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from hangar.archive import Archive, Draft, SplitDraft
from hangar.errors import (
    InvalidArchive,
    InvalidInput,
    NotFound,
    StorageError,
)
from hangar.operations.archives import (
    create_archive,
    export_images,
    merge_archives,
    remove_images,
    repair_archive,
    verify_archive,
)
from tests.archive.common import AMD64, NAME, full_disk, golden
from tests.support.golang import GoArchive, sha256


def test_a_second_process_is_told_and_not_let_in(tmp_path: Path) -> None:
    path = golden(tmp_path)
    before = path.read_bytes()

    with Draft.append(path) as first:
        with pytest.raises(StorageError, match="written by another process"):
            Draft.append(path)
        with pytest.raises(StorageError, match="written by another process"):
            Draft.create(path)
        first.undo()

    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_an_output_that_is_an_input_is_refused(tmp_path: Path) -> None:
    path = golden(tmp_path)
    other = GoArchive().write(tmp_path / "other.zip")
    before = path.read_bytes()

    with pytest.raises(InvalidInput, match="is an input, too"):
        merge_archives([path, other], path)

    assert path.read_bytes() == before


def test_all_inputs_are_looked_at_before_anything_is_copied(tmp_path: Path) -> None:
    path, odd, output = golden(tmp_path), tmp_path / "odd.zip", tmp_path / "out.zip"
    odd.write_bytes(b"no zip")

    with pytest.raises(InvalidArchive, match=r"odd\.zip"), full_disk(0):
        merge_archives([path, odd], output)

    assert sorted(tmp_path.iterdir()) == [path, odd]


def test_of_an_archive_that_cannot_be_put_together_nothing_is_left(
    tmp_path: Path,
) -> None:
    path, output = tmp_path / "golden.zip", tmp_path / "out.zip"
    GoArchive().add(NAME, "1", AMD64).add(NAME, "2", AMD64).write(path)
    other = GoArchive().write(tmp_path / "other.zip")
    before = path.read_bytes()

    with full_disk(1000):
        for act in (
            lambda: merge_archives([path, other], output),
            lambda: export_images(["app:1"], path, output),
            lambda: remove_images(["app:2"], path, compact=True),
        ):
            with pytest.raises(StorageError, match="File too large"):
                act()

    assert sorted(tmp_path.iterdir()) == [path, other]
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["folder", "link", ".", "..", "/"])
def test_a_directory_is_no_archive_and_that_is_said_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = golden(tmp_path)
    (tmp_path / "folder/inner").mkdir(parents=True)
    (tmp_path / "link").symlink_to("folder")
    monkeypatch.chdir(tmp_path / "folder/inner")
    place = Path(name) if name in (".", "..", "/") else tmp_path / name

    for act in (
        lambda: Archive.open(place),
        lambda: verify_archive(place),
        lambda: repair_archive(place),
        lambda: Draft.append(place),
        lambda: merge_archives([path, path], place),
        lambda: merge_archives([path, place], tmp_path / "out.zip"),
        lambda: export_images(["app:1"], path, place),
        lambda: SplitDraft.create(place, 1 << 20, []),
    ):
        with pytest.raises(StorageError, match="Is a directory"):
            act()

    left = sorted(file.name for file in tmp_path.rglob("*"))
    assert left == ["folder", "golden.zip", "inner", "link"]


def test_a_pipe_is_neither_waited_for_nor_replaced(tmp_path: Path) -> None:
    path, pipe = golden(tmp_path), tmp_path / "pipe"
    os.mkfifo(pipe)

    for act in (
        lambda: merge_archives([path, path], pipe),
        lambda: export_images(["app:1"], path, pipe),
        lambda: SplitDraft.create(pipe, 1 << 20, []),
        lambda: merge_archives([path, pipe], tmp_path / "out.zip"),
        lambda: Archive.open(pipe),
        lambda: repair_archive(pipe),
    ):
        with pytest.raises(StorageError, match="Not a regular file"):
            act()

    assert sorted(tmp_path.iterdir()) == [path, pipe]
    assert pipe.is_fifo()


def test_an_export_onto_its_source_is_refused(tmp_path: Path) -> None:
    path = golden(tmp_path)
    before = path.read_bytes()

    with pytest.raises(InvalidInput, match="is an input, too"):
        export_images(["app:1"], path, path)

    assert path.read_bytes() == before


def test_an_export_of_nothing_does_not_replace_what_is_there(tmp_path: Path) -> None:
    path, output = golden(tmp_path), tmp_path / "out.zip"
    export_images(["app:1"], path, output)
    before = output.read_bytes()

    done = export_images(["other:1"], path, output)

    assert (done.images, [*done.failed]) == ((), ["other:1"])
    assert output.read_bytes() == before


def test_making_an_archive_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    path = golden(tmp_path)

    with pytest.raises(StorageError, match="already exists"):
        create_archive(path)


def test_removing_what_is_not_there_removes_nothing(tmp_path: Path) -> None:
    path = golden(tmp_path)
    before = path.read_bytes()

    with pytest.raises(NotFound, match="not exists in archive"):
        remove_images(["app:1", "app:2"], path)

    assert path.read_bytes() == before


def test_contents_of_the_wrong_length_are_not_stored(tmp_path: Path) -> None:
    with Draft.create(tmp_path / "a.zip") as draft:
        for chunks in ([b"short"], [b"much ", b"too long"]):
            with pytest.raises(StorageError, match="announced"):
                draft.writer.fill("share/sha256/x", 10, chunks)
        assert not draft.writer.members


def test_an_archive_that_cannot_be_read_is_said_so_by_whoever_copies_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, pread = golden(tmp_path), os.pread
    layer = f"share/sha256/{sha256(AMD64.layers[0])}"
    with Archive.open(path) as archive:
        header = archive.container.members[layer].offset

    def failing(file: int, size: int, offset: int) -> bytes:
        if offset == header:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return pread(file, size, offset)

    monkeypatch.setattr(os, "pread", failing)
    with pytest.raises(StorageError, match=path.name):
        merge_archives([path], tmp_path / "out.zip")


def test_a_journal_that_cannot_be_read_keeps_nobody_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = golden(tmp_path)

    def failing(*arguments: object) -> bytes:
        del arguments
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", failing)
        with pytest.raises(StorageError, match="Input/output"):
            Draft.append(path)

    with Draft.append(path) as draft:
        draft.undo()
