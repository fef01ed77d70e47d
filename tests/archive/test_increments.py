"""What `save --since` relies on, and what it says of it."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import cast

import pytest

from hangar.archive import Archive
from hangar.archive.container import open_container
from hangar.errors import InvalidArchive, InvalidInput
from hangar.events import Report
from hangar.operations.archives import export_images, verify_archive
from hangar.operations.saving import check_saved, plan_saving, save
from hangar.registry import Registries
from tests.support.killing import Given

OLD, NEW = "old.zip", "new.zip"


def saved(given: Given, path: Path, *lines: str, since: Path | None = None) -> Report:
    """Save images, perhaps what is new since another archive."""
    bases = [since] if since else []
    return save(lines or given.lines, cast("Registries", given), path, since=bases)


def layers(path: Path) -> dict[str, int]:
    """Offsets of the members that are layers, by their digests."""
    with open_container(path) as container:
        found = container.members.items()
        return {
            f"sha256:{name.removeprefix('share/sha256/')}": member.offset
            for name, member in found
            if member.size in (300, 400)
        }


def left_in(path: Path) -> dict[str, str]:
    """What an archive says that it left to others, as another program reads it."""
    with zipfile.ZipFile(path) as judge:
        found: dict[str, str] = json.loads(judge.read("index.json")).get("bases", {})
        return found


def test_a_dry_run_counts_what_is_left_out(tmp_path: Path) -> None:
    given, old, new = Given(1), tmp_path / OLD, tmp_path / NEW
    registries = cast("Registries", given)
    assert saved(given, old, *given.lines[:2]).ok

    told = plan_saving(given.lines, registries, new, since=[old])
    alone = plan_saving(given.lines, registries, new)

    assert not new.exists()
    assert saved(given, new, since=old).ok
    assert alone.traffic.sent - told.traffic.sent == sum(_sizes(old, left_in(new)))


def _sizes(path: Path, digests: dict[str, str]) -> list[int]:
    with Archive.open(path) as archive:
        return [archive.size_of(digest) for digest in digests]


def test_a_layer_that_is_not_where_the_directory_says_is_not_relied_on(
    tmp_path: Path,
) -> None:
    given, old, new = Given(1), tmp_path / OLD, tmp_path / NEW
    assert saved(given, old).ok
    bad, *good = layers(old)
    with old.open("r+b") as file:
        file.seek(layers(old)[bad])
        file.write(b"XX")

    assert saved(given, new, since=old).ok

    assert {*good} <= left_in(new).keys()
    assert bad not in left_in(new)
    assert bad in layers(new)


def test_a_layer_that_no_image_of_the_base_needs_is_not_relied_on(
    tmp_path: Path,
) -> None:
    given, old, new = Given(1), tmp_path / OLD, tmp_path / NEW
    assert saved(given, old).ok
    with zipfile.ZipFile(old) as judge:
        contents = {name: judge.read(name) for name in judge.namelist()}
    index = json.loads(contents["index.json"])
    index["list"] = index["list"][:1]
    contents["index.json"] = json.dumps(index).encode()
    with zipfile.ZipFile(old, "w") as again:
        for name, data in contents.items():
            again.writestr(name, data)

    assert saved(given, new, since=old).ok

    shared, own = (
        [blob for image in tag_of(given, tag) for blob in image]
        for tag in (("team/app", "1"), ("team/more", "3"))
    )
    assert left_in(new).keys() & {*shared}
    assert not left_in(new).keys() & ({*own} - {*shared})
    registries = cast("Registries", given)
    assert check_saved(given.lines, registries, new, since=[old], deep=True).ok


def tag_of(given: Given, name: tuple[str, str]) -> list[list[str]]:
    """Layers of the platforms of an image at its source."""
    store = given.stores[name[0]]
    children = store.manifest(name[1]).children
    manifests = [store.manifest(child.digest) for child in children]
    return [[layer.digest for layer in manifest.layers] for manifest in manifests]


@pytest.mark.parametrize("cut", [1, 100, 2000])
def test_a_base_that_is_not_whole_is_refused(tmp_path: Path, cut: int) -> None:
    given, old, new = Given(1), tmp_path / OLD, tmp_path / NEW
    assert saved(given, old).ok
    old.write_bytes(old.read_bytes()[:-cut])

    with pytest.raises(InvalidArchive):
        saved(given, new, since=old)

    assert not new.exists()


def test_an_archive_cannot_rely_on_itself(tmp_path: Path) -> None:
    given, old = Given(1), tmp_path / OLD
    assert saved(given, old).ok
    before = old.read_bytes()

    with pytest.raises(InvalidInput, match="going to be replaced"):
        saved(given, old, since=old)

    assert old.read_bytes() == before


def test_an_export_of_an_increment_remembers_what_was_left_and_where(
    tmp_path: Path,
) -> None:
    given, old, new = Given(1), tmp_path / OLD, tmp_path / NEW
    assert saved(given, old, *given.lines[:1]).ok
    assert saved(given, new, since=old).ok

    export_images(given.lines[-1:], new, tmp_path / "part.zip")

    with Archive.open(tmp_path / "part.zip") as part:
        assert set(part.index.bases.values()) == {OLD}
        assert set(part.index.homes.values()) == {"source.example/team/app"}
        assert part.index.bases.keys() == part.index.homes.keys()
    assert verify_archive(tmp_path / "part.zip").ok
