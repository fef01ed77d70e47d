"""Credential helpers: programs of our own that do what they should, or fail to."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAM = """\
#!{python} -I
import json, os, pathlib, sys

verb, given = sys.argv[1], sys.stdin.read()
folder = pathlib.Path({folder!r})
kept = json.loads((folder / "kept").read_text())
with (folder / "log").open("a") as log:
    log.write(json.dumps([verb, given, dict(os.environ)]) + "\\n")
if verb == "store":
    value = json.loads(given)
    kept[value["ServerURL"]] = [value["Username"], value["Secret"]]
elif verb == "list":
    print(json.dumps({{server: pair[0] for server, pair in kept.items()}}))
elif given not in kept:
    print("credentials not found in native keychain")
    sys.exit(1)
elif verb == "get":
    username, secret = kept[given]
    print(json.dumps(dict(ServerURL=given, Username=username, Secret=secret)))
else:
    del kept[given]
(folder / "kept").write_text(json.dumps(kept))
"""


@dataclass(frozen=True)
class HelperProgram:
    """``docker-credential-test``, with all that it keeps in plain sight.

    Attributes:
        folder: where it is, and what it keeps.
    """

    folder: Path

    @classmethod
    def at(cls, folder: Path, **kept: tuple[str, str]) -> HelperProgram:
        """Install it; it keeps user names and secrets by server."""
        folder.mkdir()
        program = cls(folder)
        program.does(_PROGRAM.format(python=sys.executable, folder=str(folder)))
        (folder / "kept").write_text(json.dumps(kept))
        (folder / "log").touch()
        return program

    @property
    def path(self) -> str:
        """The PATH on which it is found."""
        return f"{self.folder}:/usr/bin:/bin"

    @property
    def kept(self) -> dict[str, list[str]]:
        """User names and secrets by server."""
        value: dict[str, list[str]] = json.loads((self.folder / "kept").read_text())
        return value

    @property
    def requests(self) -> list[tuple[str, Any, dict[str, str]]]:
        """What it was asked, in order: verb, input, environment."""
        lines = (self.folder / "log").read_text().splitlines()
        return [tuple(json.loads(line)) for line in lines]

    def does(self, script: str) -> None:
        """Have it do something else, such as nothing."""
        program = self.folder / "docker-credential-test"
        program.write_text(script)
        program.chmod(0o755)
