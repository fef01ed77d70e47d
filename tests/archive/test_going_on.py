"""Full disks, failing sources, lying ones: what is left, and how work goes on."""

from __future__ import annotations

import contextlib
import json
import threading
from pathlib import Path

import pytest

from hangar.archive import Archive, Draft, part_path
from hangar.archive.container import open_container
from hangar.copying import closure
from hangar.deadline import Stop
from hangar.errors import (
    Incomplete,
    IntegrityError,
    StorageError,
)
from hangar.events import Event, ImageFinished, Noticed, Status
from hangar.oci import Descriptor, Digest, Manifest
from hangar.operations.archives import create_archive, verify_archive
from hangar.operations.carriers import open_archives
from hangar.operations.saving import check_saved, is_unfinished, save, sync
from hangar.selection import Selection
from tests.archive.common import AMD64, NAME, full_disk, golden, indexed, registries
from tests.support.content import put_image
from tests.support.golang import GoArchive, sha256
from tests.support.killing import Given


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


@pytest.mark.parametrize("split", [0, 1 << 20])
@pytest.mark.parametrize("signed", [True, False])
def test_a_save_that_goes_on_with_other_companions_has_just_those(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signed: bool, split: int
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    given, lines = Given(1), Given(1).lines
    first, then = (Selection(signatures=is_so) for is_so in (not signed, signed))
    path, straight = tmp_path / "a.zip", tmp_path / "straight.zip"
    save(lines, registries(given), straight, selection=then, split=split)
    with monkeypatch.context() as patched:
        patched.delattr(Draft, "finish")
        with pytest.raises(AttributeError):
            save(lines, registries(given), path, selection=first, split=split)

    assert save(lines, registries(given), path, selection=then, split=split).ok

    if split:
        path, straight = (part_path(one, 1) for one in (path, straight))
    assert path.read_bytes() == straight.read_bytes()


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


@pytest.mark.parametrize("target", ["a.zip", "oci:layout"])
def test_a_sync_that_finds_no_network_keeps_what_an_interrupted_one_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.chdir(tmp_path)
    given, stop = Given(1), Stop()
    assert save(given.lines[:1], registries(given), target).ok

    def interrupt(event: Event) -> None:
        if isinstance(event, ImageFinished) and event.outcome.number == 3:
            stop.request()

    sync(given.lines, registries(given), target, jobs=1, report=interrupt, stop=stop)
    assert not sync(["source.example/team/app:none"], registries(given), target).ok
    given.place.log.clear()

    assert sync(given.lines, registries(given), target).ok

    fetched = [what for call, _, what in given.place.log if call == "blob"]
    store = given.stores["team/app"]
    for child in store.manifest("2").children:
        manifest = store.manifest(child.digest)
        assert not {blob.digest for blob in manifest.blobs} & {*fetched}


@pytest.mark.parametrize("target", ["a.zip", "oci:layout"])
def test_a_size_that_lies_is_found_whoever_brought_the_blob(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    monkeypatch.chdir(tmp_path)
    given = Given(1)
    store = given.stores["team/app"]
    honest = store.manifest(put_image(store, b"shared", tag="honest").digest)
    value = json.loads(honest.raw)
    value["layers"][0]["size"] -= 1
    lying = Manifest.parse(json.dumps(value).encode(), honest.media_type)
    store.put_manifest(lying, "lying")
    lines = [f"source.example/team/app:{tag}" for tag in ("honest", "lying")]

    for _ in range(2):  # the second time, the blob is there already
        report = save(lines, registries(given), target, jobs=1)

        assert [outcome.image for outcome in report.failed] == lines[1:]
        assert check_saved(lines[:1], registries(given), target, deep=True).ok


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


def test_a_sync_of_what_is_there_leaves_the_archive_alone(tmp_path: Path) -> None:
    given, path = Given(1), tmp_path / "a.zip"
    assert save(given.lines, registries(given), path).ok
    before = path.read_bytes()

    again = sync(given.lines, registries(given), path)

    assert {outcome.status for outcome in again} == {Status.UP_TO_DATE}
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_sync_whose_work_was_done_by_an_interrupted_one_ends_it(
    tmp_path: Path,
) -> None:
    given, path, stop = Given(1), tmp_path / "a.zip", Stop()
    create_archive(path)

    def interrupt(event: Event) -> None:
        match event:
            case ImageFinished(outcome) if outcome.number == len(given.lines):
                stop.request()

    lines = [*given.lines, f"{given.lines[0]}-more"]
    sync(lines, registries(given), path, jobs=1, report=interrupt, stop=stop)
    with Archive.open(path) as archive:
        assert not archive.entries

    again = sync(given.lines, registries(given), path)

    assert {outcome.status for outcome in again} == {Status.UP_TO_DATE}
    assert len(indexed(path)) == len(given.lines)
    assert verify_archive(path).ok


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
