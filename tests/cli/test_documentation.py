"""What the documentation claims of the command line."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from hangar.cli.command import Command
from hangar.cli.help import described
from hangar.cli.tree import every_path
from scripts.reference import DOCS, name_of, own, pages

COMMANDS = [path[-1].load() for path in every_path()]


def test_the_tables_of_options_are_current() -> None:
    for page, text in pages().items():
        assert page.read_text() == text, f"{page}: run `make docs`"


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_every_command_with_options_of_its_own_is_documented(command: Command) -> None:
    pages = (DOCS / "commands").glob("*.md")
    text = "".join(page.read_text() for page in pages)
    for option in own(command):
        assert option.help
        assert option.long in described(command)
        assert option.long in text


def test_the_example_of_a_report_agrees_with_the_schema() -> None:
    page = (DOCS / "report.md").read_text()
    example = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert example
    value = json.loads(example[1].replace("sha256:…", f"sha256:{'0' * 64}"))
    schema = json.loads((DOCS / "report.schema.json").read_text())

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema)
