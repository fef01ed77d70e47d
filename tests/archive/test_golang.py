"""Archives of the Go program, read; ours, as that program needs them."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest

from hangar.archive import Archive
from hangar.errors import InvalidArchive, Unsupported
from hangar.oci import OCI_INDEX, Digest
from hangar.operations.archives import (
    merge_archives,
    remove_images,
    repair_archive,
    stored_file,
    verify_archive,
)
from tests.archive.test_killed import run
from tests.support.golang import GoArchive, GoImage, sha256
from tests.support.running import Desk

HELM = "application/vnd.cncf.helm.config.v1+json"
CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
FILE = "application/vnd.content.hangar.file.layer.v1"
AMD64 = GoImage([b"shared", b"amd64"])
ARM64 = GoImage([b"shared", b"arm64"], arch="arm64", extra={"variant": "v8"})
NGINX = "docker.io/library/nginx"


def attestation(subject: GoImage) -> GoImage:
    """What BuildKit attests of an image."""
    return GoImage(
        [b"{}"],
        arch="unknown",
        os="unknown",
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": f"sha256:{sha256(subject.manifest)}",
        },
    )


@pytest.fixture
def golden(tmp_path: Path) -> Path:
    """An archive with an image of each kind that the Go program tells apart."""
    archive = GoArchive()
    archive.add(NGINX, "1.25", AMD64, ARM64, attestation(AMD64))
    chart = GoImage([b"tgz"], "", "", HELM, CHART)
    archive.add("docker.io/hangar-helm/mychart", "1.0.0", chart, lists=False)
    notes = GoImage([b"some notes"], "", "", HELM, FILE)
    archive.add("docker.io/hangar-file/notes.txt", "latest", notes, lists=False)
    return archive.write(tmp_path / "golden.zip")


def test_the_golden_archive_is_a_zip_for_others_too(golden: Path) -> None:
    with zipfile.ZipFile(golden) as judge:
        assert judge.testzip() is None


def test_the_index_that_the_go_program_would_push_is_made(golden: Path) -> None:
    with Archive.open(golden) as archive:
        root = archive.repository(NGINX).manifest("1.25")

    value = json.loads(root.raw)
    assert root.media_type == OCI_INDEX
    assert [entry["digest"] for entry in value["manifests"]] == [
        f"sha256:{sha256(image.manifest)}"
        for image in (AMD64, ARM64, attestation(AMD64))
    ]
    assert [entry["platform"] for entry in value["manifests"]] == [
        {"architecture": "amd64", "os": "linux"},
        {"architecture": "arm64", "os": "linux", "variant": "v8"},
        {"architecture": "unknown", "os": "unknown"},
    ]
    assert list(value["manifests"][2]) == [
        *("mediaType", "digest", "size", "annotations", "platform"),
    ]


def test_charts_and_files_are_not_wrapped_into_an_index(golden: Path) -> None:
    with Archive.open(golden) as archive:
        repository = archive.repository("docker.io/hangar-helm/mychart")
        chart = repository.manifest("1.0.0")
        notes = b"".join(stored_file(archive, "notes.txt"))

    assert [layer.media_type for layer in chart.layers] == [CHART]
    assert notes == b"some notes"


def test_a_list_of_its_images_has_the_format_of_the_go_program(
    golden: Path, desk: Desk
) -> None:
    listed = desk.hangar("archive", "ls", str(golden), "--hide-log-time")

    assert listed.out == (
        "   1 | docker.io/library/nginx:1.25 | amd64,arm64 | linux | 0.02K"
        " | (with attestation)\n"
        "   2 | docker.io/hangar-helm/mychart:1.0.0 | NOARCH | NOOS | 0.00K"
        " | (helm chart)\n"
        "   3 | docker.io/hangar-file/notes.txt:latest | NOARCH | NOOS | 0.01K"
        " | (custom file)\n"
    )
    assert listed.err == "- [INFO] Index version: v1.2.0\n- [INFO] Images:\n"


def test_names_alone_are_an_image_list(golden: Path, desk: Desk) -> None:
    listed = desk.hangar("archive", "ls", "-f", str(golden), "--image-only")

    assert listed.out.splitlines() == [
        "docker.io/library/nginx:1.25",
        "docker.io/hangar-helm/mychart:1.0.0",
        "docker.io/hangar-file/notes.txt:latest",
    ]


def test_entries_of_one_name_add_their_platforms(tmp_path: Path) -> None:
    archive = GoArchive().add(NGINX, "1", AMD64).add(NGINX, "1", ARM64)
    path = archive.write(tmp_path / "twice.zip")

    with Archive.open(path) as opened:
        children = opened.repository(NGINX).manifest("1").children

    assert [child.digest for child in children] == [
        f"sha256:{sha256(image.manifest)}" for image in (AMD64, ARM64)
    ]


def test_what_is_listed_twice_stays_whole_when_the_archive_is_changed(
    tmp_path: Path,
) -> None:
    archive = GoArchive().add(NGINX, "1", AMD64).add(NGINX, "1", ARM64)
    path = archive.add(NGINX, "2", AMD64).write(tmp_path / "twice.zip")

    remove_images(["nginx:2"], path)

    assert not verify_archive(path).missing
    with Archive.open(path) as opened:
        assert [entry.name for entry in opened.index.entries] == [f"{NGINX}:1"]
        children = opened.repository(NGINX).manifest("1").children
    assert [child.digest for child in children] == [
        f"sha256:{sha256(image.manifest)}" for image in (AMD64, ARM64)
    ]


def test_merging_archives_of_both_programs_keeps_every_platform(
    tmp_path: Path,
) -> None:
    one = GoArchive().add(NGINX, "1", AMD64).write(tmp_path / "one.zip")
    other = GoArchive().add(NGINX, "1", ARM64).write(tmp_path / "other.zip")

    merge_archives([one, other], tmp_path / "both.zip")

    assert verify_archive(tmp_path / "both.zip").ok
    with Archive.open(tmp_path / "both.zip") as opened:
        assert [image.platform.architecture for image in opened.entries[0].images] == [
            "amd64",
            "arm64",
        ]


def test_syncing_into_an_archive_of_the_go_program_keeps_what_it_had(
    golden: Path,
) -> None:
    assert run("sync", 0, 7, golden).status == 0

    assert verify_archive(golden).ok
    with Archive.open(golden) as archive:
        names = [entry.name for entry in archive.entries]
        assert names[0] == f"{NGINX}:1.25"
        assert len(names) == 3 + 6
        raw = archive.repository(NGINX).manifest("1.25").children[0].digest
        assert raw == f"sha256:{sha256(AMD64.manifest)}"


def test_an_archive_of_ours_has_all_that_the_go_program_reads(tmp_path: Path) -> None:
    path = tmp_path / "ours.zip"
    assert run("save", 0, 5, path).status == 0

    with zipfile.ZipFile(path) as judge:
        assert judge.testzip() is None
        assert judge.namelist()[-1] == "index.json"
        index = json.loads(judge.read("index.json"))
        assert index["version"] == "v1.2.0"
        assert {info.compress_type for info in judge.infolist()} == {0}
        for entry in index["list"]:
            assert entry["archList"] == ["amd64", "arm64"]
            assert entry["osList"] == ["linux"]
            for image in entry["images"]:
                folder = Digest(image["digest"]).hex
                layout = json.loads(judge.read(f"{folder}/index.json"))
                assert layout["manifests"][0]["digest"] == image["digest"]
                assert json.loads(judge.read(f"{folder}/oci-layout")) == {
                    "imageLayoutVersion": "1.0.0"
                }
                for digest in (image["digest"], image["config"], *image["layers"]):
                    hexadecimal = digest.removeprefix("sha256:")
                    assert sha256(judge.read(f"share/sha256/{hexadecimal}")) == (
                        hexadecimal
                    )


@pytest.mark.parametrize("version", ["v1.2.0", "v1.3.0", "v99.0.0"])
def test_this_version_and_later_ones_are_read(tmp_path: Path, version: str) -> None:
    path = GoArchive(version=version).write(tmp_path / "new.zip")

    with Archive.open(path) as archive:
        assert archive.index.version == version


def test_an_older_version_is_refused_by_name(tmp_path: Path) -> None:
    path = GoArchive(version="v1.1.0").write(tmp_path / "old.zip")

    with pytest.raises(Unsupported, match=r"index version v1\.1\.0"):
        Archive.open(path)


@pytest.mark.parametrize("version", ["", "one"])
def test_what_is_no_version_is_refused(tmp_path: Path, version: str) -> None:
    path = GoArchive(version=version).write(tmp_path / "odd.zip")

    with pytest.raises(InvalidArchive):
        Archive.open(path)


def test_an_archive_cut_off_anywhere_is_refused_and_repaired_as_far_as_can_be(
    golden: Path, tmp_path: Path
) -> None:
    whole = golden.read_bytes()
    with zipfile.ZipFile(golden) as judge:
        offsets = [info.header_offset for info in judge.infolist()]
    boundaries = [*offsets, judge.start_dir, len(whole) - 22]
    sizes = {b + d for b in boundaries for d in (-1, 0, 1, 31)}
    for size in sorted(size for size in sizes if 0 <= size < len(whole)):
        cut = tmp_path / f"cut-{size}.zip"
        cut.write_bytes(whole[:size])
        with pytest.raises(InvalidArchive):
            Archive.open(cut)
        if size < judge.start_dir:  # the index is the last member
            with pytest.raises(InvalidArchive):
                repair_archive(cut)
            assert cut.read_bytes() == whole[:size]
        else:
            assert not repair_archive(cut).lost
            assert verify_archive(cut).ok


def test_what_an_interrupted_update_of_the_go_program_left_is_repaired(
    golden: Path,
) -> None:
    whole = golden.read_bytes()
    with zipfile.ZipFile(io.BytesIO(whole)) as judge:
        start = judge.start_dir
    golden.write_bytes(whole[:start] + b"PK\x03\x04 the beginning of a new member")

    repaired = repair_archive(golden)

    assert repaired.rebuilt
    assert len(repaired.kept) == 3
    assert verify_archive(golden).ok
