"""What the documentation claims of the command line."""

from __future__ import annotations

import json
import re

import jsonschema
import pytest

from hangar.cli.help import described
from hangar.cli.tree import every_path
from scripts.reference import DOCS, name_of, own, pages

COMMANDS = [path[-1].load() for path in every_path()]


def test_the_tables_of_options_are_current() -> None:
    for page, text in pages().items():
        assert page.read_text() == text, f"{page}: run `make docs`"


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_every_command_with_options_of_its_own_is_documented(command: object) -> None:
    options = own(command)  # type: ignore[arg-type]
    if name_of(command) == "hangar":  # type: ignore[arg-type]
        return
    text = "".join(page.read_text() for page in (DOCS / "commands").glob("*.md"))
    for option in options:
        assert option.help
        assert f"{option.long}" in described(command)  # type: ignore[arg-type]
        assert option.long in text


def test_the_example_of_a_report_agrees_with_the_schema() -> None:
    page = (DOCS / "report.md").read_text()
    example = re.search(r"```json\n(.*?)```", page, re.DOTALL)
    assert example
    value = json.loads(example[1].replace("sha256:…", f"sha256:{'0' * 64}"))
    schema = json.loads((DOCS / "report.schema.json").read_text())

    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema)
