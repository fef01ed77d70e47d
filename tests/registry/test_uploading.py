"""Blobs into a real registry that has its bad days."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hangar.errors import (
    AccessDenied,
    Incomplete,
    IntegrityError,
    NotFound,
    RegistryError,
    TransferError,
)
from hangar.oci import Descriptor, Digest
from hangar.registry import Repository
from hangar.store import Chunks, Put
from tests.registry.conftest import BLOB, CONTENT, Open, never
from tests.support.content import LAYER, put_bytes
from tests.support.proxy import (
    ALWAYS,
    Fault,
    FaultyProxy,
    Forward,
    Message,
    answer,
    drop,
    lose_answer,
    refuse,
    replace_headers,
)
from tests.support.registries import DockerRegistry
from tests.support.scripted import Scripted, refuse_early, reply


def chunks() -> Chunks:
    for start in range(0, len(CONTENT), 100_000):
        yield CONTENT[start : start + 100_000]


def stored(registry: DockerRegistry, path: str) -> bytes | None:
    answered = registry.http.ask("GET", f"/v2/{path}/blobs/{BLOB.digest}")
    return answered.body if answered.status == 200 else None


def asked(proxy: FaultyProxy) -> list[str]:
    """Methods of the requests about blobs, in order."""
    return [m.method for m in proxy.requests if "/blobs/" in m.path]


def test_a_new_blob_costs_three_requests(
    remote: Repository, registry: DockerRegistry, proxy: FaultyProxy, path: str
) -> None:
    assert remote.put_blob(BLOB, chunks) is Put.SENT

    assert stored(registry, path) == CONTENT
    assert asked(proxy)[:3] == ["HEAD", "POST", "PUT"]
    put = next(m for m in proxy.requests if m.method == "PUT")
    assert put.headers["Content-Length"] == str(BLOB.size)
    assert put.body == CONTENT


def test_a_registry_that_mounts_is_asked_by_mounting(
    remote: Repository, proxy: FaultyProxy
) -> None:
    remote.put_blob(BLOB, chunks)
    assert asked(proxy)[3:] == ["POST"]  # finds out, once
    other = b"another blob"
    before = len(asked(proxy))

    put_bytes(remote, other)
    assert asked(proxy)[before:] == ["POST", "PUT"]
    assert remote.put_blob(BLOB, never) is Put.PRESENT
    assert asked(proxy)[before + 2 :] == ["POST"]


def test_a_registry_that_does_not_mount_is_asked_with_head(
    remote: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("POST", "mount=", answer(404, b"<html>"), ALWAYS)
    remote.put_blob(BLOB, chunks)
    before = len(asked(proxy))

    put_bytes(remote, b"another blob")
    assert asked(proxy)[before:] == ["HEAD", "POST", "PUT"]
    assert remote.put_blob(BLOB, never) is Put.PRESENT


def test_an_upload_opened_to_find_out_is_given_up(
    remote: Repository, proxy: FaultyProxy
) -> None:
    location = f"http://{proxy.address}/v2/x/blobs/uploads/1?_state=y"
    proxy.fault("POST", "mount=", answer(202, Location=location), ALWAYS)

    remote.put_blob(BLOB, chunks)

    assert proxy.requests[-1].method == "DELETE"
    assert proxy.requests[-1].path == "/v2/x/blobs/uploads/1?_state=y"


def test_trouble_in_finding_out_does_no_harm(
    remote: Repository, registry: DockerRegistry, proxy: FaultyProxy, path: str
) -> None:
    proxy.fault("POST", "mount=", drop, ALWAYS)

    assert remote.put_blob(BLOB, chunks) is Put.SENT
    assert stored(registry, path) == CONTENT


def test_a_blob_of_which_the_registry_lost_bytes_is_not_there(
    open_at: Open, registry: DockerRegistry
) -> None:
    data = b"only in this test"
    blob = put_bytes(open_at(registry.address), data)
    (file,) = registry.folder.rglob(f"{blob.digest.hex}/data")
    file.write_bytes(b"")

    assert not open_at(registry.address).has(blob)
    with pytest.raises(Incomplete, match="sending it does not help") as caught:
        put_bytes(open_at(registry.address), data)
    assert caught.value.missing == (blob.digest,)


def test_a_damaged_blob_that_the_registry_replaces_is_sent_again(
    open_at: Open,
) -> None:
    short = reply(200, Content_Length="3")
    opened = reply(202, Location="/v2/x")
    whole = reply(200, Content_Length="7")
    script = reply(200), short, reply(200, b"con"), opened, reply(201), whole
    with Scripted(*script, reply(202, Location="/v2/y")) as server:
        blob = put_bytes(open_at(server.address), b"content")

    assert [h.method for h in server.heard[1:6]] == [
        "HEAD",
        "GET",
        "POST",
        "PUT",
        "HEAD",
    ]
    assert server.heard[4].body == b"content"
    assert blob.size == 7


@pytest.mark.parametrize("headers", [{"Content_Length": "0"}, {"Content_Length": "12"}])
def test_a_size_that_is_told_without_the_bytes_may_be_wrong(
    stocked: Repository, proxy: FaultyProxy, headers: dict[str, str]
) -> None:
    proxy.fault("HEAD", "/blobs/", replace_headers(**headers), ALWAYS)

    assert stocked.has(BLOB)
    assert stocked.put_blob(BLOB, never) is Put.PRESENT
    assert asked(proxy)[-2:] == ["HEAD", "GET"]


def test_an_empty_blob_is_stored(remote: Repository) -> None:
    blob = put_bytes(remote, b"")

    assert remote.has(blob)


def test_a_blob_of_another_repository_is_mounted(
    remote: Repository, registry: DockerRegistry, open_at: Open, path: str
) -> None:
    lender = open_at(registry.address, f"{path}/lender")
    put_bytes(lender, CONTENT)
    origin = f"{remote.place}/{path}/lender"

    assert remote.put_blob(BLOB, never, origin=origin) is Put.MOUNTED
    assert stored(registry, path) == CONTENT


def test_the_upload_opened_instead_of_a_mount_is_used(
    remote: Repository, proxy: FaultyProxy, registry: DockerRegistry, path: str
) -> None:
    origin = f"{remote.place}/{path}/has-it-not"

    assert remote.put_blob(BLOB, chunks, origin=origin) is Put.SENT
    assert asked(proxy)[:3] == ["POST", "HEAD", "PUT"]
    assert stored(registry, path) == CONTENT


def test_a_blob_that_is_there_is_not_sent_again_because_nothing_is_mounted(
    stocked: Repository, proxy: FaultyProxy, path: str
) -> None:
    def opened(request: Message, forward: Forward) -> Message:
        request.path = request.path.partition("?")[0]
        return forward(request)

    proxy.fault("POST", "mount=", opened, ALWAYS)
    before = len(asked(proxy))
    origin = f"{stocked.place}/{path}/lender"

    assert stocked.put_blob(BLOB, never, origin=origin) is Put.PRESENT
    assert asked(proxy)[before:] == ["POST", "HEAD", "DELETE"]


@pytest.mark.parametrize("status", [401, 403, 404, 405, 500])
def test_a_refused_mount_is_no_refusal_of_the_blob(
    remote: Repository,
    proxy: FaultyProxy,
    registry: DockerRegistry,
    path: str,
    status: int,
) -> None:
    proxy.fault("POST", "mount=", answer(status), ALWAYS)
    origin = f"{remote.place}/{path}/lender"

    assert remote.put_blob(BLOB, chunks, origin=origin) is Put.SENT
    assert stored(registry, path) == CONTENT


FAULTS: dict[str, tuple[str, Fault]] = {
    "the registry is busy": ("PUT", refuse(429, "TOOMANYREQUESTS")),
    "the registry has a bad moment": ("PUT", refuse(500, "UNKNOWN")),
    "the upload took too long": ("PUT", answer(408)),
    "the upload is forgotten": ("PUT", refuse(404, "BLOB_UPLOAD_UNKNOWN")),
    "the upload is invalid": ("PUT", refuse(404, "BLOB_UPLOAD_INVALID")),
    "the upload is invalid, with another status": (
        "PUT",
        refuse(400, "BLOB_UPLOAD_INVALID"),
    ),
    "bytes were damaged on the way": ("PUT", refuse(400, "DIGEST_INVALID")),
    "the registry has lost count": ("PUT", answer(416)),
    "the token has died": ("PUT", answer(401)),
    "the connection breaks": ("PUT", drop),
    "no upload can be opened yet": ("POST", refuse(503, "UNAVAILABLE")),
    "nothing can be asked yet": ("HEAD", answer(503)),
}


@pytest.mark.parametrize("what", FAULTS)
def test_an_upload_begins_anew_when(
    remote: Repository,
    proxy: FaultyProxy,
    registry: DockerRegistry,
    path: str,
    what: str,
) -> None:
    method, fault = FAULTS[what]
    proxy.fault(method, "/blobs/", fault)

    assert remote.put_blob(BLOB, chunks) is Put.SENT

    assert stored(registry, path) == CONTENT
    assert proxy.used_up
    locations = [m.path for m in proxy.requests if m.method == "PUT"]
    assert len(set(locations)) == len(locations)  # each in an upload of its own


def test_a_blob_that_arrived_is_not_sent_again_when_the_answer_is_lost(
    remote: Repository, proxy: FaultyProxy, registry: DockerRegistry, path: str
) -> None:
    proxy.fault("PUT", "/blobs/", lose_answer)

    assert remote.put_blob(BLOB, chunks) is Put.SENT

    assert stored(registry, path) == CONTENT
    assert asked(proxy).count("PUT") == 1


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, AccessDenied),
        (403, AccessDenied),
        (413, RegistryError),
        (500, RegistryError),
        (404, RegistryError),
    ],
)
def test_a_lasting_refusal_is_told(
    remote: Repository,
    proxy: FaultyProxy,
    registry: DockerRegistry,
    path: str,
    status: int,
    kind: type[Exception],
) -> None:
    proxy.fault("PUT", "/blobs/", answer(status, b"no more space"), ALWAYS)

    with pytest.raises(kind, match="no more space"):
        remote.put_blob(BLOB, chunks)
    assert stored(registry, path) is None


def test_a_refusal_in_the_middle_of_an_upload_is_told(open_at: Open) -> None:
    with Scripted(
        reply(200), reply(404), reply(202, Location="/u"), refuse_early(413)
    ) as server:
        remote = open_at(server.address)
        blob = Descriptor(LAYER, Digest.of(b"x"), 100_000_000)

        def endless() -> Chunks:
            for _ in range(1000):
                yield b"x" * 100_000

        with pytest.raises(RegistryError, match="too much") as caught:
            remote.put_blob(blob, endless)

    assert caught.value.status == 413


def failing(error: Exception) -> Callable[[], Chunks]:
    def chunks() -> Chunks:
        yield CONTENT[:-1]
        raise error

    return chunks


@pytest.mark.parametrize(
    "error",
    [RegistryError("source is busy", status=503), NotFound("gone"), KeyError(1)],
)
def test_what_goes_wrong_at_the_source_is_not_tried_again_here(
    remote: Repository,
    proxy: FaultyProxy,
    registry: DockerRegistry,
    path: str,
    error: Exception,
) -> None:
    with pytest.raises(type(error)) as caught:
        remote.put_blob(BLOB, failing(error))

    assert caught.value is error
    assert asked(proxy).count("PUT") <= 1
    assert stored(registry, path) is None


def test_damaged_bytes_are_opened_again(
    remote: Repository, registry: DockerRegistry, path: str
) -> None:
    damage = IntegrityError(expected="a", actual="b", received=1)
    opened = []

    def at_last() -> Chunks:
        opened.append(1)
        return failing(damage)() if len(opened) == 1 else chunks()

    assert remote.put_blob(BLOB, at_last) is Put.SENT
    assert stored(registry, path) == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"x"])
def test_a_stream_of_the_wrong_length_stores_nothing(
    remote: Repository, registry: DockerRegistry, path: str, content: bytes
) -> None:
    def wrong() -> Chunks:
        yield content

    with pytest.raises(TransferError):
        remote.put_blob(BLOB, wrong)
    assert stored(registry, path) is None


def relative(location: str) -> str:
    return "/" + location.split("/", 3)[3]


def test_an_upload_to_another_host_does_not_get_our_password(
    proxy: FaultyProxy, registry: DockerRegistry, open_at: Open, path: str
) -> None:
    with FaultyProxy(registry.address) as storage:

        def elsewhere(request: Message, forward: Forward) -> Message:
            opened = forward(request)
            place = relative(opened.headers["Location"])
            opened.headers["Location"] = f"http://{storage.address}{place}"
            return opened

        proxy.fault("POST", "/blobs/uploads/", elsewhere)
        remote = open_at(proxy.address, credentials="me:secret")

        assert remote.put_blob(BLOB, chunks) is Put.SENT

    assert stored(registry, path) == CONTENT
    assert [m.method for m in storage.requests] == ["PUT"]
    assert "Authorization" not in storage.requests[0].headers


def test_an_upload_without_location_is_an_error(
    remote: Repository, proxy: FaultyProxy
) -> None:
    proxy.fault("POST", "/blobs/", replace_headers(Location=None), ALWAYS)

    with pytest.raises(RegistryError, match="Location"):
        remote.put_blob(BLOB, chunks)
