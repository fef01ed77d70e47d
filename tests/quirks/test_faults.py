"""Registries that misbehave: each fault is survived, or fails the image cleanly."""

from __future__ import annotations

import pytest

from hangar import (
    AccessDenied,
    HangarError,
    IntegrityError,
    InvalidManifest,
    NotFound,
    RegistryError,
    TransferError,
    Unsupported,
)
from tests.quirks.conftest import Site
from tests.support.proxy import (
    ALWAYS,
    Fault,
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
)

HTML = b"<html><body>Bad Gateway</body></html>"


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
    assert site.arrived()


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
