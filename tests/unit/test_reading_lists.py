"""Files that hold image lists."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from hangar import imagelist
from hangar.errors import InvalidImageList

TEXT = "# ä comment\r\nnginx:1\r\n\r\na b c\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        "\ufeff".encode("utf-16-be") + TEXT.encode("utf-16-be"),
        TEXT.replace("\r\n", "\r").encode(),
        TEXT.encode("latin-1"),
        TEXT.encode("utf-8-sig").replace(b"a b c", b"\xef\xbb\xbfa b c"),
    ],
    ids=["UTF-8", "marked", "UTF-16", "big-endian", "old ends", "Latin-1", "joined"],
)
def test_text_is_read_however_an_editor_wrote_it(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "list"
    path.write_bytes(data)

    lines = imagelist.read_list(str(path))

    assert [(line.number, line.text) for line in lines] == [
        (1, "nginx:1"),
        (2, "a b c"),
    ]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = SimpleNamespace(buffer=io.BytesIO(b"nginx:1\n"))
    monkeypatch.setattr(sys, "stdin", stdin)

    assert [line.text for line in imagelist.read_list("-")] == ["nginx:1"]


def test_a_line_of_a_mebibyte_is_ignored_and_those_behind_it_are_read(
    tmp_path: Path,
) -> None:
    path = tmp_path / "list"
    path.write_text(f"nginx:1\n{'x' * (1 << 20)}\n# {'y' * (1 << 20)}\nredis:2\n")

    lines = imagelist.read_list(str(path))

    assert [(line.number, line.source) for line in lines] == [
        (1, "nginx:1"),
        (2, ""),
        (3, "redis:2"),
    ]


def test_without_standard_input_there_is_no_empty_list(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    with pytest.raises(InvalidImageList, match="no standard input"):
        imagelist.read_list("-")


@pytest.mark.parametrize(
    "data",
    [
        *(b"\xff\x00\x80", b"PK\x03\x04\0\0", b"a\0b", "nginx:1".encode("utf-16-le")),
        b"\xff\xfe\0",
    ],
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "list"
    path.write_bytes(data)

    with pytest.raises(InvalidImageList, match="is no text") as caught:
        imagelist.read_list(str(path))

    assert "UTF-8" in caught.value.hint


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidImageList, match=r"failed to open .*: No such file"):
        imagelist.read_list(str(tmp_path / "list"))
    with pytest.raises(InvalidImageList, match=r"failed to open .*: Is a directory"):
        imagelist.read_list(str(tmp_path))


def test_a_file_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imagelist, "MAX_LIST", 1 << 20)

    with pytest.raises(InvalidImageList, match="larger than 1 MiB"):
        imagelist.read_list("/dev/zero")
