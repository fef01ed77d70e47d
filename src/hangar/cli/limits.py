"""Values of options that limit something: ``10MB``, ``docker.io=5``."""

from __future__ import annotations

import re

import click

from hangar.cli.pflag import CommaList

_SIZE = re.compile(r"(\d+\.?\d*|\.\d+) ?(?:([kKMGT])(i?))?B?", re.ASCII)
_HOST = re.compile(r"(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d+)?", re.ASCII)
_POWERS = {"k": 1, "m": 2, "g": 3, "t": 4}
_MOST = 1 << 60
"""Bytes; more than that is a slip of the finger."""


class Size(click.ParamType[int]):
    """Bytes, plain or with a unit: ``500k`` and ``10MB`` are decimal, ``10MiB`` not."""

    name = "size"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        match = _SIZE.fullmatch(value)
        if match is None:
            self.fail("expected bytes, such as 500000, 10MB or 10MiB", param, ctx)
        number, unit, binary = match.groups()
        power = _POWERS[unit.lower()] if unit else 0
        size = float(number) * (1024 if binary else 1000) ** power
        if size > _MOST or (0 < size < 1):
            self.fail(f"expected 1 to {_MOST} bytes", param, ctx)
        return int(size)


class Rates(CommaList):
    """Pairs ``HOST[:PORT]=N``, each N a positive number."""

    name = "rates"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        pairs = super().convert(value, param, ctx)
        for pair in pairs:
            host, _, number = pair.rpartition("=")
            if not _HOST.fullmatch(host) or not _positive(number):
                self.fail(f"expected HOST=N, found {pair!r:.100}", param, ctx)
        return pairs


SIZE = Size()
RATES = Rates()


def by_host(pairs: tuple[str, ...]) -> dict[str, float]:
    """The numbers of what `RATES` has read."""
    parts = (pair.rpartition("=") for pair in pairs)
    return {host.lower(): float(number) for host, _, number in parts}


def _positive(number: str) -> bool:
    try:
        return 0 < float(number) < _MOST
    except ValueError:
        return False
