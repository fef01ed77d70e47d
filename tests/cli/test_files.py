"""Files are written whole or not at all."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from hangar.cli import files
from hangar.errors import HangarError


def test_a_file_is_replaced_whole_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old and longer")

    files.write(str(path), "new")

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]
    assert not stat.S_IMODE(path.stat().st_mode) & stat.S_IXUSR


def test_what_a_kill_has_left_is_swept_and_what_others_write_is_not(
    tmp_path: Path,
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    names = {n: tmp_path / f".file.{n}.new" for n in (ended.pid, os.getppid())}
    for one in names.values():
        one.write_text("half")
    other = tmp_path / f".other.{ended.pid}.new"
    other.write_text("half")

    files.write(str(tmp_path / "file"), "new")

    left = {tmp_path / "file", names[os.getppid()], other}
    assert {*tmp_path.iterdir()} == left


def test_nothing_is_written_through_a_link_that_lies_where_it_is_written_first(
    tmp_path: Path,
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("old")
    (tmp_path / f".file.{os.getpid()}.new").symlink_to(victim)

    files.write(str(tmp_path / "file"), "new")

    assert victim.read_text() == "old"
    assert not (tmp_path / "file").is_symlink()
    assert (tmp_path / "file").read_text() == "new"


def test_a_file_that_others_may_not_read_stays_so(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o600)

    files.write(str(path), "new")

    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_a_link_names_is_written_not_the_link(tmp_path: Path) -> None:
    path, link = tmp_path / "file", tmp_path / "link"
    link.symlink_to(path)

    files.write(str(link), "new")

    assert link.is_symlink()
    assert path.read_text() == "new"


def test_a_device_is_written_to_and_never_replaced_or_removed() -> None:
    files.write("/dev/null", "text")
    files.remove("/dev/null")

    assert Path("/dev/null").is_char_device()


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(HangarError, match="failed to create file"):
        files.write(str(tmp_path / "no" / "folder"), "text")
    with pytest.raises(HangarError, match="failed to create file"):
        files.write(str(tmp_path), "text")


def test_a_check_finds_out_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    files.check(str(path))
    files.check("/dev/null")
    for bad in (tmp_path, tmp_path / "no" / "folder"):
        with pytest.raises(HangarError, match="failed to create file"):
            files.check(str(bad))

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_finished_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("old")

    with pytest.raises(UnicodeEncodeError):
        files.write(str(path), "half \ud800")

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_removing_what_is_not_there_is_no_failure(tmp_path: Path) -> None:
    files.remove(str(tmp_path / "file"))
    files.remove(str(tmp_path))

    assert tmp_path.is_dir()


def test_what_cannot_be_removed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Path) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "file"
    path.touch()
    monkeypatch.setattr(Path, "unlink", refuse)

    with pytest.raises(
        HangarError, match=r"failed to remove file .*: Permission denied"
    ):
        files.remove(str(path))


def test_one_device_may_get_several_files() -> None:
    files.check_apart("/dev/null", ["/dev/null", "", "a" * 5000, "a\0b"])
