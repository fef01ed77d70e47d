"""Images carried in OCI layouts: what skopeo reads, and what skopeo wrote."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from tests.support.judges import skopeo, skopeo_raw
from tests.support.kinds import every_kind
from tests.support.memory import MemoryStore
from tests.support.registries import DockerRegistry
from tests.support.running import Desk
from tests.support.seeding import push

PLAIN = "--tls-verify=false"


def listed(source: DockerRegistry, desk: Desk, *more: str) -> tuple[MemoryStore, str]:
    """Fill a registry with images of every kind; write a list of them."""
    store = every_kind()
    push(source.http, "library/app", store)
    names = [f":{tag}" for tag in store.tags if not tag.startswith("sha256-")]
    lines = [f"{source.address}/library/app{name}" for name in (*names, *more)]
    return store, desk.write("list", *lines)


def names_in(folder: Path) -> list[str]:
    """What the index of a layout names, as the specification has it."""
    index = json.loads((folder / "index.json").read_text())
    stated = [entry.get("annotations", {}) for entry in index["manifests"]]
    key = "org.opencontainers.image.ref.name"
    return [annotations[key] for annotations in stated if key in annotations]


def test_every_kind_of_image_is_carried_in_a_layout_that_skopeo_reads(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    digest = every_kind().tags["single"]
    store, name = listed(source, desk, f"@{digest}")
    sbom = next(m for m in store.manifests.values() if m.subject)
    subject = sbom.subject.digest.replace(":", "-") if sbom.subject else ""
    entries = [{**sbom.descriptor.to_json(), "artifactType": "application/spdx"}]
    kind = "application/vnd.oci.image.index.v1+json"
    index = {"schemaVersion": 2, "mediaType": kind, "manifests": entries}
    path = f"/v2/library/app/manifests/{subject}"  # where registries have no referrers
    put = source.http.ask("PUT", path, json.dumps(index).encode(), Content_Type=kind)
    assert put.status == 201

    flags = ("-f", name, "-d", "oci:layout", PLAIN)
    saved = desk.hangar("save", *flags)
    checked = desk.hangar("save", "validate", *flags, "--deep")
    loaded = desk.hangar("load", "-s", "oci:layout", "-d", target.address, PLAIN)
    again = ("-s", "oci:layout", "-d", target.address, PLAIN, "--deep")
    validated = desk.hangar("load", "validate", *again)

    for ran in (saved, checked, loaded, validated):
        assert ran.status == 0, ran.err
    lines = desk.read(name).splitlines()
    assert checked.err.count("PASS: [") == len(lines)
    assert loaded.err.count("Loading [") == len(lines)
    for tag, root in store.tags.items():
        full = f"{source.address}/library/app:{tag}"
        raw = skopeo_raw(full)
        assert root == f"sha256:{hashlib.sha256(raw).hexdigest()}"
        assert (desk.folder / "layout/blobs/sha256" / root.hex).read_bytes() == raw
        if tag != "list":  # skopeo finds but images of OCI's types
            carried = f"oci:{desk.folder / 'layout'}:{full}"
            assert skopeo("inspect", "--raw", carried) == raw
        assert target.http.whole("library/app", tag) == source.http.whole(
            "library/app", tag
        )
    referrers = json.loads(target.http.manifest("library/app", subject))["manifests"]
    assert [entry["digest"] for entry in referrers] == [sbom.digest]


def test_what_a_layout_lacks_is_told_without_advice_that_is_for_archives(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    _, name = listed(source, desk)
    assert desk.hangar("save", "-f", name, "-d", "oci:layout", PLAIN).status == 0
    layer = hashlib.sha256(b"a layer").hexdigest()
    (desk.folder / "layout/blobs/sha256" / layer).unlink()

    ran = desk.hangar("load", "-s", "oci:layout", "-d", target.address, PLAIN)

    assert ran.status == 1
    assert f"oci:layout does not have sha256:{layer} (save it anew)" in ran.err


def test_a_layout_that_is_there_is_asked_about_and_stays_until_the_new_one_is_whole(
    source: DockerRegistry, desk: Desk
) -> None:
    _, name = listed(source, desk)
    one = desk.write("one", f"{source.address}/library/app:single")
    none = desk.write("none", f"{source.address}/library/app:none")
    folder = desk.folder / "layout"
    assert desk.hangar("save", "-f", name, "-d", "oci:layout", PLAIN).status == 0
    before = (folder / "index.json").read_bytes()
    blobs = {path.name for path in folder.rglob("blobs/*/*")}

    asked = desk.hangar("save", "-f", one, "-d", "oci:layout", PLAIN, typed="no\n")
    failed = desk.hangar("save", "-f", none, "-d", "oci:layout", PLAIN, "-y")
    assert asked.status == failed.status == 1
    assert 'File "oci:layout" already exists! Overwrite? [y/N]' in asked.out
    assert "oci:layout stays as it was" in failed.err
    assert (folder / "index.json").read_bytes() == before
    fetched = len(source.requests)
    done = desk.hangar("save", "-f", one, "-d", "oci:layout", PLAIN, "-y")

    assert done.status == 0, done.err
    assert names_in(folder) == [f"{source.address}/library/app:single"]
    left = {path.name for path in folder.rglob("blobs/*/*")}
    assert left < blobs
    paths = [request.path for request in source.requests[fetched:]]
    assert not [path for path in paths if "/blobs/" in path]


def test_a_layout_that_lacks_what_failed_is_gone_on_with_without_asking(
    source: DockerRegistry, desk: Desk
) -> None:
    listed(source, desk)
    app = f"{source.address}/library/app"
    both = desk.write("both", f"{app}:single", f"{app}:later")
    first = desk.hangar("save", "-f", both, "-d", "oci:layout", PLAIN)
    skopeo(
        *("copy", "--src-tls-verify=false", "--dest-tls-verify=false"),
        *("--insecure-policy", f"docker://{app}:single", f"docker://{app}:later"),
    )

    second = desk.hangar("save", "-f", both, "-d", "oci:layout", PLAIN)

    assert (first.status, second.status) == (1, 0), second.err
    assert "Overwrite" not in second.out
    names = [f"{app}:single", f"{app}:later"]
    assert names_in(desk.folder / "layout") == names
    third = desk.hangar("save", "-f", both, "-d", "oci:layout", PLAIN)
    assert "Overwrite" in third.out


def test_what_skopeo_wrote_is_loaded_by_name_and_by_the_directorys_name(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    listed(source, desk)
    image = f"docker://{source.address}/library/app:single"
    copy = ("copy", "--src-tls-verify=false", "--insecure-policy", image)
    for name in ("example.com/team/app:2.0", "1.5", "other:3"):
        skopeo(*copy, f"oci:{desk.folder / 'tools'}:{name}")
    unnamed = desk.folder / "unnamed"
    skopeo(*copy, f"oci:{unnamed}")

    loaded = desk.hangar("load", "-s", "oci:tools", "-d", target.address, PLAIN)
    some = desk.write("some", "tools:1.5", "example.com/team/app:9")
    few = ("load", "-s", "oci:tools", "-f", some, "-d", target.address, PLAIN)
    chosen = desk.hangar(*few, "--project", "few")
    whole = desk.hangar("load", "-s", "oci:unnamed", "-d", target.address, PLAIN)

    assert loaded.status == 0, loaded.err
    raw = skopeo("inspect", "--raw", f"oci:{unnamed}")
    for name in ("team/app:2.0", "library/tools:1.5", "library/other:3"):
        assert skopeo_raw(f"{target.address}/{name}") == raw
    assert chosen.status == 1
    assert "image [example.com/team/app:9] not exists in archive" in chosen.err
    assert target.http.tags("few/tools") == {"1.5"}
    assert whole.status == 0, whole.err
    digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    assert target.http.manifest("library/unnamed", digest) == raw


def test_a_sync_into_a_layout_adds_and_keeps(
    source: DockerRegistry, desk: Desk
) -> None:
    listed(source, desk)
    app = f"{source.address}/library/app"
    copy = ("copy", "--src-tls-verify=false", "--insecure-policy")
    skopeo(*copy, f"docker://{app}:zstd", f"oci:{desk.folder / 'layout'}:theirs")
    lines = desk.write("one", f"{app}:index")

    amd64 = desk.hangar(
        *("sync", "-f", lines, "-d", "oci:layout", PLAIN),
        *("-a", "amd64", "--provenance=false"),
    )
    arm64 = desk.hangar(
        *("sync", "-f", lines, "-d", "oci:layout", PLAIN),
        *("-a", "arm64", "--provenance=false"),
    )
    checked = desk.hangar("sync", "validate", "-f", lines, "-d", "oci:layout", PLAIN)
    missing = desk.hangar("sync", "-f", lines, "-d", "oci:nowhere", PLAIN)

    assert (amd64.status, arm64.status) == (0, 0), arm64.err
    folder = desk.folder / "layout"
    assert {"theirs", f"{app}:index"} <= {*names_in(folder)}
    index = json.loads(skopeo("inspect", "--raw", f"oci:{folder}:{app}:index"))
    runs_on = [entry["platform"]["architecture"] for entry in index["manifests"]]
    assert runs_on == ["amd64", "arm64"]
    assert checked.status == 1  # its attestation was left out
    assert missing.status == 2
    assert "nowhere is no OCI layout" in missing.err
    assert not (desk.folder / "nowhere").exists()


def test_a_layout_takes_no_since_and_a_folder_of_other_things_no_layout(
    source: DockerRegistry, desk: Desk
) -> None:
    _, name = listed(source, desk)
    (desk.folder / "letters").mkdir()
    (desk.folder / "letters" / "dear.txt").write_text("dear")

    since = desk.hangar("save", "-f", name, "-d", "oci:x", "--since", "a.zip", PLAIN)
    other = desk.hangar("save", "-f", name, "-d", "oci:letters", PLAIN)

    assert since.status == other.status == 2
    assert "--since and --split are for archives" in since.err
    assert "letters holds other files" in other.err
    assert (desk.folder / "letters" / "dear.txt").read_text() == "dear"
