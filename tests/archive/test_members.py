"""Members in rows are a mapping like any other; an index is read however it is cut."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hangar.archive import ArchiveIndex
from hangar.archive.feed import JSONFeed
from hangar.archive.members import Choice, Members
from hangar.archive.records import Member
from hangar.errors import InvalidArchive

NAMES = st.sampled_from([f"share/{number}" for number in range(40)] + ["ä", ""])
NUMBERS = st.integers(0, (1 << 63) - 1)
ROWS = st.tuples(NUMBERS, NUMBERS, st.integers(0, (1 << 32) - 1))
ACTIONS = st.lists(st.tuples(NAMES, st.none() | ROWS), max_size=200)


@given(ACTIONS, st.integers(0, 100))
def test_members_are_a_mapping_whatever_is_added_and_forgotten(
    actions: list[tuple[str, tuple[int, int, int] | None]], expected: int
) -> None:
    members, plain = Members(expected), dict[str, Member]()
    for name, numbers in actions:
        if numbers is None:
            members.discard(name)
            plain.pop(name, None)
        else:
            members.add(name.encode(), *numbers)
            plain[name] = Member(name, *numbers)

    assert dict(members) == plain
    assert len(members) == len(plain)
    assert {*members} == plain.keys()
    for name, _ in actions:
        assert (name in members) == (name in plain)
        assert members.get(name) == plain.get(name)
        if name in plain:
            assert members.at(members.row(name)) == plain[name]
    assert "never" not in members
    assert object() not in members


def some(*names: str) -> Members:
    """Members of these names."""
    members = Members()
    for number, name in enumerate(names):
        members.add(name.encode(), number, 0, 0)
    return members


def test_a_choice_is_in_order_and_has_each_member_once() -> None:
    members = some("a", "b", "c", "d")
    choice = Choice(members)

    choice.add(map(members.row, ("c", "a")))
    choice.add(map(members.row, ("a", "d", "c")))

    assert [member.name for member in choice] == ["c", "a", "d"]
    assert [member.name for member in choice] == ["c", "a", "d"]
    assert list(choice.others()) == ["b"]


def test_members_are_found_by_their_places() -> None:
    members = Members()
    for offset, name in enumerate((b"a", b"b", b"c")):
        members.add(name, 100 * offset, 0, 0)
    members.discard("c")

    found = [members.at(row).name for row in members.rows_at([200, 100, 100, 7])]

    assert found == ["b"]


def pieces(data: bytes, cuts: Iterable[int]) -> Sequence[bytes]:
    """Cut data at some places."""
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in itertools.pairwise(places)]


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(st.lists(VALUES), st.lists(st.integers(0, 10_000)), st.sampled_from([None, 2]))
def test_values_are_read_however_the_text_is_cut(
    values: list[object], cuts: list[int], indent: int | None
) -> None:
    data = json.dumps(values, indent=indent, ensure_ascii=False)
    raw = data.encode(errors="surrogatepass")
    feed = JSONFeed(pieces(raw, cuts))
    found: list[object] = []

    try:
        raw.decode()
    except UnicodeDecodeError:
        with pytest.raises(ValueError, match="utf-8"):
            found.extend(feed.items())
        return
    found.extend(feed.items())

    assert found == values
    assert feed.peek() == ""


@pytest.mark.parametrize("text", ["[1,]", "[,1]", "[1 2]", "[1", "[", "{1]", "[1}"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"one should be|Expecting"):
        list(JSONFeed([text.encode()]).items())


@given(st.lists(st.integers(0, 10_000)))
def test_an_index_is_the_same_however_it_is_cut(cuts: list[int]) -> None:
    raw = json.dumps(
        {
            "list": [{"source": "a.example/ü", "tag": str(n)} for n in range(30)],
            "version": "v1.2.0",
            "missing": ["b"],
        },
        ensure_ascii=False,
    ).encode()

    assert ArchiveIndex.parse(pieces(raw, cuts)) == ArchiveIndex.parse([raw])
    with pytest.raises(InvalidArchive):
        ArchiveIndex.parse(pieces(raw[:-1], cuts))
