"""Save, carry, load, validate: between real registries, judged by skopeo."""

from __future__ import annotations

import json
import zipfile

import pytest

from hangar.archive import Draft
from hangar.oci import Digest
from tests.support.content import put_image
from tests.support.golang import GoArchive, GoImage
from tests.support.judges import skopeo, skopeo_raw
from tests.support.kinds import every_kind
from tests.support.proxy import ALWAYS, FaultyProxy, Forward, Message, drop
from tests.support.registries import DockerRegistry
from tests.support.running import Desk
from tests.support.seeding import draft, push

PLAIN = "--tls-verify=false"


def every_image(source: DockerRegistry) -> dict[str, str]:
    """Push an image of each kind, and what accompanies it; their lines by tags."""
    store = every_kind()
    push(source.http, "library/app", store)
    tags = (tag for tag in store.tags if not tag.startswith("sha256-"))
    return {tag: f"{source.address}/library/app:{tag}" for tag in tags}


@pytest.mark.parametrize("validate", [(), ("--deep",)])
def test_every_kind_of_image_comes_out_of_an_archive_with_its_digest(
    source: DockerRegistry,
    target: DockerRegistry,
    desk: Desk,
    validate: tuple[str, ...],
) -> None:
    images = every_image(source)
    listed = ("-f", desk.write("list", *images.values()), PLAIN)

    saved = desk.hangar("save", *listed, "-d", "a.zip")
    checked = desk.hangar("save", "validate", *listed, "-d", "a.zip", *validate)
    loaded = desk.hangar("load", "-s", "a.zip", "-d", target.address, PLAIN)

    assert saved.status == 0, saved.err
    assert checked.status == 0, checked.err
    assert checked.err.count("PASS: [") == len(images)
    assert loaded.status == 0, loaded.err
    for tag in images:
        assert skopeo_raw(f"{target.address}/library/app:{tag}") == skopeo_raw(
            f"{source.address}/library/app:{tag}"
        )
        assert target.http.whole("library/app", tag) == source.http.whole(
            "library/app", tag
        )
    signatures = {tag for tag in every_kind().tags if tag.endswith(".sig")}
    assert signatures <= target.http.tags("library/app")
    flags = ("-s", "a.zip", "-d", target.address, PLAIN)
    validated = desk.hangar("load", "validate", *flags, *validate)
    assert validated.status == 0, validated.err
    assert validated.err.count("PASS: [") == len(images)


def test_each_manifest_of_an_archive_is_a_layout_that_skopeo_copies(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    """So the Go program loads them: with the same library, from unpacked files."""
    images = every_image(source)
    saved = desk.hangar(
        "save", "-f", desk.write("l", *images.values()), PLAIN, "-d", "a.zip"
    )
    assert saved.status == 0, saved.err
    with zipfile.ZipFile(desk.folder / "a.zip") as archive:
        archive.extractall(desk.folder / "out")
    index = json.loads((desk.folder / "out/index.json").read_bytes())
    digests = {one["digest"] for entry in index["list"] for one in entry["images"]}
    assert len(digests) >= len(images)

    for digest in digests:
        layout = desk.folder / "out" / digest.removeprefix("sha256:")
        skopeo(
            *("copy", "--dest-tls-verify=false", "--preserve-digests"),
            *("--src-shared-blob-dir", str(desk.folder / "out/share")),
            *(f"oci:{layout}", f"docker://{target.address}/out:{layout.name[:9]}"),
        )
        blob = desk.folder / "out/share/sha256" / layout.name
        assert target.http.manifest("out", layout.name[:9]) == blob.read_bytes()


def test_an_unfinished_archive_is_not_replaced_by_another_list_without_asking(
    source: DockerRegistry, desk: Desk
) -> None:
    store = every_kind()
    push(source.http, "library/app", store)
    name = f"{source.address}/library/app"
    both = desk.write("both", f"{name}:index", f"{name}:none")
    other = desk.write("other", f"{name}:list")
    first = desk.hangar("save", "-f", both, PLAIN, "-d", "a.zip")
    assert first.status == 1

    asked = desk.hangar("save", "-f", other, PLAIN, "-d", "a.zip")
    again = desk.hangar("save", "-f", both, PLAIN, "-d", "a.zip")

    assert asked.status == 1
    assert 'file "a.zip" already exists' in asked.err
    assert "already exists" not in again.err
    listed = desk.hangar("archive", "ls", "a.zip", "--image-only")
    assert listed.out == f"{name}:index\n"


def test_a_list_is_carried_in_several_archives_each_of_which_loads_alone(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    images = every_image(source)
    flags = (
        "-f",
        desk.write("list", *images.values()),
        PLAIN,
        "-d",
        "a.zip",
        "--split",
        "17KiB",
    )

    told = desk.hangar("save", *flags, "--dry-run")
    saved = desk.hangar("save", *flags)
    asked = desk.hangar("save", *flags, typed="n\n")
    checked = desk.hangar("save", "validate", *flags, "--deep")

    assert (told.status, saved.status, checked.status) == (0, 0, 0), saved.err
    parts = sorted(desk.folder.glob("a-*.zip"), key=lambda path: path.name)
    assert len(parts) > 1
    assert all(part.stat().st_size <= 17 << 10 for part in parts)
    for part in parts:
        assert f"[{part.name}]: " in told.err
        assert f" => {part.name}\n" in told.out
        assert f"[{part.name}]: " in saved.err
    names = ", ".join(f'"{part.name}"' for part in parts)
    assert asked.status == 1
    assert f"Files {names} already exist! Overwrite? [y/N]" in asked.out
    for part in reversed(parts):
        folder = desk.folder / part.stem
        folder.mkdir()
        part.rename(folder / part.name)
        alone = ("-s", f"{part.stem}/a-*.zip", "-d", target.address, PLAIN)
        loaded = desk.hangar("load", *alone)
        assert loaded.status == 0, loaded.err
    for tag in images:
        assert target.http.whole("library/app", tag) == source.http.whole(
            "library/app", tag
        )
    everything = ("-s", "a-?/a-*.zip", "-d", target.address, PLAIN)
    assert desk.hangar("load", "validate", *everything).err.count("PASS: [") == len(
        images
    )


def test_what_fits_into_no_archive_is_named_and_listed(
    source: DockerRegistry, desk: Desk
) -> None:
    store = every_kind()
    push(source.http, "library/app", store)
    name = f"{source.address}/library/app"
    listed = desk.write("list", f"{name}:index", f"{name}:single")

    flags = ("-f", listed, PLAIN, "-d", "a.zip")
    ran = desk.hangar("save", *flags, "--split", "4KB")
    wrong = desk.hangar("save", *flags, "--split", "4 quarts")

    assert ran.status == 1
    assert "does not fit into an archive of 4000 bytes" in ran.err
    assert desk.read("save-failed.txt") == f"{name}:index\n"
    assert desk.hangar("archive", "ls", "a-1.zip", "--image-only").out == (
        f"{name}:single\n"
    )
    assert wrong.status == 2
    assert 'invalid argument "4 quarts"' in wrong.err


def test_a_lost_network_costs_only_what_was_not_there_yet(
    source: DockerRegistry, desk: Desk
) -> None:
    store = draft()
    layers = [bytes([n]) * 1000 for n in range(4)]
    put_image(store, *layers[:2], tag="1")
    put_image(store, *layers[2:], tag="2")
    push(source.http, "team/app", store)
    lost, down = Digest.of(layers[3]), [True]

    def flaky(request: Message, forward: Forward) -> Message:
        return drop(request, forward) if down else forward(request)

    with FaultyProxy(source.address) as proxy:
        lines = (f"{proxy.address}/team/app:1", f"{proxy.address}/team/app:2")
        flags = ("-f", desk.write("list", *lines), PLAIN, "-d", "a.zip")
        proxy.fault("GET", str(lost), flaky, times=ALWAYS)
        first = desk.hangar("save", *flags)
        down.clear()
        asked = len(proxy.requests)
        second = desk.hangar("save", *flags)
        fetched = [r.path for r in proxy.requests[asked:] if "/blobs/" in r.path]

    assert first.status == 1
    assert second.status == 0, second.err
    assert fetched == [f"/v2/team/app/blobs/{lost}"]
    assert not (desk.folder / "save-failed.txt").exists()


def test_who_writes_an_archive_that_is_being_written_is_told(
    source: DockerRegistry, desk: Desk
) -> None:
    store = draft()
    put_image(store, b"layer", tag="1")
    push(source.http, "team/app", store)
    listed = desk.write("list", f"{source.address}/team/app:1")
    assert desk.hangar("save", "-f", listed, PLAIN, "-d", "a.zip").status == 0
    before = (desk.folder / "a.zip").read_bytes()

    with Draft.append(desk.folder / "a.zip"):
        ran = [
            desk.hangar("sync", "-f", listed, PLAIN, "-d", "a.zip"),
            desk.hangar("archive", "rm", "-f", "a.zip", f"{source.address}/team/app:1"),
            desk.hangar("archive", "repair", "a.zip"),
        ]
        seen = desk.hangar("archive", "ls", "a.zip", "--image-only")

    for one in ran:
        assert one.status == 1
        assert "a.zip is being written by another process" in one.err
    assert seen.out == f"{source.address}/team/app:1\n"
    assert (desk.folder / "a.zip").read_bytes() == before


def test_no_output_takes_the_place_of_an_input(desk: Desk) -> None:
    listed = desk.write("list.zip", "nginx")
    GoArchive().write(desk.folder / "a.zip")
    before = (desk.folder / "a.zip").read_bytes()

    ran = [
        desk.hangar("save", "-f", listed, "-d", listed, "-y"),
        desk.hangar("archive", "export", "file", "-f", "a.zip", "-n", "a.zip", "-y"),
        desk.hangar("archive", "merge", "-f", "a.zip,a.zip", "-o", "a.zip", "-y"),
        desk.hangar("save", "-f", listed, "-d", "a.zip", "--since", "a.zip", "-y"),
    ]

    assert [one.status for one in ran] == [2, 2, 2, 2], [one.err for one in ran]
    assert desk.read("list.zip") == "nginx\n"
    assert (desk.folder / "a.zip").read_bytes() == before


def test_neither_reports_nor_failed_lists_take_the_place_of_other_files(
    desk: Desk,
) -> None:
    listed = desk.write("list", "nginx")
    GoArchive().write(desk.folder / "a.zip")
    (desk.folder / "hard.zip").hardlink_to(desk.folder / "a.zip")
    (desk.folder / "soft.zip").symlink_to("a.zip")
    before = (desk.folder / "a.zip").read_bytes()
    export = ("archive", "export", "-f", listed, "-s", "a.zip")

    ran = [
        desk.hangar("save", "-f", listed, "-d", "new.zip", "--report", "./new.zip"),
        desk.hangar("save", "-f", listed, "-d", "x", "-o", "x"),
        desk.hangar("save", "-f", listed, "-d", "x", "--since", "a.zip", "-o", "a.zip"),
        desk.hangar("save", "-f", listed, "-d", "x", "--report", listed),
        desk.hangar("save", "-f", listed, "-d", "x", "-o", "y", "--report", "y"),
        desk.hangar("sync", "-f", listed, "-d", "a.zip", "-o", "hard.zip"),
        desk.hangar("load", "-s", "a.z*", "-d", "127.0.0.1:1", "-o", "soft.zip"),
        desk.hangar("load", "-s", "a.zip", "-d", "127.0.0.1:1", "--report", "a.zip"),
        desk.hangar("archive", "store", "file", "-f", "a.zip", "b", "--report", "b"),
        desk.hangar(*export, "-d", listed, "-y"),
        desk.hangar(*export, "-d", "x", "--failed", "a.zip"),
        desk.hangar(*export, "-d", "x", "--failed", "x"),
    ]

    assert [one.status for one in ran] == [2] * len(ran), [one.err for one in ran]
    assert all("would take the place of" in one.err for one in ran)
    assert desk.read("list") == "nginx\n"
    assert (desk.folder / "a.zip").read_bytes() == before
    assert not {"x", "y", "b", "new.zip"} & {f.name for f in desk.folder.iterdir()}


def test_space_is_given_back_without_dropping_anything(
    source: DockerRegistry, desk: Desk
) -> None:
    push(source.http, "library/app", every_kind())
    name = f"{source.address}/library/app"
    listed = desk.write("list", f"{name}:single", f"{name}:chart")
    assert desk.hangar("save", "-f", listed, "-d", "a.zip", PLAIN).status == 0
    archive = desk.folder / "a.zip"
    assert desk.hangar("archive", "rm", "-f", "a.zip", f"{name}:chart").status == 0
    before = archive.stat().st_size

    nothing = desk.hangar("archive", "rm", "-f", "a.zip")
    done = desk.hangar("archive", "rm", "-f", "a.zip", "--compact")

    assert (nothing.status, done.status) == (2, 0), done.err
    assert "image not provided" in nothing.err
    assert archive.stat().st_size < before
    assert desk.hangar("archive", "ls", "a.zip", "--image-only").out == (
        f"{name}:single\n"
    )
    assert desk.hangar("archive", "verify", "a.zip").status == 0


def test_what_was_repaired_is_told_in_json_too(desk: Desk) -> None:
    image = GoImage([b"a layer"])
    path = (
        GoArchive()
        .add("docker.io/library/app", "1", image)
        .write(desk.folder / "a.zip")
    )
    path.write_bytes(path.read_bytes()[:-30])

    ran = desk.hangar("archive", "repair", "a.zip", "--json")

    assert json.loads(ran.out) == {
        "found": "nothing",
        "rebuilt": True,
        "kept": ["docker.io/library/app:1"],
        "lost": [],
    }
    assert ran.status == 0
