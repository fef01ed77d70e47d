"""``hangar completion``, and what the scripts that it prints ask for.

A script calls ``hangar __complete -- WORDS`` with the words after ``hangar`` up to the
cursor, the last one perhaps empty. The answer is a candidate a line, with its
description after a tab; a line ``:SUFFIX`` asks for names of files that end so, and of
directories, of which ``:/`` asks for no others.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from hangar.cli.command import Command, command, option
from hangar.cli.output import show
from hangar.cli.pflag import BOOLEAN, FileList, FileName, first_positional, waiting
from hangar.cli.tree import Entry, find, path_to

SHELLS = ("bash", "fish", "powershell", "zsh")

_Candidate = tuple[str, str]
_SCRIPTS = Path(__file__).parent / "shells"


@command(
    "completion",
    usage="bash|fish|powershell|zsh [flags]",
    examples="""
        # For this session, in bash or zsh, fish, powershell:
        source <(hangar completion bash)
        hangar completion fish | source
        hangar completion powershell | Out-String | Invoke-Expression

        # For every session:
        hangar completion bash > /etc/bash_completion.d/hangar
        hangar completion zsh > "${fpath[1]}/_hangar"
        hangar completion fish > ~/.config/fish/completions/hangar.fish
        """,
)
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
@option("--no-descriptions", type=BOOLEAN, help="Complete without descriptions.")
def script(shell: str, no_descriptions: bool) -> None:
    """Print a shell's completion script."""
    text = (_SCRIPTS / f"hangar.{shell}").read_text(encoding="utf-8")
    if no_descriptions:
        text = text.replace("__complete --", "__complete --no-descriptions --")
    show(text.rstrip("\n"))


@command("__complete", usage="-- WORD...")
@click.argument("words", nargs=-1, required=True)
@option("--no-descriptions", type=BOOLEAN, help="Tell the names only.")
def complete(words: tuple[str, ...], no_descriptions: bool) -> None:
    """Tell a shell how a command line may go on."""
    for candidate, description in candidates(words[:-1], words[-1]):
        told = "" if no_descriptions or not description else f"\t{description}"
        show(f"{candidate}{told}")


def candidates(before: Sequence[str], word: str) -> Iterator[_Candidate]:
    """What ``word`` may become behind the words ``before``, each with a description."""
    path, rest = find(before)
    called = path[-1].load()
    name, equals, _ = word.partition("=")
    front = f"{name}=" if word.startswith("--") and equals else ""
    named = [flag for flag in called.options if front and flag.long == name]
    if awaited := waiting(rest, called.options):
        found = _values(awaited.type)
    elif front:
        found = (value for flag in named for value in _values(flag.type, front))
    elif word.startswith("-") and "--" not in rest:
        found = ((f.long, f.help or "") for f in called.options if not f.hidden)
    else:
        found = _words(path[-1], called, rest)
    for candidate, description in found:
        if candidate.startswith((word, ":")):
            yield candidate, description


def _words(entry: Entry, called: Command, rest: Sequence[str]) -> Iterator[_Candidate]:
    """Sub-commands, or what the command's own arguments may be."""
    if entry.name == "help":
        with contextlib.suppress(KeyError):
            entry = path_to(rest)[-1]
    for child in entry.visible:
        yield child.name, child.summary
    is_given = first_positional(rest, called.options) >= 0
    for parameter in called.params:
        if isinstance(parameter, click.Argument):
            if parameter.nargs == -1 or not is_given:
                yield from _values(parameter.type)


def _values(kind: click.ParamType[Any], front: str = "") -> Iterator[_Candidate]:
    """What an option's value may be, behind ``front``."""
    if isinstance(kind, click.Choice):
        yield from ((f"{front}{choice}", "") for choice in kind.choices)
    elif isinstance(kind, FileName | FileList):
        yield from ((f":{suffix}", "") for suffix in kind.suffixes or ("",))
    elif kind is BOOLEAN:
        yield from ((f"{front}{value}", "") for value in ("true", "false"))
