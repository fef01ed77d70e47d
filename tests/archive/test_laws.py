"""Whatever is done with archives one after another, they stay whole and loadable."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hangar.archive import Archive, records
from hangar.copying import Ledger, Route, Transfer, plan
from hangar.errors import NotFound
from hangar.events import unheard
from hangar.operations.archives import (
    create_archive,
    export_images,
    merge_archives,
    remove_images,
    stored_file,
    verify_archive,
)
from hangar.operations.saving import save, sync
from hangar.operations.storing import store_files
from hangar.registry import Registries
from hangar.selection import Selection
from tests.support.killing import Given
from tests.support.memory import MemoryPlace

GIVEN = Given(1)
NOTES = "docker.io/hangar-file/notes.txt:latest"
LINES = st.lists(st.sampled_from(GIVEN.lines), min_size=1, max_size=3, unique=True)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("save", "sync", "store", "rm", "compact"),
                *("merge", "split", "since", "export"),
            ]
        ),
        LINES,
    ),
    min_size=1,
    max_size=6,
)


def act(verb: str, lines: list[str], folder: Path) -> set[str]:
    """Do one thing to the archive ``a.zip``; return what it should hold then."""
    archive, other = folder / "a.zip", folder / "b.zip"
    registries = cast("Registries", GIVEN)
    with Archive.open(archive) as before:
        names = {entry.name for entry in before.entries}
    match verb:
        case "save":
            assert save(lines, registries, archive).ok
            return {*lines}
        case "sync" | "store":
            return names | add(verb, lines, folder)
        case "rm" | "compact":
            try:
                remove_images(lines, archive, compact=verb == "compact")
            except NotFound:
                assert not {*lines} <= names
                return names
            return names - {*lines}
        case "merge":
            assert save(lines, registries, other).ok
            merge([archive, other])
        case "split":
            assert save(lines, registries, other, split=12_000).ok
            parts = sorted(folder.glob("b-*.zip"))
            merge([archive, *parts])
            for part in parts:
                part.unlink()
        case "since":
            assert save(lines, registries, other, since=[archive]).ok
            merge([other, archive])
        case _:
            other.unlink(missing_ok=True)  # it would stay if none of the lines is there
            export_images(lines, archive, other)
            other.replace(archive)
            return names & {*lines}
    return names | {*lines}


def merge(archives: list[Path]) -> None:
    """Put archives together, in place of ``a.zip``."""
    merged = archives[0].with_name("merged.zip")
    merge_archives(archives, merged)
    merged.replace(merged.with_name("a.zip"))


def add(verb: str, lines: list[str], folder: Path) -> set[str]:
    """Add images or a file to the archive; return what they are called in it."""
    registries, archive = cast("Registries", GIVEN), folder / "a.zip"
    if verb == "sync":
        assert sync(lines, registries, archive).ok
        return {*lines}
    (folder / "notes.txt").write_text(" ".join(lines))
    assert store_files([str(folder / "notes.txt")], registries, archive).ok
    return {NOTES}


@settings(max_examples=25)
@given(STEPS, st.booleans())
def test_whatever_is_done_to_an_archive_it_stays_whole_and_loadable(
    steps: list[tuple[str, list[str]]], are_large: bool
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        if are_large:  # so contents are aligned, with little room between them
            patch.setattr(records, "LARGE", 64)
            patch.setattr(records, "ALIGNMENT", 16)
            patch.setattr(records, "MOST_PADDING", 16 + 5)
        folder = Path(name)
        create_archive(folder / "a.zip")
        for verb, lines in steps:
            expected = act(verb, lines, folder)
            assert verify_archive(folder / "a.zip").ok
            with Archive.open(folder / "a.zip") as archive:
                assert {entry.name for entry in archive.entries} == expected
        with Archive.open(folder / "a.zip") as archive:
            for entry in archive.entries:
                if entry.name == NOTES:
                    kept = b"".join(stored_file(archive, "notes.txt")).decode()
                    assert kept == (folder / "notes.txt").read_text()
                    continue
                check_loads(archive, entry.repository, entry.reference)


def check_loads(archive: Archive, name: str, tag: str) -> None:
    """Load an image; it has to be what it was at the source, signatures included."""
    target = MemoryPlace("target.example").repository("team/app")
    route = Route(f"{name}:{tag}", archive.repository(name), tag, target, tag)
    decided = plan(route, Selection())
    Transfer(route, decided, Ledger(), unheard).execute(
        lambda function, blobs: [function(blob) for blob in blobs]
    )
    origin = GIVEN.stores[name.partition("/")[2]]
    root = origin.tags[tag]
    assert target.tags[tag] == root
    signature = f"sha256-{root.hex}.sig"
    assert target.tags[signature] == origin.tags[signature]
    for manifest in target.manifests.values():
        for blob in manifest.blobs:
            held = target.shared.blobs[target.name, blob.digest]
            assert held == GIVEN.place.blobs[origin.name, blob.digest]
