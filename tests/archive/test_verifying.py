"""What is not there, or is something else, is found, whatever it is."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from hangar.archive import checking
from hangar.oci import Descriptor
from hangar.operations.archives import verify_archive
from hangar.operations.saving import save
from tests.archive.common import registries
from tests.support.content import put_attestation, put_image, put_index
from tests.support.golang import sha256
from tests.support.killing import Given

INDEX = "index.json"


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Signed images, and one whose index lists another index and an attestation."""
    given = Given(1)
    store = given.stores["team/app"]
    deep = put_image(store, b"deep", platform="linux/s390x")
    inner = put_index(store, "", deep)
    flat = put_image(store, b"flat")
    nested = Descriptor(inner.media_type, inner.digest, len(inner.raw))
    put_index(store, "rich", flat, put_attestation(store, flat), nested)
    put_image(store, b"speaks of it", subject=flat.to_json(), platform="/")
    assert save(given.lines, registries(given), tmp_path / "a.zip").ok
    return tmp_path / "a.zip"


def members(path: Path) -> dict[str, bytes]:
    """What another program finds in an archive."""
    with zipfile.ZipFile(path) as judge:
        return {name: judge.read(name) for name in judge.namelist()}


def packed(path: Path, content: dict[str, bytes]) -> Path:
    """An archive that another program wrote."""
    with zipfile.ZipFile(path, "w") as out:
        for name, data in content.items():
            out.writestr(name, data)
    return path


def test_whatever_is_left_out_is_missed(archive: Path, tmp_path: Path) -> None:
    content = members(archive)

    for name in content.keys() - {INDEX}:
        rest = {there: data for there, data in content.items() if there != name}
        found = verify_archive(packed(tmp_path / "less.zip", rest))

        assert not found.ok
        assert name in found.missing
        assert all(entry.startswith("source.example/") for entry in found.missing[name])


@pytest.mark.parametrize("run", [1, 700, checking._RUN])
def test_whatever_is_damaged_is_found(
    archive: Path, tmp_path: Path, run: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checking, "_RUN", run)
    content = members(archive)
    found = verify_archive(archive)
    assert found.ok
    assert found.members == len(content) - 1

    for name in content.keys() - {INDEX}:
        raw = bytearray(archive.read_bytes())
        at = raw.index(content[name], raw.index(name.encode()))
        raw[at + len(content[name]) // 2] ^= 1
        (tmp_path / "bad.zip").write_bytes(raw)

        assert verify_archive(tmp_path / "bad.zip").damaged == (name,)


def test_what_is_no_manifest_and_has_to_be_one_is_damaged(
    archive: Path, tmp_path: Path
) -> None:
    content = members(archive)
    layer = sha256(b"flat")
    index = json.loads(content[INDEX])
    index["list"][0]["images"][0]["digest"] = f"sha256:{layer}"
    content[INDEX] = json.dumps(index).encode()

    found = verify_archive(packed(tmp_path / "bad.zip", content))

    assert found.damaged == (f"share/sha256/{layer}",)


def test_a_manifest_that_is_also_a_layer_is_looked_into(tmp_path: Path) -> None:
    given = Given(1)
    store = given.stores["team/app"]
    inner = put_image(store, b"within")
    raw = store.manifests[inner.digest].raw
    outer = put_image(store, raw, platform="linux/arm64")
    put_index(store, "odd", inner, outer)
    path = tmp_path / "a.zip"
    assert save(["source.example/team/app:odd"], registries(given), path).ok
    content = members(path)
    missing = f"share/sha256/{sha256(b'within')}"
    del content[missing]

    found = verify_archive(packed(tmp_path / "less.zip", content))

    assert missing in found.missing


@pytest.mark.parametrize(
    ("at", "change"),
    [(0, 1), (3, 1), (30, 1), (-1, 1), (26, 1), (28, 1)],
    ids=["signature", "its end", "name", "its last letter", "name's size", "extra"],
)
def test_a_member_whose_own_header_is_wrong_is_damaged(
    archive: Path, tmp_path: Path, at: int, change: int
) -> None:
    raw = bytearray(archive.read_bytes())
    layer = f"share/sha256/{sha256(b'flat')}"
    with zipfile.ZipFile(archive) as judge:
        place = judge.getinfo(layer).header_offset
    raw[place + (at if at >= 0 else 30 + len(layer) + at)] ^= change
    (tmp_path / "bad.zip").write_bytes(raw)

    found = verify_archive(tmp_path / "bad.zip")

    assert found.damaged == (layer,)
