"""What an interrupted run has left is read back; that is told, and can be stopped."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hangar.archive import Draft, Unfinished, left_behind, part_path, writer
from hangar.archive.journal import journal_path
from hangar.deadline import Stop
from hangar.errors import Interrupted
from hangar.events import Event, Noticed, Report
from hangar.operations import resuming
from hangar.operations.archives import create_archive, repair_archive, verify_archive
from hangar.operations.saving import save, sync
from hangar.operations.storing import store_files
from tests.archive.common import registries
from tests.support.killing import Given

Run = Callable[..., Report]
GIVEN = Given(1)


@pytest.fixture(params=["save", "split", "sync", "store"])
def run(tmp_path: Path, request: pytest.FixtureRequest) -> Run:
    """What writes to ``a.zip`` or its parts, and has been interrupted at the end."""
    path, there, lines = tmp_path / "a.zip", registries(GIVEN), GIVEN.lines
    notes = tmp_path / "notes.txt"
    notes.write_text("notes")
    kinds: dict[str, Run] = {
        "save": lambda **how: save(lines, there, path, **how),
        "split": lambda **how: save(lines, there, path, split=1 << 20, **how),
        "sync": lambda **how: sync(lines, there, path, **how),
        "store": lambda **how: store_files([str(notes)], there, path, **how),
    }
    chosen = kinds[request.param]
    if request.param in {"sync", "store"}:
        create_archive(path)
    with pytest.MonkeyPatch.context() as patched:
        patched.delattr(Draft, "finish")
        with pytest.raises(AttributeError):
            chosen()
    return chosen


def left(folder: Path) -> dict[str, bytes]:
    """All that a run has left behind."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_much_of_it_is_announced(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[Event] = []
    monkeypatch.setattr(resuming, "_MUCH", 5)

    assert run(report=told.append).ok

    [remark] = [event.text for event in told if isinstance(event, Noticed)]
    assert remark.startswith(f"{tmp_path}/a")
    assert remark.endswith("0.0 GB of an interrupted run are read back")


def test_little_is_not_and_neither_is_what_is_new(tmp_path: Path, run: Run) -> None:
    told: list[Event] = []

    assert run(report=told.append).ok

    assert not [event for event in told if isinstance(event, Noticed)]
    assert all(verify_archive(path).ok for path in tmp_path.glob("a*.zip"))


def test_it_can_be_stopped_and_costs_nothing(tmp_path: Path, run: Run) -> None:
    before, stop = left(tmp_path), Stop()
    stop.request()

    with pytest.raises(Interrupted):
        run(stop=stop)

    assert left(tmp_path) == before
    GIVEN.place.log.clear()
    assert run().ok
    assert not [call for call, *_ in GIVEN.place.log if call == "blob"]


@pytest.mark.usefixtures("run")
def test_a_repair_says_what_it_found_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = next(
        one
        for one in (part_path(tmp_path / "a.zip", 1), tmp_path / "a.zip")
        if journal_path(one).exists()
    )
    is_new = not path.exists()
    before = b"" if is_new else path.read_bytes()

    done = repair_archive(path)

    assert done.found is (Unfinished.NEW if is_new else Unfinished.ADDED)
    assert bool(done.kept) == is_new
    assert not journal_path(path).exists()
    assert verify_archive(path).ok
    if not is_new:
        assert before.startswith(path.read_bytes())
    assert repair_archive(path).found is Unfinished.NOTHING


def test_how_much_is_left_is_known(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    create_archive(path)
    size = path.stat().st_size
    with Draft.append(path) as draft:
        draft.writer.put("share/sha256/aa", b"content")
        added = path.stat().st_size - size
        assert left_behind(path) == added > 7
        draft.undo()
    assert left_behind(path) == 0


def test_nothing_is_left_where_nothing_was_begun(tmp_path: Path) -> None:
    told: list[Any] = []
    with resuming.reading_back([tmp_path / "new.zip"], told.append, None):
        assert not [*tmp_path.iterdir()]
    assert not told


@pytest.mark.parametrize("split", [0, 20_000])
def test_what_was_whole_but_for_its_name_is_not_fetched_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, split: int
) -> None:
    given, path, straight = Given(1), tmp_path / "a.zip", tmp_path / "straight.zip"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert save(given.lines, registries(given), straight, split=split).ok
    with monkeypatch.context() as patched:
        patched.delattr(writer, "settle")
        with pytest.raises(NameError):
            save(given.lines, registries(given), path, split=split)
    given.place.log.clear()

    assert save(given.lines, registries(given), path, split=split).ok

    fetched = [what for call, _, what in given.place.log if call == "blob"]
    written = sorted(tmp_path.glob("a*.zip"))
    assert [one.read_bytes() for one in written] == [
        one.read_bytes() for one in sorted(tmp_path.glob("straight*.zip"))
    ]
    assert len(written) == (3 if split else 1)
    assert not fetched
