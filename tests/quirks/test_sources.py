"""Registries to read from, with the manners that are found in the world."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Callable

import pytest

from hangar import Digest, HangarError
from hangar.oci import DOCKER_MANIFEST
from tests.quirks.conftest import LAYER, Site
from tests.support.content import put_image, put_index, put_signature
from tests.support.proxy import (
    ALWAYS,
    Fault,
    FaultyProxy,
    Forward,
    Message,
    answer,
    change,
    cut,
    refuse,
    replace_headers,
)
from tests.support.seeding import draft

HTML = b"<html><body>Not Found</body></html>"
PAGE = answer(404, HTML, Content_Type="text/html")
INDEX = "application/vnd.oci.image.index.v1+json"


def test_a_manifest_is_asked_for_in_every_type(site: Site) -> None:
    """Otherwise some convert it to schema 1, some have none, some break down."""
    store = draft()
    put_image(store, b"layer", tag="1", media_type=DOCKER_MANIFEST)
    site.seed(store, "docker/app")

    def picky(request: Message, forward: Forward) -> Message:
        accepted = request.headers.get("Accept", "")
        kinds = ("oci.image.index", "oci.image.manifest", "manifest.list.v2")
        fits = all(kind in accepted for kind in (*kinds, "manifest.v2", "manifest.v1"))
        return forward(request) if fits else Message(status=500)

    for method in ("HEAD", "GET"):
        site.source.fault(method, "/manifests/", picky, ALWAYS)

    for name in ("docker/app", "library/app"):
        assert site.mirror(name).error is None
        assert site.arrived(name)


def test_limits_of_requests_are_waited_for_and_head_is_asked_first(site: Site) -> None:
    """GET of a manifest counts, HEAD is free; both ways to say when to come back."""
    assert site.mirror().error is None
    site.source.requests.clear()
    soon = str(int(time.time()) + 1)
    for headers in ({"Retry-After": "0"}, {"X-Retry-After": soon}):
        limited = {"ratelimit-remaining": "0;w=21600", **headers}
        site.source.fault("HEAD", "/manifests/1", answer(429, b"", **limited))

    assert site.mirror().error is None

    asked = [r.method for r in site.source.requests if "/manifests/" in r.path]
    assert asked == ["HEAD"] * 3


def test_a_limit_that_lasts_is_told_with_a_remedy(site: Site) -> None:
    busy = refuse(429, "TOOMANYREQUESTS")
    site.source.fault("GET", "/manifests/", busy, ALWAYS)

    error = site.mirror().error

    assert isinstance(error, HangarError)
    assert "logged in" in error.hint
    assert site.judge.http.tags("library/app") == set()


def test_a_manifest_without_digest_and_type_is_known_by_its_bytes(site: Site) -> None:
    bare = replace_headers(
        Docker_Content_Digest=None, Content_Type="application/octet-stream"
    )
    for proxy in (site.source, site.target):
        for method in ("HEAD", "GET"):
            proxy.fault(method, "/manifests/", bare, ALWAYS)
    site.target.fault(
        "PUT", "/manifests/", replace_headers(Docker_Content_Digest=None), ALWAYS
    )

    assert site.mirror().error is None
    assert site.arrived()
    assert site.check().error is None
    assert site.mirror().traffic.total == 0


def test_storage_refuses_an_authorization_that_follows_the_redirect(
    site: Site,
) -> None:
    """So does every store with signed addresses, which expire besides."""

    def strict(request: Message, forward: Forward) -> Message:
        if "Authorization" in request.headers:
            return Message(status=400, body=b"<Error>InvalidArgument</Error>")
        return forward(request)

    with FaultyProxy(site.upstream.address) as storage:

        def redirect(request: Message, forward: Forward) -> Message:
            del forward
            url = f"http://{storage.address}{request.path}?X-Amz-Signature=f00"
            return Message(status=302, headers={"Location": url})

        site.source.fault("GET", "/blobs/", redirect, ALWAYS)
        storage.fault("GET", "/blobs/", answer(403, b"<Error>Expired</Error>"))
        storage.fault("GET", "/blobs/", strict, ALWAYS)
        registries = site.registries.sharing(
            site.registries.configuration, verify_tls=False, credentials="me:secret"
        )

        assert (
            Site(site.source, site.target, site.upstream, site.judge, registries)
            .mirror()
            .error
            is None
        )

    assert storage.used_up
    assert site.arrived()


def test_nothing_is_compressed_on_the_way_unless_asked(site: Site) -> None:
    def zipped(request: Message, forward: Forward) -> Message:
        reply = forward(request)
        if request.headers.get("Accept-Encoding") != "identity":
            reply.body = zlib.compress(reply.body, wbits=31)
            reply.headers["Content-Encoding"] = "gzip"
            reply.headers["Content-Length"] = str(len(reply.body))
        return reply

    site.source.fault("GET", "", zipped, ALWAYS)

    assert site.mirror().error is None
    assert site.arrived()
    assert all(r.headers["Accept-Encoding"] == "identity" for r in site.requests)


def test_compression_that_nobody_asked_for_is_undone(site: Site) -> None:
    def zipped(reply: Message) -> None:
        reply.body = zlib.compress(reply.body, wbits=31)
        reply.headers["Content-Encoding"] = "gzip"
        reply.headers["Content-Length"] = str(len(reply.body))

    site.source.fault("GET", "/(blobs|manifests)/", change(zipped), ALWAYS)

    assert site.mirror().error is None
    assert site.arrived()


@pytest.mark.parametrize("status", [500, 502, 504])
def test_bursts_of_errors_are_outlasted(site: Site, status: int) -> None:
    gateway = answer(status, HTML, Content_Type="text/html")
    for proxy in (site.source, site.target):
        for method in ("HEAD", "GET", "POST", "PUT"):
            proxy.fault(method, "", gateway, times=3)

    assert site.mirror().error is None
    assert site.arrived()


def test_a_tag_that_is_being_written_at_the_moment_is_asked_for_again(
    site: Site,
) -> None:
    body = b'{"errors":[{"code":"UNKNOWN","detail":"invalid checksum digest format"}]}'
    for method in ("HEAD", "GET"):
        site.source.fault(method, "/manifests/1", answer(500, body), times=2)
        site.target.fault(method, "/manifests/1", answer(500, body), times=2)

    assert site.mirror().error is None
    assert site.arrived()


def test_ranges_are_ignored_and_refused_with_bytes_that_never_come(
    site: Site,
) -> None:
    def ignored(request: Message, forward: Forward) -> Message:
        assert request.headers.pop("Range")
        reply = forward(request)
        reply.sent = 1_800_000
        return reply

    def never_comes(request: Message, forward: Forward) -> Message:
        del forward
        assert "Range" in request.headers
        size = {"Content-Length": str(len(LAYER))}
        return Message(status=416, headers=size, body=b"", sent=0)

    large = f"/blobs/{Digest.of(LAYER)}"
    for fault in (cut(after=1_500_000), ignored, never_comes):
        site.source.fault("GET", large, fault)

    assert site.mirror().error is None
    assert site.source.used_up
    assert site.arrived()


Listing = Callable[[list[str], Message], Message]


def unsorted_and_whole(tags: list[str], request: Message) -> Message:
    """Ignore both ``n`` and ``last``."""
    del request
    return page(tags[::-1])


def cut_without_link(tags: list[str], request: Message) -> Message:
    """Honour ``n`` and ``last``, and say nothing of a next page."""
    count, last = asked(request, "n"), asked(request, "last")
    return page([tag for tag in sorted(tags) if tag > last][: int(count or 10**6)])


def opaque_cursor(tags: list[str], request: Message) -> Message:
    """Give small pages with a cursor of their own; know no other."""
    if asked(request, "last"):
        return Message(status=400)
    start = int(asked(request, "next_page").removeprefix("gAAA") or 0)
    reply = page(tags[start : start + 50])
    if start + 50 < len(tags):
        path = request.path.partition("?")[0]
        link = f'<{path}?next_page=gAAA{start + 50}&n=50>; rel="next"'
        reply.headers["Link"] = link
    return reply


def page(tags: list[str]) -> Message:
    return Message(status=200, body=json.dumps({"name": "x", "tags": tags}).encode())


def asked(request: Message, key: str) -> str:
    found = re.search(rf"[?&]{key}=([^&]*)", request.path)
    return found[1] if found else ""


@pytest.mark.parametrize(
    "listing", [unsorted_and_whole, cut_without_link, opaque_cursor]
)
@pytest.mark.parametrize("count", [999, 1000, 1001, 2000])
def test_a_signature_is_found_however_tags_are_listed(
    site: Site, listing: Listing, count: int
) -> None:
    store = draft()
    image = put_image(store, b"layer", tag="1")
    put_signature(store, image.digest, b"payload")
    site.seed(store, "signed/app")
    signature = f"sha256-{image.digest.hex}.sig"
    tags = [f"1.{number:05d}" for number in range(count - 1)] + [signature]

    def listed(request: Message, forward: Forward) -> Message:
        del forward
        return listing(tags, request)

    site.source.fault("GET", "/tags/list", listed, ALWAYS)

    assert site.mirror("signed/app").error is None
    assert site.arrived("signed/app", signature)


@pytest.mark.parametrize(
    "refusal", [PAGE, refuse(404, "NAME_UNKNOWN"), refuse(401, "UNAUTHORIZED")]
)
def test_a_signature_is_found_where_tags_are_not_listed(
    site: Site, refusal: Fault
) -> None:
    store = draft()
    image = put_image(store, b"layer", tag="1")
    put_signature(store, image.digest, b"payload")
    site.seed(store, "signed/app")
    site.source.fault("GET", "/tags/list", refusal, ALWAYS)

    assert site.mirror("signed/app").error is None
    assert site.arrived("signed/app", f"sha256-{image.digest.hex}.sig")


@pytest.mark.parametrize(
    "refusal",
    [
        answer(404, b"404 page not found", Content_Type="text/plain"),
        PAGE,
        answer(405),
        refuse(400, "UNSUPPORTED"),
        refuse(404, "NAME_UNKNOWN"),
    ],
)
def test_referrers_are_found_under_their_tag_where_they_are_not_listed(
    site: Site, refusal: Fault
) -> None:
    store = draft()
    image = put_image(store, b"layer", tag="1")
    sbom = put_image(store, b"sbom", subject=image.to_json(), artifactType="text/sbom")
    site.seed(store, "signed/app")
    listing = {
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": [{**sbom.to_json(), "artifactType": "text/sbom"}],
    }
    tag = f"sha256-{image.digest.hex}"
    path = f"/v2/signed/app/manifests/{tag}"
    raw = json.dumps(listing).encode()
    site.upstream.http.ask("PUT", path, raw, Content_Type=INDEX)
    for proxy in (site.source, site.target):
        proxy.fault("GET", "/referrers/", refusal, ALWAYS)

    assert site.mirror("signed/app").error is None

    there = json.loads(site.judge.http.manifest("signed/app", tag))
    assert [entry["digest"] for entry in there["manifests"]] == [sbom.digest]
    assert site.judge.http.whole("signed/app", sbom.digest)


def test_tags_of_referrers_that_name_images_list_none(site: Site) -> None:
    """`cosign copy` tags each manifest of an image so, by its own digest."""
    store = draft()
    entries = [
        put_image(store, name.encode(), platform=name)
        for name in ("linux/amd64", "linux/arm64")
    ]
    index = put_index(store, "1", *entries)
    site.seed(store, "copied/app")
    for entry in (index.descriptor, *entries):
        raw, tag = store.manifest(entry.digest).raw, f"sha256-{entry.digest.hex}"
        path, kind = f"/v2/copied/app/manifests/{tag}", entry.media_type
        site.upstream.http.ask("PUT", path, raw, Content_Type=kind)

    assert site.mirror("copied/app").error is None

    assert site.check("copied/app").error is None
    assert site.judge.http.tags("copied/app") == {"1"}
    assert site.arrived("copied/app")


def test_an_index_is_read_with_its_children_by_digest_alone(site: Site) -> None:
    """No helper tags are asked for or made, so that no immutable tag is in the way."""
    store = draft()
    entries = [
        put_image(store, name.encode(), platform=name)
        for name in ("linux/amd64", "linux/arm64")
    ]
    put_index(store, "2", *entries)
    site.seed(store, "two/app")

    assert site.mirror("two/app", "2").error is None

    assert site.judge.http.tags("two/app") == {"2"}
    assert site.arrived("two/app", "2")
