"""Short names that registries.conf has aliases for, as podman's users know them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.support.content import put_image
from tests.support.registries import DockerRegistry
from tests.support.running import Desk, Ran
from tests.support.seeding import draft, push

Hangar = Callable[..., Ran]


@pytest.fixture
def hangar(desk: Desk, source: DockerRegistry) -> Hangar:
    """Run hangar where ``team/short`` is ``apps/app`` of the source, by a drop-in."""
    store = draft()
    put_image(store, b"layer", tag="1")
    push(source.http, "apps/app", store)
    folder = desk.folder / "home/.config/containers/registries.conf.d"
    folder.mkdir(parents=True)
    (folder / "10.conf").write_text(
        f'[aliases]\n"team/short" = "{source.address}/apps/app"\n'
        '[[registry]]\nlocation = "docker.io"\nblocked = true\n'
    )

    def run(*arguments: str, typed: str = "") -> Ran:
        return desk.hangar(*arguments, "--tls-verify=false", typed=typed)

    return run


def test_images_of_a_list_are_what_their_aliases_stand_for(
    hangar: Hangar, desk: Desk, source: DockerRegistry, target: DockerRegistry
) -> None:
    listed = ("-f", desk.write("list", "team/short:1"))
    where = ("-d", target.address)

    mirrored = hangar("mirror", *listed, *where)
    validated = hangar("mirror", "validate", *listed, *where)
    reported = hangar("inspect", "list", *listed, "-r", "report.txt")

    assert [ran.status for ran in (mirrored, validated, reported)] == [0, 0, 0]
    assert target.http.manifest("apps/app", "1") == source.http.manifest(
        "apps/app", "1"
    )
    name = f"{source.address}/apps/app"
    note = f"[INFO] team/short stands for {name}, as "
    assert mirrored.err.count(note) == 1
    assert "registries.conf.d/10.conf states" in mirrored.err
    assert f" | {name}:1 | " in desk.read("report.txt")


def test_archives_have_images_under_the_names_that_are_meant(
    hangar: Hangar, desk: Desk, source: DockerRegistry, target: DockerRegistry
) -> None:
    listed = ("-f", desk.write("list", "team/short:1"))
    archive = ("-s", "a.zip", "-d", target.address)

    assert hangar("save", *listed, "-d", "a.zip").status == 0
    assert hangar("save", "validate", *listed, "-d", "a.zip").status == 0
    names = desk.hangar("archive", "ls", "-f", "a.zip", "--image-only").out

    assert names.split() == [f"{source.address}/apps/app:1"]
    assert hangar("load", *archive, *listed).status == 0
    assert target.http.tags("apps/app") == {"1"}


def test_tags_of_job_files_are_looked_up_where_the_images_are(
    hangar: Hangar, desk: Desk, target: DockerRegistry
) -> None:
    job = "schema: hangar-job/1\nimages: [{name: team/short, tags: all}]"
    listed = ("-f", desk.write("job.yaml", job))
    other = job.replace("team/", "docker://team/")
    blocked = ("-f", desk.write("other.yaml", other))
    where = ("-d", target.address)

    mirrored = hangar("mirror", *listed, *where)
    refused = hangar("mirror", *blocked, *where)
    saved = hangar("save", *listed, "-d", "a.zip")
    loaded = hangar("load", "-s", "a.zip", *listed, "-d", f"{target.address}/x")

    assert [r.status for r in (mirrored, saved, loaded)] == [0, 0, 0], loaded.err
    assert target.http.tags("apps/app") == target.http.tags("x/apps/app") == {"1"}
    assert refused.status == 1
    assert "registry docker.io is blocked" in refused.err


def test_an_archive_that_knew_no_alias_is_loaded_all_the_same(
    hangar: Hangar, desk: Desk, source: DockerRegistry, target: DockerRegistry
) -> None:
    conf = desk.folder / "home/.config/containers/registries.conf.d/20.conf"
    docker_io = '[[registry]]\nprefix = "docker.io/team/short"\n'
    mirror = f'[[registry.mirror]]\nlocation = "{source.address}/apps/app"\n'
    erased = '[aliases]\n"team/short" = ""\n'
    conf.write_text(f"{docker_io}{mirror}{erased}")
    listed = ("-f", desk.write("list", "team/short:1"))
    assert hangar("save", *listed, "-d", "a.zip").status == 0
    conf.unlink()

    ran = hangar("load", "-s", "a.zip", "-d", target.address, *listed)

    assert ran.status == 0, ran.err
    assert target.http.tags("team/short") == {"1"}


def test_single_images_have_aliases_too(hangar: Hangar, source: DockerRegistry) -> None:
    raw = hangar("inspect", "--raw", "team/short:1")
    tags = hangar("list-tags", "team/short")
    asked = hangar("delete", "team/short:1", typed="n\n")
    merged = hangar("merge-manifest", "--dry-run", *["team/short:1"] * 3)

    assert raw.out.encode() == source.http.manifest("apps/app", "1")
    assert json.loads(tags.out) == ["1"]
    image = f"docker://{source.address}/apps/app:1"
    assert asked.out == f'Image "{image}" will be deleted! proceed? [y/N] '
    assert f'Image "{image}" is ' in merged.err


def test_another_source_or_a_transport_says_all(
    hangar: Hangar, desk: Desk, source: DockerRegistry, target: DockerRegistry
) -> None:
    listed = ("-f", desk.write("list", "team/short:1"))

    elsewhere = hangar("mirror", *listed, "-d", target.address, "-s", source.address)
    by_transport = hangar("inspect", "docker://team/short:1")

    assert f"{source.address}/team/short:1" in elsewhere.err
    assert "registry docker.io is blocked" in by_transport.err
