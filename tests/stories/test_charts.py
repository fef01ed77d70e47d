"""Charts and files: stored, carried, loaded; judged by plain HTTP and raw bytes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.support.charts import (
    CHART_LAYER,
    FILE_LAYER,
    HELM_CONFIG,
    PROVENANCE_LAYER,
    TITLE,
    make_folder,
    package,
    provenance,
)
from tests.support.judges import PlainHTTP
from tests.support.registries import DockerRegistry
from tests.support.running import Desk

PLAIN = "--tls-verify=false"


def blob(http: PlainHTTP, repository: str, pointer: dict[str, str]) -> bytes:
    """Fetch what a descriptor points at."""
    answer = http.ask("GET", f"/v2/{repository}/blobs/{pointer['digest']}")
    assert answer.status == 200
    assert f"sha256:{hashlib.sha256(answer.body).hexdigest()}" == pointer["digest"]
    return answer.body


def load(desk: Desk, target: DockerRegistry) -> None:
    """Bring the archive to a registry; see that all is whole."""
    where = ("-s", "a.zip", "-d", target.address, PLAIN)
    verified = desk.hangar("archive", "verify", "a.zip")
    loaded = desk.hangar("load", *where)
    checked = desk.hangar("load", "validate", *where, "--deep")
    assert (verified.status, verified.out) == (0, ""), verified
    assert loaded.status == 0, loaded.err
    assert checked.status == 0, checked.err


def test_a_chart_is_in_the_registry_what_helm_expects(
    desk: Desk, target: DockerRegistry
) -> None:
    content = package("web-app", "1.2.0+build.7", home="https://example.com/?a=1&b=2")
    proof = provenance("web-app-1.2.0+build.7.tgz", content)
    (desk.folder / "odd name.tgz").write_bytes(content)
    (desk.folder / "odd name.tgz.prov").write_bytes(proof)
    desk.hangar("archive", "init", "a.zip")

    stored = desk.hangar("archive", "store", "chart", "-f", "a.zip", "odd name.tgz")
    assert stored.status == 0, stored.err
    load(desk, target)

    repository = "hangar-helm/web-app"
    assert target.http.tags(repository) == {"1.2.0_build.7"}
    raw = target.http.manifest(repository, "1.2.0_build.7")
    manifest = json.loads(raw)
    assert raw.startswith(b'{\n  "schemaVersion": 2,\n  "mediaType": "application/')
    assert list(manifest) == [
        *("schemaVersion", "mediaType", "config", "layers", "annotations"),
    ]
    assert manifest["mediaType"] == "application/vnd.oci.image.manifest.v1+json"
    assert manifest["config"]["mediaType"] == HELM_CONFIG
    assert [layer["mediaType"] for layer in manifest["layers"]] == [
        CHART_LAYER,
        PROVENANCE_LAYER,
    ]
    name = "web-app-1.2.0+build.7.tgz"
    assert [layer["annotations"] for layer in manifest["layers"]] == [
        {TITLE: name},
        {TITLE: f"{name}.prov"},
    ]
    prefix = "org.opencontainers.image"
    assert manifest["annotations"] == {
        f"{prefix}.created": "2023-11-14T22:13:20Z",
        f"{prefix}.description": "",
        f"{prefix}.title": "web-app",
        f"{prefix}.url": "https://example.com/?a=1&b=2",
        f"{prefix}.vendor": "hangar",
        f"{prefix}.version": "1.2.0+build.7",
    }
    assert blob(target.http, repository, manifest["layers"][0]) == content
    assert blob(target.http, repository, manifest["layers"][1]) == proof
    assert blob(target.http, repository, manifest["config"]) == (
        b'{"name":"web-app","home":"https://example.com/?a=1\\u0026b=2",'
        b'"version":"1.2.0+build.7","apiVersion":"v2"}'
    )


def test_a_file_is_in_the_registry_what_oras_expects_and_comes_back(
    desk: Desk, target: DockerRegistry
) -> None:
    content = bytes(range(256)) * 10_000
    (desk.folder / "tool.bin").write_bytes(content)
    (desk.folder / "README.md").write_bytes(b"")
    desk.hangar("archive", "init", "a.zip")
    store = ("archive", "store", "file", "-f", "a.zip")

    assert desk.hangar(*store, "./tool.bin").status == 0
    assert desk.hangar(*store, "README.md", "--name", "readme.md").status == 0
    load(desk, target)

    manifest = json.loads(target.http.manifest("hangar-file/tool.bin", "latest"))
    assert manifest["config"]["mediaType"] == HELM_CONFIG
    assert [layer["mediaType"] for layer in manifest["layers"]] == [FILE_LAYER]
    assert manifest["layers"][0]["annotations"] == {TITLE: "tool.bin"}
    prefix = "org.opencontainers.image"
    assert manifest["annotations"] == {
        f"{prefix}.description": "./tool.bin",
        f"{prefix}.title": "tool.bin",
        f"{prefix}.vendor": "Hangar",
    }
    assert blob(target.http, "hangar-file/tool.bin", manifest["layers"][0]) == content
    config = blob(target.http, "hangar-file/tool.bin", manifest["config"])
    assert config == b'{"Name":"tool.bin"}'
    other = json.loads(target.http.manifest("hangar-file/readme.md", "latest"))
    assert other["layers"][0]["annotations"] == {TITLE: "README.md"}
    (desk.folder / "tool.bin").unlink()
    export = ("archive", "export", "file", "-f", "a.zip", "-n")
    assert desk.hangar(*export, "tool.bin").status == 0
    assert desk.hangar(*export, "readme.md").status == 0
    assert (desk.folder / "tool.bin").read_bytes() == content
    assert (desk.folder / "readme.md").read_bytes() == b""


def test_a_folder_is_packed_and_loaded(desk: Desk, target: DockerRegistry) -> None:
    make_folder(desk.folder / "checkout", "app", "0.1.0")
    desk.hangar("archive", "init", "a.zip")

    stored = desk.hangar("archive", "store", "chart", "-f", "a.zip", "checkout")
    assert stored.status == 0, stored.err
    load(desk, target)

    manifest = json.loads(target.http.manifest("hangar-helm/app", "0.1.0"))
    assert "org.opencontainers.image.created" not in manifest["annotations"]
    assert manifest["layers"][0]["annotations"] == {TITLE: "app-0.1.0.tgz"}


def test_a_chart_of_a_registry_is_carried_byte_for_byte(
    desk: Desk, source: DockerRegistry, target: DockerRegistry
) -> None:
    for version in ("1.0.0", "1.10.0+x", "1.9.0", "2.0.0-rc.1"):
        push_chart(source.http, "charts/app", version)
    desk.hangar("archive", "init", "a.zip")
    store = ("archive", "store", "chart", "-f", "a.zip", PLAIN)
    base = f"oci://{source.address}/charts"

    newest = desk.hangar(*store, f"{base}/app")
    stated = desk.hangar(*store, f"{base}/app:1.0.0")
    ranged = desk.hangar(*store, base, "-n", "app", "-v", "~1.9")
    again = desk.hangar(*store, f"{base}/app", "-v", "1.10.0+x")

    for done in (newest, stated, ranged, again):
        assert done.status == 0, done.err
    name = f"{source.address}/charts/app"
    assert f"Add OCI Helm Chart [{name}:1.10.0_x]" in newest.err
    assert f"Up to date [{name}:1.10.0_x]" in again.err
    load(desk, target)
    assert target.http.tags("charts/app") == {"1.0.0", "1.10.0_x", "1.9.0"}
    for tag in ("1.0.0", "1.10.0_x", "1.9.0"):
        assert target.http.whole("charts/app", tag) == source.http.whole(
            "charts/app", tag
        )
    listed = desk.hangar("archive", "ls", "a.zip")
    assert listed.out.count("| NOARCH | NOOS |") == 3
    assert listed.out.count("| (helm chart)") == 3


def push_chart(http: PlainHTTP, repository: str, version: str) -> None:
    """Push a chart as helm does, by plain requests."""
    content = package("app", version)
    config = json.dumps({"name": "app", "version": version}).encode()
    pointers = []
    for data, kind in ((config, HELM_CONFIG), (content, CHART_LAYER)):
        digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
        begun = http.ask("POST", f"/v2/{repository}/blobs/uploads/")
        place = begun.headers["location"].partition(http.address)[2]
        sent = http.ask("PUT", f"{place}&digest={digest}", data)
        assert sent.status == 201
        pointers.append({"mediaType": kind, "digest": digest, "size": len(data)})
    kind = "application/vnd.oci.image.manifest.v1+json"
    manifest = {"schemaVersion": 2, "config": pointers[0], "layers": pointers[1:]}
    path = f"/v2/{repository}/manifests/{version.replace('+', '_')}"
    stored = http.ask("PUT", path, json.dumps(manifest).encode(), Content_Type=kind)
    assert stored.status == 201


def test_storing_again_changes_nothing(desk: Desk) -> None:
    (desk.folder / "app.tgz").write_bytes(package())
    make_folder(desk.folder / "web", "web")
    (desk.folder / "notes.txt").write_text("notes")
    desk.hangar("archive", "init", "a.zip")
    charts = ("archive", "store", "chart", "-f", "a.zip", "app.tgz", "web")
    files = ("archive", "store", "file", "-f", "a.zip", "notes.txt")
    assert desk.hangar(*charts).status == desk.hangar(*files).status == 0
    before = (desk.folder / "a.zip").read_bytes()
    (desk.folder / "notes.txt").write_text("notes")  # another time, the same content

    again = [desk.hangar(*charts), desk.hangar(*files)]

    assert [done.status for done in again] == [0, 0]
    assert "0 stored, 2 up to date, 0 failed" in again[0].err
    assert (desk.folder / "a.zip").read_bytes() == before
    assert sorted(path.name for path in Path(desk.folder).glob("a.zip*")) == ["a.zip"]
