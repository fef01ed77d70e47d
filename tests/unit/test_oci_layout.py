"""OCI layouts as files: what they hold, what they survive, who else reads them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from hangar.copying import Route
from hangar.errors import (
    HangarError,
    IntegrityError,
    InvalidArchive,
    NotFound,
    StorageError,
)
from hangar.events import Outcome, Status
from hangar.layouts import LayoutRepository, OciLayout
from hangar.oci import Descriptor, Digest
from hangar.operations.transfer import check_all, copy_all
from hangar.store import Chunks, Destination, Put, Source
from tests.support.content import put_bytes, put_image, put_index
from tests.support.judges import skopeo
from tests.support.memory import MemoryPlace

NAME = "docker.io/library/app"


def routes(
    source: Source, destination: Destination
) -> list[Route[Destination] | Outcome]:
    """One image on its way."""
    return [Route("app", source, "1.0", destination, "1.0")]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "layout"


def index_of(folder: Path) -> Any:
    return json.loads((folder / "index.json").read_text())


def written(folder: Path, *layers: bytes, tag: str = "1.0") -> Descriptor:
    """Write an image to a layout, and close it."""
    with OciLayout(folder, writing=True) as layout:
        return put_image(LayoutRepository(layout, NAME), *layers, tag=tag)


def test_a_layout_is_what_the_specification_says(folder: Path) -> None:
    image = written(folder, b"layer")

    assert (folder / "oci-layout").read_text() == '{"imageLayoutVersion": "1.0.0"}'
    assert index_of(folder) == {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [
            {
                "mediaType": image.media_type,
                "digest": image.digest,
                "size": image.size,
                "annotations": {"org.opencontainers.image.ref.name": f"{NAME}:1.0"},
            }
        ],
    }
    blob = folder / "blobs" / "sha256" / Digest.of(b"layer").hex
    assert blob.read_bytes() == b"layer"
    assert blob.stat().st_mode & 0o777 == 0o644


def test_skopeo_copies_an_image_out_of_a_layout(folder: Path, tmp_path: Path) -> None:
    with OciLayout(folder, writing=True) as layout:
        store = LayoutRepository(layout, NAME)
        index = put_index(store, "1.0", put_image(store, b"one"), put_image(store))

    source, target = f"oci:{folder}:{NAME}:1.0", f"dir:{tmp_path / 'copy'}"
    skopeo("copy", "--insecure-policy", "--all", "--preserve-digests", source, target)

    assert (tmp_path / "copy" / "manifest.json").read_bytes() == index.raw
    assert (tmp_path / "copy" / Digest.of(b"one").hex).read_bytes() == b"one"


def test_what_skopeo_wrote_is_read_and_kept(folder: Path, tmp_path: Path) -> None:
    image = written(tmp_path / "ours", b"layer")
    source = f"oci:{tmp_path / 'ours'}:{NAME}:1.0"
    target = f"oci:{folder}:theirs"
    skopeo("copy", "--insecure-policy", "--preserve-digests", source, target)
    other = written(folder, b"other", tag="2.0")

    layout = OciLayout(folder)

    assert list(layout.entries) == ["theirs", f"{NAME}:2.0"]
    assert LayoutRepository(layout).resolve("theirs") == image.digest
    assert LayoutRepository(layout).resolve(f"{NAME}:2.0") == other.digest
    assert LayoutRepository(layout, NAME).resolve("2.0") == other.digest


def test_images_copied_through_a_layout_are_whole_and_equal(folder: Path) -> None:
    upstream = MemoryPlace("upstream.example").repository("library/app")
    back = MemoryPlace("back.example").repository("library/app")
    index = put_index(upstream, "1.0", put_image(upstream, b"a"), put_image(upstream))
    with OciLayout(folder, writing=True) as layout:
        there = LayoutRepository(layout, NAME)
        outcomes = [o for _ in "12" for o in copy_all(routes(upstream, there))]
    assert copy_all(routes(LayoutRepository(OciLayout(folder), NAME), back)).ok

    assert [o.status for o in outcomes] == [Status.COPIED, Status.UP_TO_DATE]
    assert back.manifest("1.0").raw == index.raw
    assert back.shared.blobs.keys() == {
        (back.name, digest) for _, digest in upstream.shared.blobs
    }


def test_one_at_a_time_writes_to_a_layout_and_all_may_read(folder: Path) -> None:
    with OciLayout(folder, writing=True):
        with pytest.raises(StorageError, match="is being written to") as caught:
            OciLayout(folder, writing=True)
        OciLayout(folder)
    assert "wait" in caught.value.hint

    OciLayout(folder, writing=True).close()


def test_what_a_kill_left_behind_is_swept(folder: Path) -> None:
    written(folder, b"layer")
    (folder / ".new-1").write_text("half of a blob")

    OciLayout(folder).close()
    assert (folder / ".new-1").exists()
    OciLayout(folder, writing=True).close()
    assert not (folder / ".new-1").exists()


def test_a_layout_half_made_is_made_whole(folder: Path) -> None:
    folder.mkdir()
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')

    with pytest.raises(InvalidArchive):
        OciLayout(folder)
    written(folder, b"layer")

    assert list(OciLayout(folder).entries) == [f"{NAME}:1.0"]


def test_a_folder_of_other_things_is_left_alone(folder: Path) -> None:
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")

    with pytest.raises(InvalidArchive, match="holds other files"):
        OciLayout(folder, writing=True)

    assert {path.name for path in folder.iterdir()} <= {"letter.txt", "lock"}


def test_a_file_cannot_be_a_layout(folder: Path) -> None:
    folder.write_text("")

    for writing in (True, False):
        with pytest.raises(StorageError if writing else InvalidArchive):
            OciLayout(folder, writing=writing)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("oci-layout", '{"imageLayoutVersion": "2.0.0"}'),
        ("oci-layout", "[]"),
        ("index.json", "{"),
        ("index.json", "{}"),
        ("index.json", '{"manifests": 7}'),
        ("index.json", '{"manifests": [{"digest": "sha256:../../x"}]}'),
    ],
)
def test_a_damaged_layout_is_refused(folder: Path, name: str, text: str) -> None:
    written(folder, b"layer")
    (folder / name).write_text(text)

    for writing in (False, True):
        with pytest.raises(InvalidArchive, match="no OCI layout, or a damaged one"):
            OciLayout(folder, writing=writing)
    assert (folder / name).read_text() == text


def test_the_first_of_equal_names_has_it_and_none_is_lost(folder: Path) -> None:
    first = written(folder, b"first", tag="1.0")
    second = written(folder, b"second", tag="2.0")
    index = index_of(folder)
    for entry in index["manifests"]:
        entry["annotations"] = {"org.opencontainers.image.ref.name": "latest"}
    (folder / "index.json").write_text(json.dumps({**index, "annotations": {"a": "b"}}))

    written(folder, b"third", tag="3.0")

    assert LayoutRepository(OciLayout(folder)).resolve("latest") == first.digest
    digests = [entry["digest"] for entry in index_of(folder)["manifests"]]
    assert digests[:2] == [first.digest, second.digest]
    assert index_of(folder)["annotations"] == {"a": "b"}


def test_names_that_docker_writes_are_found(folder: Path) -> None:
    image = written(folder, b"layer")
    index = index_of(folder)
    index["manifests"][0]["annotations"] = {
        "io.containerd.image.name": "docker.io/library/busybox:1",
        "org.opencontainers.image.ref.name": "1",
    }
    (folder / "index.json").write_text(json.dumps(index))

    found = LayoutRepository(OciLayout(folder), "docker.io/library/busybox")

    assert found.resolve("1") == image.digest


def test_an_image_without_tag_is_kept_by_its_digest(folder: Path) -> None:
    with OciLayout(folder, writing=True) as layout:
        store = LayoutRepository(layout, NAME)
        image = put_image(store, b"layer")
        assert not layout.entries
        store.keep(image.digest)

    assert list(OciLayout(folder).entries) == [f"{NAME}@{image.digest}"]


def test_a_name_whose_manifest_is_gone_is_not_found(folder: Path) -> None:
    image = written(folder, b"layer")
    layout = OciLayout(folder)
    layout.path(image.digest).unlink()

    with pytest.raises(NotFound, match=f"manifest unknown: oci:.*{NAME}:1.0"):
        LayoutRepository(layout, NAME).resolve("1.0")


def test_damage_is_found_when_it_is_read(folder: Path) -> None:
    image = written(folder, b"layer")
    layout = OciLayout(folder)
    store = LayoutRepository(layout, NAME)
    manifest = store.manifest("1.0")
    layout.path(image.digest).write_bytes(manifest.raw.replace(b"2", b"3"))
    layout.path(manifest.layers[0].digest).write_bytes(b"short")

    with pytest.raises(IntegrityError):
        store.manifest("1.0")
    assert not store.has(Descriptor("", manifest.layers[0].digest, 6))
    assert store.companions(Digest.of(b"another image")) == ()


def test_a_blob_of_the_wrong_size_is_written_anew(folder: Path) -> None:
    with OciLayout(folder, writing=True) as layout:
        store = LayoutRepository(layout, NAME)
        blob = put_bytes(store, b"layer")
        layout.path(blob.digest).write_bytes(b"lay")

        def whole() -> Chunks:
            yield b"layer"

        assert store.put_blob(blob, whole) is Put.SENT
        assert layout.path(blob.digest).read_bytes() == b"layer"


def test_too_few_bytes_are_no_blob(folder: Path) -> None:
    with OciLayout(folder, writing=True) as layout:
        store = LayoutRepository(layout, NAME)
        blob = Descriptor("", Digest.of(b"layer"), 5)

        def half() -> Chunks:
            yield b"la"

        with pytest.raises(HangarError, match="2 bytes came instead of 5"):
            store.put_blob(blob, half)
        assert not store.has(blob)
        assert not list(folder.glob(".new-*"))


def test_a_pipe_in_place_of_a_blob_is_not_waited_for(folder: Path) -> None:
    image = written(folder, b"layer")
    layout = OciLayout(folder)
    layout.path(image.digest).unlink()
    os.mkfifo(layout.path(image.digest))

    with pytest.raises(NotFound):
        layout.manifest(image.digest)


def test_a_full_disk_is_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with OciLayout(folder, writing=True) as layout:
        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(StorageError, match=r"No space left"):
            put_image(LayoutRepository(layout, NAME), b"layer", tag="1.0")
        assert not list(folder.glob(".new-*"))
        assert not layout.entries


def test_an_image_is_not_taken_for_whole_when_a_layer_is_missing(folder: Path) -> None:
    upstream = MemoryPlace().repository("library/app")
    put_image(upstream, b"layer", tag="1.0")
    with OciLayout(folder, writing=True) as layout:
        store = LayoutRepository(layout, NAME)
        copy_all(routes(upstream, store))
        assert check_all(routes(upstream, store), deep=True).ok

        layout.path(Digest.of(b"layer")).unlink()
        assert not check_all(routes(upstream, store)).ok
