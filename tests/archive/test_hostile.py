"""Images and indexes that mean no good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hangar.archive import Archive, ArchiveIndex, part_path
from hangar.archive import draft as drafting
from hangar.archive.journal import journal_path
from hangar.errors import (
    InvalidArchive,
    InvalidManifest,
    Unsupported,
)
from hangar.oci import OCI_CONFIG, OCI_MANIFEST, Manifest
from hangar.operations.archives import (
    verify_archive,
)
from hangar.operations.saving import save, sync
from tests.archive.common import NAME, golden, indexed, registries
from tests.support.content import put_bytes, put_image
from tests.support.killing import Given


def test_an_index_that_lists_an_index_twice_is_described_once(tmp_path: Path) -> None:
    path, given = tmp_path / "a.zip", Given(1)
    store = given.stores["team/app"]
    entry = put_image(store, b"layer")
    for _ in range(30):  # two to the thirtieth ways lead to the image
        index = Manifest.index([entry, entry])
        store.put_manifest(index, "deep")
        entry = index.descriptor

    report = save(["source.example/team/app:deep"], registries(given), path)

    assert report.ok
    assert len(indexed(path)[0]["images"]) == 2
    assert verify_archive(path).ok


@pytest.mark.parametrize(
    "tag", ["latest", "../other", f"sha256-{'0' * 64}.sig", f"sha256-{'1' * 64}"]
)
def test_what_accompanies_an_image_takes_no_other_tag(tag: str) -> None:
    digest = f"sha256:{'1' * 64}"
    companion = {"mediaType": OCI_MANIFEST, "digest": digest, "size": 1}
    companion |= {"subject": digest, "tag": f"sha256-{'1' * 64}.sig"}
    entry = {"source": NAME, "tag": "1", "companions": [companion]}
    index = json.dumps({"list": [entry], "version": "v1.2.0"}).encode()
    assert ArchiveIndex.parse([index]).entries[0].companions

    companion["tag"] = tag
    index = json.dumps({"list": [entry], "version": "v1.2.0"}).encode()
    with pytest.raises(InvalidArchive, match="companions"):
        ArchiveIndex.parse([index])


@pytest.mark.parametrize("config", [b"null", b"no JSON", b'{"architecture":true}'])
def test_a_config_that_tells_nothing_does_not_keep_an_archive_from_its_end(
    tmp_path: Path, config: bytes
) -> None:
    path, given = tmp_path / "a.zip", Given(1)
    store = given.stores["team/app"]
    value = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": put_bytes(store, config, OCI_CONFIG).to_json(),
        "layers": [],
    }
    odd = Manifest.parse(json.dumps(value).encode(), OCI_MANIFEST)
    store.put_manifest(odd, "odd")
    lines = ["source.example/team/app:odd", *given.lines[:1]]

    assert save(lines, registries(given), path).ok

    [entry, _] = indexed(path)
    assert entry["root"]["digest"] == odd.digest
    assert verify_archive(path).ok


def test_an_index_that_nobody_could_read_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, given = golden(tmp_path), Given(1)
    before = path.read_bytes()
    monkeypatch.setattr(drafting, "MAX_INDEX", 1000)

    for act in (save, sync):
        with pytest.raises(Unsupported, match="index"):
            act(given.lines, registries(given), path)
        with Archive.open(path) as archive:
            assert [entry.name for entry in archive.entries] == [f"{NAME}:1"]
        journal_path(path).unlink()
        path.write_bytes(before)


@pytest.mark.parametrize("split", [0, 1 << 30])
def test_an_index_that_lists_a_long_manifest_ever_again_is_refused(
    tmp_path: Path, split: int
) -> None:
    path, given = tmp_path / "a.zip", Given(1)
    store = given.stores["team/app"]
    entry = put_image(store, *(str(n).encode() for n in range(9000)))
    assert entry.size > 1 << 20
    store.put_manifest(Manifest.index([entry] * 100), "long")
    lines = ["source.example/team/app:long", *given.lines[:1]]

    report = save(lines, registries(given), path, split=split)

    assert [type(o.error) for o in report] == [InvalidManifest, type(None)]
    assert verify_archive(part_path(path, 1) if split else path).ok


def test_a_digest_that_is_no_text_is_not_there(tmp_path: Path) -> None:
    with Archive.open(golden(tmp_path)) as archive:
        assert archive.size_of("sha256:\ud800") == 0
