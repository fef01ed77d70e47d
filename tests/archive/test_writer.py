"""What is certain after an interruption at the very places where it matters."""

from __future__ import annotations

import io
import json
import os
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import cast

import pytest

from hangar.archive import Archive, ArchiveIndex, Draft
from hangar.archive import writer as writing
from hangar.archive.journal import Closing, Ended, Journal, Written, journal_path
from hangar.archive.members import Choice
from hangar.archive.unfinished import partial_path
from hangar.archive.writer import Writer
from hangar.deadline import Stop
from hangar.errors import IntegrityError
from hangar.events import BlobFinished, Event
from hangar.operations.archives import merge_archives, verify_archive
from hangar.operations.saving import save, sync
from hangar.registry import Registries
from hangar.store import Put
from tests.support.golang import GoArchive, GoImage, sha256
from tests.support.killing import Given

NAME = "docker.io/library/app"
INDEX = ArchiveIndex(time="t").to_bytes()


def registries(given: Given) -> Registries:
    """What takes the place of registries."""
    return cast("Registries", given)


def golden(path: Path) -> Path:
    """A sound archive with one image."""
    return GoArchive().add(NAME, "1", GoImage([b"a layer"])).write(path)


def begun(path: Path, **members: bytes) -> None:
    """Begin an archive with these members, and leave it."""
    with writing.create(path) as writer:
        for name, data in members.items():
            writer.put(name, data)


def left(path: Path) -> dict[str, bytes]:
    """What somebody who goes on finds whole."""
    with writing.create(path, resume=True) as writer:
        return {name: writer.read(name, 1 << 20) for name in writer.members}


def chosen(writer: Writer, *names: str) -> Choice:
    """Members that are to stay."""
    choice = Choice(writer.members)
    choice.add(map(writer.members.row, names))
    return choice


class PowerFailure(BaseException):
    """Nothing after this happens."""


def failing(*arguments: object) -> None:
    """End in the middle."""
    raise PowerFailure(arguments)


def cut_off(
    patch: pytest.MonkeyPatch, module: object, name: str, act: Callable[[], object]
) -> None:
    """Do something that ends where it calls ``module.name``."""
    with patch.context() as patched:
        patched.setattr(module, name, failing)
        with pytest.raises(PowerFailure):
            act()


def test_places_that_were_given_by_other_rules_are_not_gone_on_with(
    tmp_path: Path,
) -> None:
    """An earlier journal did not say where contents begin; headers were shorter."""
    path = tmp_path / "a.zip"
    begun(path, one=b"first", two=b"second")
    journal, lines = journal_path(path), []
    for line in journal.read_bytes().splitlines():
        kind, *values = json.loads(line.partition(b" ")[2])
        if kind == "Reserved":
            del values[2]
        text = json.dumps([kind, *values]).encode()
        lines.append(b"%08x %s\n" % (zlib.crc32(text), text))
    assert left(path) == {"one": b"first", "two": b"second"}
    journal.write_bytes(b"".join(lines))

    assert left(path) == {}
    with writing.create(path, resume=True) as writer:
        writer.put("two", b"other")
        writer.finish(chosen(writer, "two"), "index.json", io.BytesIO(INDEX))
    with Archive.open(path) as archive:
        assert archive.container.read("two", 9) == b"other"
        assert "one" not in archive.container.members


def test_what_was_written_is_found_again(tmp_path: Path) -> None:
    begun(tmp_path / "a.zip", a=b"1", b=b"22")

    assert left(tmp_path / "a.zip") == {"a": b"1", "b": b"22"}


def test_what_the_disk_has_lost_is_not_taken_for_there(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    begun(path, a=b"1", b=b"22")
    os.truncate(partial_path(path), partial_path(path).stat().st_size - 1)

    assert left(path) == {"a": b"1"}


@pytest.mark.parametrize("lost", [b"first", b"PK\3\4"])  # content, header
def test_after_an_interruption_bytes_count_only_if_they_are_right(
    tmp_path: Path, lost: bytes
) -> None:
    path = tmp_path / "a.zip"
    begun(path, a=b"first", b=b"second")
    data = partial_path(path).read_bytes()
    partial_path(path).write_bytes(data.replace(lost, bytes(len(lost)), 1))

    assert left(path) == {"b": b"second"}


def test_what_a_directory_was_written_over_is_not_taken_for_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"
    begun(path, a=b"1", b=b"2" * 500)
    with writing.create(path, resume=True) as writer:
        finish = partial(
            writer.finish, chosen(writer, "a"), "index.json", io.BytesIO(INDEX)
        )
        cut_off(monkeypatch, os, "ftruncate", finish)

    assert left(path) == {"a": b"1"}


def test_the_journal_says_that_it_is_written_after_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"
    with writing.create(path) as writer:
        cut_off(monkeypatch, writing, "write_back", partial(writer.put, "a", b"1"))

    assert left(path) == {}


@pytest.mark.parametrize("resume", [True, False])
@pytest.mark.parametrize("syncs", [3, 4])  # before and after the directory is written
def test_what_is_being_added_is_not_seen_until_it_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, syncs: int, resume: bool
) -> None:
    path, given = golden(tmp_path / "a.zip"), Given(1)
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing_from(syncs))
        with pytest.raises(PowerFailure):
            sync(given.lines, registries(given), path)
    assert path.stat().st_size > len(before)

    with Archive.open(path) as archive:
        assert [entry.name for entry in archive.entries] == [f"{NAME}:1"]
    assert verify_archive(path).ok
    with writing.append(path, resume=resume) as writer:
        assert len(writer.members) > 5 if resume else len(writer.members) == 6
        writer.undo()

    assert path.read_bytes() == before


def failing_from(count: int) -> object:
    """A call that is made so often, and then ends everything."""
    calls = []

    def call(file: int) -> None:
        del file
        calls.append(1)
        if len(calls) >= count:
            raise PowerFailure

    return call


def test_an_archive_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, calls = tmp_path / "a.zip", list[str]()
    fsync, replace = os.fsync, os.replace

    def synced(file: int) -> None:
        calls.append(str(Path(f"/proc/self/fd/{file}").readlink()))
        fsync(file)

    def replaced(source: str, target: str) -> None:
        calls.append(f"{source} => {target}")
        replace(source, target)

    begun(path, a=b"1")
    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", replaced)
    with writing.create(path, resume=True) as writer:
        writer.finish(chosen(writer, "a"), "index.json", io.BytesIO(INDEX))

    written, journal = str(partial_path(path)), str(journal_path(path))
    renamed = f"{written} => {path}"
    assert calls.index(written) < calls.index(renamed)
    assert journal in calls[calls.index(written) : calls.index(renamed)]
    assert str(tmp_path) in calls[calls.index(renamed) :]


def test_who_is_killed_before_giving_the_name_has_it_given_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.zip"
    begun(path, a=b"1")
    with writing.create(path, resume=True) as writer:
        finish = partial(
            writer.finish, chosen(writer, "a"), "index.json", io.BytesIO(INDEX)
        )
        cut_off(monkeypatch, os, "replace", finish)
    assert not path.exists()

    with writing.create(path) as writer:
        writer.undo()

    with Archive.open(path) as archive:
        assert archive.container.read("a", 10) == b"1"
    assert list(tmp_path.iterdir()) == [path]


def test_the_records_of_a_finished_archive_end_with_that(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, kinds = tmp_path / "a.zip", list[type]()
    add = Journal.add

    def noted(journal: Journal, *records: object) -> None:
        kinds.extend(type(record) for record in records)
        add(journal, *records)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(Journal, "add", noted)
    with writing.create(path) as writer:
        writer.put("a", b"1")
        writer.finish(chosen(writer, "a"), "index.json", io.BytesIO(INDEX))

    assert kinds[-3:] == [Written, Closing, Ended]


def test_members_are_packed_without_gaps_whatever_came_between(
    tmp_path: Path,
) -> None:
    straight, gaps = tmp_path / "straight.zip", tmp_path / "gaps.zip"
    with writing.create(straight) as writer:
        writer.put("a", b"1")
        writer.put("b", b"2")
        writer.finish(chosen(writer, "a", "b"), "index.json", io.BytesIO(INDEX))
    with writing.create(gaps) as writer:
        for name, data in (("x", b"gap"), ("b", b"2"), ("y", b"gap"), ("a", b"1")):
            writer.put(name, data)
        writer.reserve("never", 100)
        writer.finish(chosen(writer, "a", "b"), "index.json", io.BytesIO(INDEX))

    assert gaps.read_bytes() == straight.read_bytes()
    assert sorted(tmp_path.iterdir()) == [gaps, straight]


def test_what_is_left_of_another_run_does_not_get_into_a_merge(tmp_path: Path) -> None:
    amd64, arm64 = GoImage([b"x"]), GoImage([b"y"], arch="arm64")
    one = GoArchive().add(NAME, "1", amd64).write(tmp_path / "one.zip")
    other = GoArchive().add(NAME, "2", amd64).write(tmp_path / "other.zip")
    old = GoArchive().add(NAME, "1", arm64).write(tmp_path / "old.zip")
    output = tmp_path / "merged.zip"
    with Archive.open(old) as archive, Draft.create(output) as begun_before:
        begun_before.adopt(archive, archive.entries[0])

    merge_archives([one, other], output)

    with Archive.open(output) as merged:
        found = [image.digest for entry in merged.entries for image in entry.images]
    assert found == [f"sha256:{sha256(amd64.manifest)}"] * 2


def test_a_manifest_that_was_damaged_is_not_read(tmp_path: Path) -> None:
    path = golden(tmp_path / "a.zip")
    manifest = GoImage([b"a layer"]).manifest
    damaged = manifest.replace(b'"size": 7', b'"size": 8')
    assert damaged != manifest
    path.write_bytes(path.read_bytes().replace(manifest, damaged))

    with Archive.open(path) as archive:
        repository = archive.repository(NAME)
        with pytest.raises(IntegrityError):
            repository.manifest(f"sha256:{sha256(manifest)}")


def test_an_image_is_stored_only_if_all_of_it_is_there(tmp_path: Path) -> None:
    path, given = tmp_path / "a.zip", Given(1)
    with Draft.create(path) as draft:
        with Archive.open(golden(tmp_path / "old.zip")) as old:
            draft.adopt(old, old.entries[0])
        assert draft.repository(NAME).resolve("1")
        place = draft.writer.members[f"share/sha256/{sha256(b'a layer')}"]
    lines = journal_path(path).read_text().splitlines(keepends=True)
    wanted = [line for line in lines if f'"Written", "{place.name}"' not in line]
    assert len(wanted) == len(lines) - 1
    journal_path(path).write_text("".join(wanted))

    with Draft.create(path, resume=True) as draft:
        assert "1" not in draft.repository(NAME).holding.tags
        assert draft.images == []
    assert given.lines


def test_what_was_fetched_before_an_interruption_is_not_fetched_again(
    tmp_path: Path,
) -> None:
    path, given, stop = tmp_path / "a.zip", Given(1), Stop()
    sent: set[str] = set()

    def interrupt(event: Event) -> None:
        match event:
            case BlobFinished(put=Put.SENT, digest=digest):
                sent.add(digest)
                if len(sent) == 9:
                    stop.request()

    first = save(given.lines, registries(given), path, report=interrupt, stop=stop)
    assert not first.ok
    assert not path.exists()
    given.place.log.clear()

    assert save(given.lines, registries(given), path).ok

    fetched = {digest for call, _, digest in given.place.log if call == "blob"}
    assert len(sent) >= 9
    assert fetched
    assert not fetched & sent
    assert verify_archive(path).ok


def test_two_writers_of_one_file_have_one_lock(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with writing.create(path) as writer:
        assert isinstance(writer, Writer)
        assert journal_path(path).exists()
        writer.undo()

    assert list(tmp_path.iterdir()) == []
