"""Completion of command lines, in the shells themselves."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from hangar.cli.completion import SHELLS, candidates
from hangar.cli.main import invoke


def completed(line: str) -> list[str]:
    """What the last word of ``line`` may become."""
    *before, word = line.split(" ")
    return [candidate for candidate, _ in candidates(before, word)]


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("mi", ["mirror"]),
        ("mirror v", ["validate"]),
        ("--debug m", ["mirror"]),
        ("mirror -f x va", ["validate"]),
        ("mirror validate --dee", ["--deep"]),
        ("mirror --dest", ["--destination", "--destination-project"]),
        ("mirror --sigstore", []),
        ("mirror -f ", [":.txt"]),
        ("mirror --failed=x", [":.txt"]),
        ("mirror --report ", [":.json"]),
        ("mirror --log-format ", ["text", "json"]),
        ("mirror --log-format=j", ["--log-format=json"]),
        ("mirror --overwrite=", ["--overwrite=true", "--overwrite=false"]),
        ("mirror --unknown=", []),
        ("mirror --timeout ", []),
        ("completion z", ["zsh"]),
        ("help mir", ["mirror"]),
        ("help mirror ", ["validate"]),
        ("help unknown ", []),
        ("version ", []),
        ("mirror -- --dest", []),
    ],
)
def test_what_fits_is_offered(line: str, found: list[str]) -> None:
    assert completed(line) == found


def test_hidden_commands_are_not_offered() -> None:
    assert "mirror" in completed("")
    assert not [name for name in completed("") if name.startswith("_")]


def test_candidates_come_with_descriptions_unless_unwanted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    invoke(["__complete", "--", "mir"])
    invoke(["__complete", "--no-descriptions", "--", "mir"])

    described, plain = capsys.readouterr().out.splitlines()
    assert described == "mirror\tCopy images from registries to a registry."
    assert plain == "mirror"


@pytest.mark.parametrize("shell", SHELLS)
def test_scripts_can_do_without_descriptions(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    invoke(["completion", shell])
    with_them = capsys.readouterr().out
    invoke(["completion", shell, "--no-descriptions"])
    without = capsys.readouterr().out

    assert "__complete -- " in with_them
    assert without == with_them.replace("__complete", "__complete --no-descriptions")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with lists, other files, and ``hangar`` on the way to be found."""
    for name in ("images.txt", "images.zip", "imagine.txt"):
        (tmp_path / name).touch()
    (tmp_path / "folder").mkdir()
    program = tmp_path / "bin" / "hangar"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m hangar "$@"\n')
    program.chmod(0o755)
    return tmp_path


def environment(folder: Path) -> dict[str, str]:
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(folder), "TERM": "dumb"}


def bash(folder: Path, line: str) -> list[str]:
    script = f"""
        source <(hangar completion bash)
        COMP_LINE={shlex.quote(line)} COMP_POINT={len(line)}
        compopt() {{ :; }}
        _hangar
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    return run(folder, ["bash", "--norc", "-c", script])


def fish(folder: Path, line: str) -> list[str]:
    script = f"hangar completion fish | source; complete -C {shlex.quote(line)}"
    return run(folder, ["fish", "--no-config", "-c", script])


def run(folder: Path, command: list[str]) -> list[str]:
    ran = subprocess.run(
        command,
        check=True,
        capture_output=True,
        cwd=folder,
        env=environment(folder),
        text=True,
    )
    assert not ran.stderr
    return ran.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("hangar mi", ["mirror"]),
        ("hangar mirror validate --dee", ["--deep"]),
        ("hangar mirror -f ima", ["images.txt", "imagine.txt"]),
        ("hangar mirror -f fo", ["folder"]),
        ("hangar mirror --failed=imagi", ["imagine.txt"]),
        ("hangar mirror --log-format=j", ["json"]),
        ("hangar completion ", ["bash", "fish", "powershell", "zsh"]),
    ],
)
def test_bash_completes(folder: Path, line: str, found: list[str]) -> None:
    assert bash(folder, line) == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("hangar mi", ["mirror\tCopy images from registries to a registry."]),
        ("hangar mirror -f ima", ["images.txt", "imagine.txt"]),
        ("hangar mirror -f fo", ["folder/"]),
        ("hangar mirror --failed=imagi", ["--failed=imagine.txt"]),
        ("hangar mirror --log-format=j", ["--log-format=json"]),
    ],
)
def test_fish_completes(folder: Path, line: str, found: list[str]) -> None:
    assert fish(folder, line) == found
