"""The documentation names a test for each manner of registries."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
PAGE = TESTS.parent / "docs" / "registries.md"


def test_every_manner_in_the_documentation_has_its_test() -> None:
    text = PAGE.read_text()
    section = text[text.index("## Odd manners") : text.index("## Harbor")]
    rows = [line.split(" | ") for line in section.splitlines() if " | `" in line]
    defined = Counter(
        node.name
        for folder in ("quirks", "registry", "cli")
        for path in (TESTS / folder).glob("test_*.py")
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef)
    )

    assert len(rows) > 40
    for manner, _, named in rows:
        names = re.findall(r"`(\w+)`", named)
        assert names, manner
        for name in names:
            assert defined[f"test_{name}"] == 1, (manner, name)


def test_every_test_of_a_manner_is_in_the_documentation() -> None:
    text = PAGE.read_text()

    for file in ("test_sources.py", "test_destinations.py", "test_faults.py"):
        for node in ast.parse((TESTS / "quirks" / file).read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                assert f"`{node.name.removeprefix('test_')}`" in text
