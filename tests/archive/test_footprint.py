"""What archives cost: writes, files, memory."""

from __future__ import annotations

import errno
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from hangar.archive import files as local
from hangar.errors import StorageError
from hangar.operations.archives import (
    export_images,
    merge_archives,
    remove_images,
    verify_archive,
)
from tests.support.content import put_image, put_index
from tests.support.golang import GoArchive, GoImage
from tests.support.registries import DockerRegistry
from tests.support.seeding import draft, push
from tests.support.watched import watched

MIB = 1 << 20
PLAIN = ("--tls-verify=false", "--quiet")


def fill(registry: DockerRegistry, folder: Path, images: int, size: int) -> list[str]:
    """Push images of two platforms and two layers of so many bytes; list them."""
    chance, store = random.Random(1), draft()  # noqa: S311 - content, no secret
    for number in range(images):
        entries = [
            put_image(
                store, *(chance.randbytes(size) for _ in "12"), platform=f"linux/{arch}"
            )
            for arch in ("amd64", "arm64")
        ]
        put_index(store, f"{number}", *entries)
    push(registry.http, "library/app", store)
    listed = [f"{registry.address}/library/app:{number}" for number in range(images)]
    (folder / "images.txt").write_text("\n".join(listed))
    return listed


def test_saving_writes_every_byte_once(tmp_path: Path, source: DockerRegistry) -> None:
    fill(source, tmp_path, images=3, size=2 * MIB)

    saved = watched(tmp_path, "save", "-f", "images.txt", "-d", "a.zip", *PLAIN)

    size = (tmp_path / "a.zip").stat().st_size
    assert size > 24 * MIB
    assert size < saved.written < 1.02 * size


def test_adding_writes_only_what_is_new(tmp_path: Path, source: DockerRegistry) -> None:
    listed = fill(source, tmp_path, images=3, size=2 * MIB)
    (tmp_path / "first.txt").write_text("\n".join(listed[:2]))
    watched(tmp_path, "save", "-f", "first.txt", "-d", "a.zip", *PLAIN)
    before = (tmp_path / "a.zip").stat().st_size

    synced = watched(tmp_path, "sync", "-f", "images.txt", "-d", "a.zip", *PLAIN)

    added = (tmp_path / "a.zip").stat().st_size - before
    assert added > 8 * MIB
    assert synced.written < 1.02 * added


def test_loading_makes_no_files(
    tmp_path: Path, source: DockerRegistry, target: DockerRegistry
) -> None:
    listed = fill(source, tmp_path, images=2, size=5 * MIB)
    watched(tmp_path, "save", "-f", "images.txt", "-d", "a.zip", *PLAIN)
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    before = sorted(tmp_path.rglob("*"))
    arguments = ("load", "-s", "a.zip", "-d", target.address, *PLAIN)

    loaded = watched(tmp_path, *arguments, TMPDIR=str(temporary))

    made = {Path(name).name for name in loaded.opened if name != os.devnull}
    # Whether the list of what failed can be written is tried with an empty file.
    assert [name for name in made if not name.startswith(".load-failed.txt.")] == []
    assert loaded.written < MIB
    assert [name for name in loaded.descriptors if "deleted" in name] == []
    assert sorted(tmp_path.rglob("*")) == before
    for image in listed:
        repository, _, tag = image.partition("/")[2].partition(":")
        assert target.http.whole(repository, tag) == source.http.whole(repository, tag)


def big(path: Path, name: str) -> Path:
    """An archive with one image that has a layer of some size."""
    layer = random.Random(name).randbytes(3 * MIB)  # noqa: S311 - content, no secret
    return (
        GoArchive().add(f"docker.io/library/{name}", "1", GoImage([layer])).write(path)
    )


def merge(one: Path, other: Path, output: Path) -> None:
    """Merge two archives."""
    merge_archives([one, other], output)


def export(one: Path, other: Path, output: Path) -> None:
    """Export everything of one archive."""
    del other
    export_images(["one:1"], one, output)


def compact(one: Path, other: Path, output: Path) -> None:
    """Give back the space of what was removed from an archive."""
    merge_archives([one, other], output)
    remove_images(["other:1"], output, compact=True)


@pytest.mark.parametrize("act", [merge, export, compact])
def test_layers_are_copied_inside_the_kernel(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    act: Callable[[Path, Path, Path], None],
) -> None:
    one, other = big(tmp_path / "1.zip", "one"), big(tmp_path / "2.zip", "other")
    written: list[int] = []
    write_at = local.write_at

    def noted(file: int, offset: int, data: bytes) -> None:
        written.append(len(data))
        write_at(file, offset, data)

    monkeypatch.setattr(local, "write_at", noted)
    act(one, other, tmp_path / "out.zip")

    assert max(written, default=0) < MIB
    assert verify_archive(tmp_path / "out.zip").ok


@pytest.mark.parametrize(
    "code",
    [errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, None],
)
def test_where_the_kernel_will_not_copy_the_result_is_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int | None
) -> None:
    one, other = big(tmp_path / "1.zip", "one"), big(tmp_path / "2.zip", "other")
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    merge_archives([one, other], tmp_path / "within.zip")
    copy, calls = os.copy_file_range, []

    def refusing(source: int, target: int, size: int, at: int, place: int) -> int:
        calls.append(size)
        if len(calls) % 2:  # a part only, then a refusal
            return copy(source, target, min(size, 1000), at, place)
        if code is None:  # as some file systems end too early
            return 0
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "copy_file_range", refusing)
    merge_archives([one, other], tmp_path / "without.zip")

    assert len(calls) >= 2
    assert (tmp_path / "without.zip").read_bytes() == (
        tmp_path / "within.zip"
    ).read_bytes()


def test_a_disk_that_is_full_is_no_reason_to_copy_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = big(tmp_path / "1.zip", "one"), big(tmp_path / "2.zip", "other")

    def full(*arguments: int) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), *arguments[:0])

    monkeypatch.setattr(os, "copy_file_range", full)
    with pytest.raises(StorageError, match="No space left"):
        merge_archives([one, other], tmp_path / "out.zip")

    assert not (tmp_path / "out.zip").exists()
