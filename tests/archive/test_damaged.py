"""Blobs that are missing, wrong or damaged, and what a repair makes of them."""

from __future__ import annotations

import errno
import json
import os
import zipfile
from pathlib import Path

import pytest

from hangar.archive import Archive, Draft
from hangar.archive.container import Container
from hangar.errors import (
    InvalidArchive,
    StorageError,
)
from hangar.oci import OCI_INDEX, OCI_MANIFEST
from hangar.operations.archives import (
    merge_archives,
    repair_archive,
    verify_archive,
)
from tests.archive.common import AMD64, NAME, golden
from tests.support.golang import GoArchive, GoImage, sha256


def test_a_blob_that_is_missing_is_named(tmp_path: Path) -> None:
    layer = f"share/sha256/{sha256(b'a layer')}"
    archive = GoArchive().add(NAME, "1", AMD64)
    del archive.members[layer]
    path = archive.write(tmp_path / "less.zip")

    findings = verify_archive(path)
    repaired = repair_archive(path)

    assert findings.missing == {layer: (f"{NAME}:1",)}
    assert repaired.lost == (f"{NAME}:1",)
    assert verify_archive(path).ok


def pointer(data: bytes, media_type: str) -> dict[str, object]:
    """A descriptor."""
    digest = f"sha256:{sha256(data)}"
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def test_a_blob_is_missed_though_its_manifest_is_another_ones_layer(
    tmp_path: Path,
) -> None:
    inner = GoImage([b"that is gone"])
    outer = GoImage([inner.manifest], arch="arm64")
    index = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": OCI_INDEX,
            "manifests": [pointer(i.manifest, OCI_MANIFEST) for i in (inner, outer)],
        }
    ).encode()
    archive = GoArchive().add(NAME, "1", outer)
    archive.members[f"share/sha256/{sha256(inner.config)}"] = inner.config
    archive.members[f"share/sha256/{sha256(index)}"] = index
    archive.entries[0]["root"] = pointer(index, OCI_INDEX)
    path = archive.write(tmp_path / "a.zip")

    missing = verify_archive(path).missing

    assert f"share/sha256/{sha256(b'that is gone')}" in missing


def test_only_layers_count_as_left_to_another_archive(tmp_path: Path) -> None:
    archive = GoArchive().add(NAME, "1", AMD64)
    config = f"share/sha256/{sha256(AMD64.config)}"
    archive.members.pop(config)
    path = archive.write(tmp_path / "a.zip")
    listed = archive.index
    bases = {f"sha256:{sha256(AMD64.config)}": "base.zip"}
    replaced = listed[:-1] + b',"bases":' + json.dumps(bases).encode() + b"}"
    with zipfile.ZipFile(path, "w") as judge:
        for name, data in {**archive.members, "index.json": replaced}.items():
            judge.writestr(name, data)

    assert list(verify_archive(path).missing) == [config]


@pytest.mark.parametrize("wrong", [0, 1])
def test_two_sizes_of_a_blob_are_not_both_right(tmp_path: Path, wrong: int) -> None:
    honest, lying = GoImage([b"layer"]), Lying([b"layer"], arch="arm64")
    images = [honest, honest]
    images[wrong] = lying
    path = GoArchive().add(NAME, "1", *images).write(tmp_path / "a.zip")

    assert list(verify_archive(path).missing) == [f"share/sha256/{sha256(b'layer')}"]


class Lying(GoImage):
    """An image that states a wrong size of its layer."""

    @property
    def manifest(self) -> bytes:
        return super().manifest.replace(b'"size": 5', b'"size": 4')


def test_a_blob_that_is_damaged_is_found_and_its_image_dropped(tmp_path: Path) -> None:
    path = golden(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"a layer", b"A layer"))

    findings = verify_archive(path)
    repaired = repair_archive(path)

    assert findings.damaged == (f"share/sha256/{sha256(b'a layer')}",)
    assert not findings.ok
    assert repaired.lost == (f"{NAME}:1",)
    assert verify_archive(path).ok


def test_what_has_lost_the_names_of_its_images_cannot_be_repaired(
    tmp_path: Path,
) -> None:
    path = golden(tmp_path)
    data = path.read_bytes()
    before = data[: data.index(b'{"list":')]
    path.write_bytes(before)

    with pytest.raises(InvalidArchive, match="cannot be repaired") as caught:
        repair_archive(path)

    assert "copy the file again" in caught.value.hint
    assert path.read_bytes() == before


@pytest.mark.parametrize("cut", [0, 1, 30, 60, 100, 200, 400])
@pytest.mark.parametrize("ours", [False, True])
def test_a_repair_does_not_take_an_archive_that_is_content_for_the_whole(
    tmp_path: Path, ours: bool, cut: int
) -> None:
    path, inner = golden(tmp_path), tmp_path / "inner.zip"
    GoArchive().add("docker.io/library/inner", "1", GoImage([b"inner"])).write(inner)
    if ours:
        merge_archives([inner, inner], tmp_path / "ours.zip")
        inner = tmp_path / "ours.zip"
    with path.open("ab") as file:  # as a store leaves it that was killed
        file.write(inner.read_bytes()[: inner.stat().st_size - cut])

    repaired = repair_archive(path)

    assert (repaired.kept, repaired.lost) == ((f"{NAME}:1",), ())
    assert verify_archive(path).ok


def test_a_blob_with_the_wrong_name_is_damaged(tmp_path: Path) -> None:
    archive = GoArchive().add(NAME, "1", AMD64)
    archive.members[f"share/sha256/{sha256(b'a layer')}"] = b"b layer"

    findings = verify_archive(archive.write(tmp_path / "lie.zip"))

    assert findings.damaged == (f"share/sha256/{sha256(b'a layer')}",)


def test_an_index_that_is_not_what_was_written_is_refused(tmp_path: Path) -> None:
    path = golden(tmp_path)
    path.write_bytes(path.read_bytes().replace(b'"tag":"1"', b'"tag":"2"'))

    with pytest.raises(InvalidArchive, match="CRC"):
        Archive.open(path)
    with pytest.raises(InvalidArchive):
        verify_archive(path)
    with pytest.raises(InvalidArchive):
        Draft.append(path)


def test_what_no_image_needs_is_told(tmp_path: Path) -> None:
    archive = GoArchive().add(NAME, "1", AMD64)
    extra = f"share/sha256/{sha256(b'extra')}"
    archive.members[extra] = b"extra"

    findings = verify_archive(archive.write(tmp_path / "more.zip"))

    assert findings.unreferenced == (extra,)
    assert not findings.ok


def test_what_the_disk_will_not_read_is_not_taken_for_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = golden(tmp_path)
    before = path.read_bytes()
    read = Container.read

    def failing(container: Container, name: str, limit: int) -> bytes:
        with monkeypatch.context() as patched:
            patched.setattr(os, "pread", refused)
            return read(container, name, limit)

    def refused(file: int, *where: int) -> bytes:
        del file, where
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    with monkeypatch.context() as patched:
        patched.setattr(Container, "read", failing)
        for act in (verify_archive, repair_archive):
            with pytest.raises(StorageError):
                act(path)

    assert path.read_bytes() == before
