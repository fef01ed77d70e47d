"""Values of options that limit something."""

from __future__ import annotations

import click
import pytest

from hangar.cli.limits import RATES, SIZE, by_host
from hangar.cli.pflag import Option, normalised


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0", 0),
        ("1", 1),
        ("500000", 500_000),
        ("12B", 12),
        ("500k", 500_000),
        ("500kB", 500_000),
        ("500KB", 500_000),
        ("1.5 MB", 1_500_000),
        (".5M", 500_000),
        ("10MB", 10_000_000),
        ("10MiB", 10 << 20),
        ("1Gi", 1 << 30),
        ("2T", 2_000_000_000_000),
    ],
)
def test_sizes_are_decimal_unless_they_say_otherwise(text: str, size: int) -> None:
    assert SIZE.convert(text, None, None) == size


@pytest.mark.parametrize(
    "text",
    ["", "x", "-1", "1 0", "10iB", "10bM", "1e3", "0.5", "٣", "9" * 400, "99999999T"],
)
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        SIZE.convert(text, None, None)


def test_rates_add_up_over_all_uses_of_the_option() -> None:
    option = Option(["--rate"], type=RATES)
    words = ["--rate", "a.io=5", "--rate=b.io:5000=0.5,a.io=7"]

    (word, *_) = normalised(words, [option])

    pairs = RATES.convert(word.removeprefix("--rate="), None, None)
    assert by_host(pairs) == {"a.io": 7.0, "b.io:5000": 0.5}
    assert by_host(RATES.convert("", None, None)) == {}


def test_hosts_are_the_same_in_any_case() -> None:
    pairs = RATES.convert("Reg.io:5000=1,[::1]:5000=2,[fe80::A]=3", None, None)

    assert by_host(pairs) == {"reg.io:5000": 1.0, "[::1]:5000": 2.0, "[fe80::a]": 3.0}


@pytest.mark.parametrize(
    "text",
    [
        *("5", "=5", "a=", "a=x", "a=0", "a=-1", "a=nan", "a=inf"),
        # No image has such a host, so it would be of no effect:
        *("https://a.io=5", "a.io/b=5", "a.io=5 b.io=5", "a b=5", "a:=5"),
    ],
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        RATES.convert(text, None, None)
