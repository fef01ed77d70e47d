"""The two formats of image lists."""

from __future__ import annotations

import pytest

from hangar.imagelist import MAX_LINE, Line, parse_list
from hangar.operations.routes import mirror_targets


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


@pytest.mark.parametrize(
    ("line", "source", "destination", "tag"),
    [
        ("nginx:1 # note", "nginx:1", "", ""),
        ("nginx:1\t#", "nginx:1", "", ""),
        ("nginx:1 // three more words", "nginx:1", "", ""),
        ("docker://nginx:1", "docker.io/nginx:1", "", ""),
        ("docker://localhost/nginx", "localhost/nginx", "", ""),
        ("docker://127.0.0.1:5000/a/b:1  # x", "127.0.0.1:5000/a/b:1", "", ""),
        ("docker://a  docker://b c#d # e f", "docker.io/a", "b", "c#d"),
        ("a \t b\t\tc", "a", "b", "c"),
        ("\u00a0a\u3000b c\u2003", "a", "b", "c"),
    ],
)
def test_comments_transports_and_padding_do_not_change_what_a_line_says(
    line: str, source: str, destination: str, tag: str
) -> None:
    (parsed,) = parse_list([line])

    assert parsed == Line(1, line.strip(), source, destination, tag)


@pytest.mark.parametrize("line", ["docker.io/a b", "a/b c d e", "a/b\tc"])
def test_what_has_a_part_without_blanks_is_a_name_and_so_fails(line: str) -> None:
    (parsed,) = parse_list([line])

    assert (parsed.source, parsed.destination) == (line.replace("\t", " "), "")


def test_a_line_that_states_the_same_as_another_is_known_by_its_number() -> None:
    lines = parse_list(
        ["a b", "nginx:1", "a b", "nginx:1 # x", "a b 1", "a\tb  1", "docker://nginx:1"]
    )

    assert [line.repeats for line in lines] == [0, 0, 0, 2, 0, 5, 0]
    assert [line.number for line in lines] == [1, 2, 3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    "line", ["a b", "a\tb", "docker://", "TEST INVALID IMAGE LIST LINE"]
)
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


def test_what_is_stated_twice_is_one_image_to_the_library_too() -> None:
    lines = ["nginx:1", "nginx:1  # again", "no image", "nginx:2"]

    targets = mirror_targets(lines, to="r.io")

    assert [target.tag for target in targets] == ["1", "2"]
