"""Files that are no archives, or say untrue things; two processes; large ones."""

from __future__ import annotations

import errno
import io
import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hangar.archive import Archive, ArchiveIndex, Draft, SplitDraft, part_path
from hangar.archive import draft as drafting
from hangar.archive.container import Container
from hangar.archive.journal import journal_path
from hangar.errors import (
    InvalidArchive,
    InvalidInput,
    InvalidManifest,
    NotFound,
    StorageError,
    Unsupported,
)
from hangar.oci import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, Manifest
from hangar.operations.archives import (
    create_archive,
    export_images,
    merge_archives,
    remove_images,
    repair_archive,
    verify_archive,
)
from hangar.operations.saving import save, sync
from tests.archive.common import AMD64, NAME, full_disk, golden, indexed, registries
from tests.archive.test_writer import chosen
from tests.support.content import put_bytes, put_image
from tests.support.golang import GoArchive, GoImage, sha256
from tests.support.killing import Given


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


def test_an_index_that_lists_an_index_twice_is_described_once(tmp_path: Path) -> None:
    path, given = tmp_path / "a.zip", Given(1)
    store = given.stores["team/app"]
    entry = put_image(store, b"layer")
    for _ in range(30):  # two to the thirtieth ways lead to the image
        index = Manifest.index([entry, entry])
        store.put_manifest(index, "deep")
        entry = index.descriptor

    report = save(["source.example/team/app:deep"], registries(given), path)

    assert report.ok
    assert len(indexed(path)[0]["images"]) == 2
    assert verify_archive(path).ok


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


@pytest.mark.parametrize(
    "tag", ["latest", "../other", f"sha256-{'0' * 64}.sig", f"sha256-{'1' * 64}"]
)
def test_what_accompanies_an_image_takes_no_other_tag(tag: str) -> None:
    digest = f"sha256:{'1' * 64}"
    companion = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1}
    companion |= {"subject": digest, "tag": f"sha256-{'1' * 64}.sig"}
    entry = {"source": NAME, "tag": "1", "companions": [companion]}
    index = json.dumps({"list": [entry], "version": "v1.2.0"}).encode()
    assert ArchiveIndex.parse([index]).entries[0].companions

    companion["tag"] = tag
    index = json.dumps({"list": [entry], "version": "v1.2.0"}).encode()
    with pytest.raises(InvalidArchive, match="companions"):
        ArchiveIndex.parse([index])


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


@pytest.mark.parametrize("config", [b"null", b"no JSON", b'{"architecture":true}'])
def test_a_config_that_tells_nothing_does_not_keep_an_archive_from_its_end(
    tmp_path: Path, config: bytes
) -> None:
    path, given = tmp_path / "a.zip", Given(1)
    store = given.stores["team/app"]
    value = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": put_bytes(store, config, OCI_CONFIG).to_json(),
        "layers": [],
    }
    odd = Manifest.parse(json.dumps(value).encode(), OCI_MANIFEST)
    store.put_manifest(odd, "odd")
    lines = ["source.example/team/app:odd", *given.lines[:1]]

    assert save(lines, registries(given), path).ok

    [entry, _] = indexed(path)
    assert entry["root"]["digest"] == odd.digest
    assert verify_archive(path).ok


def test_an_index_that_nobody_could_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, given = golden(tmp_path), Given(1)
    before = path.read_bytes()
    monkeypatch.setattr(drafting, "MAX_INDEX", 1000)

    for act in (save, sync):
        with pytest.raises(Unsupported, match="index"):
            act(given.lines, registries(given), path)
        with Archive.open(path) as archive:
            assert [entry.name for entry in archive.entries] == [f"{NAME}:1"]
        journal_path(path).unlink()
        path.write_bytes(before)


@pytest.mark.parametrize("split", [0, 1 << 30])
def test_an_index_that_lists_a_long_manifest_ever_again_is_refused(
    tmp_path: Path, split: int
) -> None:
    path, given = tmp_path / "a.zip", Given(1)
    store = given.stores["team/app"]
    entry = put_image(store, *(str(n).encode() for n in range(9000)))
    assert entry.size > 1 << 20
    store.put_manifest(Manifest.index([entry] * 100), "long")
    lines = ["source.example/team/app:long", *given.lines[:1]]

    report = save(lines, registries(given), path, split=split)

    assert [type(o.error) for o in report] == [InvalidManifest, type(None)]
    assert verify_archive(part_path(path, 1) if split else path).ok


def test_a_digest_that_is_no_text_is_not_there(tmp_path: Path) -> None:
    with Archive.open(golden(tmp_path)) as archive:
        assert archive.size_of("sha256:\ud800") == 0
