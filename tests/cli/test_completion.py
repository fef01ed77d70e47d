"""Completion of command lines, in the shells themselves."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.syntax import Syntax

from hangar.cli import completion
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
        ("archive store c", ["chart"]),
        ("a s f -f ", [":.zip"]),
        ("--debug mi", ["mirror"]),
        ("mirror -f x va", ["validate"]),
        ("mirror validate --dee", ["--deep"]),
        ("mirror --destin", ["--destination", "--destination-project"]),
        ("mirror --sigstore", []),
        ("mirror -f ", [":.txt", ":.yaml", ":.yml"]),
        ("mirror --src-cert-dir ", [":/"]),
        ("load -s ", [":.zip"]),
        ("save --since=", [":.zip"]),
        ("archive ls ", [":.zip"]),
        ("archive ls x.zip ", []),
        ("archive init x.zip ", [":.zip"]),
        ("archive export -f ", [":.txt", ":.yaml", ":.yml"]),
        ("inspect list --report ", [":"]),
        ("list-tags ", []),
        ("inspect ", ["list"]),
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
    for name in ("images.txt", "images.zip", "imagine.txt", "jobs.yaml", "notes.md"):
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
    return [line for line in run(folder, ["bash", "--norc", "-c", script]) if line]


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
        ("hangar mirror -f j", ["jobs.yaml"]),
        ("hangar archive ls ima", ["images.zip"]),
        ("hangar mirror --cert-dir f", ["folder"]),
        ("hangar mirror --cert-dir ima", []),
        ("hangar list-tags ima", []),
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
        ("hangar mirror -f j", ["jobs.yaml"]),
        ("hangar archive ls ima", ["images.zip"]),
        ("hangar mirror --cert-dir f", ["folder/"]),
        ("hangar mirror --cert-dir ima", []),
        ("hangar list-tags ima", []),
        ("hangar mirror --failed=imagi", ["--failed=imagine.txt"]),
        ("hangar mirror --log-format=j", ["--log-format=json"]),
    ],
)
def test_fish_completes(folder: Path, line: str, found: list[str]) -> None:
    assert fish(folder, line) == found


START = {
    "bash": ["--norc", "-i"],
    "zsh": ["-f", "-i"],
}
SET_UP = {
    "bash": "source <(hangar completion bash)",
    "zsh": "autoload -Uz compinit; compinit -u -D; source <(hangar completion zsh)",
}


TYPED = [
    ("hangar mir", "hangar mirror "),
    ("hangar mirror validate --dee", "hangar mirror validate --deep "),
    ("hangar mirror -f images", "hangar mirror -f images.txt "),
    ("hangar mirror -f j", "hangar mirror -f jobs.yaml "),
    ("hangar mirror --cert-dir fol", "hangar mirror --cert-dir folder/"),
    ("hangar archive ls im", "hangar archive ls images.zip "),
    ("hangar mirror --failed=imagi", "hangar mirror --failed=imagine.txt "),
    ("hangar mirror --log-format=j", "hangar mirror --log-format=json "),
    ("hangar list-tags image", "hangar list-tags image"),
    ("hangar mirror no", "hangar mirror no"),
    ("hangar mirror -f no", "hangar mirror -f no"),
]
KILL_LINE = "\x15"


@pytest.mark.parametrize("shell", START)
def test_a_shell_completes_at_a_terminal(folder: Path, shell: str) -> None:
    """A person at a terminal types, hits the tabulator, and types on."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(folder)
        command = [shutil.which(shell) or shell, *START[shell]]
        os.execve(command[0], command, environment(folder))  # noqa: S606 - none yet
    try:
        os.write(terminal, f"{SET_UP[shell]}; PS1=READY'>'\n".encode())
        until(terminal, "READY>")
        for typed, completed in TYPED:
            os.write(terminal, f"{typed}\tEND".encode())
            until(terminal, f"{completed}END")
            os.write(terminal, KILL_LINE.encode())
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)
        os.close(terminal)


def test_the_script_for_powershell_is_well_formed() -> None:
    """There is no powershell to be had; so this is what a lexer makes of it."""
    folder = Path(completion.__file__).parent / "shells"
    script = (folder / "hangar.powershell").read_text()
    lexer = Syntax("", "powershell").lexer
    assert lexer
    pairs, opened = {")": "(", "]": "[", "}": "{"}, []

    for kind, text in lexer.get_tokens(script):
        assert str(kind) != "Token.Error"
        for character in text if str(kind) == "Token.Punctuation" else "":
            if character in pairs.values():
                opened.append(character)
            elif character in pairs:
                assert opened.pop() == pairs[character]

    assert opened == []
    assert "__complete -- @arguments" in script


def until(terminal: int, wanted: str) -> None:
    """Read what a terminal shows until it is ``wanted``."""
    seen, end = "", time.monotonic() + 30
    while wanted not in seen:
        ready, _, _ = select.select([terminal], [], [], end - time.monotonic())
        assert ready, f"{wanted!r} is not in {seen!r}"
        seen += os.read(terminal, 65536).decode().replace("\a", "")
        seen = re.sub(r"[^\x08]\x08", "", seen)  # zsh takes its blank back
