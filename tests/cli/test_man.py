"""The manual pages that ``make man`` writes, judged by mandoc."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from hangar.cli.command import Command
from hangar.cli.tree import every_path
from scripts import man
from scripts.reference import name_of, own

COMMANDS = [path[-1].load() for path in every_path()]


def mandoc(page: Path, *flags: str) -> str:
    """What mandoc says to a page."""
    ran = subprocess.run(
        ["mandoc", *flags, page], capture_output=True, text=True, check=False
    )
    return ran.stdout + ran.stderr


def shown(page: Path) -> str:
    """The words of a page as a reader sees them, however the lines are filled."""
    text = re.sub(r".\x08", "", mandoc(page, "-Tutf8"))  # bold is typed twice
    return " ".join(text.split())


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    man.main(str(tmp_path / "man"))
    return tmp_path / "man"


def page_of(pages: Path, command: Command) -> Path:
    return pages / f"{man.page_name(command)}.1"


def test_every_command_has_a_page_and_nothing_else_has(pages: Path) -> None:
    assert set(pages.iterdir()) == {page_of(pages, command) for command in COMMANDS}


def test_every_page_is_valid(pages: Path) -> None:
    for page in pages.iterdir():
        assert mandoc(page, "-Tlint", "-Wwarning") == ""


def test_a_page_says_what_the_help_says(pages: Path) -> None:
    for command in COMMANDS:
        text, entry = shown(page_of(pages, command)), command.path[-1]
        assert f"{name_of(command)} {command.usage}" in text
        assert entry.summary.rstrip(".") in text
        for alias in entry.aliases:
            assert re.search(rf"Aliases: .*\b{alias}\b", text)
        for child in entry.visible:
            assert f"{child.name} {child.summary}" in text
        for option in own(command):
            assert option.long in text
            assert " ".join((option.help or "").split()) in text
            assert not (names := option.variables(command.names)) or names[0] in text
        for line in command.examples.splitlines():
            assert " ".join(line.split()) in text


def test_no_character_of_a_text_means_anything_to_roff(
    tmp_path: Path,
) -> None:
    lines = [r"a\fBb \e", ".SH x", "'br", "`--x' ^~", "-1 -- ü", r"\\"]
    page = tmp_path / "x.1"
    head = (".TH X 1 2026-01-01", ".SH NAME", ".nf")
    page.write_text("\n".join((*head, *map(man.text, lines), "")))

    text = mandoc(page, "-Tutf8")

    body = [line.strip() for line in text.splitlines() if line.startswith(" ")]
    assert [line for line in body if line][:-1] == lines


def test_the_same_program_makes_the_same_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1767225600")
    for name in ("a", "b"):
        man.main(str(tmp_path / name))

    for page in (tmp_path / "a").iterdir():
        text = page.read_text()
        assert " 1 2026-01-01 " in text.splitlines()[0]
        assert text == (tmp_path / "b" / page.name).read_text()
