"""What is said of configuration files that cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hangar.configuration import files
from hangar.configuration.files import read, read_json, read_toml
from hangar.errors import InvalidConfiguration
from hangar.strict import parse_json, parse_yaml

Reader = Callable[[Path], Any]


def strict_json(path: Path) -> Any:
    return read(path, parse_json)


def strict_yaml(path: Path) -> Any:
    return read(path, parse_yaml)


@pytest.mark.parametrize(
    ("reader", "data", "said"),
    [
        (read_json, b'{\n"a": 1,\n}', "line 3, column 1: "),
        (read_json, b'{"a": ', "line 1, column 7: Expecting value"),
        (read_json, b"[" * 100_000, ": "),
        (read_json, b"\n[]", "expected an object"),
        (read_json, b"{}\n\xff", "line 2: not text in UTF-8"),
        (read_json, b"\xef\xbb\xbf{\n,}", "line 2, column 1: "),
        (read_toml, b'a = 1\nb = "\n', "line 2, column 6: "),
        (read_toml, b"a = 1\na = 2\n", "line 2, column 6: Cannot overwrite a value"),
        (read_toml, b'a = 1\n\nb = """x\n\n', "line 3: "),
        (strict_json, b'{\n"a": 1,\n}', "line 3, column 1: "),
        (strict_json, b'{\n"a": {\n"b": 1, "b": 2}}', "line 2: 'b' is there twice"),
        (strict_yaml, b"a: 1\nb: [\n", "line 3: "),
        (strict_yaml, b"a: 1\nb: \x00\n", "line 2: "),
    ],
)
def test_the_file_the_line_and_what_is_wrong_are_told(
    tmp_path: Path, reader: Reader, data: bytes, said: str
) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)

    with pytest.raises(InvalidConfiguration) as caught:
        reader(path)

    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value).removeprefix(f"{path}")
    assert caught.value.hint == "repair or remove the file"


def test_a_file_without_end_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "MAX_FILE", 10)
    path = tmp_path / "file"
    path.write_bytes(b"{" + b" " * 10 + b"}")

    with pytest.raises(InvalidConfiguration, match="too large"):
        read_json(path)


def test_what_is_no_file_is_told_and_what_is_not_there_is_none(tmp_path: Path) -> None:
    assert read_json(tmp_path / "none") is None
    assert read_json(tmp_path / "none" / "file") is None
    with pytest.raises(InvalidConfiguration, match="Is a directory"):
        read_json(tmp_path)


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b" \n")

    assert read_json(path) == read_toml(path) == {}
