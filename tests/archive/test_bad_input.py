"""Files that are no archives, or say untrue things; large ones."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from hangar.archive import Archive, ArchiveIndex, Draft
from hangar.errors import (
    InvalidArchive,
    StorageError,
    Unsupported,
)
from hangar.operations.archives import (
    repair_archive,
)
from tests.archive.common import golden
from tests.archive.test_writer import chosen
from tests.support.golang import GoArchive


@pytest.mark.parametrize(
    "data", [b"", b"PK", b"no zip at all" * 100, b"PK\x05\x06", b"\0" * 70_000]
)
def test_what_is_no_zip_is_refused_with_a_hint(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "odd.zip"
    path.write_bytes(data)

    with pytest.raises(InvalidArchive) as caught:
        Archive.open(path)

    assert "hangar archive repair" in caught.value.hint
    assert path.read_bytes() == data


def test_a_file_that_is_not_there_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"none\.zip: No such file"):
        Archive.open(tmp_path / "none.zip")


@pytest.mark.parametrize(
    "name", ["../evil", "a/../../b", "/etc/passwd", "C:/x", "a\0b", "a//b", "a\\..\\b"]
)
def test_names_that_climb_are_refused(tmp_path: Path, name: str) -> None:
    archive = GoArchive(members={name: b"evil"})
    with pytest.raises(InvalidArchive, match="name"):
        Archive.open(archive.write(tmp_path / "evil.zip"))


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    data = GoArchive(members={"aaaa": b"1", "aaab": b"2"}).to_bytes()
    path = tmp_path / "twice.zip"
    path.write_bytes(data.replace(b"aaab", b"aaaa"))

    with pytest.raises(InvalidArchive, match="same name"):
        Archive.open(path)


def test_compressed_members_are_refused_by_name(tmp_path: Path) -> None:
    data = bytearray(golden(tmp_path).read_bytes())
    at = data.index(b"PK\x01\x02")
    data[at + 10] = 8
    path = tmp_path / "deflated.zip"
    path.write_bytes(data)

    with pytest.raises(Unsupported, match="compressed"):
        Archive.open(path)


def test_members_that_overlap_are_refused(tmp_path: Path) -> None:
    data = bytearray(golden(tmp_path).read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<II", data, at + 20, 5000, 5000)
    path = tmp_path / "overlapping.zip"
    path.write_bytes(data)

    with pytest.raises(InvalidArchive, match="overlaps"):
        Archive.open(path)


@pytest.mark.parametrize(
    "index",
    [
        b"",
        b"[]",
        b"{",
        b"{}",
        b'{"list":{},"version":"v1.2.0"}',
        b'{"list":[1],"version":"v1.2.0"}',
        b'{"list":[{}],"version":"v1.2.0"}',
        b'{"list":[{"source":"a","images":[{"digest":1}]}],"version":"v1.2.0"}',
        b'{"list":[{"source":"a","root":{}}],"version":"v1.2.0"}',
        b'{"list":[{"source":"a","companions":[1]}],"version":"v1.2.0"}',
        b'{"list":[{"source":"a"},],"version":"v1.2.0"}',
        b'{"list":[{"source":"\\ud800"}],"version":"v1.2.0"}',
        b'{"list":[{"source":"a","tag":"\\udfff"}],"version":"v1.2.0"}',
        b'{"missing":["\\ud800"],"version":"v1.2.0"}',
        b'{"list":[],"version":"v1.2.0"} more',
        b'{"list":[],"version":1}',
        b'{"missing":[1],"version":"v1.2.0"}',
        b'{"bases":{"a":1},"version":"v1.2.0"}',
        b'{["a"]:1,"version":"v1.2.0"}',
        b'{"version":"v1.2.0" "a":1}',
        b"\xff",
        b'{"list":' + b"[" * 100_000,
    ],
)
def test_an_index_that_is_none_is_refused(index: bytes) -> None:
    with pytest.raises(InvalidArchive, match="index"):
        ArchiveIndex.parse([index])


def test_an_index_with_keys_that_nobody_knows_is_read() -> None:
    index = ArchiveIndex.parse([b'{ "new": [1], "list": null, "version": "v1.2.0" }'])

    assert index.entries == ()


def test_sizes_beyond_four_gigabytes_are_written_and_read(tmp_path: Path) -> None:
    path, size = tmp_path / "large.zip", 5 << 30
    with Draft.create(path) as draft:
        draft.writer.reserve("hole", size)
        member = draft.writer
        member.put("after", b"content")
        offset = member.members["after"].offset
        assert offset > size
        after = chosen(member, "after")
        index = io.BytesIO(ArchiveIndex(time="t").to_bytes())
        member.finish(after, "index.json", index, packed=False)

    with Archive.open(path) as archive:
        assert archive.container.read("after", 100) == b"content"
        assert archive.container.members["after"].offset == offset


def test_more_than_65535_members_are_written_and_read(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    names = [f"m/{number}" for number in range(66_000)]
    with Draft.create(path) as draft:
        for name in names:
            draft.writer.put(name, b"")
        everything = chosen(draft.writer, *names)
        index = io.BytesIO(ArchiveIndex(time="t").to_bytes())
        draft.writer.finish(everything, "index.json", index)

    with Archive.open(path) as archive:
        assert len(archive.container.members) == 66_001


def test_any_bytes_as_a_journal_are_survived(tmp_path: Path) -> None:
    path = golden(tmp_path)
    journal = tmp_path / "golden.zip.journal"
    for data in (b"", b"junk\n", b"00000000 []\n", json.dumps([1]).encode()):
        journal.write_bytes(data)
        with Archive.open(path) as archive:
            assert len(archive.entries) == 1
        assert not repair_archive(path).lost
        assert not journal.exists()


@pytest.mark.parametrize(
    "act", [Archive.open, Draft.append, Draft.create, repair_archive]
)
def test_a_link_that_leads_to_itself_is_said_so(
    tmp_path: Path, act: Callable[[Path], object]
) -> None:
    path = tmp_path / "loop.zip"
    path.symlink_to(path)

    with pytest.raises(StorageError, match="loop"):
        act(path)
