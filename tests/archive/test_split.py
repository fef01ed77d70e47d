"""Several archives written as one: how large they are, and that each is whole."""

from __future__ import annotations

import random
import tempfile
import zipfile
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given as drawn
from hypothesis import settings
from hypothesis import strategies as st

from hangar.archive import Archive, SplitDraft
from hangar.deadline import Stop
from hangar.errors import Incomplete, InvalidInput, StorageError, Unsupported
from hangar.events import Event, ImageFinished, Noticed, PartWritten, Report
from hangar.oci import MAX_CONFIG, Digest
from hangar.operations.archives import verify_archive
from hangar.operations.saving import (
    check_saved,
    is_unfinished,
    plan_saving,
    replaced_by_saving,
    save,
)
from hangar.registry import Registries
from hangar.selection import Selection
from tests.support import memory
from tests.support.content import put_image
from tests.support.killing import SPLIT, Given


def saved(given: Given, path: Path, limit: int = SPLIT, **how: object) -> Report:
    """Save all images into archives of a limited size."""
    registries = cast("Registries", given)
    lines = cast("list[str]", how.pop("lines", given.lines))
    return save(lines, registries, path, split=limit, **how)  # type: ignore[arg-type]  # as the callers say


def names_in(path: Path) -> list[str]:
    with Archive.open(path) as archive:
        return [entry.name for entry in archive.entries]


def parts_of(path: Path) -> list[Path]:
    return sorted(path.parent.glob(f"{path.stem}-*.zip"))


def test_each_archive_is_whole_by_itself_and_no_larger_than_allowed(
    tmp_path: Path,
) -> None:
    given, path = Given(1), tmp_path / "a.zip"

    assert saved(given, path).ok

    parts = parts_of(path)
    assert [part.name for part in parts] == [f"a-{n}.zip" for n in (1, 2, 3)]
    assert [name for part in parts for name in names_in(part)] == given.lines
    for part in parts:
        assert part.stat().st_size <= SPLIT
        findings = verify_archive(part)
        assert findings.ok
        assert not findings.left_out
        with zipfile.ZipFile(part) as judge:
            assert judge.testzip() is None
    assert sorted(tmp_path.iterdir()) == parts


def test_what_archives_share_is_fetched_once(tmp_path: Path) -> None:
    given = Given(1)

    assert saved(given, tmp_path / "a.zip").ok

    fetched = [digest for call, _, digest in given.place.log if call == "blob"]
    assert sorted(fetched) == sorted({digest for _, digest in given.place.blobs})


def test_a_large_layer_that_archives_share_is_fetched_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, path = Given(1), tmp_path / "a.zip"
    monkeypatch.setattr(memory, "CHUNK", 1 << 20)
    store = given.stores["team/app"]
    large = bytes(MAX_CONFIG + 1)
    for tag in ("one", "two"):
        put_image(store, large, tag.encode() * 100, tag=tag)
    lines = [f"{store.name}:{tag}" for tag in ("one", "two")]

    assert saved(given, path, len(large) + 37_000, lines=lines).ok

    assert len(parts_of(path)) == 2
    fetched = [digest for call, _, digest in given.place.log if call == "blob"]
    assert fetched.count(Digest.of(large)) == 1
    for part in parts_of(path):
        assert verify_archive(part).ok


@settings(max_examples=20, deadline=None)
@drawn(
    st.lists(st.lists(st.integers(0, 3000), max_size=4), min_size=1, max_size=12),
    st.integers(1500, 12_000),
    st.booleans(),
)
def test_whatever_the_images_no_archive_is_larger_than_allowed(
    images: list[list[int]], limit: int, shared: bool
) -> None:
    given, chance = Given(1), random.Random(7)  # noqa: S311 - content, no secret
    store = given.stores["team/app"]
    for number, sizes in enumerate(images):
        layers = [b"shared" * 50] * shared + [chance.randbytes(s) for s in sizes]
        platform = ("linux/arm/v7", "windows/amd64", "linux/amd64")[number % 3]
        put_image(store, *layers, tag=f"t{number}", platform=platform)
    lines = [f"{store.name}:t{number}" for number in range(len(images))]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.zip"
        report = saved(given, path, limit, lines=lines)
        found = [name for part in sorted(parts_of(path)) for name in names_in(part)]
        for part in parts_of(path):
            assert part.stat().st_size <= limit
            assert verify_archive(part).ok
    assert {type(outcome.error) for outcome in report.failed} <= {Unsupported}
    assert sorted(found) == sorted(o.image for o in report if not o.error)


def test_a_blob_that_fits_into_no_archive_is_named_and_the_others_are_saved(
    tmp_path: Path,
) -> None:
    given, path = Given(1), tmp_path / "a.zip"
    store = given.stores["team/app"]
    put_image(store, bytes(SPLIT), tag="large")
    put_image(store, *(bytes([n]) * (SPLIT // 3) for n in range(4)), tag="many")

    report = saved(given, path)

    errors = {o.image.rpartition(":")[2]: o.error for o in report.failed}
    assert {name: type(error) for name, error in errors.items()} == {
        "large": Unsupported,
        "many": Unsupported,
    }
    assert f"blob {Digest.of(bytes(SPLIT))} has {SPLIT} bytes" in str(errors["large"])
    assert "the image with all that belongs to it has" in str(errors["many"])
    good = [line for line in given.lines if line[-1].isdecimal()]
    assert [name for part in parts_of(path) for name in names_in(part)] == good


def test_a_limit_that_is_too_small_for_anything_makes_no_archive(
    tmp_path: Path,
) -> None:
    report = saved(Given(1), tmp_path / "a.zip", 4)

    assert {type(outcome.error) for outcome in report} == {Unsupported}
    assert not list(tmp_path.iterdir())


def test_a_dry_run_tells_which_archive_each_image_would_be_in(tmp_path: Path) -> None:
    given, path = Given(1), tmp_path / "a.zip"
    events: list[Event] = []

    told = plan_saving(
        given.lines,
        cast("Registries", given),
        path,
        split=SPLIT,
        report=events.append,
    )

    assert not [*tmp_path.iterdir()]
    foretold = [event for event in events if isinstance(event, PartWritten)]
    assert saved(given, path).ok
    where = {name: str(part) for part in parts_of(path) for name in names_in(part)}
    assert {outcome.image: outcome.destination for outcome in told} == where
    for part, path_of in zip(foretold, parts_of(path), strict=True):
        assert part.path == str(path_of)
        assert part.images == len(names_in(path_of))
        assert path_of.stat().st_size <= part.size <= SPLIT


def test_an_image_that_failed_is_added_without_asking_and_nothing_is_different(
    tmp_path: Path,
) -> None:
    given, path = Given(1), tmp_path / "a" / "a.zip"
    whole = tmp_path / "b" / "a.zip"
    for folder in (path.parent, whole.parent):
        folder.mkdir()
    lines = given.lines
    key = [*given.place.blobs][-1]
    lost, given.place.blobs[key] = given.place.blobs[key], b"lies"

    first = saved(given, path)
    again = is_unfinished(lines, path, split=SPLIT)
    other = is_unfinished(lines[1:], path, split=SPLIT)
    given.place.blobs[key] = lost
    given.place.log.clear()
    second = saved(given, path)
    fetched = [digest for call, _, digest in given.place.log if call == "blob"]

    assert [o.status.value for o in first].count("failed") == 1
    assert again
    assert not other
    assert second.ok
    assert fetched == [key[1]]
    assert not is_unfinished(lines, path, split=SPLIT)
    assert saved(given, whole).ok
    for one, two in zip(parts_of(path), parts_of(whole), strict=True):
        with zipfile.ZipFile(one) as mine, zipfile.ZipFile(two) as theirs:
            assert mine.namelist() == theirs.namelist()


def test_archives_of_an_earlier_save_are_replaced_all_of_them(tmp_path: Path) -> None:
    given, path = Given(1), tmp_path / "a.zip"
    assert saved(given, path, 12_000).ok
    assert len(replaced_by_saving(path, split=SPLIT)) == 6
    given.place.log.clear()

    assert saved(given, path).ok

    assert len(parts_of(path)) == 3
    assert not [call for call, *_ in given.place.log if call == "blob"]
    assert sorted(tmp_path.iterdir()) == parts_of(path)


def test_a_file_that_is_numbered_by_chance_stays_and_is_told(tmp_path: Path) -> None:
    given, path, told = Given(1), tmp_path / "a.zip", list[Event]()
    other = tmp_path / "a-2024.zip"
    other.write_text("of that year")
    assert saved(given, path, 12_000).ok

    assert saved(given, path, report=told.append).ok

    assert other.read_text() == "of that year"
    assert len(parts_of(path)) == 3 + 1
    remark = f"none of these archives, left alone: {other}"
    assert [e.text for e in told if isinstance(e, Noticed)] == [remark]


def test_after_an_interruption_the_old_archives_are_there_and_the_new_ones_begun(
    tmp_path: Path,
) -> None:
    given, path, stop = Given(1), tmp_path / "a.zip", Stop()
    assert saved(Given(2), path).ok
    before = [part.read_bytes() for part in parts_of(path)]

    def interrupt(event: Event) -> None:
        if isinstance(event, ImageFinished):
            stop.request()

    report = saved(given, path, report=interrupt, stop=stop, jobs=1)

    assert len(report.failed) == 5
    assert [part.read_bytes() for part in parts_of(path)] == before
    assert is_unfinished(given.lines, path, split=SPLIT)
    assert saved(given, path).ok
    assert [name for part in parts_of(path) for name in names_in(part)] == given.lines


def test_a_second_process_is_told_and_not_let_in(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with (
        SplitDraft.create(path, SPLIT, []),
        pytest.raises(StorageError, match="written by another process"),
    ):
        SplitDraft.create(path, SPLIT, [])


def test_an_image_has_to_be_whole_in_the_archive_that_lists_it(tmp_path: Path) -> None:
    given, path = Given(1), tmp_path / "a.zip"
    registries = cast("Registries", given)
    assert saved(given, path).ok
    assert check_saved(given.lines, registries, path, split=SPLIT, deep=True).ok

    parts_of(path)[1].unlink()
    report = check_saved(given.lines, registries, path, split=SPLIT)

    assert [outcome.image for outcome in report.failed] == given.lines[2:4]
    assert {type(outcome.error) for outcome in report.failed} == {Incomplete}


def test_increments_can_be_split_and_rely_on_nothing_that_is_replaced(
    tmp_path: Path,
) -> None:
    given, old, path = Given(1), tmp_path / "old.zip", tmp_path / "a.zip"
    registries = cast("Registries", given)
    assert save(given.lines[:3], registries, old).ok

    assert saved(given, path, 12_000, since=[old]).ok

    for part in parts_of(path):
        findings = verify_archive(part)
        assert findings.ok
        assert set(findings.left_out.values()) == {"old.zip"}
        assert part.stat().st_size <= 12_000
    assert check_saved(given.lines, registries, path, split=1, since=[old]).ok
    with pytest.raises(InvalidInput, match="going to be replaced"):
        saved(given, path, since=[parts_of(path)[0]])


def test_to_know_how_large_the_index_will_be_no_config_is_fetched_twice(
    tmp_path: Path,
) -> None:
    given = Given(1)
    store = given.stores["team/app"]
    put_image(store, b"alone", tag="single")
    put_image(store, b"arm", tag="arm", platform="linux/arm/v7")

    assert saved(given, tmp_path / "a.zip", selection=Selection()).ok

    fetched = [digest for call, _, digest in given.place.log if call == "blob"]
    assert len(fetched) == len({*fetched})
