"""Choosing tags."""

from __future__ import annotations

import pytest

from hangar.errors import InvalidInput
from hangar.tagfilter import TagFilter

TAGS = (
    *("latest", "1.10", "1.9", "1.9.1", "v1.9.1", "1.10-alpine", "2.0.0-rc.1"),
    *("main", "1.9", "20.1.1.1"),
)


def test_no_filter_chooses_all_once_in_byte_order() -> None:
    assert TagFilter.parse().select(TAGS) == sorted(set(TAGS))


def test_a_pattern_is_found_anywhere_unless_it_is_anchored() -> None:
    assert TagFilter.parse("alp").select(TAGS) == ["1.10-alpine"]
    assert TagFilter.parse(r"^1\.9$").select(TAGS) == ["1.9"]


def test_a_range_chooses_versions_only_and_keeps_byte_order() -> None:
    chosen = TagFilter.parse(semver=">=1.9").select(TAGS)

    assert chosen == ["1.10", "1.9", "1.9.1", "v1.9.1"]


def test_the_newest_come_highest_first_without_prereleases() -> None:
    assert TagFilter.parse(newest=2).select(TAGS) == ["1.10", "1.9.1"]
    assert TagFilter.parse(newest=3).select(TAGS) == ["1.10", "1.9.1", "v1.9.1"]
    assert TagFilter.parse(newest=99).select(TAGS)[-1] == "1.9"


def test_a_range_lets_prereleases_be_the_newest() -> None:
    chosen = TagFilter.parse(semver=">=0-0", newest=2).select(TAGS)

    assert chosen == ["2.0.0-rc.1", "1.10"]


def test_all_that_is_asked_for_has_to_hold() -> None:
    chosen = TagFilter.parse("^v", semver="~1.9", newest=5).select(TAGS)

    assert chosen == ["v1.9.1"]


def test_what_is_excluded_is_not_among_the_newest() -> None:
    chosen = TagFilter.parse(newest=2, exclude=r"^1\.10$|^v").select(TAGS)

    assert chosen == ["1.9.1", "1.9"]


@pytest.mark.parametrize(
    "pattern",
    ["((a{1000}){1000}){1000}", "(?:ab){99999,}", "[)]{,1000000}", "(?R)", "(a|(?1))"],
)
def test_a_pattern_that_would_need_much_memory_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="regular expression"):
        TagFilter.parse(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^[0-9a-f]{64}(-[0-9a-f]{64}){1,20}$",
        r"\d{4}-\d{2}-\d{2}_[[:xdigit:]]{8}(?:-[[:xdigit:]]{4}){3}-[[:xdigit:]]{12}",
        r"\)\{1000000\}[({1000000}]",
        "(?i)(?P<x>a)(?(x)b|c)",
    ],
)
def test_patterns_that_are_large_but_of_use_are_not(pattern: str) -> None:
    assert TagFilter.parse(pattern).select([""]) == []


@pytest.mark.parametrize("exclude", [False, True])
def test_a_pattern_without_end_is_given_up(
    monkeypatch: pytest.MonkeyPatch, *, exclude: bool
) -> None:
    monkeypatch.setattr("hangar.tagfilter.PATIENCE", 0.05)
    endless = "^(a|aa)+$"
    chosen = TagFilter.parse(*(("", "", 0, endless) if exclude else (endless,)))

    with pytest.raises(InvalidInput, match=r"\^\(a\|aa\)\+\$' takes too long"):
        chosen.select([f"{'a' * 120}!", "a"])


def test_signatures_as_cosign_names_them_do_not_make_sloppy_patterns_slow() -> None:
    tags = [f"sha256-{number:064x}.sig" for number in range(200)]

    assert TagFilter.parse("^([a-z0-9]+-?)+$").select([*tags, "a-b"]) == ["a-b"]


@pytest.mark.parametrize(
    ("pattern", "semver", "newest"), [("(", "", 0), ("", "one", 0), ("", "", -1)]
)
def test_a_filter_that_means_nothing_is_refused(
    pattern: str, semver: str, newest: int
) -> None:
    with pytest.raises(InvalidInput, match="not a "):
        TagFilter.parse(pattern, semver, newest)
