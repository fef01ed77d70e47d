"""registries.conf and what is dropped in beside it, as skopeo has it, too."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support.running import Desk

IMAGE = "docker://blocked.invalid/team/app:1"


@pytest.mark.parametrize("folder", ["registries.conf.d", "elsewhere"])
def test_what_is_dropped_in_counts_beside_a_file_that_is_named(
    desk: Desk, folder: str
) -> None:
    path = desk.folder / "home/.config/containers" / folder / "10.conf"
    path.parent.mkdir(parents=True)
    path.write_text('[[registry]]\nlocation = "blocked.invalid"\nblocked = true\n')
    Path(desk.folder, "own.conf").touch()
    named = "--registries-conf=own.conf"

    ours = desk.hangar("inspect", IMAGE, named, "--retry-times=0")
    theirs = subprocess.run(
        ["skopeo", named, "inspect", IMAGE],
        cwd=desk.folder,
        env=desk.environment,
        capture_output=True,
        text=True,
        check=False,
    )

    said = "registry blocked.invalid is blocked in"
    counts = folder == "registries.conf.d"
    assert ours.status == 1
    assert (said in ours.err, said in theirs.stderr) == (counts, counts)
