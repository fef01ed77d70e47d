"""Entries of job files turned into images."""

from __future__ import annotations

import pytest

from hangar.deadline import Stop
from hangar.errors import (
    AccessDenied,
    HangarError,
    Interrupted,
    InvalidImageList,
    InvalidInput,
    NoMatchingTag,
)
from hangar.imagelist import Line
from hangar.jobs import JobImage
from hangar.oci import Platform
from hangar.operations.expansion import expanded

TAGS = ("1.0", "1.1", "2.0", "edge")
DIGEST = "sha256:" + "ab" * 32
AMD64, ARM64 = Platform("amd64", "linux"), Platform("arm64", "linux")


def entries(*images: JobImage) -> list[Line]:
    """The lines of a job file, as they are read."""
    error = InvalidImageList("not looked up")
    return [
        Line(number, str(image), image.name, job=image, error=error)
        for number, image in enumerate(images, start=1)
    ]


def expand(*images: JobImage, destinations: bool = True) -> tuple[Line, ...]:
    return expanded(entries(*images), lambda _: TAGS, destinations=destinations)


def test_tags_that_are_listed_come_first_and_none_comes_twice() -> None:
    lines = expand(JobImage("x", tags=("edge", "2.0"), semver=">=1"))

    assert [line.source for line in lines] == ["x:edge", "x:2.0", "x:1.0", "x:1.1"]
    assert [line.number for line in lines] == [1, 2, 3, 4]
    assert not any(line.error for line in lines)


def test_lines_of_a_plain_list_stay_as_they_are() -> None:
    lines = (Line(1, "x", "x"), Line(2, "a b c", "a", "b", "c"))

    assert expanded(lines, lambda _: TAGS) == lines


def test_repositories_are_asked_once_and_only_if_need_be() -> None:
    asked = []

    def tags_of(name: str) -> tuple[str, ...]:
        asked.append(name)
        return TAGS

    images = (
        *(JobImage("r.io/x", newest=1), JobImage("r.io/x", regex="e")),
        *(JobImage("r.io/y:1"), JobImage("r.io/z", tags=("1",))),
    )
    expanded(entries(*images), tags_of)

    assert asked == ["r.io/x"]


@pytest.mark.parametrize(
    ("image", "source", "destination"),
    [
        (JobImage("x", destination="r.io/y"), "x", "r.io/y:latest"),
        (JobImage("x:1", destination="r.io/y"), "x:1", "r.io/y:1"),
        (JobImage("x:1", destination="r.io/y:2"), "x:1", "r.io/y:2"),
        (JobImage("x", tags=("1",), destination="r.io/y:2"), "x:1", "r.io/y:2"),
        (JobImage("x", regex="dg", destination="r:5/y"), "x:edge", "r:5/y:edge"),
        (
            JobImage(f"x@{DIGEST}", destination="r.io/y"),
            f"x@{DIGEST}",
            f"r.io/y@{DIGEST}",
        ),
        (
            JobImage(f"x:1@{DIGEST}", destination="r.io/y"),
            f"x:1@{DIGEST}",
            f"r.io/y:1@{DIGEST}",
        ),
    ],
)
def test_a_destination_has_the_tag_of_the_source_unless_it_has_its_own(
    image: JobImage, source: str, destination: str
) -> None:
    (line,) = expand(image)
    (unsent,) = expand(image, destinations=False)

    assert (line.source, line.destination) == (source, destination)
    assert line.text == f"{source} => {destination}"
    assert (unsent.text, unsent.destination) == (source, "")
    # What is written into a list of what failed means the same image again.
    for left in (line, unsent):
        assert left.job
        assert expand(left.job)[0].destination == destination


def test_what_cannot_be_found_out_fails_and_what_is_not_there_is_skipped() -> None:
    denied = AccessDenied("no")

    def tags_of(name: str) -> tuple[str, ...]:
        if name == "r.io/no":
            raise denied
        return ("a" * 120,)

    images = (
        JobImage("r.io/no", newest=1),
        JobImage("r.io/x", semver="1"),
        JobImage("r.io/x", tags=("1",), semver="1"),
        JobImage("r.io/no", tags=("1",), regex="2"),
    )
    lines = expanded(entries(*images), tags_of)

    kinds: list[type[HangarError] | None] = [
        type(line.error) if line.error else None for line in lines
    ]
    assert kinds == [AccessDenied, NoMatchingTag, None, AccessDenied]
    assert [line.job for line in lines] == [
        *images[:2],
        JobImage("r.io/x:1"),
        images[3],
    ]


def test_a_pattern_without_end_fails_its_entry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hangar.tagfilter.PATIENCE", 0.05)
    images = (JobImage("x", regex="^(a|aa)+$"), JobImage("x:1"))

    first, second = expanded(entries(*images), lambda _: ("a" * 120 + "!",))

    assert isinstance(first.error, InvalidInput)
    assert "takes too long" in str(first.error)
    assert second.error is None


@pytest.mark.parametrize(
    ("first", "second", "joined"),
    [
        ((AMD64,), (ARM64,), (AMD64, ARM64)),
        ((AMD64,), (ARM64, AMD64), (AMD64, ARM64)),
        ((AMD64,), (), ()),
        ((), (AMD64,), ()),
        ((AMD64,), (AMD64,), (AMD64,)),
        (None, None, None),
    ],
)
def test_what_is_stated_twice_is_done_once_with_the_platforms_of_both(
    first: tuple[Platform, ...] | None,
    second: tuple[Platform, ...] | None,
    joined: tuple[Platform, ...] | None,
) -> None:
    lines = expand(
        JobImage("x:1.0", platforms=first),
        JobImage("y"),
        JobImage("x", tags=("1.0",), platforms=second),
        JobImage("x", tags=("1.0",), platforms=second, destination="r.io/x"),
    )

    assert [line.repeats for line in lines] == [0, 0, 1, 0]
    assert lines[0].platforms == joined
    assert lines[3].platforms == second


def test_three_statements_of_one_image_are_one() -> None:
    lines = expand(*(JobImage("x:1", platforms=(p,)) for p in (AMD64, ARM64, AMD64)))

    assert [line.repeats for line in lines] == [0, 1, 1]
    assert lines[0].platforms == (AMD64, ARM64)


@pytest.mark.parametrize("platforms", [(AMD64,), ()])
def test_platforms_and_none_for_one_image_are_a_contradiction(
    platforms: tuple[Platform, ...],
) -> None:
    stated, unstated = JobImage("x:1", platforms=platforms), JobImage("x:1")

    for images in ((stated, unstated), (unstated, stated)):
        first, second = expand(*images)
        assert first.error is None
        assert isinstance(second.error, InvalidImageList)
        assert not second.repeats


def test_it_ends_when_the_user_wants_to_stop() -> None:
    stop = Stop()
    stop.request()

    with pytest.raises(Interrupted):
        expanded(entries(JobImage("x", newest=1)), lambda _: TAGS, stop=stop)
