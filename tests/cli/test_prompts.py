"""Questions that take a yes or a no."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from hangar.cli.prompts import allow_writing, confirmed
from hangar.errors import HangarError


@pytest.fixture
def answer(monkeypatch: pytest.MonkeyPatch) -> io.BytesIO:
    """What standard input has to say; empty unless a test writes to it."""
    typed = io.BytesIO()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(typed))
    return typed


@pytest.mark.parametrize("typed", [b"y\n", b"Yes please\n", b"  yes", b"y"])
def test_a_word_that_begins_with_y_says_yes(
    answer: io.BytesIO, typed: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    answer.write(typed)
    answer.seek(0)

    assert confirmed("Go on?")
    assert capsys.readouterr().out == "Go on? [y/N] "


@pytest.mark.parametrize("typed", [b"", b"\ny\n", b"no\n", b"oy", b"\xff\n", b"\0y"])
def test_anything_else_says_no(answer: io.BytesIO, typed: bytes) -> None:
    answer.write(typed)
    answer.seek(0)

    assert not confirmed("Go on?")


def test_a_closed_standard_input_says_no(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)

    assert not confirmed("Go on?")


def test_an_answer_given_beforehand_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert confirmed("Go on?", yes=True)
    assert capsys.readouterr().out == "Go on? [y/N] y\n"


def test_a_question_cannot_move_the_cursor(capsys: pytest.CaptureFixture[str]) -> None:
    confirmed("Delete \033[2Jx?", yes=True)

    assert capsys.readouterr().out == "Delete \\x1b[2Jx? [y/N] y\n"


def test_only_a_file_that_is_there_is_asked_about(
    tmp_path: Path, answer: io.BytesIO, capsys: pytest.CaptureFixture[str]
) -> None:
    name = str(tmp_path / "x.zip")

    allow_writing(name)
    allow_writing("/dev/null")
    assert not capsys.readouterr().out

    Path(name).write_text("old")
    with pytest.raises(HangarError, match=r'file ".*x\.zip" already exists'):
        allow_writing(name)
    answer.write(b"y\n")
    answer.seek(0)
    allow_writing(name)
    allow_writing(name, yes=True)

    question = f'File "{name}" already exists! Overwrite? [y/N] '
    assert capsys.readouterr().out == f"{question}{question}{question}y\n"
