"""Content that comes without a name, and what becomes of it."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hangar.archive import arrived, kept, records, writer
from hangar.archive.draft import Draft
from hangar.archive.members import Choice
from hangar.errors import StorageError
from hangar.oci import Digest
from hangar.operations.archives import create_archive, verify_archive
from hangar.store import Put

CONTENT = [b"a" * 1000, b"", b"b" * 500]
WHOLE = b"".join(CONTENT)
NAME = f"share/sha256/{hashlib.sha256(WHOLE).hexdigest()}"


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[writer.Writer]:
    create_archive(tmp_path / "a.zip")
    with writer.append(tmp_path / "a.zip") as adding:
        yield adding


def finished(adding: writer.Writer) -> zipfile.ZipFile:
    """End the work; open the archive with another program."""
    chosen = Choice(adding.members)
    chosen.add(map(adding.members.row, adding.members.keys() - {"index.json"}))
    adding.finish(chosen, "index.json", io.BytesIO(b"{}"))
    return zipfile.ZipFile(adding.path)


def test_what_is_kept_is_a_member_by_its_digest(opened: writer.Writer) -> None:
    arrival = arrived(opened, CONTENT)

    assert arrival.keep() is Put.SENT
    assert arrival.size == len(WHOLE)
    assert b"".join(arrival.chunks()) == WHOLE
    with finished(opened) as judge:
        assert judge.testzip() is None
        assert judge.read(NAME) == WHOLE


def test_it_can_be_read_before_it_is_kept_and_is_no_member_then(
    opened: writer.Writer,
) -> None:
    arrival = arrived(opened, CONTENT)

    assert b"".join(arrival.chunks()) == WHOLE
    assert NAME not in opened.members
    assert kept(opened, arrival.digest) is None
    with finished(opened) as judge:
        assert judge.namelist() == ["index.json"]


def test_what_is_there_is_not_kept_twice(opened: writer.Writer) -> None:
    arrived(opened, CONTENT).keep()
    end = opened.end

    again = arrived(opened, CONTENT)
    known = kept(opened, again.digest)

    assert again.keep() is Put.PRESENT
    assert opened.end == end
    assert known is not None
    assert b"".join(known.chunks()) == WHOLE
    assert known.keep() is Put.PRESENT


def test_what_is_refused_leaves_no_trace(opened: writer.Writer) -> None:
    arrived(opened, [b"secret" * 1000])

    arrived(opened, [b"x"]).keep()
    finished(opened).close()

    assert b"secret" not in opened.path.read_bytes()


def test_content_of_any_size_begins_where_its_header_ends(
    opened: writer.Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    end = opened.end
    monkeypatch.setattr(records, "MAX_32", len(WHOLE))
    large = arrived(opened, CONTENT)

    large.keep()

    assert opened.members[NAME].offset == end  # its sizes need the whole header
    assert opened.content(opened.members[NAME]) == large.start


@given(st.lists(st.lists(st.integers(0, 900), max_size=6), max_size=4))
def test_content_is_the_same_however_it_comes_and_whether_it_is_large(
    tmp_path_factory: pytest.TempPathFactory, contents: list[list[int]]
) -> None:
    path = tmp_path_factory.mktemp("arrivals") / "a.zip"
    create_archive(path)
    whole = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "LARGE", 1000)
        with writer.append(path) as adding:
            for number, sizes in enumerate(contents):
                chunks = [bytes([65 + number]) * size for size in sizes]
                data = b"".join(chunks)
                arrived(adding, chunks).keep()
                whole[f"share/sha256/{hashlib.sha256(data).hexdigest()}"] = data
            with finished(adding) as judge:
                found = {i.filename: judge.read(i) for i in judge.infolist()}

    assert found == {**whole, "index.json": b"{}"}


def test_a_header_is_never_written_over_content(opened: writer.Writer) -> None:
    arrival = arrived(opened, [bytes(records.LARGE)])

    with pytest.raises(StorageError, match="would lie on its content"):
        replace(arrival, start=arrival.start + 1).keep()


def test_nothing_comes_between_arriving_and_being_kept(opened: writer.Writer) -> None:
    arrival = arrived(opened, CONTENT)
    opened.put("other", b"content")

    with pytest.raises(ValueError, match="negative"):
        arrival.keep()


def test_what_was_kept_by_a_process_that_was_killed_is_known_to_the_next(
    tmp_path: Path,
) -> None:
    create_archive(tmp_path / "a.zip")
    with writer.append(tmp_path / "a.zip") as killed:
        arrived(killed, CONTENT).keep()
        arrived(killed, [b"never kept"])

    with Draft.append(tmp_path / "a.zip", resume=True) as draft:
        assert draft.is_resumed
        found = kept(draft.writer, Digest.of(WHOLE))
        assert found is not None
        assert b"".join(found.chunks()) == WHOLE
        draft.undo()
    assert verify_archive(tmp_path / "a.zip").ok
    with Draft.append(tmp_path / "a.zip", resume=True) as draft:
        assert not draft.is_resumed
        draft.undo()
