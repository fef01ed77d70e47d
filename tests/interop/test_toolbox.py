"""The small commands at registries of each kind, and logins shared with others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.conftest import Origins
from tests.interop.contents import BUILT, IMAGES, SIGNED
from tests.interop.logins import LOGINS, PASSWORD, guarded
from tests.interop.places import KINDS, Place
from tests.interop.programs import Workshop
from tests.support.registries import Certificates
from tests.support.running import Desk

pytestmark = pytest.mark.interop

PLAIN = "--tls-verify=false"


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    """A kind of registries."""
    return str(request.param)


@pytest.fixture
def known(workshop: Workshop, tmp_path: Path) -> Desk:
    """A desk that has the workshop's logins."""
    docker = workshop.environment["DOCKER_CONFIG"]
    return Desk.at(tmp_path, DOCKER_CONFIG=docker)


@pytest.fixture
def place(kind: str, workshop: Workshop, origins: Origins) -> Iterator[Place]:
    """A registry with two images, to change something in."""
    crane, origin = workshop.program("crane"), origins["docker"].place
    with KINDS[kind](workshop) as place:
        for image in (f"{BUILT}:1", f"{IMAGES}:single"):
            ends = (f"{end.address}/{image}" for end in (origin, place))
            crane("copy", crane.plain, *ends)
        yield place


@pytest.mark.parametrize("name", [IMAGES, SIGNED])
def test_tags_are_those_that_skopeo_lists(
    kind: str, workshop: Workshop, origins: Origins, known: Desk, name: str
) -> None:
    skopeo = workshop.program("skopeo")
    where = f"{origins[kind].place.address}/{name}"

    listed = known.hangar("list-tags", where, PLAIN)

    assert listed.status == 0, listed.err
    theirs = json.loads(skopeo("list-tags", skopeo.plain, f"docker://{where}"))["Tags"]
    # Zuul's registry lists digests, too
    assert set(json.loads(listed.out)) == {tag for tag in theirs if ":" not in tag}


def test_manifests_and_configs_are_those_that_crane_shows(
    kind: str, workshop: Workshop, origins: Origins, known: Desk
) -> None:
    crane, origin = workshop.program("crane"), origins[kind]
    for image in origin.images:
        where = f"{origin.place.address}/{image}"

        raw = known.hangar("inspect", "--raw", where, PLAIN)

        assert raw.status == 0, raw.err
        assert raw.out.strip() == crane("manifest", crane.plain, where).strip()
    where = f"{origin.place.address}/{IMAGES}:single"
    config = known.hangar("inspect", "--config", "--raw", where, PLAIN)
    assert config.out.strip() == crane("config", crane.plain, where).strip()


def test_images_are_merged_for_others_to_copy(
    place: Place, workshop: Workshop, known: Desk, tmp_path: Path
) -> None:
    crane, skopeo = workshop.program("crane"), workshop.program("skopeo")
    merged = f"{place.address}/{BUILT}:merged"
    arm = f"{place.address}/{BUILT}@{_entry(place, 'arm64')}"

    ran = known.hangar(
        "merge-manifest", merged, f"{place.address}/{IMAGES}:single", arm, PLAIN
    )

    assert ran.status == 0, ran.err
    told = json.loads(crane("manifest", crane.plain, merged))
    names = {entry["platform"]["architecture"] for entry in told["manifests"]}
    assert names == {"amd64", "arm64"}
    tls = "--src-tls-verify=false"
    skopeo("copy", "--all", tls, f"docker://{merged}", f"dir:{tmp_path}/merged")


def _entry(place: Place, architecture: str) -> str:
    """The digest of the image for an architecture in an index."""
    index = json.loads(place.http.manifest(BUILT, "1"))
    found = (
        entry["digest"]
        for entry in index["manifests"]
        if entry["platform"]["architecture"] == architecture
    )
    return str(next(found))


def test_what_is_said_to_be_deleted_is_gone(
    place: Place, workshop: Workshop, known: Desk
) -> None:
    crane = workshop.program("crane")
    image = f"{place.address}/{BUILT}:1"
    crane("tag", crane.plain, image, "2")

    ran = known.hangar("delete", "-y", image, PLAIN)

    there = [crane.ends("digest", crane.plain, f"{image[:-1]}{tag}") for tag in "12"]
    if place.kind == "zuul-registry":
        assert ran.status == 1
        assert "deletes no images" in ran.err
        assert [ended.status for ended in there] == [0, 0]
    else:
        assert ran.status == 0, ran.err
        assert all(ended.status for ended in there)


READING = {
    "buildah": ("login", "--get-login"),
    "crane": ("auth", "get"),
    "podman": ("login", "--get-login"),
    "skopeo": ("login", "--get-login"),
}
"""How programs tell a login that they have, of those that read podman's file."""


@pytest.mark.parametrize("name", [name for name in LOGINS if name != "helm"])
def test_what_others_have_logged_in_to_needs_no_login(
    workshop: Workshop, certificates: Certificates, tmp_path: Path, name: str
) -> None:
    own = Workshop.at(tmp_path / "own")
    desk = Desk.at(tmp_path, **own.environment)
    with guarded(workshop, certificates, tmp_path) as http:
        image = f"{http.address}/a/b:1"

        before = desk.hangar("inspect", image, PLAIN)
        who = ("--username=me", f"--password={PASSWORD}", http.address)
        own.program(name)(*LOGINS[name], *who)
        after = desk.hangar("inspect", image, PLAIN)

    assert "authentication required" in before.err
    assert "manifest unknown" in after.err


@pytest.mark.parametrize("name", READING)
def test_others_find_a_login_of_ours(
    workshop: Workshop, certificates: Certificates, tmp_path: Path, name: str
) -> None:
    own = Workshop.at(tmp_path / "own")
    desk = Desk.at(tmp_path, **own.environment)
    with guarded(workshop, certificates, tmp_path) as http:
        who = ("-u", "me", "--password-stdin", http.address, PLAIN)
        ran = desk.hangar("login", *who, typed=PASSWORD)
        told = own.program(name)(*READING[name], http.address)

    assert ran.status == 0, ran.err
    assert "me" in told
