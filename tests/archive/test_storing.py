"""Storing, ended before its time; what it reads and writes meanwhile."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest

from hangar.archive import Archive, Arrival, Draft
from hangar.configuration import Configuration
from hangar.deadline import Stop
from hangar.errors import Interrupted, StorageError
from hangar.events import BlobFinished, BlobProgress, BlobStarted, Event, Status
from hangar.operations.archives import (
    create_archive,
    repair_archive,
    stored_file,
    verify_archive,
)
from hangar.operations.storing import store_charts, store_files
from hangar.registry import Registries
from hangar.retry import Patience
from tests.archive.common import AMD64, NAME, full_disk, golden
from tests.support.charts import make_folder, package
from tests.support.files import FileServer
from tests.support.golang import GoArchive


@pytest.fixture
def registries() -> Iterator[Registries]:
    configuration = Configuration.load(environ={})
    with Registries(configuration, patience=Patience(pause=0)) as registries:
        yield registries


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    create_archive(tmp_path / "a.zip")
    return tmp_path / "a.zip"


def held(archive: Path) -> list[str]:
    """Names of what an archive has; it has to be whole, and nothing beside it."""
    assert verify_archive(archive).ok
    assert [path.name for path in archive.parent.glob("a.zip*")] == ["a.zip"]
    with Archive.open(archive) as opened:
        return [entry.tag for entry in opened.entries]


def make_files(folder: Path, *sizes: int) -> list[str]:
    """Files of so many bytes."""
    paths = [folder / f"file-{number}" for number in range(len(sizes))]
    for path, size in zip(paths, sizes, strict=True):
        path.write_bytes(path.name.encode()[-1:] * size)
    return [str(path) for path in paths]


def test_after_an_interruption_what_was_whole_is_kept(
    archive: Path, registries: Registries
) -> None:
    files, stop = make_files(archive.parent, 10, 10 << 20, 10), Stop()

    def report(event: Event) -> None:
        if isinstance(event, BlobProgress) and event.number == 2:
            stop.request()

    done = store_files(files, registries, archive, report=report, stop=stop)

    assert [o.status for o in done] == [Status.COPIED, Status.FAILED, Status.FAILED]
    assert {type(o.error) for o in done.failed} == {Interrupted}
    assert held(archive) == ["latest"]
    assert store_files(files, registries, archive).ok
    assert held(archive) == ["latest"] * 3


def test_what_a_killed_store_was_to_replace_is_replaced_by_the_next(
    archive: Path, registries: Registries, monkeypatch: pytest.MonkeyPatch
) -> None:
    [file] = make_files(archive.parent, 10)
    assert store_files([file], registries, archive).ok
    Path(file).write_bytes(b"other")
    with monkeypatch.context() as patched:
        patched.delattr(Draft, "finish")
        with pytest.raises(AttributeError):
            store_files([file], registries, archive)

    assert store_files([file], registries, archive).ok

    with Archive.open(archive) as opened:
        assert b"".join(stored_file(opened, "file-0")) == b"other"
    assert held(archive) == ["latest"]


def test_a_full_disk_costs_nothing_that_was_there(
    archive: Path, registries: Registries
) -> None:
    files = make_files(archive.parent, 10, 50_000)
    assert store_files(files[:1], registries, archive).ok
    before = archive.read_bytes()

    with full_disk(20_000):
        done = store_files(files[1:], registries, archive)
    assert isinstance(done.failed[0].error, StorageError)
    assert archive.read_bytes() == before

    with full_disk(20_000):
        done = store_files(files, registries, archive)
    assert [o.status for o in done] == [Status.UP_TO_DATE, Status.FAILED]
    assert archive.read_bytes() == before
    assert store_files(files, registries, archive).ok
    assert len(held(archive)) == 2


def test_a_disk_that_is_full_at_the_end_takes_back_what_was_said(
    archive: Path, registries: Registries
) -> None:
    files = make_files(archive.parent, 5000)
    before = archive.read_bytes()

    # Room for the file, its manifest and its layout, but not for the index.
    with full_disk(7000), pytest.raises(StorageError):
        store_files(files, registries, archive)

    assert archive.read_bytes() == before
    assert held(archive) == []


def test_nothing_is_in_memory_whole_and_progress_is_told(
    archive: Path, registries: Registries
) -> None:
    size = 48 << 20
    large = archive.parent / "large"
    with large.open("wb") as file:
        file.truncate(size)
    events: list[Event] = []
    with FileServer({"/large": bytes(size)}) as server:
        tracemalloc.start()
        items = [str(large), f"{server.url}/large-2"]
        server.files["/large-2"] = server.files["/large"]
        done = store_files(items, registries, archive, report=events.append)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()

    assert done.ok
    assert peak < 24 << 20  # some buffers; the server's own answer is not ours
    for number in (1, 2):
        own = [e for e in events if getattr(e, "number", 0) == number]
        assert [e.size for e in own if isinstance(e, BlobStarted)] == [size]
        assert sum(e.size for e in own if isinstance(e, BlobProgress)) == size
        assert [e.size for e in own if isinstance(e, BlobFinished)] == [size]
    with Archive.open(archive) as opened:
        chunks = stored_file(opened, "large-2")
        assert sum(map(len, chunks)) == size
    assert archive.stat().st_size < size + 50_000  # the same bytes, once


def test_a_chart_is_written_once(archive: Path, registries: Registries) -> None:
    content = archive.parent / "app.tgz"
    content.write_bytes(package(notes="x" * 1000))
    make_folder(archive.parent / "web", "web")
    items = [str(content), str(archive.parent / "web")]

    done = store_charts(items, registries, archive)

    sizes = [outcome.traffic.sent for outcome in done]
    assert sizes[0] > content.stat().st_size
    assert held(archive) == ["1.0.0", "1.0.0"]


def test_a_download_that_breaks_off_leaves_nothing_behind(
    archive: Path, registries: Registries
) -> None:
    content, before = bytes(100_000), archive.read_bytes()
    with FileServer({"/x": content}, cuts={"/x": [90_000] * 9}) as server:
        done = store_files([f"{server.url}/x"], registries, archive)
        assert archive.read_bytes() == before
        server.cuts = {"/x": [90_000]}
        again = store_files([f"{server.url}/x"], registries, archive)

    assert not done.ok
    assert again.ok
    with Archive.open(archive) as opened:
        assert b"".join(stored_file(opened, "x")) == content


def test_equal_content_is_stored_once_under_all_its_names(
    archive: Path, registries: Registries
) -> None:
    files = make_files(archive.parent, 100_000)
    copies = [archive.parent / name for name in ("a", "b", "c")]
    for copy in copies:
        copy.write_bytes(Path(files[0]).read_bytes())

    assert store_files([*files, *map(str, copies)], registries, archive).ok

    assert held(archive) == ["latest"] * 4
    assert archive.stat().st_size < 120_000


def test_lines_that_a_save_missed_stay_noted(
    archive: Path, registries: Registries
) -> None:
    with Draft.create(archive) as draft:
        draft.finish(missing=["app:1"])

    assert store_files(make_files(archive.parent, 1), registries, archive).ok

    with Archive.open(archive) as opened:
        assert opened.index.missing == ("app:1",)


@pytest.mark.parametrize("cut", ["unfinished", "cut off"])
def test_the_index_of_an_archive_that_is_stored_in_another_is_not_taken_for_that_ones(
    tmp_path: Path, registries: Registries, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    path, inner = golden(tmp_path), tmp_path / "inner.zip"
    GoArchive().add("docker.io/library/other", "2", AMD64).write(inner)
    if cut == "unfinished":
        with monkeypatch.context() as patched:
            patched.delattr(Arrival, "keep")
            patched.delattr(Draft, "undo")
            with pytest.raises(AttributeError):
                store_files([str(inner)], registries, path)
        path.with_name(f"{path.name}.journal").unlink()  # it was left behind
    else:
        inner.write_bytes(inner.read_bytes() + bytes(1000))
        assert store_files([str(inner)], registries, path).ok
        data = path.read_bytes()
        path.write_bytes(
            data[: data.index(inner.read_bytes()) + inner.stat().st_size - 1]
        )

    repaired = repair_archive(path)

    assert repaired.rebuilt
    assert repaired.kept == (f"{NAME}:1",)
    assert verify_archive(path).ok
