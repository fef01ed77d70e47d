"""What ``hangar`` names is public, and the command line uses nothing else."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import hangar
from hangar import Destination, Source, cli
from scripts.reference import documentation

PACKAGE = Path(hangar.__file__)
ROLES = (Source, Destination)
COMMAND_LINE = sorted(Path(cli.__file__).parent.rglob("*.py"))


def imports(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Modules with the names taken from them; "" is the module as a whole."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not node.level
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


@pytest.mark.parametrize("path", COMMAND_LINE, ids=lambda path: path.stem)
def test_the_command_line_uses_public_names_only(path: Path) -> None:
    public = {*hangar.__all__, "__version__", "cli", ""}
    tree = ast.parse(path.read_text())

    for module, name in imports(tree):
        if module == "hangar":
            assert name in public
        elif module.startswith("hangar."):
            assert module.startswith("hangar.cli.") or module == "hangar.cli"
    aliases = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
        if alias.name == "hangar"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in aliases:
                assert node.attr in public
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "import_module":
            module = ast.unparse(node.args[0])
            assert module.startswith(("'hangar.cli.", "f'hangar.cli."))


def test_checkers_see_the_names_that_are_there() -> None:
    tree = ast.parse(PACKAGE.read_text())
    seen = {name: module for module, name in imports(tree) if "hangar." in module}

    assert {name: f"hangar.{home}" for name, home in hangar._HOMES.items()} == seen
    assert sorted(hangar.__all__) == sorted(seen)
    assert len(set(hangar.__all__)) == len(hangar.__all__)
    assert PACKAGE.with_name("py.typed").exists()


def test_every_public_name_is_there() -> None:
    for name in hangar.__all__:
        assert getattr(hangar, name) is not None
        assert name in dir(hangar)


@pytest.mark.parametrize("name", hangar.__all__)
def test_every_public_name_is_documented(name: str) -> None:
    value = getattr(hangar, name)

    assert documentation(name)
    if inspect.isclass(value):
        inherited = {key for base in ROLES for key in vars(base)}
        for key, member in vars(value).items():
            if not key.startswith("_") and key not in inherited | {"retryable"}:
                assert documented(member), key
    if inspect.isclass(value) and dataclasses.is_dataclass(value):
        told = inspect.getdoc(value) or ""
        fields = [field.name for field in dataclasses.fields(value)]
        assert "Attributes:" not in told or all(f"    {f}:" in told for f in fields)
    if inspect.isfunction(value) and "Args:" in (told := documentation(name)):
        for parameter in inspect.signature(value).parameters:
            assert f"    {parameter}: " in told


def documented(member: object) -> bool:
    """Whether a method or property says what it does; other members need not."""
    if isinstance(member, classmethod):
        member = member.__func__
    if inspect.isfunction(member) or isinstance(member, property):
        return bool(member.__doc__)
    return True


def test_no_other_name_is_there() -> None:
    with pytest.raises(AttributeError, match="no attribute 'mirror_everything'"):
        hangar.mirror_everything  # noqa: B018 - asking is the point


def test_nothing_is_imported_before_it_is_used() -> None:
    code = "import hangar, sys; print(*(m for m in sys.modules if 'hangar' in m))"

    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )

    assert done.stdout.split() == ["hangar"]
