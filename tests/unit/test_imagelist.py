"""The two formats of image lists."""

from __future__ import annotations

import pytest

from hangar.imagelist import MAX_LINE, Line, parse_list


@pytest.mark.parametrize(
    "line",
    [
        "nginx",
        "library/nginx:1",
        "127.0.0.1:5000/foo/bar/abc:latest",
        "docker.io/library/nginx@sha256:" + "ab" * 32,
    ],
)
def test_a_line_of_one_word_is_an_image(line: str) -> None:
    assert parse_list([f"  {line}\t\n"]) == (Line(1, line, line),)


@pytest.mark.parametrize("line", ["a b c", "  a   b  c  ", "a\tb\tc"])
def test_a_line_of_three_words_says_source_destination_and_tag(line: str) -> None:
    assert parse_list([line]) == (Line(1, line.strip(), "a", "b", "c"),)


@pytest.mark.parametrize("line", ["a b", "TEST INVALID IMAGE LIST LINE"])
def test_any_other_line_is_invalid_but_kept(line: str) -> None:
    (parsed,) = parse_list([line])

    assert not parsed.valid
    assert parsed.text == line


def test_comments_and_blank_lines_do_not_count() -> None:
    lines = parse_list(["# one", "", "// two", "nginx", "   ", "invalid line", "redis"])

    assert [(line.number, line.text) for line in lines] == [
        (1, "nginx"),
        (2, "invalid line"),
        (3, "redis"),
    ]


def test_a_line_without_end_is_invalid_and_cut() -> None:
    (line,) = parse_list(["x" * (MAX_LINE + 1)])

    assert not line.valid
    assert len(line.text) == MAX_LINE
