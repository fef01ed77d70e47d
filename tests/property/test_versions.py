"""Laws of versions and ranges."""

from __future__ import annotations

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from hangar.errors import InvalidInput
from hangar.semver import Version, VersionRange
from hangar.tagfilter import TagFilter

numbers = st.integers(0, 3)
identifiers = st.lists(st.sampled_from(["0", "1", "rc", "alpine", "a-b"]), max_size=3)
texts = st.builds(
    lambda major, minor, patch, words: (
        f"{major}.{minor}.{patch}{'-' if words else ''}{'.'.join(words)}"
    ),
    numbers,
    numbers,
    numbers,
    identifiers,
)
ALL = ">=0-0"
"""Lets prereleases in, so that only the order decides."""


def holds(condition: str, text: str) -> bool:
    version = Version.parse(text)
    assert version
    return version in VersionRange.parse(f"{ALL}, {condition}")


@given(texts, texts)
def test_of_two_versions_exactly_one_comparison_holds(one: str, other: str) -> None:
    assert [holds(f"{sign}{other}", one) for sign in "<=>"].count(True) == 1
    assert holds(f">={other}", one) == (not holds(f"<{other}", one))
    assert holds(f"<={other}", one) == (not holds(f">{other}", one))
    assert holds(f"!={other}", one) == (not holds(f"={other}", one))


@given(texts, texts)
def test_a_range_between_two_versions_is_both_comparisons(low: str, high: str) -> None:
    between = VersionRange.parse(f"{low} - {high}")
    both = VersionRange.parse(f">={low}, <={high}")

    assert between == both


@given(texts, texts)
def test_carets_and_tildes_begin_with_their_version(one: str, other: str) -> None:
    assert holds(f"^{other}", other)
    assert holds(f"~{other}", other)
    for sign in "^~":
        assert not holds(f"{sign}{other}", one) or holds(f">={other}", one)


@given(st.text(alphabet="0123456789vx.*-+_<>=!~^|, ab", max_size=24))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidInput):
        assert Version.parse("1.2.3") is not None
        VersionRange.parse(text)


@given(st.lists(texts), st.integers(1, 5))
def test_the_newest_are_no_older_than_what_is_left_out(
    tags: list[str], count: int
) -> None:
    chosen = TagFilter.parse(semver=ALL, newest=count).select(tags)

    rest = set(tags) - set(chosen)
    assert len(chosen) == min(count, len(set(tags)))
    read = {tag: version for tag in tags if (version := Version.parse(tag))}
    assert all(read[old] <= read[new] for old in rest for new in chosen)
