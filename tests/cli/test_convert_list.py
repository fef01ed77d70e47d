"""``hangar convert-list``: the format to the byte, and what the Go program got wrong.

Its weak spot 43 (ports, digests, lines in the mirror format, the last newline) has a
test here each.
"""

from __future__ import annotations

import pytest

from tests.support.running import Desk, Ran

HEX = "ab" * 32


def convert(desk: Desk, *lines: str, flags: str = "") -> Ran:
    """Convert a list of lines."""
    listed = desk.write("list.txt", *lines)
    return desk.hangar("convert-list", "-i", listed, "--hide-log-time", *flags.split())


@pytest.mark.parametrize(
    ("line", "flags", "row"),
    [
        ("alpine:3", "-s example.io", "example.io/alpine docker.io/alpine 3"),
        ("alpine", "", "alpine docker.io/alpine latest"),
        ("a/b:1", "-d r.io", "a/b r.io/a/b 1"),
        ("quay.io/a/b:1", "", "quay.io/a/b quay.io/a/b 1"),
        ("quay.io/a/b:1", "-s s.io -d d.io", "s.io/a/b d.io/a/b 1"),
        ("localhost/a", "-d d.io/x/", "localhost/a d.io/x/a latest"),
        ("127.0.0.1:5000/a/b:1", "", "127.0.0.1:5000/a/b 127.0.0.1:5000/a/b 1"),
        ("127.0.0.1:5000/a/b", "-d d:1", "127.0.0.1:5000/a/b d:1/a/b latest"),
        (f"x:1@sha256:{HEX}", "-d d.io", f"x@sha256:{HEX} d.io/x 1"),
        ("docker://x:1 # why", "", "docker.io/x docker.io/x 1"),
        ("a/b  c/d\t1", "", "a/b c/d 1"),
        ("s:5/a/b c/d 1", "-s s.io -d d.io", "s.io/a/b d.io/c/d 1"),
    ],
)
def test_a_line_becomes_source_destination_and_tag(
    desk: Desk, line: str, flags: str, row: str
) -> None:
    ran = convert(desk, line, flags=flags)

    assert (ran.status, ran.out) == (0, "")
    assert ran.err == '- [INFO] Converted "list.txt" to "list.txt.converted"\n'
    assert desk.read("list.txt.converted") == f"{row}\n"


def test_what_has_a_digest_and_no_tag_stays_as_it_is_and_is_told(desk: Desk) -> None:
    ran = convert(desk, f"q.io/x@sha256:{HEX}", "y:1", flags="-s s.io -o out")

    assert desk.read("out") == f"s.io/x@sha256:{HEX}\ns.io/y docker.io/y 1\n"
    assert f'[WARN] Keep image list line "q.io/x@sha256:{HEX}" in the d' in ran.err


def test_what_is_left_out_is_told(desk: Desk) -> None:
    lines = ("# a", "x:1", "", "  # b", "no image", "x:1 # c", "UPPER:1", "x y /")

    ran = convert(desk, *lines, flags="-o out")

    assert ran.status == 0
    assert desk.read("out") == "x docker.io/x 1\n"
    assert ran.err.splitlines() == [
        '- [WARN] Ignore image list line "no image": invalid format',
        '- [INFO] [IMG:3] Leave out 1 repeated line: "x:1 # c" is the same as [IMG:1]',
        (
            '- [WARN] Ignore image list line "UPPER:1": invalid reference format:'
            " 'UPPER:1'"
        ),
        (
            '- [WARN] Ignore image list line "x y /": invalid reference format:'
            " 'docker.io/library/y:/'"
        ),
        '- [INFO] Converted "list.txt" to "out"',
    ]


@pytest.mark.parametrize("flags", ["-i -", "-i - -o -", "-i list.txt -o -"])
def test_it_stands_between_pipes(desk: Desk, flags: str) -> None:
    desk.write("list.txt", "x:1")

    ran = desk.hangar("convert-list", *flags.split(), typed="x:1\n")

    assert (ran.status, ran.out, ran.err) == (0, "x docker.io/x 1\n", "")


def test_what_was_converted_can_be_mirrored(desk: Desk) -> None:
    convert(desk, "127.0.0.1:1/a/b:1", flags="-d 127.0.0.1:2 -o out")

    flags = ("-f", "out", "--tls-verify=false", "--retry-times", "0")
    ran = desk.hangar("mirror", *flags, "--hide-log-time")

    assert "[127.0.0.1:1/a/b:1] to [127.0.0.1:2/a/b:1]" in ran.err


def test_a_file_is_replaced_only_if_the_user_says_so(desk: Desk) -> None:
    desk.write("out", "mine")

    refused = convert(desk, "x:1", flags="-o out")
    kept = desk.read("out")
    agreed = convert(desk, "x:1", flags="-o out -y")

    assert (refused.status, kept) == (1, "mine\n")
    assert refused.out == 'File "out" already exists! Overwrite? [y/N] '
    assert agreed.status == 0
    assert desk.read("out") == "x docker.io/x 1\n"


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ("", "input not provided, use '--input'"),
        ("-i gone", 'failed to open "gone": No such file or directory'),
        ("-i list.txt -d https://r.io", "invalid reference format: "),
        ("-i list.txt -s /x", "invalid reference format: "),
    ],
)
def test_wrong_usage_writes_nothing(desk: Desk, flags: str, said: str) -> None:
    desk.write("list.txt", "x:1")

    ran = desk.hangar("convert-list", *flags.split())

    assert ran.status == 2
    assert said in ran.err
    assert {p.name for p in desk.folder.iterdir()} == {"home", "list.txt"}
