"""Images that are dropped, and the space that is given back."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from hangar.operations.archives import remove_images, verify_archive
from hangar.operations.carriers import open_archives
from tests.support.golang import GoArchive, GoImage, sha256

APP, TOOL = "docker.io/library/app", "docker.io/library/tool"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two images that share a layer; each has another one of its own."""
    images = GoArchive().add(APP, "1", GoImage([b"shared", b"of the app" * 500]))
    images.add(TOOL, "1", GoImage([b"shared", b"of the tool"]))
    return images.write(tmp_path / "a.zip")


def names(path: Path) -> list[str]:
    """The images that another program finds in an archive."""
    with zipfile.ZipFile(path) as judge:
        entries = json.loads(judge.read("index.json"))["list"]
        return [f"{entry['source']}:{entry['tag']}" for entry in entries]


def test_what_is_dropped_keeps_its_space_until_that_is_asked_for(archive: Path) -> None:
    before = archive.read_bytes()
    file = archive.stat().st_ino

    assert remove_images(["app:1"], archive) == [f"{APP}:1"]

    assert names(archive) == [f"{TOOL}:1"]
    assert archive.stat().st_ino == file
    assert b"of the app" * 500 in archive.read_bytes()
    assert archive.stat().st_size > len(before) - 5_000
    assert f"share/sha256/{sha256(b'of the app' * 500)}" not in verified(archive)


def test_space_is_given_back_and_what_others_need_stays(archive: Path) -> None:
    before = archive.stat().st_size

    assert remove_images(["app:1"], archive, compact=True) == [f"{APP}:1"]

    assert names(archive) == [f"{TOOL}:1"]
    assert b"of the app" not in archive.read_bytes()
    assert archive.stat().st_size < before - 5_000
    there = verified(archive)
    assert {f"share/sha256/{sha256(x)}" for x in (b"shared", b"of the tool")} <= there


def verified(path: Path) -> set[str]:
    """What an archive has; it has to be whole, with nothing that no image needs."""
    assert verify_archive(path).ok
    with zipfile.ZipFile(path) as judge:
        return {*judge.namelist()}


def test_a_file_whose_name_looks_like_a_pattern_is_meant_itself(
    archive: Path, tmp_path: Path
) -> None:
    odd = archive.rename(tmp_path / "a[1].zip")
    GoArchive().add(APP, "2", GoImage([b"other"])).write(tmp_path / "a1.zip")

    [opened] = open_archives([str(odd)])

    with opened:
        assert [entry.name for entry in opened.entries] == [f"{APP}:1", f"{TOOL}:1"]
