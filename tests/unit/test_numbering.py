"""Byte strings with numbers: like a dictionary, whatever comes in whatever order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hangar.numbering import Numbering

KEYS = st.lists(st.binary(max_size=3) | st.integers(0, 999).map(bytes), max_size=400)


@given(KEYS, KEYS, st.integers(0, 50))
def test_keys_are_numbered_as_they_come(
    keys: list[bytes], others: list[bytes], expected: int
) -> None:
    numbering, plain = Numbering(expected), dict[bytes, int]()
    for key in keys:
        assert numbering.find(key) == plain.get(key, -1)
        assert numbering.add(key) == plain.setdefault(key, len(plain))

    assert [bytes(numbering[number]) for number in range(len(numbering))] == [*plain]
    assert [numbering.size(number) for number in plain.values()] == [*map(len, plain)]
    for key in others:
        assert numbering.find(key) == plain.get(key, -1)
