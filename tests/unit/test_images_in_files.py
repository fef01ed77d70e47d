"""Directories that skopeo wrote, and archives of docker; skopeo is the judge."""

from __future__ import annotations

import contextlib
import io
import json
import lzma
import random
import tarfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from hangar.errors import (
    HangarError,
    IntegrityError,
    InvalidArchive,
    InvalidManifest,
    NotFound,
)
from hangar.layouts import (
    DockerArchive,
    LayoutRepository,
    OciLayout,
    SkopeoDirectory,
)
from hangar.oci import OCI_CONFIG, Descriptor, Digest
from hangar.store import Source
from tests.support.content import put_bytes, put_image, put_index
from tests.support.judges import skopeo

ABSENT = Descriptor("", Digest.of(b"nowhere"), 7)


def content(source: Source, blob: Descriptor) -> bytes:
    with contextlib.closing(source.blob(blob)) as chunks:
        return b"".join(chunks)


def tarball(**members: bytes) -> bytes:
    """A tar of members whose names have ``_`` for a dot."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for name, data in members.items():
            info = tarfile.TarInfo(name.replace("_", "."))
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return file.getvalue()


def saved(path: Path, **members: bytes) -> Path:
    path.write_bytes(tarball(**members))
    return path


LAYER = tarball(file=b"content")
CONFIG = json.dumps(
    {"os": "linux", "rootfs": {"type": "layers", "diff_ids": [Digest.of(LAYER)]}}
).encode()
IMAGE = {"Config": "config.json", "Layers": ["layer.tar"], "RepoTags": ["app:1"]}


def listing(*images: Any) -> bytes:
    return json.dumps(images).encode()


@pytest.fixture
def copied(tmp_path: Path) -> str:
    """What skopeo calls an index of two images in a layout."""
    with OciLayout(tmp_path / "layout", writing=True) as layout:
        store = LayoutRepository(layout)
        config = put_bytes(store, CONFIG, OCI_CONFIG).to_json()
        one = put_image(store, zlib.compress(LAYER, wbits=31), tag="one", config=config)
        put_index(store, "two", one, put_image(store, b"other", platform="linux/arm"))
    return f"oci:{tmp_path / 'layout'}"


def test_an_index_in_a_directory_is_read_whole(copied: str, tmp_path: Path) -> None:
    flags = ("--insecure-policy", "--preserve-digests", "--all")
    skopeo("copy", *flags, f"{copied}:two", f"dir:{tmp_path / 'dir'}")

    source = SkopeoDirectory(tmp_path / "dir")

    root = source.manifest("")
    assert root.raw == skopeo("inspect", "--raw", f"dir:{tmp_path / 'dir'}")
    assert source.resolve("") == source.resolve(root.digest) == root.digest
    for child in root.children:
        manifest = source.manifest(child.digest)
        assert manifest.digest == child.digest
        assert source.has(child)
        for blob in manifest.blobs:
            assert source.has(blob)
            assert Digest.of(content(source, blob)) == blob.digest
    assert not source.has(ABSENT)
    assert not source.has(Descriptor(root.media_type, ABSENT.digest, 7))
    assert source.companions(root.digest) == ()
    with pytest.raises(NotFound):
        content(source, ABSENT)
    with pytest.raises(HangarError):
        source.manifest("1.0")


def test_damage_in_a_directory_is_found(copied: str, tmp_path: Path) -> None:
    folder = tmp_path / "dir"
    skopeo("copy", "--insecure-policy", "--all", f"{copied}:two", f"dir:{folder}")
    child = SkopeoDirectory(folder).manifest("").children[0].digest
    path = folder / f"{child.partition(':')[2]}.manifest.json"
    path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(IntegrityError):
        SkopeoDirectory(folder).manifest(child)
    (folder / "manifest.json").write_text("[]")
    with pytest.raises(InvalidManifest):
        SkopeoDirectory(folder)


@pytest.mark.parametrize("packed", [False, True])
def test_an_archive_has_the_manifest_that_skopeo_makes_of_it(
    copied: str, tmp_path: Path, packed: bool
) -> None:
    path = tmp_path / "app.tar"
    target = f"docker-archive:{path}:team/app:1.0"
    skopeo("copy", "--insecure-policy", f"{copied}:one", target)
    expected = skopeo("inspect", "--raw", f"docker-archive:{path}")
    if packed:
        path.write_bytes(zlib.compress(path.read_bytes(), wbits=31))

    source = DockerArchive(path)

    manifest = source.manifest("docker.io/team/app:1.0")
    assert manifest.raw == source.manifest("").raw == expected
    assert source.resolve(manifest.digest) == manifest.digest
    assert manifest.config
    assert content(source, manifest.config) == CONFIG
    assert [content(source, layer) for layer in manifest.layers] == [LAYER]
    assert source.has(manifest.descriptor)
    assert source.has(manifest.layers[0])
    assert not source.has(ABSENT)
    assert source.companions(manifest.digest) == ()


def test_a_packed_layer_counts_with_its_unpacked_bytes(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "app.tar",
        config_json=CONFIG,
        layer_tar=zlib.compress(LAYER, wbits=31),
        manifest_json=listing(IMAGE),
    )

    source = DockerArchive(path)

    (layer,) = source.manifest("").layers
    assert (layer.size, layer.digest) == (len(LAYER), Digest.of(LAYER))
    assert content(source, layer) == LAYER


def test_of_several_images_one_has_to_be_named(tmp_path: Path) -> None:
    other = CONFIG.replace(b"linux", b"plan9")
    path = saved(
        tmp_path / "two.tar",
        manifest_json=listing(
            IMAGE,
            {**IMAGE, "Config": "other.json", "RepoTags": ["app:2", "reg.io/x:3"]},
        ),
        config_json=CONFIG,
        other_json=other,
        layer_tar=LAYER,
    )

    source = DockerArchive(path)

    with pytest.raises(NotFound, match="manifest unknown") as caught:
        source.resolve("")
    assert caught.value.hint == (
        "it has docker.io/library/app:1, docker.io/library/app:2, reg.io/x:3"
    )
    assert source.manifest("reg.io/x:3") == source.manifest("docker.io/library/app:2")
    config = source.manifest("reg.io/x:3").config
    assert config
    assert content(source, config) == other
    with pytest.raises(NotFound):
        content(source, ABSENT)


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"other": b""}, "'manifest.json' is missing"),
        ({"manifest_json": b"{"}, "manifest.json is not JSON"),
        ({"manifest_json": b"7"}, "not iterable"),
        ({"manifest_json": listing("x")}, "not an image"),
        ({"manifest_json": listing({"Config": "../x", "Layers": []})}, "is missing"),
        (
            {"manifest_json": listing({**IMAGE, "Layers": []}), "config_json": CONFIG},
            "states other layers",
        ),
        (
            {
                "manifest_json": listing({**IMAGE, "Layers": [7]}),
                "config_json": CONFIG,
            },
            "'7' is missing",
        ),
        (
            {
                "manifest_json": listing({**IMAGE, "RepoTags": ["UPPER"]}),
                "config_json": CONFIG,
                "layer_tar": LAYER,
            },
            "invalid reference",
        ),
        (
            {
                "manifest_json": listing(IMAGE),
                "config_json": CONFIG,
                "layer_tar": zlib.compress(LAYER, wbits=31)[:-9],
            },
            "ended before",
        ),
        (
            {
                "manifest_json": listing(IMAGE),
                "config_json": CONFIG,
                "layer_tar": zlib.compress(LAYER, wbits=31)[:12] + b"no gzip at all",
            },
            "no archive of docker",
        ),
    ],
)
def test_an_archive_that_makes_no_sense_is_refused(
    tmp_path: Path, members: dict[str, bytes], said: str
) -> None:
    path = saved(tmp_path / "odd.tar", **members)

    with pytest.raises(HangarError, match=said):
        DockerArchive(path)


def test_a_folder_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "odd.tar"
    with tarfile.open(path, "w") as tar:
        info = tarfile.TarInfo("manifest.json")
        info.type = tarfile.DIRTYPE
        tar.addfile(info)

    with pytest.raises(InvalidArchive, match="is no file"):
        DockerArchive(path)


def test_more_than_a_manifest_may_have_is_not_read(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "big.tar", manifest_json=zlib.compress(bytes(5 << 20), wbits=31)
    )

    with pytest.raises(InvalidArchive, match="larger than"):
        DockerArchive(path)


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    path = saved(
        tmp_path / "app.tar",
        config_json=CONFIG,
        layer_tar=LAYER,
        manifest_json=listing(IMAGE),
    )
    whole = path.read_bytes()
    for length in (0, 1, 511, 513, 1700):
        path.write_bytes(whole[:length])
        with pytest.raises(InvalidArchive):
            DockerArchive(path)


def test_a_layer_that_is_a_link_to_itself_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    listed = json.dumps([{"Config": "config", "Layers": ["layer"]}]).encode()
    with tarfile.open(path, "w") as tar:
        for name, data in {"config": CONFIG, "manifest.json": listed}.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("layer")
        link.type, link.linkname = tarfile.SYMTYPE, "layer"
        tar.addfile(link)

    with pytest.raises(InvalidArchive):
        DockerArchive(path)


def test_a_compressed_archive_that_is_damaged_far_behind_is_refused(
    tmp_path: Path,
) -> None:
    chance = random.Random(1)  # noqa: S311 - content, no secret
    path, layer = tmp_path / "image.tar", chance.randbytes(3 << 20)
    state = {"os": "linux", "rootfs": {"diff_ids": [Digest.of(layer)]}}
    listed = json.dumps([{"Config": "config", "Layers": ["layer"]}]).encode()
    tar = tarball(config=json.dumps(state).encode(), layer=layer)
    packed = bytearray(lzma.compress(tar[:-1024] + tarball(manifest_json=listed)))
    packed[-2000:-1900] = bytes(100)
    path.write_bytes(packed)

    with pytest.raises(InvalidArchive):
        DockerArchive(path)
