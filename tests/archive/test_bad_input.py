"""Files that are no archives, or say untrue things; two processes; full disks."""

from __future__ import annotations

import contextlib
import io
import json
import resource
import struct
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from hangar.archive import Archive, ArchiveIndex, Draft
from hangar.archive.container import open_container
from hangar.copying import closure
from hangar.deadline import Stop
from hangar.errors import (
    Incomplete,
    IntegrityError,
    InvalidArchive,
    InvalidInput,
    NotFound,
    StorageError,
    Unsupported,
)
from hangar.events import Event, ImageFinished, Noticed
from hangar.oci import Descriptor, Digest
from hangar.operations.archives import (
    create_archive,
    export_images,
    merge_archives,
    remove_images,
    repair_archive,
    verify_archive,
)
from hangar.operations.carriers import open_archives
from hangar.operations.saving import check_saved, is_unfinished, save, sync
from hangar.registry import Registries
from hangar.selection import Selection
from tests.archive.test_writer import chosen
from tests.support.golang import GoArchive, GoImage, sha256
from tests.support.killing import Given

AMD64 = GoImage([b"a layer"])
NAME = "docker.io/library/app"


def golden(tmp_path: Path) -> Path:
    """A sound archive with one image."""
    return GoArchive().add(NAME, "1", AMD64).write(tmp_path / "golden.zip")


def indexed(path: Path) -> list[dict[str, Any]]:
    """The entries of an archive, as another program reads them."""
    with zipfile.ZipFile(path) as judge:
        entries: list[dict[str, Any]] = json.loads(judge.read("index.json"))["list"]
        return entries


def registries(given: Given) -> Registries:
    """What takes the place of registries."""
    return cast("Registries", given)


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


def test_a_blob_that_is_damaged_is_found_and_its_image_dropped(tmp_path: Path) -> None:
    path = golden(tmp_path)
    path.write_bytes(path.read_bytes().replace(b"a layer", b"A layer"))

    findings = verify_archive(path)
    repaired = repair_archive(path)

    assert findings.damaged == (f"share/sha256/{sha256(b'a layer')}",)
    assert not findings.ok
    assert repaired.lost == (f"{NAME}:1",)
    assert verify_archive(path).ok


def test_a_blob_with_the_wrong_name_is_damaged(tmp_path: Path) -> None:
    archive = GoArchive().add(NAME, "1", AMD64)
    archive.members[f"share/sha256/{sha256(b'a layer')}"] = b"b layer"

    findings = verify_archive(archive.write(tmp_path / "lie.zip"))

    assert findings.damaged == (f"share/sha256/{sha256(b'a layer')}",)


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


def test_an_export_onto_its_source_is_refused(tmp_path: Path) -> None:
    path = golden(tmp_path)
    before = path.read_bytes()

    with pytest.raises(InvalidInput, match="is an input, too"):
        export_images(["app:1"], path, path)

    assert path.read_bytes() == before


def test_a_blob_of_the_wrong_size_is_not_taken_for_there(tmp_path: Path) -> None:
    given = Given(1)
    path = tmp_path / "a.zip"
    assert save(given.lines, registries(given), path).ok
    layer = next(n for n in given.place.blobs if len(given.place.blobs[n]) == 400)[1]
    wrong = GoArchive().add(NAME, "1", AMD64)
    wrong.members[f"share/sha256/{Digest(layer).hex}"] = b"too short"
    other = wrong.write(tmp_path / "wrong.zip")

    assert sync(given.lines, registries(given), other).ok

    assert verify_archive(other).ok


def test_what_the_old_archive_has_is_taken_only_if_it_is_right(tmp_path: Path) -> None:
    given, path = Given(1), tmp_path / "a.zip"
    assert save(given.lines, registries(given), path).ok
    whole = path.read_bytes()
    layer = next(data for data in given.place.blobs.values() if len(data) == 400)
    path.write_bytes(whole.replace(layer, b"x" * 400))
    given.place.log.clear()

    assert save(given.lines, registries(given), path).ok

    assert verify_archive(path).ok
    fetched = [digest for call, _, digest in given.place.log if call == "blob"]
    assert fetched.count(Digest.of(layer)) == 1


def test_a_save_that_goes_on_with_other_platforms_has_just_those(
    tmp_path: Path,
) -> None:
    given, path, stop = Given(1), tmp_path / "a.zip", Stop()
    amd64, arm64 = (Selection(frozenset({name})) for name in ("amd64", "arm64"))

    def interrupt(event: Event) -> None:
        if isinstance(event, ImageFinished):
            stop.request()

    save(
        given.lines,
        registries(given),
        path,
        selection=amd64,
        jobs=1,
        report=interrupt,
        stop=stop,
    )
    assert not path.exists()
    assert save(given.lines, registries(given), path, selection=arm64).ok

    assert {tuple(entry["archList"]) for entry in indexed(path)} == {("arm64",)}
    assert verify_archive(path).ok


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


@contextlib.contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file grow beyond ``size`` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_leaves_a_save_that_goes_on_later(tmp_path: Path) -> None:
    path, given = tmp_path / "a.zip", Given(1)
    old = golden(tmp_path).replace(path).read_bytes()

    with full_disk(6000):
        report = save(given.lines, registries(given), path, jobs=1)

    assert {type(outcome.error) for outcome in report.failed} == {StorageError}
    assert path.read_bytes() == old

    assert save(given.lines, registries(given), path).ok
    assert verify_archive(path).ok


@pytest.mark.parametrize(
    ("place", "split", "room"),
    [("{}/a.zip", 20_000, 6000), ("oci:{}/layout", 0, 350)],
)
def test_a_full_disk_leaves_several_archives_or_a_layout_to_go_on_with(
    tmp_path: Path, place: str, split: int, room: int
) -> None:
    target, given = place.format(tmp_path), Given(1)
    with full_disk(room):
        report = save(given.lines, registries(given), target, split=split, jobs=1)
    assert {type(outcome.error) for outcome in report.failed} == {StorageError}
    assert not list(tmp_path.glob("*.zip"))
    assert is_unfinished(given.lines, target, split=split)
    given.place.log.clear()

    assert save(given.lines, registries(given), target, split=split).ok

    assert check_saved(
        given.lines, registries(given), target, split=split, deep=True
    ).ok


def test_a_source_that_fails_costs_only_its_image_and_is_asked_for_again(
    tmp_path: Path,
) -> None:
    path, given = tmp_path / "a.zip", Given(1)
    lost = given.stores["team/app"].tags.pop("2")

    report = save([*given.lines, "source.example/team/app:2"], registries(given), path)

    assert [outcome.image for outcome in report.failed] == ["source.example/team/app:2"]
    assert verify_archive(path).ok
    again = [*given.lines, "source.example/team/app:2"]
    assert is_unfinished(again, path)
    assert not is_unfinished(given.lines[:1], path)
    assert not is_unfinished(again[1:], path)
    with open_container(path) as container:
        there = {name.removeprefix("share/sha256/") for name in container.members}
    given.stores["team/app"].tags["2"] = lost
    given.place.log.clear()
    assert save(given.lines, registries(given), path).ok
    assert not is_unfinished(again, path)
    fetched = {Digest(it).hex for call, _, it in given.place.log if call == "blob"}
    assert fetched
    assert not fetched & there


@pytest.mark.parametrize(
    ("place", "split"), [("{}/a.zip", 0), ("{}/a.zip", 20_000), ("oci:{}/layout", 0)]
)
def test_of_an_image_that_failed_only_what_is_missing_is_fetched_later(
    tmp_path: Path, place: str, split: int
) -> None:
    target, given = place.format(tmp_path), Given(1)
    key = [*given.place.blobs][-1]
    lost, given.place.blobs[key] = given.place.blobs[key], b"lies"
    assert len(save(given.lines, registries(given), target, split=split).failed) == 1
    assert is_unfinished(given.lines, target, split=split)
    for archive in tmp_path.glob("*.zip"):
        assert verify_archive(archive).ok
    given.place.blobs[key] = lost
    given.place.log.clear()

    assert save(given.lines, registries(given), target, split=split).ok

    assert [what for call, _, what in given.place.log if call == "blob"] == [key[1]]
    assert not is_unfinished(given.lines, target, split=split)


def test_if_all_images_fail_the_old_archive_stays(tmp_path: Path) -> None:
    path, given = golden(tmp_path), Given(1)
    before = path.read_bytes()

    report = save(["source.example/team/app:none"], registries(given), path)
    synced = sync(["source.example/team/app:none"], registries(given), path)

    assert not report.ok
    assert not synced.ok
    assert path.read_bytes() == before


def test_bytes_that_lie_are_not_stored(tmp_path: Path) -> None:
    path, given = tmp_path / "a.zip", Given(1)
    for key in given.place.blobs:
        if len(given.place.blobs[key]) == 300:
            given.place.blobs[key] = b"lies" * 75

    report = save(given.lines, registries(given), path)

    assert len(report.failed) == 6
    assert {type(outcome.error) for outcome in report.failed} == {IntegrityError}
    assert verify_archive(path).ok


def test_an_increment_needs_its_base_and_says_so(tmp_path: Path) -> None:
    given = Given(1)
    old, new = tmp_path / "old.zip", tmp_path / "new.zip"
    assert save(given.lines[:1], registries(given), old).ok

    assert save(given.lines, registries(given), new, since=[old]).ok

    with open_container(old) as one, open_container(new) as other:
        layers = {n for n, m in one.members.items() if m.size in (300, 400)}
        assert layers
        assert not layers & other.members.keys()
        left = Digest("sha256:" + layers.pop().removeprefix("share/sha256/"))
        configs = {m["config"] for e in indexed(new) for m in e["images"]}
        assert {f"share/sha256/{c[7:]}" for c in configs} <= other.members.keys()
    findings = verify_archive(new)
    assert findings.ok
    assert set(findings.left_out.values()) == {"old.zip"}
    with Archive.open(new) as archive:
        repository = archive.repository("source.example/team/app")
        with pytest.raises(Incomplete, match=r"left to old\.zip") as caught:
            next(repository.blob(Descriptor("", left, 400)))
    assert caught.value.missing == (left,)


def test_an_increment_is_checked_and_read_together_with_its_base(
    tmp_path: Path,
) -> None:
    given = Given(1)
    old, new = tmp_path / "old.zip", tmp_path / "new.zip"
    assert save(given.lines[:1], registries(given), old).ok
    assert save(given.lines, registries(given), new, since=[old]).ok

    alone = check_saved(given.lines, registries(given), new)
    together = check_saved(given.lines, registries(given), new, since=[old], deep=True)

    assert {type(outcome.error) for outcome in alone.failed} == {Incomplete}
    assert together.ok
    with contextlib.ExitStack() as stack:
        for archive in open_archives([str(new), str(old)]):
            stack.enter_context(archive)
            repository = archive.repository("source.example/team/app")
            for manifest in closure(repository, repository.resolve("1")):
                for blob in manifest.blobs:
                    data = b"".join(repository.blob(blob))
                    assert Digest.of(data) == blob.digest


def test_an_archive_that_is_reached_through_a_link_is_locked_and_stays_linked(
    tmp_path: Path,
) -> None:
    path, given = golden(tmp_path), Given(1)
    link = tmp_path / "link.zip"
    link.symlink_to(path)

    with (
        Draft.append(path) as first,
        pytest.raises(StorageError, match="written by another process"),
    ):
        Draft.append(link)
    with Draft.append(path) as first:
        first.undo()
    assert save(given.lines, registries(given), link).ok

    assert link.is_symlink()
    with Archive.open(path) as archive:
        assert len(archive.entries) == 6


def test_if_nothing_is_saved_it_is_said_that_the_old_archive_stays(
    tmp_path: Path,
) -> None:
    path, given, events = golden(tmp_path), Given(1), list[Event]()
    before = path.read_bytes()
    nothing = Selection(architectures=frozenset({"s390x"}))

    report = save(
        given.lines,
        registries(given),
        path,
        selection=nothing,
        report=events.append,
    )

    assert report.ok
    assert path.read_bytes() == before
    assert Noticed(0, f"{path} stays as it was") in events
    assert list(tmp_path.iterdir()) == [path]


def test_many_threads_write_one_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    blobs = [bytes([n]) * (1000 + n) for n in range(64)]
    with Draft.create(path) as draft:

        def write(data: bytes) -> None:
            name = f"share/sha256/{sha256(data)}"
            draft.writer.fill(name, len(data), [data[:500], data[500:]])

        threads = [threading.Thread(target=write, args=(data,)) for data in blobs]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for data in blobs:
            assert draft.writer.read(f"share/sha256/{sha256(data)}", 2000) == data


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
