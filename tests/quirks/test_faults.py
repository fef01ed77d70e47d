"""Registries that misbehave: each fault is survived, or fails the image cleanly."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hangar import Configuration, Registries, check_all, copy_all, mirror_routes
from hangar.copying import Route
from hangar.errors import (
    AccessDenied,
    HangarError,
    Incomplete,
    IntegrityError,
    InvalidManifest,
    NotFound,
    RegistryError,
    TransferError,
    Unsupported,
)
from hangar.events import Outcome, Status
from hangar.oci import Digest
from hangar.retry import Patience
from hangar.store import Destination
from tests.support.content import put_image, put_index
from tests.support.proxy import (
    ALWAYS,
    Fault,
    FaultyProxy,
    Forward,
    Message,
    answer,
    change,
    corrupt,
    cut,
    drop,
    lose_answer,
    refuse,
    replace_headers,
    without_request_header,
)
from tests.support.registries import DockerRegistry
from tests.support.seeding import draft, push

HTML = b"<html><body>Bad Gateway</body></html>"
LAYER = bytes(range(256)) * 8192  # 2 MiB: comes in several pieces


@dataclass
class Site:
    """Two registries, each behind a proxy that can misbehave."""

    source: FaultyProxy
    target: FaultyProxy
    judge: DockerRegistry
    upstream: DockerRegistry
    registries: Registries

    def mirror(self, name: str = "library/app") -> Outcome:
        """Mirror one image through both proxies."""
        line = f"{self.source.address}/{name}:1"
        routes = mirror_routes([line], self.registries, to=self.target.address)
        (outcome,) = copy_all(routes)
        return outcome


@pytest.fixture
def site(
    source: DockerRegistry, target: DockerRegistry, tmp_path: Path
) -> Iterator[Site]:
    store = draft()
    put_index(store, "1", put_image(store, LAYER, b"a small layer"))
    push(source.http, "library/app", store)
    settings = Configuration.load(environ={"HOME": str(tmp_path)})
    hasty = Patience(pause=0.0)
    with (
        FaultyProxy(source.address) as before,
        FaultyProxy(target.address) as behind,
        Registries(settings, verify_tls=False, patience=hasty) as registries,
    ):
        yield Site(before, behind, target, source, registries)


def without_range(request: Message, forward: Forward) -> Message:
    """Answer a range request with bytes that never come, and a wrong length."""
    del forward
    assert "Range" in request.headers
    return Message(status=416, headers={"Content-Length": "2097152"}, body=b"", sent=0)


def turn_relative(reply: Message) -> None:
    """Make an absolute Location a relative one."""
    location = reply.headers["Location"]
    reply.headers["Location"] = "/" + location.split("/", 3)[3]


SURVIVED = [
    ("source", "GET", "/manifests/1", answer(500, HTML, Content_Type="text/html")),
    ("source", "GET", "/manifests/1", answer(503)),
    ("source", "GET", "/manifests/1", answer(429, Retry_After="0")),
    ("source", "GET", "/manifests/1", answer(429, X_Retry_After="1")),
    ("source", "GET", "/manifests/1", drop),
    ("source", "GET", "/manifests/1", cut(20)),
    ("source", "GET", "/manifests/1", replace_headers(Docker_Content_Digest=None)),
    ("source", "GET", "/manifests/1", replace_headers(Content_Type="application/json")),
    ("source", "GET", "/manifests/sha256", answer(502, HTML)),
    ("source", "GET", "/blobs/", answer(500)),
    ("source", "GET", "/blobs/", answer(429, Retry_After="0")),
    ("source", "GET", "/blobs/", drop),
    ("source", "GET", "/blobs/", cut(1_500_000)),
    ("source", "GET", "/blobs/", corrupt),
    ("source", "GET", "/tags/list", answer(404, HTML, Content_Type="text/html")),
    ("source", "GET", "/tags/list", answer(500)),
    ("source", "GET", "/tags/list", refuse(401, "UNAUTHORIZED")),
    ("source", "GET", "/referrers/", answer(404, b"404", Content_Type="text/plain")),
    ("target", "HEAD", "/manifests/", answer(500)),
    ("target", "HEAD", "/manifests/", answer(405)),
    ("target", "HEAD", "/blobs/", answer(405)),
    ("target", "HEAD", "/blobs/", answer(503)),
    ("target", "POST", "/uploads/", answer(500)),
    ("target", "POST", "/uploads/", answer(429, Retry_After="0")),
    ("target", "POST", "/uploads/", drop),
    ("target", "POST", "/uploads/", change(turn_relative)),
    ("target", "POST", "mount=", refuse(401, "UNAUTHORIZED")),
    ("target", "POST", "mount=", answer(404, HTML, Content_Type="text/html")),
    ("target", "POST", "mount=", answer(405)),
    ("target", "PUT", "/uploads/", answer(500)),
    ("target", "PUT", "/uploads/", answer(429, Retry_After="0")),
    ("target", "PUT", "/uploads/", refuse(404, "BLOB_UPLOAD_INVALID")),
    ("target", "PUT", "/uploads/", refuse(404, "BLOB_UPLOAD_UNKNOWN")),
    ("target", "PUT", "/uploads/", drop),
    ("target", "PUT", "/uploads/", lose_answer),
    ("target", "PUT", "/manifests/", answer(500)),
    ("target", "PUT", "/manifests/", answer(429, Retry_After="0")),
    ("target", "PUT", "/manifests/", refuse(400, "DIGEST_INVALID")),
    ("target", "PUT", "/manifests/", drop),
    ("target", "PUT", "/manifests/", lose_answer),
    ("target", "PUT", "/manifests/", replace_headers(Docker_Content_Digest=None)),
]


@pytest.mark.parametrize(
    ("side", "method", "path", "fault"),
    SURVIVED,
    ids=[f"{n}-{s}-{m}-{p.strip('/')}" for n, (s, m, p, _) in enumerate(SURVIVED)],
)
def test_a_passing_fault_is_survived(
    site: Site, side: str, method: str, path: str, fault: Fault
) -> None:
    proxy = site.source if side == "source" else site.target
    proxy.fault(method, path, fault)

    outcome = site.mirror()

    assert outcome.error is None
    assert site.judge.http.whole("library/app", "1") == site.upstream.http.whole(
        "library/app", "1"
    )


@pytest.mark.parametrize("then", [without_request_header("Range"), without_range])
def test_a_download_goes_on_where_ranges_are_ignored_or_refused(
    site: Site, then: Fault
) -> None:
    large = f"/blobs/{Digest.of(LAYER)}"
    site.source.fault("GET", large, cut(1_500_000))
    site.source.fault("GET", large, then)

    outcome = site.mirror()

    assert outcome.error is None
    assert site.source.used_up
    site.judge.http.whole("library/app", "1")


def test_a_broken_download_is_resumed_and_not_begun_again(site: Site) -> None:
    site.source.fault("GET", f"/blobs/{Digest.of(LAYER)}", cut(1_500_000))

    assert site.mirror().error is None

    ranges = [
        request.headers["Range"]
        for request in site.source.requests
        if "Range" in request.headers
    ]
    assert ranges == ["bytes=1500000-"]


def test_a_head_that_is_refused_is_asked_with_get(site: Site) -> None:
    site.mirror()
    for proxy in (site.source, site.target):
        proxy.fault("HEAD", "/manifests/", answer(405), times=ALWAYS)

    outcome = site.mirror()

    assert outcome.error is None
    assert outcome.traffic.total == 0


def test_a_mount_that_is_denied_becomes_an_upload(site: Site) -> None:
    store = draft()
    put_index(store, "1", put_image(store, LAYER))
    push(site.upstream.http, "other/app", store)
    site.target.fault("POST", "mount=", refuse(401, "UNAUTHORIZED"), times=ALWAYS)

    for name in ("library/app", "other/app"):
        assert site.mirror(name).error is None

    site.judge.http.whole("other/app", "1")


def test_a_redirect_takes_no_authorization_along(site: Site) -> None:
    with FaultyProxy(site.upstream.address) as storage:

        def redirect(request: Message, forward: Forward) -> Message:
            del forward
            url = f"http://{storage.address}{request.path}"
            return Message(status=307, headers={"Location": url})

        site.source.fault("GET", "/blobs/", redirect, times=ALWAYS)

        assert site.mirror().error is None

        assert storage.requests
        assert all("Authorization" not in r.headers for r in storage.requests)


def lying(request: Message, forward: Forward) -> Message:
    """Serve a manifest with the digest of another."""
    reply = forward(request)
    reply.headers["Docker-Content-Digest"] = "sha256:" + "ab" * 32
    return reply


FATAL: list[tuple[str, str, str, Fault, type[HangarError]]] = [
    ("source", "GET", "/manifests/1", answer(404), NotFound),
    ("source", "GET", "/manifests/1", refuse(401, "UNAUTHORIZED"), AccessDenied),
    ("source", "GET", "/manifests/1", refuse(403, "DENIED"), AccessDenied),
    ("source", "GET", "/manifests/1", answer(500), RegistryError),
    ("source", "GET", "/manifests/1", drop, TransferError),
    ("source", "GET", "/manifests/1", answer(200, HTML), InvalidManifest),
    ("source", "GET", "/manifests/1", answer(200, b"{}"), InvalidManifest),
    ("source", "GET", "/manifests/1", answer(200, b"[" * (5 << 20)), Unsupported),
    ("source", "GET", "/manifests/1", lying, IntegrityError),
    ("source", "GET", "/manifests/1", corrupt, IntegrityError),
    ("source", "GET", "/manifests/sha256", corrupt, IntegrityError),
    ("source", "GET", "/blobs/", corrupt, IntegrityError),
    ("source", "GET", "/blobs/", cut(0), TransferError),
    ("source", "GET", "/blobs/", answer(404), NotFound),
    ("source", "GET", "/referrers/", answer(200, HTML), HangarError),
    ("target", "HEAD", "/manifests/", answer(500), RegistryError),
    ("target", "POST", "/uploads/", refuse(403, "DENIED"), AccessDenied),
    ("target", "POST", "/uploads/", refuse(404, "NAME_UNKNOWN"), NotFound),
    ("target", "PUT", "/uploads/", answer(507), RegistryError),
    ("target", "PUT", "/manifests/1", refuse(400, "TAG_INVALID"), RegistryError),
    ("target", "PUT", "/manifests/1", answer(413), RegistryError),
]


@pytest.mark.parametrize(
    ("side", "method", "path", "fault", "kind"),
    FATAL,
    ids=[f"{n}-{s}-{m}-{k.__name__}" for n, (s, m, _, _, k) in enumerate(FATAL)],
)
def test_a_lasting_fault_fails_the_image_and_leaves_no_tag(
    site: Site, side: str, method: str, path: str, fault: Fault, kind: type[HangarError]
) -> None:
    proxy = site.source if side == "source" else site.target
    proxy.fault(method, path, fault, times=ALWAYS)

    outcome = site.mirror()

    assert isinstance(outcome.error, kind)
    assert site.judge.http.tags("library/app") == set()


def test_a_gzipped_answer_that_nobody_asked_for_is_understood(site: Site) -> None:
    def zipped(reply: Message) -> None:
        reply.body = gzip.compress(reply.body)
        reply.headers["Content-Encoding"] = "gzip"
        reply.headers["Content-Length"] = str(len(reply.body))

    site.source.fault("GET", "/blobs/", change(zipped), times=ALWAYS)

    assert site.mirror().error is None
    site.judge.http.whole("library/app", "1")


def test_referrers_go_where_the_api_is_missing_too(site: Site) -> None:
    store = draft()
    image = put_image(store, b"layer", tag="1")
    sbom = put_image(store, b"sbom", subject=image.to_json(), artifactType="text/sbom")
    push(site.upstream.http, "signed/app", store)
    listing = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [{**sbom.to_json(), "artifactType": "text/sbom"}],
    }
    path = f"/v2/signed/app/manifests/sha256-{image.digest.hex}"
    kind = "application/vnd.oci.image.index.v1+json"
    site.upstream.http.ask("PUT", path, json.dumps(listing).encode(), Content_Type=kind)

    assert site.mirror("signed/app").error is None

    there = json.loads(
        site.judge.http.manifest("signed/app", f"sha256-{image.digest.hex}")
    )
    assert [entry["digest"] for entry in there["manifests"]] == [sbom.digest]
    assert site.judge.http.whole("signed/app", sbom.digest)


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
