"""A registry with everything that people keep in registries, made by their tools."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.interop import places
from tests.interop.places import Place
from tests.interop.programs import Workshop
from tests.support.kinds import every_kind
from tests.support.seeding import push

IMAGES = "library/app"
FILES = "library/files"
SIGNED = "library/signed"
BUILT = "library/built"
CHART = "charts/demo"
VERSIONS = ("0.1.0", "0.2.0+build.1")


@dataclass(frozen=True)
class Filled:
    """A registry that has everything.

    Attributes:
        place: the registry.
        images: ``repository:tag`` of all that a list would name.
    """

    place: Place
    images: list[str]


def prepare(workshop: Workshop) -> None:
    """Make what is pushed to registries: files, keys, charts, an image."""
    work = workshop.work
    (work / "one.txt").write_text("one\n")
    (work / "sbom.json").write_text('{"spdxVersion": "SPDX-2.3"}')
    (work / "note.txt").write_text("a note about an sbom\n")
    (work / "claim.json").write_text('{"tested": true}')
    cosign, helm = workshop.program("cosign"), workshop.program("helm")
    cosign("generate-key-pair")
    # Without services: whoever signs here speaks to nobody but the registry.
    cosign("signing-config", "create", "--out", "signing.json")
    cosign("trusted-root", "create", "--out", "root.json")
    helm("create", "demo")
    for version in VERSIONS:
        helm("package", "demo", "--version", version)
    build(workshop)


def build(workshop: Workshop) -> None:
    """Build an index of two platforms with buildah, and keep it as a layout."""
    (workshop.work / "two.bin").write_bytes(bytes(range(256)) * 99)
    buildah = workshop.program("buildah")
    policy = ("--signature-policy", str(workshop.folder / "policy.json"))
    buildah("manifest", "create", "built")
    for architecture in ("amd64", "arm64"):
        name = buildah("from", *policy, "--arch", architecture, "scratch").strip()
        buildah("copy", name, "two.bin", f"/{architecture}")
        image = f"built-{architecture}"
        buildah("commit", *policy, "--rm", name, image)
        buildah("manifest", "add", "built", f"containers-storage:localhost/{image}")
    buildah("manifest", "push", *policy, "--all", "built", "oci:built:latest")


def fill(workshop: Workshop, place: Place) -> Filled:
    """Have a registry get everything, each thing by the tool that makes it."""
    store = every_kind()
    push(place.http, IMAGES, store)
    tags = [tag for tag in store.tags if not tag.startswith("sha256-")]
    _files(workshop, place)
    _charts(workshop, place)
    skopeo = workshop.program("skopeo")
    built = f"docker://{place.address}/{BUILT}:1"
    keep = ("--all", "--preserve-digests", "--dest-tls-verify=false")
    skopeo("copy", *keep, "oci:built:latest", built)
    _signatures(workshop, place)
    return Filled(
        place,
        [
            *(f"{IMAGES}:{tag}" for tag in tags),
            f"{FILES}:1",
            f"{SIGNED}:1",
            f"{BUILT}:1",
            *(f"{CHART}:{version.replace('+', '_')}" for version in VERSIONS),
        ],
    )


def _files(workshop: Workshop, place: Place) -> None:
    """Push files and attach to them, and to images, what describes them."""
    oras = workshop.program("oras")
    name = f"{place.address}/{FILES}:1"
    kind = ("--artifact-type", "application/vnd.example.files")
    oras("push", oras.plain, *kind, name, "one.txt:text/plain", "two.bin")
    for subject in (name, f"{place.address}/{IMAGES}:index"):
        sbom = ("--artifact-type", "application/spdx+json")
        told = oras("attach", oras.plain, *sbom, "--format=json", subject, "sbom.json")
        attached = json.loads(told)["reference"]
        note = ("--artifact-type", "application/vnd.example.note")
        oras("attach", oras.plain, *note, attached, "note.txt")


def _charts(workshop: Workshop, place: Place) -> None:
    """Push charts; by way of another registry where helm itself fails to."""
    helm, crane = workshop.program("helm"), workshop.program("crane")
    for version in VERSIONS:
        chart = ("push", helm.plain, f"demo-{version}.tgz")
        if place.for_helm:
            helm(*chart, f"oci://{place.address}/charts")
            continue
        tag = version.replace("+", "_")
        with places.crane(workshop) as other:
            helm(*chart, f"oci://{other.address}/charts")
            ends = (f"{x.address}/{CHART}:{tag}" for x in (other, place))
            crane("copy", crane.plain, *ends)


def _signatures(workshop: Workshop, place: Place) -> None:
    """Sign in both ways that cosign has, and attest."""
    cosign, crane = workshop.program("cosign"), workshop.program("crane")
    source = f"{place.address}/{IMAGES}:index"
    signed = f"{place.address}/{SIGNED}:1"
    crane("copy", crane.plain, source, signed)
    pinned = f"{place.address}/{SIGNED}@{crane('digest', crane.plain, signed).strip()}"
    key = ("--key", "cosign.key", "--yes", cosign.plain)
    old = ("--use-signing-config=false", "--tlog-upload=false")
    cosign("sign", *key, *old, "--new-bundle-format=false", pinned)
    alone = ("--signing-config", "signing.json", "--trusted-root", "root.json")
    cosign("sign", *key, *alone, pinned)
    claim = ("--predicate", "claim.json", "--type", "custom")
    cosign("attest", *key, *alone, *claim, pinned)


def referrers(workshop: Workshop, image: str) -> list[str]:
    """The digests that oras finds attached to an image, each with what it is below.

    Types are left out: those that cosign notes in a list under a tag are wrong.
    """
    oras = workshop.program("oras")
    told = json.loads(oras("discover", oras.plain, "--format=json", image))
    return sorted(_below(told))


def _below(found: dict[str, Any]) -> Iterator[str]:
    for one in found.get("referrers") or []:
        yield one["digest"]
        yield from (f"{one['digest']} < {line}" for line in _below(one))
