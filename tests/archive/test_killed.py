"""Killed anywhere and run again equals never killed."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from hangar.archive import Archive, Draft
from hangar.archive.names import blob_digest
from hangar.operations.archives import (
    repair_archive,
    stored_file,
    verify_archive,
)
from tests.support.charts import make_folder
from tests.support.killing import Given
from tests.support.registries import DockerRegistry

ROOT = Path(__file__).resolve().parent.parent.parent
SEEDS = [
    pytest.param(seed, marks=[pytest.mark.soak] if seed >= 3 else [])
    for seed in range(80)
]


@dataclass(frozen=True)
class Ended:
    """How a run ended: its status, how often it changed files, what it fetched."""

    status: int
    changes: int
    fetched: list[str]


def run(verb: str, count: int, seed: int, *archives: Path | str) -> Ended:
    """Run the program; with a ``count``, it is killed at that change to a file."""
    command = [sys.executable, "-m", "tests.support.killing", verb, str(count)]
    names = [str(archive) for archive in archives]
    done = subprocess.run(
        [*command, str(seed), *names],
        cwd=ROOT,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    if count:
        assert done.returncode == -signal.SIGKILL
        return Ended(done.returncode, count, [])
    changes, *fetched = done.stdout.split()
    return Ended(done.returncode, int(changes), fetched)


def anywhere(seed: int, whole: Ended) -> int:
    """At which change to kill a run that otherwise would be like ``whole``."""
    assert whole.status == 0
    return random.Random(seed).randint(1, whole.changes)  # noqa: S311 - no secret


def written(archive: Path) -> set[str]:
    """Digests of what the journal says is whole."""
    journal = archive.with_name(f"{archive.name}.journal")
    lines = journal.read_text().splitlines() if journal.exists() else []
    records = [
        json.loads(line.partition(" ")[2]) for line in lines if line.endswith("]")
    ]
    names = [fields[0] for kind, *fields in records if kind == "Written"]
    return {name.removeprefix("share/").replace("/", ":") for name in names}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_save_that_was_killed_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, seed: int
) -> None:
    whole, killed = tmp_path / "whole.zip", tmp_path / "killed.zip"

    run("save", anywhere(seed, run("save", 0, seed, whole)), seed, killed)
    done = written(killed)
    again = run("save", 0, seed, killed)

    assert again.status == 0
    assert killed.read_bytes() == whole.read_bytes()
    assert not done & {*again.fetched}
    assert verify_archive(killed).ok
    assert sorted(tmp_path.iterdir()) == [killed, whole]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sync_that_was_killed_leaves_the_old_archive_and_goes_on(
    tmp_path: Path, seed: int
) -> None:
    archive = tmp_path / "archive.zip"
    copy = tmp_path / "copy.zip"
    assert run("save", 0, 1000, archive).status == 0
    copy.write_bytes(archive.read_bytes())
    with Archive.open(archive) as before:
        names = [entry.name for entry in before.entries]
        roots = {entry.root for entry in before.entries}

    run("sync", anywhere(seed, run("sync", 0, seed, copy)), seed, archive)

    with Archive.open(archive) as left:
        found = [entry.name for entry in left.entries]
    assert found == names
    assert verify_archive(archive).ok
    done = written(archive)
    again = run("sync", 0, seed, archive)
    assert again.status == 0
    assert not done & {*again.fetched}
    assert verify_archive(archive).ok
    with Archive.open(archive) as after:
        assert [entry.name for entry in after.entries] == names
        assert not roots & {entry.root for entry in after.entries}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_merge_that_was_killed_loses_nothing_and_can_be_done_again(
    tmp_path: Path, seed: int
) -> None:
    one, other = tmp_path / "one.zip", tmp_path / "other.zip"
    whole, killed = tmp_path / "whole.zip", tmp_path / "killed.zip"
    assert run("save", 0, seed, one).status == 0
    assert run("save", 0, seed + 1, other).status == 0
    before = (one.read_bytes(), other.read_bytes())

    merged = run("merge", 0, seed, whole, one, other)
    run("merge", anywhere(seed, merged), seed, killed, one, other)
    assert run("merge", 0, seed, killed, one, other).status == 0

    assert killed.read_bytes() == whole.read_bytes()
    assert (one.read_bytes(), other.read_bytes()) == before


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by their paths."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_a_save_into_a_layout_that_was_killed_goes_on_and_ends_the_same(
    tmp_path: Path, seed: int
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"

    usual = run("save", 0, seed, f"oci:{whole}")
    run("save", anywhere(seed, usual), seed, f"oci:{killed}")
    done = {path.name for path in (killed / "blobs").rglob("*")}
    again = run("save", 0, seed, f"oci:{killed}")

    assert again.status == 0
    assert tree(killed) == tree(whole)
    assert not done & {digest.partition(":")[2] for digest in again.fetched}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_sync_into_a_layout_that_was_killed_leaves_what_was_there_and_goes_on(
    tmp_path: Path, seed: int
) -> None:
    layout, copy = tmp_path / "layout", tmp_path / "copy"
    for folder in (layout, copy):
        assert run("save", 0, 1000, f"oci:{folder}").status == 0
    before = tree(layout)

    usual = run("sync", 0, seed, f"oci:{copy}")
    run("sync", anywhere(seed, usual), seed, f"oci:{layout}")

    left = tree(layout)
    assert left["index.json"] in (before["index.json"], tree(copy)["index.json"])
    assert before.keys() <= left.keys()
    assert run("sync", 0, seed, f"oci:{layout}").status == 0
    assert tree(layout) == tree(copy)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_split_save_that_was_killed_goes_on_and_ends_with_the_same_bytes(
    tmp_path: Path, seed: int
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    for folder in (whole, killed):
        folder.mkdir()

    usual = run("split", 0, seed, whole / "a.zip")
    run("split", anywhere(seed, usual), seed, killed / "a.zip")
    names = [path.name for path in killed.iterdir() if path.suffix == ".journal"]
    done = {digest for name in names for digest in written(killed / name[:-8])}
    for part in killed.glob("a-?.zip"):
        with Archive.open(part) as archive:
            members = archive.container.members
        done |= {blob_digest(name) for name in members if blob_digest(name)}
    again = run("split", 0, seed, killed / "a.zip")

    assert again.status == 0
    assert len(tree(whole)) > 2
    assert tree(killed) == tree(whole)
    assert not done & {*again.fetched}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_load_that_was_killed_leaves_nothing_half_written_under_a_tag_and_goes_on(
    tmp_path: Path, target: DockerRegistry, seed: int
) -> None:
    archive, given = tmp_path / "a.zip", Given(seed)
    assert run("save", 0, seed, archive).status == 0
    before = tree(tmp_path)
    usual = run("load", 0, seed, archive, f"{target.address}/usual")
    fewer = Ended(usual.status, usual.changes * 9 // 10, [])  # threads race

    run("load", anywhere(seed, fewer), seed, archive, f"{target.address}/killed")

    assert tree(tmp_path) == before
    for name, store in given.stores.items():
        for tag in target.http.tags(f"killed/{name}"):
            path = f"/v2/killed/{name}/manifests/{tag}"
            if target.http.ask("GET", path).status == 404:
                continue  # the registry lists a tag before it points at anything
            there = target.http.whole(f"killed/{name}", tag)
            assert store.tags[tag] in there
    again = run("load", 0, seed, archive, f"{target.address}/killed")
    assert again.status == 0
    assert tree(tmp_path) == before
    for name, store in given.stores.items():
        assert target.http.tags(f"killed/{name}") == {*store.tags}
        for tag, root in store.tags.items():
            assert root in target.http.whole(f"killed/{name}", tag)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_store_that_was_killed_leaves_the_old_archive_and_can_be_done_again(
    tmp_path: Path, seed: int
) -> None:
    archive, copy = tmp_path / "archive.zip", tmp_path / "copy.zip"
    assert run("save", 0, 1000, archive).status == 0
    copy.write_bytes(archive.read_bytes())
    with Archive.open(archive) as before:
        names = [entry.name for entry in before.entries]
    things = [tmp_path / name for name in ("a.bin", "b.bin", "chart")]
    for file in things[:2]:
        file.write_bytes(random.Random(f"{file.name} {seed}").randbytes(5000))  # noqa: S311 - no secret
    make_folder(things[2])

    killed = anywhere(seed, run("store", 0, seed, copy, *things))
    run("store", killed, seed, archive, *things)

    with Archive.open(archive) as left:
        found = [entry.name for entry in left.entries]
    assert found[: len(names)] == names
    assert verify_archive(archive).ok
    assert run("store", 0, seed, archive, *things).status == 0
    assert verify_archive(archive).ok
    with Archive.open(archive) as after, Archive.open(copy) as whole:
        assert {e.name: e.root for e in after.entries} == {
            e.name: e.root for e in whole.entries
        }
        stored = b"".join(stored_file(after, "a.bin"))
    assert stored == things[0].read_bytes()


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_killed_sync_had_stored_is_kept_by_whoever_stores_next(
    tmp_path: Path, seed: int
) -> None:
    archive, copy, file = (tmp_path / name for name in ("a.zip", "b.zip", "c.txt"))
    assert run("save", 0, 1000, archive).status == 0
    copy.write_bytes(archive.read_bytes())
    file.write_text("notes")
    whole = run("sync", 0, seed, copy)
    late = max(whole.changes - 30 + anywhere(seed, whole) % 20, 1)
    run("sync", late, seed, archive)
    with Draft.append(archive, resume=True) as draft:
        stored = {
            f"{name}:{tag}": draft.repository(name).resolve(tag)
            for name, tag in draft.images
        }

    assert run("store", 0, seed, archive, file).status == 0

    assert verify_archive(archive).ok
    assert stored
    with Archive.open(archive) as between:
        roots = {e.name: e.root and e.root.digest for e in between.entries}
    assert stored.items() <= roots.items()
    assert run("sync", 0, seed, archive).status == 0
    assert verify_archive(archive).ok
    with Archive.open(archive) as after, Archive.open(copy) as expected:
        found = {e.name: e.root for e in after.entries}
        assert found.pop("docker.io/hangar-file/c.txt:latest") is not None
        assert found == {e.name: e.root for e in expected.entries}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_killed_save_left_can_be_made_an_archive(
    tmp_path: Path, seed: int
) -> None:
    whole, killed = tmp_path / "whole.zip", tmp_path / "killed.zip"
    run("save", anywhere(seed, run("save", 0, seed, whole)), seed, killed)

    repair_archive(killed)

    assert verify_archive(killed).ok
    assert sorted(tmp_path.iterdir()) == [killed, whole]
