"""Versions in tags, and ranges of them."""

from __future__ import annotations

import pytest

from hangar.errors import InvalidInput
from hangar.semver import Version, VersionRange

LADDER = (
    *("0.0.3", "0.0.4", "0.1.0", "0.2.3", "0.2.9", "0.3.0", "1.0", "1.2"),
    *("1.2.3-rc.1", "1.2.3", "v1.2.4", "1.3.0-alpine", "1.3", "1.9.9"),
    *("2.0.0-beta", "2", "22.04"),
)


def within(text: str) -> str:
    """Which versions of the ladder a range holds."""
    versions = VersionRange.parse(text)
    read = [(text, Version.parse(text)) for text in LADDER]
    return " ".join(text for text, version in read if version and version in versions)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.2.3", "1.2.3"),
        ("=1.2", "1.2 1.2.3 v1.2.4"),
        ("1.2.x", "1.2 1.2.3 v1.2.4"),
        ("1.*", "1.0 1.2 1.2.3 v1.2.4 1.3 1.9.9"),
        (">1.2", "1.3 1.9.9 2 22.04"),
        (">1.2.3", "v1.2.4 1.3 1.9.9 2 22.04"),
        (">= 1.9", "1.9.9 2 22.04"),
        ("=>2", "2 22.04"),
        ("<0.2", "0.0.3 0.0.4 0.1.0"),
        ("<=0.2", "0.0.3 0.0.4 0.1.0 0.2.3 0.2.9"),
        ("=<0.2.3", "0.0.3 0.0.4 0.1.0 0.2.3"),
        ("~1.2.3", "1.2.3 v1.2.4"),
        ("~>1.2", "1.2 1.2.3 v1.2.4"),
        ("~1", "1.0 1.2 1.2.3 v1.2.4 1.3 1.9.9"),
        ("^1.2.3", "1.2.3 v1.2.4 1.3 1.9.9"),
        ("^v1.3", "1.3 1.9.9"),
        ("^0.2.3", "0.2.3 0.2.9"),
        ("^0.0.3", "0.0.3"),
        ("^0.0", "0.0.3 0.0.4"),
        ("^0", "0.0.3 0.0.4 0.1.0 0.2.3 0.2.9 0.3.0"),
        ("1.2 - 1.3", "1.2 1.2.3 v1.2.4 1.3"),
        (">=1.2, <1.3", "1.2 1.2.3 v1.2.4"),
        (">=1.2 <1.3,!=1.2.3", "1.2 v1.2.4"),
        ("^0.2 || ~1.3", "0.2.3 0.2.9 1.3"),
        ("22.x", "22.04"),
    ],
)
def test_a_range_holds_what_skopeo_and_helm_say_it_does(
    text: str, expected: str
) -> None:
    assert within(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (">=1.2 <2", "1.2 1.2.3 v1.2.4 1.3 1.9.9"),
        (">=1.2-0 <2", "1.2 1.2.3-rc.1 1.2.3 v1.2.4 1.3.0-alpine 1.3 1.9.9"),
        ("=1.2.3-rc.1", "1.2.3-rc.1"),
        (">1.2.3-rc.1 <1.3", "1.2.3 v1.2.4"),
        ("1.2 - 1.2.3-rc.1", "1.2 1.2.3-rc.1"),
        ("~1.2.3-0", "1.2.3-rc.1 1.2.3 v1.2.4"),
        ("^1.2.3-0 || 2", "1.2.3-rc.1 1.2.3 v1.2.4 1.3.0-alpine 1.3 1.9.9 2"),
        (">=0-0", " ".join(LADDER)),
    ],
)
def test_prereleases_are_held_where_a_prerelease_is_named(
    text: str, expected: str
) -> None:
    assert within(text) == expected


def test_any_but_one_is_everything_else() -> None:
    held = within("!=1.2").split()

    assert [v for v in LADDER if v not in held] == [
        *(["1.2", "1.2.3-rc.1", "1.2.3", "v1.2.4", "1.3.0-alpine", "2.0.0-beta"]),
    ]


def test_versions_are_ordered_as_semver_org_orders_them() -> None:
    chain = (
        *("1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta"),
        *("1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "2.0.0", "2.1.0"),
    )

    read = [version for text in chain if (version := Version.parse(text))]

    assert len(read) == len(chain)
    assert read == sorted(set(read))


def test_what_does_not_count_makes_no_difference() -> None:
    versions = {Version.parse(t) for t in ("1.2", "v1.2.0", "1.2.0+a.b", "01.2_build")}

    assert versions == {Version((1, 2, 0))}


@pytest.mark.parametrize(
    "text",
    ["", "latest", "1.2.3.4", "1.", "v", "1.2-", "1.2-a..b", "1 ", "٣", "9" * 19],
)
def test_what_is_no_version_is_none(text: str) -> None:
    assert Version.parse(text) is None


@pytest.mark.parametrize(
    "text",
    [
        *("", "a", ">", "1..2", ">=1.2.3.4", "x.1", "1.*.3", ">>1", "1.2 foo"),
        *("1.2 ||", "1.2 - ", "1 & 2", "*-0", ">=1,,x y"),
    ],
)
def test_what_is_no_range_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InvalidInput, match="not a range of versions") as caught:
        VersionRange.parse(text)
    assert ">=1.2, <2" in caught.value.hint
