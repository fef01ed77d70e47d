"""The members of a zip by their names, in little memory: there may be very many."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping

from hangar.archive.records import LOCAL, Member
from hangar.numbering import Numbering

_GONE = (1 << 64) - 1
"""The offset of a member that was forgotten."""


class Members(Mapping[str, Member]):
    """A mapping without an object for each member: an eighth of what `dict` takes.

    Others may look names up while somebody adds one; only one may add at a time.

    Args:
        count: how many are expected.
    """

    def __init__(self, count: int = 0) -> None:
        self._names = Numbering(count)
        self._offsets, self._sizes, self._crcs = array("Q"), array("Q"), array("I")
        self._gone = 0

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
                yield self._names[row].decode()

    def __len__(self) -> int:
        return len(self._offsets) - self._gone

    def row(self, name: str) -> int:
        """The number by which `at` knows a member; a negative one if it is not there.

        As long as the member stays, so does its number.
        """
        row = self._names.find(name.encode(errors="surrogatepass"))  # JSON has such
        is_there = 0 <= row < len(self._crcs) and self._offsets[row] != _GONE
        return row if is_there else -1

    def rows_at(self, offsets: Iterable[int]) -> Iterator[int]:
        """Yield the rows of the members at these places, as far as they are there."""
        wanted = {*offsets} - {_GONE}
        for row, offset in enumerate(self._offsets):
            if offset in wanted:
                yield row

    def at(self, row: int) -> Member:
        """The member of a row."""
        name = self._names[row].decode()
        return Member(name, self._offsets[row], self._sizes[row], self._crcs[row])

    def size(self, row: int) -> int:
        """Bytes of the member of a row."""
        return self._sizes[row]

    def add(self, name: bytes, offset: int, size: int, crc: int) -> None:
        """Add a member, or put it in the place of the one that has its name."""
        self.extend([(name, offset, size, crc)])

    def extend(self, members: Iterable[tuple[bytes, int, int, int]]) -> None:
        """Add members, given as `add` takes them."""
        offsets, sizes, crcs = self._offsets, self._sizes, self._crcs
        number = self._names.add
        for name, offset, size, crc in members:
            row = number(name)
            if row == len(offsets):
                offsets.append(offset)
                sizes.append(size)
                crcs.append(crc)
            else:
                self._gone -= offsets[row] == _GONE
                sizes[row], crcs[row] = size, crc
                offsets[row] = offset

    def discard(self, name: str) -> None:
        """Forget a member, if there is one of this name."""
        row = self.row(name)
        if row >= 0:
            self._offsets[row] = _GONE
            self._gone += 1

    def overlapping(self, end: int) -> str:
        """Name of a member that reaches beyond ``end`` or where another begins; or "".

        What a local header adds to its name is looked at when the member is opened.
        """
        limit = end
        order = sorted(range(len(self._offsets)), key=self._offsets.__getitem__)
        for row in reversed(order):
            offset = self._offsets[row]
            header = LOCAL.size + self._names.size(row)
            if offset + header + self._sizes[row] > limit:
                return self._names[row].decode()
            limit = offset
        return ""


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
