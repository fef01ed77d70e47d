"""Large content begins at boundaries, for kernels copy pages; others read it, too."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path
from typing import cast

import pytest

from hangar.archive.records import ALIGNMENT, LARGE, MAX_32, Member
from hangar.oci import Digest
from hangar.operations.archives import (
    create_archive,
    export_images,
    merge_archives,
    remove_images,
    verify_archive,
)
from hangar.operations.saving import save
from hangar.operations.storing import store_files
from hangar.registry import Registries
from tests.support.content import put_image
from tests.support.golang import GoArchive, GoImage, sha256
from tests.support.killing import Given

NAME = f"share/sha256/{'a' * 64}"
BIG = bytes(LARGE) + b"and a little more"


def starts(archive: Path) -> dict[str, int]:
    """Where contents begin, as another program's directory and raw bytes tell."""
    with zipfile.ZipFile(archive) as judge:
        assert judge.testzip() is None
        members = judge.infolist()
    data, found = archive.read_bytes(), {}
    for member in members:
        sizes = struct.unpack_from("<HH", data, member.header_offset + 26)
        found[member.filename] = member.header_offset + 30 + sum(sizes)
    return found


@pytest.mark.parametrize("size", [LARGE - 1, LARGE, MAX_32, MAX_32 + 1])
def test_headers_end_at_pages_wherever_they_begin(size: int) -> None:
    bare = len(Member(NAME, 0, LARGE - 1, 0).local_header())
    close = range(2 * ALIGNMENT - bare - 30, 2 * ALIGNMENT - bare + 3)
    for offset in (*range(0, ALIGNMENT, 997), *close):
        member = Member(NAME, offset, size, 0)
        header = member.local_header()
        assert len(header) == member.header_size
        assert member.end == offset + len(header) + size
        fields, at = [], 30 + len(NAME)
        while at < len(header):
            kind, length = struct.unpack_from("<HH", header, at)
            fields.append(kind)
            at += 4 + length
        assert at == len(header)
        if size < LARGE:
            assert not fields
            continue
        assert (offset + len(header)) % ALIGNMENT == 0
        wide = [0x0001] if size >= MAX_32 else []
        assert fields in (wide, [*wide, 0xD935])


def test_what_is_large_is_at_a_page_in_every_archive(tmp_path: Path) -> None:
    given, path = Given(1), tmp_path / "a.zip"
    store = given.stores["team/app"]
    put_image(store, BIG, b"small", tag="big")
    assert save([f"{store.name}:big"], cast("Registries", given), path).ok
    foreign = GoArchive().add("r.example/b", "1", GoImage([BIG[1:]]))
    merge_archives([path, foreign.write(tmp_path / "go.zip")], tmp_path / "m.zip")
    export_images([f"{store.name}:big"], path, tmp_path / "e.zip")
    remove_images(["r.example/b:1"], tmp_path / "m.zip", compact=True)
    merge_archives([tmp_path / "go.zip", path], tmp_path / "n.zip")

    name = f"share/sha256/{Digest.of(BIG).hex}"
    for archive in ("a", "m", "e", "n"):
        found = starts(tmp_path / f"{archive}.zip")
        assert found[name] % ALIGNMENT == 0
        assert verify_archive(tmp_path / f"{archive}.zip").ok
    assert (
        starts(tmp_path / "n.zip")[f"share/sha256/{sha256(BIG[1:])}"] % ALIGNMENT == 0
    )


def test_so_is_a_large_file_that_is_stored(tmp_path: Path) -> None:
    create_archive(tmp_path / "a.zip")
    (tmp_path / "big.bin").write_bytes(BIG)
    (tmp_path / "small.bin").write_bytes(b"small")
    with Registries() as registries:
        for name in ("small.bin", "big.bin"):
            report = store_files([str(tmp_path / name)], registries, tmp_path / "a.zip")
            assert report.ok

    found = starts(tmp_path / "a.zip")

    assert found[f"share/sha256/{Digest.of(BIG).hex}"] % ALIGNMENT == 0
    assert verify_archive(tmp_path / "a.zip").ok
