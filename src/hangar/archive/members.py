"""The members of a zip by their names, in little memory: there may be very many."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping

from hangar.archive.records import LOCAL, Member

_GONE = (1 << 64) - 1
"""The offset of a member that was forgotten."""


class Members(Mapping[str, Member]):
    """A mapping without an object for each member: an eighth of what `dict` takes.

    Rows of numbers, and a hash table that finds the row of a name. Others may look
    names up while somebody adds one; only one may add at a time.

    Args:
        count: how many are expected.
    """

    def __init__(self, count: int = 0) -> None:
        self._names = bytearray()  # one right after another
        self._starts = array("Q", [0])
        self._offsets, self._sizes, self._crcs = array("Q"), array("Q"), array("I")
        self._length = 0
        self._slots = _free(1 << (2 * count + 8).bit_length())

    def __getitem__(self, name: str) -> Member:
        row = self.row(name)
        if row < 0:
            raise KeyError(name)
        return Member(name, self._offsets[row], self._sizes[row], self._crcs[row])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.row(name) >= 0

    def __iter__(self) -> Iterator[str]:
        for row, offset in enumerate(self._offsets):
            if offset != _GONE:
                yield self._name(row).decode()

    def __len__(self) -> int:
        return self._length

    def row(self, name: str) -> int:
        """The number by which `at` knows a member; a negative one if it is not there.

        As long as the member stays, so does its number.
        """
        row = self._slots[self._slot(name.encode())] - 1
        return -1 if row >= 0 and self._offsets[row] == _GONE else row

    def at(self, row: int) -> Member:
        """The member of a row."""
        name = self._name(row).decode()
        return Member(name, self._offsets[row], self._sizes[row], self._crcs[row])

    def add(self, name: bytes, offset: int, size: int, crc: int) -> None:
        """Add a member, or put it in the place of the one that has its name."""
        slot = self._slot(name)
        row = self._slots[slot] - 1
        if row >= 0:
            self._length += self._offsets[row] == _GONE
            self._sizes[row], self._crcs[row] = size, crc
            self._offsets[row] = offset
            return
        self._names += name
        self._starts.append(len(self._names))
        self._offsets.append(offset)
        self._sizes.append(size)
        self._crcs.append(crc)
        self._length += 1
        self._slots[slot] = len(self._offsets)
        if 2 * len(self._offsets) > len(self._slots):
            self._grow()

    def discard(self, name: str) -> None:
        """Forget a member, if there is one of this name."""
        row = self.row(name)
        if row >= 0:
            self._offsets[row] = _GONE
            self._length -= 1

    def overlapping(self, end: int) -> str:
        """Name of a member that reaches beyond ``end`` or where another begins; or "".

        What a local header adds to its name is looked at when the member is opened.
        """
        limit = end
        order = sorted(range(len(self._offsets)), key=self._offsets.__getitem__)
        for row in reversed(order):
            offset = self._offsets[row]
            name_size = self._starts[row + 1] - self._starts[row]
            if offset + LOCAL.size + name_size + self._sizes[row] > limit:
                return self._name(row).decode()
            limit = offset
        return ""

    def _name(self, row: int) -> bytearray:
        return self._names[self._starts[row] : self._starts[row + 1]]

    def _slot(self, name: bytes) -> int:
        """Where in the table the row of a name stands, plus 1, or belongs."""
        slots = self._slots
        last = len(slots) - 1
        slot = hash(name) & last
        while (row := slots[slot]) and self._name(row - 1) != name:
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        slots = _free(2 * len(self._slots))
        last = len(slots) - 1
        for row in range(len(self._offsets)):
            slot = hash(bytes(self._name(row))) & last
            while slots[slot]:
                slot = (slot + 1) & last
            slots[slot] = row + 1
        self._slots = slots


class Choice:
    """Some of the members, in the order in which they were chosen, each once."""

    def __init__(self, members: Members) -> None:
        self._members = members
        self._rows = array("I")
        self._chosen = bytearray()

    def __iter__(self) -> Iterator[Member]:
        return map(self._members.at, self._rows)

    def others(self) -> Iterator[str]:
        """Yield the names of the members that were not chosen."""
        for name in self._members:
            row = self._members.row(name)
            if row >= len(self._chosen) or not self._chosen[row]:
                yield name

    def add(self, rows: Iterable[int]) -> None:
        """Choose members by their rows, which are there."""
        for row in rows:
            if row >= len(self._chosen):
                self._chosen.extend(bytes(row + 1))
            if not self._chosen[row]:
                self._chosen[row] = True
                self._rows.append(row)


def _free(count: int) -> array[int]:
    return array("I", bytes(4 * count))
