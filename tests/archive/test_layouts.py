"""OCI layouts that images are saved into: damage, strangers, interruptions."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from hangar.errors import Incomplete, InvalidArchive, StorageError
from hangar.events import BlobFinished, Event, Report, Status
from hangar.layouts import LayoutDraft, LayoutImages, OciLayout
from hangar.layouts.oci_layout import MISSING
from hangar.oci import Digest
from hangar.operations.saving import check_saved, is_unfinished, save, sync
from hangar.registry import Registries
from hangar.selection import Selection
from tests.support.content import put_image
from tests.support.killing import Given
from tests.support.memory import MemoryStore


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "layout"


def saved(given: Given, folder: Path, *lines: str) -> Report:
    """Save images into a layout."""
    wanted = lines or given.lines
    return save(wanted, cast("Registries", given), f"oci:{folder}")


def checked(given: Given, folder: Path, *, deep: bool = False) -> Report:
    """Check the layout of all images."""
    registries = cast("Registries", given)
    return check_saved(given.lines, registries, f"oci:{folder}", deep=deep)


def layer_of(given: Given, folder: Path) -> Path:
    """The file of a layer of the first image."""
    store = given.stores["team/app"]
    child = store.manifest("1").children[0].digest
    return OciLayout(folder).path(store.manifest(child).layers[1].digest)


def test_a_blob_that_was_damaged_meanwhile_is_found_and_fetched_again(
    folder: Path,
) -> None:
    given = Given(1)
    assert saved(given, folder).ok
    layer = layer_of(given, folder)
    whole = layer.read_bytes()
    layer.write_bytes(bytes(len(whole)))
    assert checked(given, folder).ok
    assert not checked(given, folder, deep=True).ok
    given.place.log.clear()

    assert saved(given, folder).ok

    assert layer.read_bytes() == whole
    fetched = [digest for call, _, digest in given.place.log if call == "blob"]
    assert fetched == [f"sha256:{layer.name}"]


def test_a_blob_or_a_name_that_is_gone_is_missed(folder: Path) -> None:
    given = Given(1)
    assert saved(given, folder).ok
    layer_of(given, folder).unlink()
    assert [o.image for o in checked(given, folder).failed] == given.lines[:1]

    assert saved(given, folder, *given.lines[1:]).ok
    report = checked(given, folder)

    assert [o.image for o in report.failed] == given.lines[:1]
    assert isinstance(report.failed[0].error, Incomplete)


def test_an_image_by_its_digest_counts_only_if_it_is_listed(tmp_path: Path) -> None:
    given = Given(1)
    store = given.stores["team/app"]
    child = f"{store.name}@{store.manifest('1').children[0].digest}"
    for place in (f"oci:{tmp_path / 'layout'}", tmp_path / "a.zip"):
        registries = cast("Registries", given)
        assert save(given.lines, registries, place).ok
        assert not check_saved([child], registries, place).ok

        assert save([*given.lines, child], registries, place).ok
        assert check_saved([child], registries, place).ok


def test_a_sync_into_a_layout_does_not_rely_on_an_image_that_is_not_whole(
    folder: Path,
) -> None:
    given = Given(1)
    assert saved(given, folder).ok
    layer = layer_of(given, folder)
    layer.unlink()

    report = sync(given.lines, cast("Registries", given), f"oci:{folder}")

    assert [o.image for o in report.failed] == given.lines[:1]
    assert isinstance(report.failed[0].error, Incomplete)
    assert report.failed[0].error.missing == (f"sha256:{layer.name}",)


def test_what_a_failed_sync_brought_is_taken_away_again(folder: Path) -> None:
    given, other = Given(1), Given(2)
    assert saved(given, folder, *given.lines[:1]).ok
    before = sorted(folder.rglob("*"))
    for key in [*other.place.blobs][-1:]:
        other.place.blobs[key] = b"lies"

    report = sync(other.lines[-1:], cast("Registries", other), f"oci:{folder}")

    assert not report.ok
    assert sorted(folder.rglob("*")) == before


def test_a_second_process_is_told_and_not_let_in(folder: Path) -> None:
    with (
        LayoutDraft.create(folder),
        pytest.raises(StorageError, match="by another process"),
    ):
        LayoutDraft.create(folder)


def test_an_interrupted_save_is_unfinished_and_seen_by_nobody(folder: Path) -> None:
    given = Given(1)
    with LayoutDraft.create(folder, given.lines) as draft:
        store: MemoryStore = given.stores["team/app"]
        image = store.manifest(store.manifest("1").children[0].digest)
        for blob in image.blobs:
            draft.repository(store.name).put_blob(blob, partial(store.blob, blob))
        draft.repository(store.name).put_manifest(image, "1")

    with LayoutImages.open(folder) as images:
        assert not images.entries
        assert images.missing == tuple(given.lines)
    assert is_unfinished(given.lines, f"oci:{folder}")
    events: list[Event] = []
    registries = cast("Registries", given)
    assert save(given.lines, registries, f"oci:{folder}", report=events.append).ok
    assert not is_unfinished(given.lines, f"oci:{folder}")
    present = {
        e.digest
        for e in events
        if isinstance(e, BlobFinished) and e.put.value == "present"
    }
    assert {blob.digest for blob in image.blobs} <= present


def test_a_manifest_that_an_interrupted_run_left_is_no_image(folder: Path) -> None:
    given = Given(1)
    assert saved(given, folder).ok
    layer_of(given, folder).unlink()
    store = given.stores["team/app"]
    child = store.manifest("1").children[0].digest

    report = saved(given, folder, f"{store.name}@{child}")

    assert [outcome.status for outcome in report] == [Status.COPIED]
    assert layer_of(given, folder).is_file()


def test_what_accompanies_an_image_is_none_by_itself(folder: Path) -> None:
    given = Given(1)
    store = given.stores["team/app"]
    signature = f"{store.name}:sha256-{store.tags['1'].hex}.sig"

    assert saved(given, folder).ok
    with LayoutImages.open(folder) as images:
        assert [entry.name for entry in images.entries] == given.lines
    assert saved(given, folder, signature).ok
    with LayoutImages.open(folder) as images:
        assert [entry.name for entry in images.entries] == [signature]
    names = {Digest(f"sha256:{path.name}") for path in folder.rglob("blobs/*/*")}
    manifest = store.manifest(signature.rpartition(":")[2])
    assert names == {manifest.digest, *(blob.digest for blob in manifest.blobs)}


@pytest.mark.parametrize("place", ["oci:{}/layout", "{}/a.zip"])
def test_to_decide_what_is_wanted_nothing_is_fetched_twice(
    tmp_path: Path, place: str
) -> None:
    given = Given(1)
    put_image(given.stores["team/app"], b"alone", tag="single")
    amd64 = Selection(architectures=frozenset({"amd64"}))
    registries, target = cast("Registries", given), place.format(tmp_path)
    assert save(given.lines, registries, target, selection=amd64).ok
    given.place.log.clear()

    assert save(given.lines, registries, target, selection=amd64).ok

    assert not [call for call, *_ in given.place.log if call == "blob"]


def test_files_of_a_folder_that_is_no_layout_are_left_alone(folder: Path) -> None:
    folder.mkdir()
    files = {"lock": "a bicycle's", ".new-ideas": "some", "other": "things"}
    for name, text in files.items():
        (folder / name).write_text(text)

    with pytest.raises(InvalidArchive, match="other files"):
        saved(Given(1), folder)

    assert {path.name: path.read_text() for path in folder.iterdir()} == files


def test_a_tag_that_only_looks_like_that_of_a_signature_is_an_image(
    folder: Path,
) -> None:
    given = Given(1)
    store = given.stores["team/app"]
    store.put_manifest(store.manifest("1"), "sha256-abc.sig")
    lines = [given.lines[0], "source.example/team/app:sha256-abc.sig"]

    assert saved(given, folder, *lines).ok

    with LayoutImages.open(folder) as images:
        assert [entry.name for entry in images.entries] == lines


def test_what_a_stranger_wrote_where_lines_should_be_is_not_read(folder: Path) -> None:
    assert saved(Given(1), folder).ok
    index = json.loads((folder / "index.json").read_text())
    index["annotations"] = {MISSING: "[" * 100_000}
    (folder / "index.json").write_text(json.dumps(index))

    with LayoutImages.open(folder) as images:
        assert images.missing == ()
        assert images.entries


def test_all_directories_of_a_layout_are_on_the_disk_before_it_is_done(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced, fsync = set[Path](), os.fsync

    def noted(file: int) -> None:
        synced.add(Path(f"/proc/self/fd/{file}").readlink())
        fsync(file)

    monkeypatch.setattr(os, "fsync", noted)
    assert saved(Given(1), folder).ok

    made = {folder, folder / "blobs", folder / "blobs" / "sha256"}
    assert made | {folder.parent} <= synced
