"""Completion of command lines, in the shells themselves."""

from __future__ import annotations

import os
import pty
import select
import shlex
import shutil
import subprocess
import sys
import time
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
        ("--debug mi", ["mirror"]),
        ("mirror -f x va", ["validate"]),
        ("mirror validate --dee", ["--deep"]),
        ("mirror --destin", ["--destination", "--destination-project"]),
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


def test_bash_shows_descriptions_where_there_is_a_choice(folder: Path) -> None:
    options = bash(folder, "hangar mirror --o")

    assert options == [
        "--os         (Operating systems, parted by commas; '' is all.)",
        "--overwrite  (Drop platforms that only the destination has.)",
    ]


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


@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("hangar mir", "hangar mirror "),
        ("hangar mirror validate --dee", "hangar mirror validate --deep "),
        ("hangar mirror -f images", "hangar mirror -f images.txt "),
        ("hangar mirror --failed=imagi", "hangar mirror --failed=imagine.txt "),
        ("hangar mirror --log-format=j", "hangar mirror --log-format=json "),
    ],
)
def test_zsh_completes(folder: Path, typed: str, completed: str) -> None:
    """A person at a terminal types, and hits the tabulator."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        zsh = shutil.which("zsh") or "zsh"
        command = ["zsh", "-f", "-i"]
        os.execve(zsh, command, environment(folder))  # noqa: S606 - there is none yet
    try:
        script = (
            "autoload -Uz compinit; compinit -u -D; source <(hangar completion zsh)"
        )
        os.write(terminal, f"{script}; PS1=READY'>'\n".encode())
        until(terminal, "READY>")
        os.write(terminal, f"{typed}\t".encode())
        until(terminal, completed)
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)


def until(terminal: int, wanted: str) -> None:
    """Read what a terminal shows until it is ``wanted``."""
    seen, end = "", time.monotonic() + 30
    while wanted not in seen:
        ready, _, _ = select.select([terminal], [], [], end - time.monotonic())
        assert ready, f"{wanted!r} is not in {seen!r}"
        seen += os.read(terminal, 65536).decode().replace("\a", "")
