"""Everything, carried between registries of each two kinds, judged by its makers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.interop.conftest import Origins
from tests.interop.contents import CHART, FILES, IMAGES, SIGNED, VERSIONS, referrers
from tests.interop.places import KINDS, Place
from tests.interop.programs import Workshop
from tests.support.running import Desk, Ran

pytestmark = pytest.mark.interop

PLAIN = "--tls-verify=false"


@dataclass(frozen=True)
class Carried:
    """A registry's images, and the registry that they were carried to.

    Attributes:
        ran: how each of the commands ended, in order.
        images: ``repository:tag`` of what was listed.
    """

    source: Place
    target: Place
    ran: list[Ran]
    images: list[str]

    @property
    def ends(self) -> tuple[Place, Place]:
        """Both registries."""
        return self.source, self.target


def mirror(desk: Desk, source: Place, target: Place, images: list[str]) -> list[Ran]:
    """Mirror twice, and validate every byte."""
    listed = ("-f", desk.write("list", *(f"{source.address}/{x}" for x in images)))
    ends = (*listed, "-d", target.address, PLAIN)
    return [
        desk.hangar("mirror", *ends),
        desk.hangar("mirror", *ends),
        desk.hangar("mirror", "validate", "--deep", *ends),
    ]


def archive(desk: Desk, source: Place, target: Place, images: list[str]) -> list[Ran]:
    """Save a part and sync the rest, verify that, load it twice and validate it."""
    lines = [f"{source.address}/{x}" for x in images]
    some = ("-f", desk.write("some", *lines[::2]), PLAIN, "-d", "a.zip")
    rest = ("-f", desk.write("rest", *lines[1::2]), PLAIN, "-d", "a.zip")
    ends = ("-s", "a.zip", "-d", target.address, PLAIN)
    return [
        desk.hangar("save", *some),
        desk.hangar("save", "validate", "--deep", *some),
        desk.hangar("sync", *rest),
        desk.hangar("sync", "validate", "--deep", *rest),
        desk.hangar("archive", "verify", "a.zip"),
        desk.hangar("load", *ends),
        desk.hangar("load", *ends),
        desk.hangar("load", "validate", "--deep", *ends),
    ]


WAYS = {"mirror": mirror, "archive": archive}


@pytest.fixture(
    scope="module",
    params=[(way, a, b) for way in WAYS for a in KINDS for b in KINDS],
    ids=lambda case: "{}: {} to {}".format(*case),
)
def carried(
    request: pytest.FixtureRequest,
    workshop: Workshop,
    origins: Origins,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Carried]:
    """All that a registry of one kind has, carried to an empty one of another."""
    way, source, target = request.param
    origin = origins[source]
    with KINDS[target](workshop) as place:
        docker = workshop.environment["DOCKER_CONFIG"]
        desk = Desk.at(tmp_path_factory.mktemp("desk"), DOCKER_CONFIG=docker)
        images = [
            image
            for image in origin.images
            if place.for_helm or not image.startswith(CHART)
        ]
        ran = WAYS[way](desk, origin.place, place, images)
        yield Carried(origin.place, place, ran, images)


def test_everything_is_carried_and_every_byte_validated(carried: Carried) -> None:
    assert [ran.status for ran in carried.ran] == [0] * len(carried.ran), "\n".join(
        ran.err for ran in carried.ran
    )
    last = carried.ran[-1]
    assert last.err.count("PASS: [") == len(carried.images), last.err


def test_doing_it_again_sends_nothing(carried: Carried) -> None:
    told = carried.ran[-2].err.partition("Summary: ")[2]

    nothing = f"0 copied, {len(carried.images)} up to date, 0 skipped, 0 failed; "
    assert told.startswith(nothing)
    assert " sent" not in told


def test_crane_sees_the_same_digests(carried: Carried, workshop: Workshop) -> None:
    crane = workshop.program("crane")

    for image in carried.images:
        here, there = (
            crane("digest", crane.plain, f"{end.address}/{image}")
            for end in carried.ends
        )
        assert here == there, image


def test_plain_http_gets_the_same_bytes(carried: Carried) -> None:
    for image in carried.images:
        if image.startswith(CHART) and not all(end.for_helm for end in carried.ends):
            continue
        name, _, tag = image.partition(":")
        here, there = (end.http.whole(name, tag) for end in carried.ends)
        assert here == there, image


def test_signatures_are_there_under_their_tags(carried: Carried) -> None:
    for name in (IMAGES, SIGNED):
        here, there = (end.http.tags(name) for end in carried.ends)
        signatures = {tag for tag in here if tag.endswith(".sig")}
        assert signatures <= there
        for tag in signatures:
            mine, theirs = (end.http.whole(name, tag) for end in carried.ends)
            assert mine == theirs


def test_skopeo_copies_all_of_an_index(
    carried: Carried, workshop: Workshop, tmp_path: Path
) -> None:
    skopeo = workshop.program("skopeo")

    for image in ("index", "list"):
        name = f"docker://{carried.target.address}/{IMAGES}:{image}"
        tls = "--src-tls-verify=false"
        skopeo("copy", "--all", tls, name, f"dir:{tmp_path}/{image}")


@pytest.mark.parametrize("image", [f"{FILES}:1", f"{IMAGES}:index", f"{SIGNED}:1"])
def test_oras_discovers_the_same_referrers(
    carried: Carried, workshop: Workshop, image: str
) -> None:
    here, there = (
        referrers(workshop, f"{end.address}/{image}") for end in carried.ends
    )

    assert there == here
    assert len(here) >= 2


def test_oras_pulls_the_files_and_what_is_attached(
    carried: Carried, workshop: Workshop, tmp_path: Path
) -> None:
    oras = workshop.program("oras")
    name = f"{carried.target.address}/{FILES}"
    (sbom,) = {line[:71] for line in referrers(workshop, f"{name}:1")}

    oras("pull", oras.plain, "--output", str(tmp_path), f"{name}:1")
    oras("pull", oras.plain, "--output", str(tmp_path), f"{name}@{sbom}")

    for file in ("one.txt", "two.bin", "sbom.json"):
        assert (tmp_path / file).read_bytes() == (workshop.work / file).read_bytes()


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        (("verify", "--new-bundle-format=false"), "cosign container image signature"),
        (("verify",), "https://sigstore.dev/cosign/sign/v1"),
        (("verify-attestation", "--type", "custom"), '"payload"'),
    ],
    ids=["a signature under a tag", "a signature attached", "an attestation"],
)
def test_cosign_verifies(
    carried: Carried, workshop: Workshop, what: tuple[str, ...], kind: str
) -> None:
    cosign = workshop.program("cosign")
    key = ("--key", "cosign.pub", "--trusted-root", "root.json", cosign.plain)
    image = f"{carried.target.address}/{SIGNED}:1"

    told = cosign(*what, *key, "--insecure-ignore-tlog", image)

    assert kind in told


@pytest.mark.parametrize("version", VERSIONS)
def test_helm_pulls_the_chart(
    carried: Carried, workshop: Workshop, tmp_path: Path, version: str
) -> None:
    if not carried.target.for_helm:
        pytest.skip("helm cannot use this registry")
    helm = workshop.program("helm")
    where = f"oci://{carried.target.address}/{CHART}"

    helm("pull", helm.plain, where, "--version", version, "-d", str(tmp_path))

    name = f"demo-{version}.tgz"
    assert (tmp_path / name).read_bytes() == (workshop.work / name).read_bytes()
