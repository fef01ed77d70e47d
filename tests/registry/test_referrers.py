"""What accompanies an image: found, and kept where the registry does not list it."""

from __future__ import annotations

import json

import pytest

from hangar.copying import Route
from hangar.errors import AccessDenied, RegistryError, TransferError, Unsupported
from hangar.oci import OCI_INDEX, Digest, Manifest
from hangar.operations.transfer import copy_all
from hangar.registry import Repository
from hangar.selection import Selection
from hangar.store import Companion, Destination
from tests.registry.conftest import Open
from tests.support.content import put_bytes, put_image, put_signature
from tests.support.proxy import ALWAYS, FaultyProxy, answer, change, refuse
from tests.support.proxy import Message as Reply
from tests.support.registries import DockerRegistry
from tests.support.seeding import draft

ARTIFACT = "application/vnd.oci.artifact.manifest.v1+json"
SBOM = "application/spdx+json"


def put_referrer(
    store: Destination, subject: Manifest, kind: str = SBOM, layer: bytes = b"sbom"
) -> Digest:
    return put_image(
        store,
        layer,
        subject=subject.descriptor.to_json(),
        artifactType=kind,
        annotations={"made": "by hand"},
    ).digest


def image(store: Repository) -> Manifest:
    return store.manifest(put_image(store, b"layer", tag="1").digest)


def listing(*entries: dict[str, object]) -> bytes:
    value = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    return json.dumps(value).encode()


def entry(digest: str, kind: str = SBOM) -> dict[str, object]:
    media_type = "application/vnd.oci.image.manifest.v1+json"
    return {"mediaType": media_type, "digest": digest, "size": 7, "artifactType": kind}


def test_signatures_are_found_by_their_tags(remote: Repository) -> None:
    subject = image(remote).digest
    signature = put_signature(remote, subject, b"signed")
    sbom = put_image(remote, b"sbom", tag=f"sha256-{subject.hex}.sbom")

    assert list(remote.companions(subject)) == [
        Companion(signature.digest, f"sha256-{subject.hex}.sig"),
        Companion(sbom.digest, f"sha256-{subject.hex}.sbom"),
    ]


def test_an_image_that_nothing_accompanies_costs_one_list_of_tags(
    proxy: FaultyProxy, open_at: Open
) -> None:
    subjects = [image(open_at(proxy.address)).digest, Digest.of(b"another")]
    remote = open_at(proxy.address)
    proxy.requests.clear()

    assert [list(remote.companions(subject)) for subject in subjects] == [[], []]

    asked = [m.path.split("/")[-1] for m in proxy.requests]
    assert asked == ["", "list?n=1000", subjects[0]]  # and what there is no API for


def test_without_a_list_of_tags_each_tag_is_asked_for(
    remote: Repository, proxy: FaultyProxy
) -> None:
    subject = image(remote).digest
    signature = put_signature(remote, subject, b"signed")
    proxy.fault("GET", "/tags/list", answer(404, b"<html>"), ALWAYS)

    assert [one.digest for one in remote.companions(subject)] == [signature.digest]


@pytest.mark.parametrize("status", [401, 403, 405])
def test_a_list_that_is_refused_is_done_without(
    remote: Repository, proxy: FaultyProxy, status: int
) -> None:
    subject = image(remote).digest
    signature = put_signature(remote, subject, b"signed")
    proxy.fault("GET", "/tags/list", answer(status), ALWAYS)

    assert [one.digest for one in remote.companions(subject)] == [signature.digest]


def test_a_list_that_cannot_be_had_now_is_an_error(
    remote: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/tags/list", answer(503), ALWAYS)

    with pytest.raises(RegistryError):
        remote.companions(Digest.of(b"image"))


def test_a_list_of_very_many_pages_is_done_without(
    remote: Repository, proxy: FaultyProxy
) -> None:
    subject = image(remote).digest
    signature = put_signature(remote, subject, b"signed")
    pages = iter(range(1000))

    def endless(reply: Reply) -> None:
        reply.headers["Link"] = f'<list?last={next(pages)}>; rel="next"'

    proxy.fault("GET", "/tags/list", change(endless), ALWAYS)

    assert [one.digest for one in remote.companions(subject)] == [signature.digest]
    assert next(pages) < 20


def test_what_was_written_after_the_tags_were_listed_is_found(
    remote: Repository,
) -> None:
    subject = image(remote).digest
    assert list(remote.companions(subject)) == []

    signature = put_signature(remote, subject, b"signed")

    assert [one.digest for one in remote.companions(subject)] == [signature.digest]


def test_a_registry_that_lists_no_referrers_gets_the_list_from_us(
    remote: Repository, registry: DockerRegistry, path: str
) -> None:
    subject = image(remote)

    first = put_referrer(remote, subject)
    second = put_referrer(remote, subject, "other/type", b"another")

    kept = json.loads(registry.http.manifest(path, f"sha256-{subject.digest.hex}"))
    assert kept["mediaType"] == OCI_INDEX
    assert [(e["digest"], e["artifactType"]) for e in kept["manifests"]] == [
        (first, SBOM),
        (second, "other/type"),
    ]
    assert kept["manifests"][0]["annotations"] == {"made": "by hand"}
    assert list(remote.companions(subject.digest)) == [
        Companion(first, artifact_type=SBOM),
        Companion(second, artifact_type="other/type"),
    ]


def test_a_referrer_is_listed_once_however_often_it_is_stored(
    remote: Repository,
) -> None:
    subject = image(remote)

    digests = {put_referrer(remote, subject) for _ in range(3)}

    assert [one.digest for one in remote.companions(subject.digest)] == list(digests)


def test_a_referrer_without_artifact_type_goes_by_its_config(
    remote: Repository,
) -> None:
    subject = image(remote)
    put_image(remote, config_type="my/config", subject=subject.descriptor.to_json())

    found = remote.companions(subject.digest)
    assert [one.artifact_type for one in found] == ["my/config"]


def test_a_tag_that_is_no_list_is_not_overwritten(remote: Repository) -> None:
    subject = image(remote)
    put_image(remote, b"not a list", tag=f"sha256-{subject.digest.hex}")

    with pytest.raises(Unsupported, match="no list of referrers"):
        put_referrer(remote, subject)


def test_a_registry_that_knows_the_subject_needs_no_list_from_us(
    remote: Repository, proxy: FaultyProxy, registry: DockerRegistry, path: str
) -> None:
    subject = image(remote)

    def acknowledge(reply: Reply) -> None:
        reply.headers["OCI-Subject"] = subject.digest

    proxy.fault("PUT", "/manifests/", change(acknowledge), ALWAYS)
    put_referrer(remote, subject)

    assert registry.http.tags(path) == {"1"}


def test_a_registry_that_lists_referrers_without_saying_so_needs_none_either(
    remote: Repository, proxy: FaultyProxy, registry: DockerRegistry, path: str
) -> None:
    subject = image(remote)
    digest = put_referrer(draft(), subject)
    proxy.fault("GET", "/referrers/", answer(200, listing()))  # takes a moment
    proxy.fault("GET", "/referrers/", answer(200, listing(entry(digest))), ALWAYS)

    put_referrer(remote, subject)

    assert registry.http.tags(path) == {"1"}


def test_a_registry_that_lists_referrers_but_not_ours_is_told_of(
    remote: Repository, proxy: FaultyProxy
) -> None:
    subject = image(remote)
    other = listing(entry(Digest.of(b"other")))
    proxy.fault("GET", "/referrers/", answer(200, other), ALWAYS)

    with pytest.raises(TransferError, match="is not listed as a referrer"):
        put_referrer(remote, subject)


def test_what_others_list_stays_listed(
    remote: Repository, registry: DockerRegistry, path: str
) -> None:
    subject = image(remote)
    tag = f"sha256-{subject.digest.hex}"
    theirs = {**entry(Digest.of(b"theirs")), "mediaType": ARTIFACT}
    put_bytes(remote, b"theirs", ARTIFACT)
    remote.put_manifest(Manifest.parse(listing(theirs)), tag)

    put_referrer(remote, subject)

    kept = json.loads(registry.http.manifest(path, tag))
    assert theirs["digest"] in {e["digest"] for e in kept["manifests"]}
    assert len(kept["manifests"]) == 2


def test_a_registry_that_has_listed_referrers_is_asked_again_after_a_404(
    remote: Repository, proxy: FaultyProxy
) -> None:
    found = answer(200, listing(entry(Digest.of(b"found"))))
    for fault in (found, answer(404, b"<html>no such page</html>"), found):
        proxy.fault("GET", "/referrers/", fault)

    counts = [len(remote.companions(Digest.of(b"%d" % n))) for n in range(3)]

    assert counts == [1, 0, 1]


def test_a_referrer_of_a_retired_type_is_not_left_behind_in_silence(
    remote: Repository, proxy: FaultyProxy
) -> None:
    subject = image(remote)
    odd = {**entry(Digest.of(b"odd")), "mediaType": ARTIFACT}
    proxy.fault("GET", "/referrers/", answer(200, listing(odd)), ALWAYS)
    route = Route("x:1", remote, "1", draft(), "1")

    (failed,) = copy_all([route])
    (copied,) = copy_all([route], selection=Selection(referrers=False))

    assert isinstance(failed.error, Unsupported)
    assert ARTIFACT in str(failed.error)
    assert "--referrers=false" in failed.error.hint
    assert copied.digest == subject.digest


def test_referrers_come_in_pages(remote: Repository, proxy: FaultyProxy) -> None:
    one, two = Digest.of(b"one"), Digest.of(b"two")
    more = '</v2/x/referrers/y?next=2>; rel="next"'
    proxy.fault("GET", r"/referrers/.*next", answer(200, listing(entry(two, "b"))))
    proxy.fault("GET", "/referrers/", answer(200, listing(entry(one, "a")), Link=more))

    assert list(remote.companions(Digest.of(b"image"))) == [
        Companion(one, artifact_type="a"),
        Companion(two, artifact_type="b"),
    ]


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"", b"[]", b'{"a": 1}'])
def test_junk_in_place_of_referrers_is_an_error(
    remote: Repository, proxy: FaultyProxy, body: bytes
) -> None:
    proxy.fault("GET", "/referrers/", answer(200, body), ALWAYS)

    with pytest.raises(RegistryError, match="no index, but asked for referrers"):
        remote.companions(Digest.of(b"image"))


@pytest.mark.parametrize("status", [401, 403])
def test_referrers_that_may_not_be_seen_are_an_error(
    remote: Repository, proxy: FaultyProxy, status: int
) -> None:
    proxy.fault("GET", "/referrers/", answer(status), ALWAYS)

    with pytest.raises(AccessDenied):
        remote.companions(Digest.of(b"image"))


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_registry_without_the_interface_is_asked_for_it_once(
    remote: Repository, proxy: FaultyProxy, status: int
) -> None:
    missing = answer(status, b"<html>no such page</html>")
    proxy.fault("GET", "/referrers/", missing, ALWAYS)

    for name in (b"one", b"two"):
        assert list(remote.companions(Digest.of(name))) == []
    assert sum("/referrers/" in m.path for m in proxy.requests) == 1


def test_a_registry_that_does_not_know_the_repository_is_asked_again(
    remote: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("GET", "/referrers/", refuse(404, "NAME_UNKNOWN"))
    found = Digest.of(b"referrer")
    proxy.fault("GET", "/referrers/", answer(200, listing(entry(found))))

    assert list(remote.companions(Digest.of(b"one"))) == []
    assert [one.digest for one in remote.companions(Digest.of(b"two"))] == [found]
