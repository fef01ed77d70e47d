"""What is said of the images of a run."""

from __future__ import annotations

import pytest

from hangar.cli.conclusion import foretold, summary
from hangar.cli.lists import Listed
from hangar.cli.mirror import CHECKING, COPYING, FORETELLING
from hangar.cli.records import Level, Record
from hangar.cli.words import Words, moved
from hangar.errors import Interrupted, NotFound
from hangar.events import (
    BlobStarted,
    ImageFinished,
    Noticed,
    Outcome,
    Report,
    Status,
    Traffic,
)
from hangar.imagelist import parse_list

COPIED = Outcome(
    1, "a:1", "hub/a:1", "here/a:1", Status.COPIED, traffic=Traffic(2000, 30, 1)
)
SAME = Outcome(2, "b:1", "hub/b:1", "here/b:1", Status.UP_TO_DATE)
GONE = Outcome(3, "c:1", "hub/c:1", "here/c:1", Status.FAILED, error=Interrupted(""))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (COPYING, "error occurred when copy [hub/d:1]: not there"),
        (CHECKING, "FAILED: [hub/d:1]: not there"),
    ],
)
def test_no_destination_is_told_that_is_not_known(words: Words, said: str) -> None:
    error = NotFound("not there")
    lost = Outcome(4, "d:1", "hub/d:1", "", Status.FAILED, error=error)

    record = words.record(ImageFinished(lost))

    assert record is not None
    assert record.message == said


@pytest.mark.parametrize(
    ("traffic", "text"),
    [
        (Traffic(), "0 B sent"),
        (Traffic(sent=1), "1 B sent"),
        (
            Traffic(sent=2000, present=30, mounted=1),
            "2.0 kB sent, 1 B mounted, 30 B present",
        ),
    ],
)
def test_bytes_are_told_by_how_they_came(traffic: Traffic, text: str) -> None:
    assert moved(traffic) == text


def test_what_was_noticed_is_a_warning() -> None:
    record = COPYING.record(Noticed(4, "no referrers API"))

    assert record == Record(Level.WARN, "no referrers API", 4)


@pytest.mark.parametrize("event", [BlobStarted(1, "x", 1), ImageFinished(GONE)])
def test_transfers_and_interrupted_images_are_not_logged(
    event: BlobStarted | ImageFinished,
) -> None:
    assert COPYING.record(event) is None


def test_the_summary_counts_images_lines_and_bytes() -> None:
    report = Report((COPIED, SAME, GONE), seconds=75)

    images = Listed.of(parse_list(["a", "a", "b c", "d e"]), mirrored=True)

    assert summary(report, images, COPYING) == (
        "Summary: 1 copied, 1 up to date, 0 skipped, 1 failed, 2 lines ignored, "
        "1 line repeated; 2.0 kB sent, 1 B mounted, 30 B present; 1:15"
    )
    assert summary(Report((SAME,)), Listed.of((), mirrored=True), CHECKING) == (
        "Summary: 1 passed, 0 skipped, 0 failed; 0.0 s"
    )


def test_what_would_be_done_stands_in_columns() -> None:
    assert foretold(Report((COPIED, SAME)), FORETELLING) == [
        "to copy     2.0 kB sent, 1 B mounted, 30 B present  hub/a:1 => here/a:1",
        "up to date                                          hub/b:1 => here/b:1",
    ]
    assert foretold(Report(()), FORETELLING) == []
