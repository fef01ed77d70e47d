"""Very many byte strings, each with a number, in little memory."""

from __future__ import annotations

from array import array


class Numbering:
    """A set that counts: the first key that is added is 0, the next one 1.

    All bytes stand one right after another, and a hash table finds the number of a
    key; there is no object for each, which takes a third of what `dict` does. Others
    may look keys up while somebody adds one; only one may add at a time.

    Args:
        count: how many are expected.
    """

    def __init__(self, count: int = 0) -> None:
        self._bytes = bytearray()
        self._starts = array("Q", [0])
        self._slots = _free(3 * count + 16)  # a key's number and 1, or 0

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> bytearray:
        return self._bytes[self._starts[number] : self._starts[number + 1]]

    def size(self, number: int) -> int:
        """Bytes of a key."""
        return self._starts[number + 1] - self._starts[number]

    def find(self, key: bytes) -> int:
        """The number of a key, or -1."""
        slots = self._slots
        slot = hash(key) % len(slots)
        while (after := slots[slot]) and self[after - 1] != key:
            slot = (slot + 1) % len(slots)
        return after - 1

    def add(self, key: bytes) -> int:
        """The number of a key, a new one if it was not there."""
        slots = self._slots
        slot = hash(key) % len(slots)
        while after := slots[slot]:
            if self[after - 1] == key:
                return after - 1
            slot = (slot + 1) % len(slots)
        number = len(self._starts) - 1
        self._bytes += key
        self._starts.append(len(self._bytes))
        slots[slot] = number + 1
        if 3 * number > len(slots):
            self._grow()
        return number

    def _grow(self) -> None:
        slots = _free(2 * len(self._slots))
        for number in range(len(self)):
            slot = hash(bytes(self[number])) % len(slots)
            while slots[slot]:
                slot = (slot + 1) % len(slots)
            slots[slot] = number + 1
        self._slots = slots


def _free(count: int) -> array[int]:
    return array("I", bytes(4 * count))
