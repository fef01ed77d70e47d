"""Registries to write to, with the manners that are found in the world."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from hangar import (
    AccessDenied,
    Configuration,
    HangarError,
    Incomplete,
    NotFound,
    Outcome,
    Registries,
    Route,
    Selection,
    Status,
    check_all,
    copy_all,
    mirror_routes,
)
from hangar.oci import DOCKER_LIST, DOCKER_MANIFEST
from hangar.store import Destination
from tests.quirks.conftest import LAYER, Site
from tests.support.content import put_image, put_index
from tests.support.proxy import (
    ALWAYS,
    Fault,
    Forward,
    Message,
    answer,
    change,
    drop,
    refuse,
    replace_headers,
)
from tests.support.registries import DockerRegistry
from tests.support.seeding import draft, push

HTML = b"<html><body>Not Found</body></html>"
COLLISION = (
    b'{"errors":[{"code":"DIGEST_INVALID","message":"provided digest did not match'
    b' uploaded content"},{"code":"MANIFEST_BLOB_UNKNOWN"}]}'
)
"""What a docker registry says of an index while a manifest in it is rewritten."""


def test_a_blob_is_sent_in_one_piece_of_known_length(site: Site) -> None:
    """No PATCH, no ``POST ?digest=``, no chunks: each is beyond some registry."""

    def picky(request: Message, forward: Forward) -> Message:
        if request.method == "PATCH" or "Transfer-Encoding" in request.headers:
            return Message(status=416)
        if request.method == "POST" and "digest=" in request.path:
            return Message(status=202)  # and stores nothing
        return forward(request)

    for method in ("POST", "PATCH", "PUT"):
        site.target.fault(method, "", picky, ALWAYS)

    assert site.mirror().error is None

    assert site.arrived()
    assert {r.method for r in site.requests} <= {"HEAD", "GET", "POST", "PUT"}
    sent = [r for r in site.target.requests if r.method == "PUT" and r.path.count("/u")]
    assert len(LAYER) in [int(r.headers["Content-Length"]) for r in sent]
    assert not any(re.search(r"uploads/\?digest=", r.path) for r in sent)


@pytest.mark.parametrize(
    "refusal",
    [
        refuse(401, "UNAUTHORIZED"),
        answer(404, HTML, Content_Type="text/html"),
        answer(405),
    ],
)
def test_a_mount_that_is_denied_becomes_an_upload(site: Site, refusal: Fault) -> None:
    other = draft()
    put_index(other, "1", put_image(other, LAYER))
    site.seed(other, "other/app")
    site.target.fault("POST", "mount=", refusal, ALWAYS)

    assert site.mirror_all("library/app:1", "other/app:1").ok

    assert site.arrived()
    assert site.arrived("other/app")


def test_a_mount_that_is_never_done_opens_an_upload_which_is_used(site: Site) -> None:
    other = draft()
    put_index(other, "1", put_image(other, LAYER))
    site.seed(other, "other/app")

    def opened(request: Message, forward: Forward) -> Message:
        request.path = request.path.partition("?")[0]
        return forward(request)

    site.target.fault("POST", "mount=", opened, ALWAYS)

    assert site.mirror_all("library/app:1", "other/app:1").ok

    assert site.arrived()
    assert site.arrived("other/app")


def relative(reply: Message) -> None:
    """Make an absolute Location a relative one."""
    location = reply.headers["Location"]
    reply.headers["Location"] = "/" + location.split("/", 3)[3]


def untouched(reply: Message) -> None:
    """Leave an absolute Location as it is."""
    assert reply.headers["Location"].startswith("http://")


@pytest.mark.parametrize("edit", [relative, untouched])
def test_locations_lead_on_with_the_state_that_they_carry(
    site: Site, edit: Callable[[Message], None]
) -> None:
    site.target.fault("POST", "/uploads/", change(edit), ALWAYS)

    assert site.mirror().error is None

    states = [
        r.path
        for r in site.target.requests
        if r.method == "PUT" and "/uploads/" in r.path
    ]
    assert all("_state=" in path for path in states)
    assert len(set(states)) == len(states)
    assert site.arrived()


@pytest.mark.parametrize(
    "lost",
    [
        refuse(404, "BLOB_UPLOAD_INVALID"),
        refuse(404, "BLOB_UPLOAD_UNKNOWN"),
        answer(404),
        answer(416),
        answer(500, HTML),
    ],
)
def test_an_upload_that_was_forgotten_begins_anew(site: Site, lost: Fault) -> None:
    site.target.fault("PUT", "/uploads/", lost, times=2)

    assert site.mirror().error is None
    assert site.arrived()


def test_a_busy_registry_is_waited_for_when_manifests_are_written(site: Site) -> None:
    busy = answer(429, Retry_After="0")
    site.target.fault("PUT", "/manifests/", busy, times=6)

    assert site.mirror().error is None
    assert site.arrived()


def test_the_same_manifest_is_never_written_twice_at_once(site: Site) -> None:
    """Some get it wrong: who reads one of the files meanwhile finds it empty."""
    store = draft()
    image = put_image(store, b"layer")
    site.seed(store, "tagged/app")
    for number in range(16):
        site.upstream.http.ask(
            "PUT",
            f"/v2/tagged/app/manifests/{number}",
            store.manifests[image.digest].raw,
            Content_Type=image.media_type,
        )
    busy, collisions = threading.Lock(), []

    def fragile(request: Message, forward: Forward) -> Message:
        if not busy.acquire(blocking=False):
            collisions.append(request.path)
            return Message(status=400, body=COLLISION)
        try:
            return forward(request)
        finally:
            busy.release()

    site.target.fault("PUT", "/manifests/", fragile, ALWAYS)

    assert site.mirror_all(*(f"tagged/app:{number}" for number in range(16))).ok

    assert not collisions
    assert site.judge.http.tags("tagged/app") == {str(number) for number in range(16)}


def test_a_manifest_that_collided_with_another_is_written_again(site: Site) -> None:
    """Somebody else writes what our index lists, at the same moment."""
    site.target.fault("PUT", "/manifests/", answer(400, COLLISION), times=3)

    assert site.mirror().error is None
    assert site.arrived()


@pytest.mark.parametrize("status", [400, 409, 412])
def test_tags_that_cannot_be_written_twice_are_written_once(
    site: Site, status: int
) -> None:
    written: set[str] = set()

    def immutable(request: Message, forward: Forward) -> Message:
        if "sha256:" not in request.path:
            if request.path in written:
                return Message(status=status, body=b'{"errors":[{"code":"DENIED"}]}')
            written.add(request.path)
        return forward(request)

    site.target.fault("PUT", "/manifests/", immutable, ALWAYS)

    assert site.mirror().status is Status.COPIED
    assert site.mirror().status is Status.UP_TO_DATE
    lines = [f"{site.source.address}/library/app:1"] * 2
    routes = mirror_routes(lines, site.registries, to=f"{site.target.address}/again")
    assert copy_all(routes, overwrite=True).ok
    rebuilt = draft()
    put_index(rebuilt, "1", put_image(rebuilt, b"rebuilt"))
    site.seed(rebuilt)
    before = site.judge.http.manifest("library/app", "1")

    assert isinstance(site.mirror().error, HangarError)
    assert site.judge.http.manifest("library/app", "1") == before


UNREADABLE: list[tuple[str, Fault]] = [
    *(("HEAD", fault) for fault in (answer(500), refuse(403, "DENIED"), drop)),
    *(("GET", fault) for fault in (answer(500), refuse(403, "DENIED"), drop)),
    ("GET", answer(200, HTML)),
    ("GET", answer(404, HTML)),
]


@pytest.mark.parametrize(("method", "fault"), UNREADABLE)
def test_an_index_that_cannot_be_read_is_never_replaced(
    site: Site, method: str, fault: Fault
) -> None:
    """Else the platforms of earlier runs were lost."""
    store = draft()
    put_index(store, "1", put_image(store, b"earlier", platform="linux/s390x"))
    push(site.judge.http, "library/app", store)
    before = site.judge.http.manifest("library/app", "1")
    path = "/manifests/1" if method == "HEAD" else "/manifests/sha256"
    site.target.fault(method, path, fault, ALWAYS)

    assert isinstance(site.mirror().error, HangarError)

    assert site.judge.http.manifest("library/app", "1") == before


def test_a_repository_that_has_to_be_made_first_is_told_with_a_remedy(
    site: Site,
) -> None:
    site.target.fault("POST", "/uploads/", refuse(404, "NAME_UNKNOWN"), ALWAYS)

    error = site.mirror().error

    assert isinstance(error, NotFound)
    assert "created" in error.hint
    assert site.judge.http.tags("library/app") == set()


def test_a_project_that_is_not_there_is_told_to_be_made_or_logged_in_to(
    site: Site,
) -> None:
    silent = answer(401, WWW_Authenticate="")
    site.target.fault("HEAD", "/library/", silent, ALWAYS)

    error = site.mirror().error

    assert isinstance(error, AccessDenied)
    assert "no such repository" in error.hint


def test_a_registry_that_takes_images_with_holes_is_found_out(site: Site) -> None:
    """It accepts manifests whose blobs it does not have."""
    assert site.mirror().error is None
    site.target.fault("HEAD", f"/blobs/{site_layer(site)}", answer(404), ALWAYS)

    error = site.check().error

    assert isinstance(error, Incomplete)
    assert error.missing == (site_layer(site),)


def site_layer(site: Site) -> str:
    """The digest of the large layer, as the judge sees it."""
    sizes = site.judge.http.whole("library/app", "1")
    (digest,) = (digest for digest, size in sizes.items() if size == len(LAYER))
    return digest


def test_docker_manifests_in_an_oci_index_are_refused_with_a_remedy(
    site: Site,
) -> None:
    """A filtered list of Docker's becomes an OCI index, which some do not take."""
    store = draft()
    entries = [
        put_image(store, name.encode(), platform=name, media_type=DOCKER_MANIFEST)
        for name in ("linux/amd64", "linux/arm64")
    ]
    put_index(store, "1", *entries, media_type=DOCKER_LIST)
    site.seed(store, "docker/app")
    site.target.fault("PUT", "/manifests/1", refuse(400, "MANIFEST_INVALID"), ALWAYS)
    line = f"{site.source.address}/docker/app:1"
    routes = mirror_routes([line], site.registries, to=site.target.address)

    (outcome,) = copy_all(routes, selection=Selection(frozenset({"arm64"})))

    assert isinstance(outcome.error, HangarError)
    assert "all platforms" in outcome.error.hint
    assert site.judge.http.tags("docker/app") == set()


def test_a_registry_that_lists_referrers_without_saying_so_is_believed(
    site: Site,
) -> None:
    store = draft()
    image = put_image(store, b"layer", tag="1")
    sbom = put_image(store, b"sbom", subject=image.to_json(), artifactType="text/sbom")
    site.seed(store, "signed/app")
    listing = put_index(draft(), "", sbom).raw
    kind = "application/vnd.oci.image.index.v1+json"
    listed = answer(200, listing, Content_Type=kind)
    for proxy in (site.source, site.target):
        proxy.fault("GET", f"/referrers/{image.digest}", listed, ALWAYS)
        proxy.fault(
            "GET", "/referrers/", answer(200, put_index(draft(), "").raw), ALWAYS
        )
    site.target.fault("PUT", "", replace_headers(OCI_Subject=None), ALWAYS)

    assert site.mirror("signed/app").error is None

    assert site.judge.http.whole("signed/app", sbom.digest)
    assert site.judge.http.tags("signed/app") == {"1"}


def test_what_a_mirror_has_is_not_taken_for_the_destination_s(
    source: DockerRegistry, target: DockerRegistry, tmp_path: Path
) -> None:
    """The destination's name has a mirror configured, and only the mirror has it."""
    store = draft()
    put_image(store, LAYER, tag="1")
    push(source.http, "library/app", store)
    conf = tmp_path / "registries.conf"
    conf.write_text(
        f'[[registry]]\nprefix = "{target.address}"\n'
        f'[[registry.mirror]]\nlocation = "{source.address}"\ninsecure = true\n'
    )
    environ = {"HOME": str(tmp_path)}
    settings = Configuration.load(registries_conf=conf, environ=environ)
    lines = [f"{source.address}/library/app:1"]
    with Registries(settings, verify_tls=False) as registries:

        def routes() -> list[Route[Destination] | Outcome]:
            return mirror_routes(lines, registries, to=target.address)

        (unproved,) = check_all(routes())
        (copied,) = copy_all(routes())

    assert isinstance(unproved.error, Incomplete)
    assert copied.status is Status.COPIED
    assert target.http.whole("library/app", "1") == source.http.whole(
        "library/app", "1"
    )
