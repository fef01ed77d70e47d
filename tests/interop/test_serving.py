"""`hangar serve` as the programs see it that people have."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop import places
from tests.interop.contents import build
from tests.interop.logins import LOGINS, PASSWORD, guarded
from tests.interop.places import Place
from tests.interop.programs import Workshop
from tests.support.registries import Certificates

pytestmark = pytest.mark.interop


@pytest.fixture(params=["memory", "directory"])
def place(
    request: pytest.FixtureRequest, workshop: Workshop, tmp_path: Path
) -> Iterator[Place]:
    """A registry of ours over each kind of storage."""
    kept = ("--data", str(tmp_path / "data")) if request.param == "directory" else ()
    with places.hangar(workshop, *kept) as place:
        yield place


def push_built(workshop: Workshop, place: Place, name: str) -> str:
    """Push an index of two platforms with skopeo; return its full name."""
    image = f"{place.address}/{name}"
    keep = ("--all", "--preserve-digests", "--dest-tls-verify=false")
    workshop.program("skopeo")("copy", *keep, "oci:built:latest", f"docker://{image}")
    return image


def policy(workshop: Workshop) -> tuple[str, str]:
    """The flag by which podman and buildah accept any image."""
    return "--signature-policy", str(workshop.folder / "policy.json")


def test_skopeo_copies_lists_inspects_and_deletes(
    place: Place, workshop: Workshop, tmp_path: Path
) -> None:
    skopeo = workshop.program("skopeo")
    image = f"docker://{push_built(workshop, place, 'a/built:1')}"
    plain, named = skopeo.plain, f"docker://{place.address}/a/built"

    both = ("--src-tls-verify=false", "--dest-tls-verify=false")
    skopeo("copy", "--all", *both, image, f"docker://{place.address}/b/other:2")
    zstd = ("--dest-compress-format=zstd", "--dest-force-compress-format")
    skopeo("copy", *both, *zstd, image, f"docker://{place.address}/b/zstd:1")
    ways = ("--all", "--src=docker", "--dest=dir")
    skopeo("sync", *both, *ways, f"{place.address}/a/built:1", str(tmp_path))
    told = json.loads(skopeo("inspect", plain, image))
    skopeo("delete", plain, image)

    assert told["RepoTags"] == ["1"]
    assert told["Architecture"] == "amd64"
    assert json.loads(skopeo("list-tags", plain, named))["Tags"] == []
    assert place.http.tags("b/other") == {"2"}
    assert place.http.whole("b/other", "2")
    layers = json.loads(place.http.manifest("b/zstd", "1"))["layers"]
    assert layers[0]["mediaType"].endswith("+zstd")
    assert place.http.whole("b/zstd", "1")


def test_crane_copies_tags_lists_changes_and_deletes(
    place: Place, workshop: Workshop, tmp_path: Path
) -> None:
    crane = workshop.program("crane")
    image = push_built(workshop, place, "a/built:1")
    other = f"{place.address}/b/other"

    crane("copy", crane.plain, image, f"{other}:1")
    crane("tag", crane.plain, f"{other}:1", "2")
    crane("pull", crane.plain, "--platform=linux/arm64", image, f"{tmp_path}/a.tar")
    crane("push", crane.plain, f"{tmp_path}/a.tar", f"{other}:3")
    crane("append", crane.plain, "-f", _layer(tmp_path), "-t", f"{other}:4")
    crane("mutate", crane.plain, "--label=a=b", "-t", f"{other}:5", f"{other}:4")
    for tag in "1235":
        crane("validate", crane.plain, "--remote", f"{other}:{tag}")

    assert crane("ls", crane.plain, other).split() == ["1", "2", "3", "4", "5"]
    assert crane("catalog", crane.plain, place.address).split() == [
        "a/built",
        "b/other",
    ]
    assert place.http.whole("b/other", "2") == place.http.whole("a/built", "1")
    five = place.http.manifest("b/other", "5")
    crane("delete", crane.plain, f"{other}@sha256:{hashlib.sha256(five).hexdigest()}")
    crane("delete", crane.plain, f"{other}:4")
    assert place.http.tags("b/other") == {"1", "2", "3"}


def _layer(folder: Path) -> str:
    """A layer of one file."""
    (folder / "file").write_text("content\n")
    with tarfile.open(folder / "layer.tar", "w") as layer:
        layer.add(folder / "file", "file")
    return str(folder / "layer.tar")


def test_oras_pushes_attaches_copies_lists_and_deletes(
    place: Place, workshop: Workshop, tmp_path: Path
) -> None:
    oras = workshop.program("oras")
    name, plain = f"{place.address}/a/files", oras.plain
    kind = ("--artifact-type", "application/vnd.example")

    oras("push", plain, *kind, f"{name}:1,2", "one.txt", "two.bin")
    oras("attach", plain, *kind, f"{name}:1", "note.txt")
    copy, there = ("cp", "--recursive"), f"{place.address}/b/files"
    layout = ("--to-oci-layout", f"{name}:1", f"{tmp_path}/layout:1")
    oras(*copy, "--from-plain-http", "--to-plain-http", f"{name}:1", f"{there}:3")
    oras(*copy, "--from-plain-http", *layout)
    oras(*copy, "--from-oci-layout", "--to-plain-http", layout[-1], f"{name}:4")
    oras("pull", plain, "--output", str(tmp_path), f"{there}:3")
    blob = f"{name}@sha256:{hashlib.sha256(b'one').hexdigest()}"
    (tmp_path / "blob").write_bytes(b"one")
    oras("blob", "push", plain, blob, str(tmp_path / "blob"))
    fetched = oras("blob", "fetch", plain, "--output=-", blob)
    oras("blob", "delete", plain, "--force", blob)

    assert fetched == "one"
    assert oras.ends("blob", "fetch", plain, "--descriptor", blob).status != 0
    assert oras("repo", "ls", plain, place.address).split() == ["a/files", "b/files"]
    assert set(oras("repo", "tags", plain, name).split()) == {"1", "2", "4"}
    for file in ("one.txt", "two.bin"):
        assert (tmp_path / file).read_bytes() == (workshop.work / file).read_bytes()
    for image in (f"{name}:2", f"{there}:3", f"{name}:4"):
        found = json.loads(oras("discover", plain, "--format=json", image))
        assert len(found["referrers"]) == 1
    (attached,) = found["referrers"]
    oras("manifest", "delete", plain, "--force", f"{name}@{attached['digest']}")
    found = json.loads(oras("discover", plain, "--format=json", f"{name}:1"))
    assert not found["referrers"]


def test_podman_pulls_each_platform_pushes_and_searches(
    place: Place, workshop: Workshop, tmp_path: Path
) -> None:
    own = Workshop.at(tmp_path / "own")  # with images of its own
    podman = own.program("podman")
    image = push_built(workshop, place, "a/built:1")
    other = f"{place.address}/b/other:1"

    pulled = {
        architecture: podman(
            *("pull", *policy(own), podman.plain, "--arch", architecture, image)
        ).strip()
        for architecture in ("amd64", "arm64")
    }
    podman("push", *policy(own), podman.plain, pulled["arm64"], other)
    found = podman("search", podman.plain, "--format={{.Name}}", f"{place.address}/")

    assert len(set(pulled.values())) == 2
    told = place.http.ask("GET", "/v2/b/other/manifests/1").json
    config = place.http.ask("GET", f"/v2/b/other/blobs/{told['config']['digest']}")
    assert config.json["architecture"] == "arm64"
    assert place.http.whole("b/other", "1")
    assert set(found.split()) == {
        f"{place.address}/a/built",
        f"{place.address}/b/other",
    }


def test_buildah_builds_from_it_and_pushes_in_every_format(
    place: Place, workshop: Workshop, tmp_path: Path
) -> None:
    own = Workshop.at(tmp_path / "own")  # with images of its own
    build(own)
    buildah = own.program("buildah")
    accept, plain = policy(own), buildah.plain
    where = f"docker://{place.address}/b/built:all"

    buildah("manifest", "push", *accept, plain, "--all", "built", where)
    image = push_built(workshop, place, "a/built:1")
    name = buildah("from", *accept, plain, image).strip()
    buildah("copy", name, "two.bin", "/again.bin")
    new = buildah("commit", *accept, "--rm", name, "derived").split()[-1]
    for tag, flags in {
        "oci": ("--format", "oci"),
        "docker": ("--format", "v2s2"),
    }.items():
        where = f"docker://{place.address}/b/derived:{tag}"
        buildah("push", *accept, plain, *flags, new, where)

    for tag, kind in {"oci": "oci.image", "docker": "docker.distribution"}.items():
        assert len(place.http.whole("b/derived", tag)) >= 4
        told = json.loads(place.http.manifest("b/derived", tag))
        assert told["mediaType"].startswith(f"application/vnd.{kind}.manifest")
    index = json.loads(place.http.manifest("b/built", "all"))
    platforms = {entry["platform"]["architecture"] for entry in index["manifests"]}
    assert platforms == {"amd64", "arm64"}
    assert place.http.whole("b/built", "all")


def test_helm_pushes_shows_and_pulls(
    place: Place, workshop: Workshop, tmp_path: Path
) -> None:
    helm = workshop.program("helm")
    charts = f"oci://{place.address}/charts"

    helm("push", helm.plain, "demo-0.2.0+build.1.tgz", charts)
    shown = helm("show", "chart", helm.plain, f"{charts}/demo")
    helm("pull", helm.plain, f"{charts}/demo", "--untar", "-d", str(tmp_path))

    assert "version: 0.2.0+build.1" in shown
    assert (tmp_path / "demo/Chart.yaml").is_file()
    assert place.http.tags("charts/demo") == {"0.2.0_build.1"}


def test_cosign_signs_copies_and_cleans(place: Place, workshop: Workshop) -> None:
    cosign = workshop.program("cosign")
    image = push_built(workshop, place, "a/built:1")
    digest = hashlib.sha256(place.http.manifest("a/built", "1")).hexdigest()
    pinned, copy = f"{place.address}/a/built@sha256:{digest}", "b/copy:1"
    old = ("--use-signing-config=false", "--tlog-upload=false")
    key = ("--key", "cosign.key", "--yes", cosign.plain)
    public = ("--key", "cosign.pub", "--insecure-ignore-tlog", cosign.plain)
    root = ("--trusted-root", "root.json", "--new-bundle-format=false")

    cosign("sign", *key, *old, "--new-bundle-format=false", pinned)
    cosign("copy", cosign.plain, image, f"{place.address}/{copy}")
    cosign("verify", *public, *root, f"{place.address}/{copy}")
    cosign("clean", cosign.plain, "--force", "--type=signature", image)

    assert place.http.tags("a/built") == {"1"}
    assert f"sha256-{digest}.sig" in place.http.tags("b/copy")
    assert cosign.ends("verify", *public, *root, image).status != 0


def test_the_directory_is_a_layout_that_skopeo_and_oras_read(
    workshop: Workshop, tmp_path: Path
) -> None:
    skopeo, oras = workshop.program("skopeo"), workshop.program("oras")
    data = tmp_path / "data"
    with places.hangar(workshop, "--data", str(data)) as place:
        push_built(workshop, place, "a/built:1")
        oras("push", oras.plain, f"{place.address}/a/files:1", "one.txt")
        raw = place.http.manifest("a/built", "1")

    told = skopeo("inspect", "--raw", f"oci:{data}:a/built:1")
    pulled = ("--oci-layout-path", str(data), "--output", str(tmp_path))
    oras("pull", *pulled, "a/files:1")

    assert told.encode() == raw
    assert (tmp_path / "one.txt").read_text() == "one\n"


@pytest.mark.parametrize("name", LOGINS)
def test_each_program_logs_in_and_is_refused_with_a_wrong_password(
    workshop: Workshop, certificates: Certificates, tmp_path: Path, name: str
) -> None:
    own = Workshop.at(tmp_path / "own")
    program = own.program(name)
    who = (*LOGINS[name], "--username=me")
    with guarded(workshop, certificates, tmp_path) as http:
        right = program.ends(*who, f"--password={PASSWORD}", http.address)
        wrong = program.ends(*who, "--password=wrong", http.address)

        assert right.status == 0, right.err
        # crane writes down what it is told, and asks nobody
        assert name == "crane" or wrong.status != 0
        assert http.ask("GET", "/v2/").status == 200


def test_images_are_pushed_and_pulled_with_tls_and_a_password(
    workshop: Workshop, certificates: Certificates, tmp_path: Path
) -> None:
    skopeo, crane = workshop.program("skopeo"), workshop.program("crane")
    with guarded(workshop, certificates, tmp_path) as http:
        workshop.log_in(http.address, "me", PASSWORD)
        where = f"docker://{http.address}/a/built:1"
        skopeo("copy", "--all", "--dest-tls-verify=false", "oci:built:latest", where)
        ends = (f"{http.address}/{name}:1" for name in ("a/built", "b/copy"))
        crane("copy", "--insecure", *ends)

        assert http.whole("b/copy", "1") == http.whole("a/built", "1")


def test_a_registry_that_is_read_only_refuses_every_push(
    workshop: Workshop, tmp_path: Path
) -> None:
    data = ("--data", str(tmp_path / "data"))
    with places.hangar(workshop, *data) as place:
        push_built(workshop, place, "a/built:1")
    oras, helm = workshop.program("oras"), workshop.program("helm")
    crane, skopeo = workshop.program("crane"), workshop.program("skopeo")
    with places.hangar(workshop, *data, "--read-only") as place:
        image = f"{place.address}/a/built:1"
        there = f"docker://{place.address}/a/new:1"

        ended = [
            oras.ends("push", oras.plain, f"{place.address}/a/new:1", "one.txt"),
            helm.ends("push", helm.plain, "demo-0.1.0.tgz", f"oci://{place.address}/a"),
            crane.ends("tag", crane.plain, image, "2"),
            skopeo.ends("copy", "--dest-tls-verify=false", "oci:built:latest", there),
            skopeo.ends("delete", skopeo.plain, f"docker://{image}"),
        ]

        assert all(program.status for program in ended)
        assert place.http.tags("a/built") == {"1"}
        assert place.http.ask("GET", "/v2/_catalog").json == {
            "repositories": ["a/built"]
        }
