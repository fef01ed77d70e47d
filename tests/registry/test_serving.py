"""`hangar serve`, judged by plain HTTP and skopeo."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import resource
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import client as http_client
from pathlib import Path
from typing import Any

import bcrypt
import pytest

from hangar.serving import Api, MemoryStorage, Server, registry
from hangar.serving.messages import Refusal, Request
from hangar.serving.storage import Upload
from tests.support.content import put_attestation, put_image, put_index
from tests.support.judges import PlainHTTP, skopeo
from tests.support.registries import Certificates
from tests.support.running import Desk
from tests.support.seeding import draft, push

DATA = b"some content of a blob"
DIGEST = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
INDEX = "application/vnd.oci.image.index.v1+json"


@contextmanager
def serving(
    desk: Desk,
    *flags: str,
    authority: Path | None = None,
    ending: signal.Signals = signal.SIGTERM,
) -> Iterator[PlainHTTP]:
    """Run the program for the time of a block."""
    process = desk.start("serve", "--addr", "127.0.0.1:0", *flags)
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        assert "Listening on" in line, line + process.stderr.read()
        yield PlainHTTP(line.strip().rpartition("/")[2], authority)
    finally:
        process.send_signal(ending)
        process.communicate(timeout=30)


@pytest.fixture(params=["memory", "directory"])
def http(request: pytest.FixtureRequest, desk: Desk) -> Iterator[PlainHTTP]:
    """A registry over each kind of storage."""
    flags = ["--data", "data"] if request.param == "directory" else []
    with serving(desk, *flags) as judge:
        yield judge


def upload(http: PlainHTTP, repository: str = "a/b") -> None:
    path = f"/v2/{repository}/blobs/uploads/?digest={DIGEST}"
    assert http.ask("POST", path, DATA).status == 201


def code(answer: object) -> str:
    return str(answer.json["errors"][0]["code"])  # type: ignore[attr-defined]  # an Answer


def test_a_whole_image_goes_in_and_comes_out(http: PlainHTTP) -> None:
    store = draft()
    image = put_image(store, b"layer")
    put_index(store, "1", image, put_attestation(store, image))

    push(http, "library/app", store)

    assert http.manifest("library/app", "1") == store.manifest("1").raw
    assert set(http.whole("library/app", "1")) >= set(store.manifests)


@pytest.mark.parametrize("path", [f"blobs/{DIGEST}", "manifests/1"])
def test_nothing_but_headers_answers_head(http: PlainHTTP, path: str) -> None:
    upload(http)
    store = draft()
    manifest = put_image(store, b"layer", tag="1")
    push(http, "a/b", store)
    size = len(DATA) if path.startswith("blobs") else manifest.size
    host, _, port = http.address.partition(":")

    with socket.create_connection((host, int(port)), timeout=30) as client:
        client.sendall(f"HEAD /v2/a/b/{path} HTTP/1.1\r\n\r\n".encode())
        client.sendall(b"GET /v2/ HTTP/1.1\r\nConnection: close\r\n\r\n")
        with client.makefile("rb") as answers:
            first, _, second = answers.read().partition(b"\r\n\r\n")

    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert f"\r\nContent-Length: {size}\r\n".encode() in first + b"\r\n"
    assert second.startswith(b"HTTP/1.1 200 OK\r\n")


def test_skopeo_pushes_and_pulls(http: PlainHTTP) -> None:
    store = draft()
    put_index(store, "1", put_image(store, b"one"), put_image(store, b"two"))
    push(http, "library/app", store)
    image = f"docker://{http.address}/library/"
    tls = ("--src-tls-verify=false", "--dest-tls-verify=false")
    how = ("--insecure-policy", "copy", "--all", "--preserve-digests", *tls)

    skopeo(*how, f"{image}app:1", f"{image}copy:1")

    assert http.whole("library/copy", "1") == http.whole("library/app", "1")


def test_an_upload_in_chunks_has_to_be_in_order(http: PlainHTTP) -> None:
    path = http.ask("POST", "/v2/a/b/blobs/uploads/").headers["location"]

    assert http.ask("PATCH", path, DATA[:10], Content_Range="0-9").status == 202
    assert http.ask("PATCH", path, DATA[15:], Content_Range="15-21").status == 416
    assert http.ask("GET", path).headers["range"] == "0-9"
    done = http.ask("PUT", f"{path}?digest={DIGEST}", DATA[10:])

    assert done.status == 201
    assert http.ask("GET", f"/v2/a/b/blobs/{DIGEST}").body == DATA


def test_wrong_bytes_are_refused_and_leave_nothing(http: PlainHTTP) -> None:
    answer = http.ask("POST", f"/v2/a/b/blobs/uploads/?digest={DIGEST}", b"other")

    assert (answer.status, code(answer)) == (400, "DIGEST_INVALID")
    assert http.ask("HEAD", f"/v2/a/b/blobs/{DIGEST}").status == 404


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        ("bytes=0-3", 206, DATA[:4]),
        ("bytes=5-", 206, DATA[5:]),
        ("bytes=-4", 206, DATA[-4:]),
        ("bytes=5-999", 206, DATA[5:]),
        ("lines=1-2", 200, DATA),
    ],
)
def test_a_part_of_a_blob_can_be_had(
    http: PlainHTTP, wanted: str, status: int, body: bytes
) -> None:
    upload(http)

    answer = http.ask("GET", f"/v2/a/b/blobs/{DIGEST}", Range=wanted)

    assert (answer.status, answer.body) == (status, body)


def test_a_range_behind_the_end_is_refused(http: PlainHTTP) -> None:
    upload(http)

    answer = http.ask("GET", f"/v2/a/b/blobs/{DIGEST}", Range="bytes=99-")

    assert answer.status == 416
    assert answer.headers["content-range"] == f"bytes */{len(DATA)}"


def test_a_blob_belongs_to_its_repository_until_it_is_mounted(http: PlainHTTP) -> None:
    upload(http)

    assert http.ask("HEAD", f"/v2/c/d/blobs/{DIGEST}").status == 404
    query = f"?mount={DIGEST}&from="
    assert http.ask("POST", f"/v2/c/d/blobs/uploads/{query}no/where").status == 202
    assert http.ask("POST", f"/v2/c/d/blobs/uploads/{query}a/b").status == 201
    assert http.ask("GET", f"/v2/c/d/blobs/{DIGEST}").body == DATA


def test_a_manifest_needs_what_it_points_at(http: PlainHTTP) -> None:
    store = draft()
    put_image(store, b"layer", tag="1")
    raw = store.manifest("1").raw

    kind = store.manifest("1").media_type
    answer = http.ask("PUT", "/v2/a/b/manifests/1", raw, Content_Type=kind)

    assert (answer.status, code(answer)) == (400, "MANIFEST_BLOB_UNKNOWN")
    assert http.ask("GET", "/v2/a/b/manifests/1").status == 404


def test_a_manifest_over_the_limit_is_refused(http: PlainHTTP) -> None:
    raw = b" " * (5 << 20)

    assert http.ask("PUT", "/v2/a/b/manifests/1", raw).status == 413


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v2/../../etc/passwd/manifests/1", 400),
        ("/v2/a/%2e%2e/b/manifests/1", 400),
        ("/v2/A/b/manifests/1", 400),
        ("/v2/a/b/manifests/a%00b", 400),
        ("/v2/a/b/manifests/sha256:beef", 400),
        ("/v2/a/b/blobs/..%2f..%2fetc", 404),
        ("/v2/" + "a" * 300 + "/tags/list", 400),
        ("/nowhere", 404),
    ],
)
def test_hostile_names_are_refused(http: PlainHTTP, path: str, status: int) -> None:
    assert http.ask("GET", path).status == status


def test_tags_come_in_pages(http: PlainHTTP) -> None:
    store = draft()
    put_image(store, b"layer", tag="x")
    push(http, "a/b", store)
    raw, kind = store.manifest("x").raw, store.manifest("x").media_type
    for tag in "cabd":
        http.ask("PUT", f"/v2/a/b/manifests/{tag}", raw, Content_Type=kind)

    first = http.ask("GET", "/v2/a/b/tags/list?n=2")
    second = http.ask("GET", first.headers["link"].partition(">")[0].strip("<"))

    assert first.json["tags"] + second.json["tags"] == ["a", "b", "c", "d"]
    assert http.ask("GET", "/v2/_catalog").json == {"repositories": ["a/b"]}


def test_referrers_are_listed_and_filtered(http: PlainHTTP) -> None:
    store = draft()
    image = put_image(store, b"layer", tag="1")
    sbom = put_image(store, b"x", subject=image.to_json(), artifactType="text/sbom")
    push(http, "a/b", store)

    path = f"/v2/a/b/referrers/{image.digest}"
    found = http.ask("GET", path)
    none = http.ask("GET", f"{path}?artifactType=text/other")

    assert [entry["digest"] for entry in found.json["manifests"]] == [sbom.digest]
    assert found.headers["content-type"] == INDEX
    assert none.json["manifests"] == []
    assert none.headers["oci-filters-applied"] == "artifactType"


def test_deleting_a_manifest_takes_its_tags_along(http: PlainHTTP) -> None:
    store = draft()
    image = put_image(store, b"layer", tag="1")
    push(http, "a/b", store)

    assert http.ask("DELETE", f"/v2/a/b/manifests/{image.digest}").status == 202
    assert http.ask("GET", "/v2/a/b/manifests/1").status == 404
    assert http.tags("a/b") == set()


def test_a_blob_that_an_image_needs_is_not_deleted(http: PlainHTTP) -> None:
    store = draft()
    image = put_image(store, DATA, tag="1")
    push(http, "a/b", store)
    path = f"/v2/a/b/blobs/{DIGEST}"

    assert http.ask("DELETE", path).status == 405
    assert DIGEST in http.whole("a/b", "1")

    http.ask("DELETE", f"/v2/a/b/manifests/{image.digest}")
    assert http.ask("GET", path).status == 404


def test_a_blob_that_no_manifest_needs_is_deleted_by_name(http: PlainHTTP) -> None:
    upload(http)
    path = f"/v2/a/b/blobs/{DIGEST}"

    assert http.ask("DELETE", path).status == 202
    assert http.ask("GET", path).status == 404


def test_deleting_a_manifest_frees_what_nothing_else_needs(desk: Desk) -> None:
    own, shared = b"of one image", b"of both images"
    store = draft()
    doomed = put_image(store, shared, own, tag="1")
    kept = put_image(store, shared, tag="2", platform="linux/arm64")
    lent = draft()
    put_image(lent, own, tag="1", platform="linux/arm64")
    with serving(desk, "--data", "data") as http:
        push(http, "a/b", store)
        http.ask("DELETE", f"/v2/a/b/manifests/{doomed.digest}")

        assert http.whole("a/b", "2")
        assert contents(desk) == set(http.whole("a/b", "2"))

        push(http, "c/d", lent)
        push(http, "a/b", store)
        before = contents(desk)
        http.ask("DELETE", f"/v2/a/b/manifests/{kept.digest}")
        http.ask("DELETE", f"/v2/a/b/manifests/{doomed.digest}")

        assert contents(desk) == set(http.whole("c/d", "1")) < before


def contents(desk: Desk) -> set[str]:
    """Digests of what lies in the registry's directory."""
    return {f"sha256:{path.name}" for path in desk.folder.glob("data/blobs/sha256/*")}


def test_forgotten_uploads_make_room_for_new_ones(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(registry, "MAX_UPLOADS", 3)
    kept = registry.Registry(MemoryStorage())
    oldest, second, *_ = [kept.begin("a/b") for _ in range(3)]

    with kept.session("a/b", oldest).lock:  # somebody is writing to it
        kept.begin("a/b")
        assert kept.session("a/b", oldest)
        with pytest.raises(Refusal, match="upload unknown"):
            kept.session("a/b", second)


def test_forgotten_uploads_leave_files_for_everybody_else(desk: Desk) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, hard), hard))
    with serving(desk, "--data", "data") as http, contextlib.ExitStack() as stack:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        upload(http)
        host, _, port = http.address.partition(":")
        one = http_client.HTTPConnection(host, int(port), timeout=30)
        stack.callback(one.close)
        for _ in range(1100):
            one.request("POST", "/v2/a/b/blobs/uploads/")
            assert len(one.getresponse().read()) == 0
        for _ in range(100):
            sock = stack.enter_context(socket.create_connection((host, int(port))))
            sock.settimeout(10)
            sock.sendall(b"GET /v2/ HTTP/1.1\r\n\r\n")
            assert sock.recv(12) == b"HTTP/1.1 200"

        assert http.ask("GET", f"/v2/a/b/blobs/{DIGEST}").body == DATA


def test_it_goes_on_where_no_thread_could_be_started(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start, failures = threading.Thread.start, [RuntimeError("can't start new thread")]

    def start_but_once(thread: threading.Thread) -> None:
        if failures and thread.name != "accept":
            raise failures.pop()
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_but_once)
    with Server(Api(registry.Registry(MemoryStorage()))) as server:
        judge = PlainHTTP(server.address)
        with pytest.raises(ConnectionError):
            judge.ask("GET", "/v2/")

        assert judge.ask("GET", "/v2/").status == 200
    assert not failures


@pytest.mark.parametrize("left", [DATA[:-1], None])
def test_what_the_disk_has_lost_is_gone_and_may_be_pushed_again(
    desk: Desk, left: bytes | None
) -> None:
    with serving(desk, "--data", "data") as http:
        upload(http)
        file = desk.folder / "data" / "blobs" / "sha256" / DIGEST.partition(":")[2]
        if left is None:
            file.unlink()
        else:
            file.write_bytes(left)

        assert http.ask("HEAD", f"/v2/a/b/blobs/{DIGEST}").status == 404
        mount = f"/v2/a/b/blobs/uploads/?mount={DIGEST}&from=a/b"
        assert http.ask("POST", mount).status == 202
        upload(http)
        assert http.ask("GET", f"/v2/a/b/blobs/{DIGEST}").body == DATA
        assert http.ask("POST", mount).status == 201


def test_an_upload_that_found_the_disk_full_does_not_go_on(tmp_path: Path) -> None:
    class Full(io.FileIO):
        is_full = True

        def write(self, data: Any) -> int:
            if Full.is_full and self.tell() >= 10_000:
                raise OSError(errno.ENOSPC, "no space")
            return super().write(bytes(data)[:10_000])

    class Small(MemoryStorage):
        def upload(self) -> Upload:
            path = tmp_path / "upload"
            return Upload(io.BufferedRandom(Full(path, "w+")), path)

    kept = registry.Registry(Small())
    session = kept.begin("a/b")
    path = f"/v2/a/b/blobs/uploads/{session}"
    with pytest.raises(OSError, match="no space"):
        Api(kept)(Request("PATCH", path, body=iter([memoryview(DATA * 9000)])))
    Full.is_full = False

    assert list(tmp_path.iterdir()) == []
    query = {"digest": DIGEST}
    with pytest.raises(Refusal, match="upload unknown"):
        Api(kept)(Request("PUT", path, query, body=iter([memoryview(DATA)])))


def test_a_kill_in_mid_upload_leaves_no_broken_blob(desk: Desk) -> None:
    store = draft()
    put_image(store, b"layer", tag="1")
    with serving(desk, "--data", "data", ending=signal.SIGKILL) as http:
        push(http, "a/b", store)
        whole = http.whole("a/b", "1")
        path = http.ask("POST", "/v2/a/b/blobs/uploads/").headers["location"]
        http.ask("PATCH", path, DATA)
        assert list((desk.folder / "data" / "uploads").iterdir())

    with serving(desk, "--data", "data") as http:
        assert http.whole("a/b", "1") == whole
        assert list((desk.folder / "data" / "uploads").iterdir()) == []
        assert http.ask("HEAD", f"/v2/a/b/blobs/{DIGEST}").status == 404


def test_what_others_keep_in_the_directory_stays(desk: Desk) -> None:
    folder = desk.folder / "data"
    (folder / "uploads" / "to send").mkdir(parents=True)
    files = [folder / "lock", folder / "uploads" / "thesis.txt"]
    for file in files:
        file.write_text("mine")

    with serving(desk, "--data", "data"):
        pass

    assert [file.read_text() for file in files] == ["mine", "mine"]
    assert (folder / "uploads" / "to send").is_dir()


def test_a_directory_has_one_registry_at_a_time(desk: Desk) -> None:
    with serving(desk, "--data", "data"):
        ran = desk.hangar("serve", "--addr", "127.0.0.1:0", "--data", "data")

    assert ran.status != 0
    assert "in use by another registry" in ran.err


def test_a_read_only_registry_takes_nothing(desk: Desk) -> None:
    with serving(desk, "--read-only") as http:
        assert http.ask("POST", "/v2/a/b/blobs/uploads/").status == 405
        assert http.ask("GET", "/v2/").status == 200


def test_a_password_is_asked_for(desk: Desk) -> None:
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    desk.write("users", f"me:{hashed}")
    with serving(desk, "--htpasswd", "users") as http:
        assert http.ask("GET", "/v2/").status == 401
        for login, status in ((("me", "secret"), 200), (("me", "wrong"), 401)):
            judge = PlainHTTP(http.address, login=login)
            assert judge.ask("GET", "/v2/").status == status


def test_it_speaks_tls(desk: Desk, certificates: Certificates) -> None:
    cert, key = str(certificates.certificate), str(certificates.key)
    flags = ("--tls-cert", cert, "--tls-key", key)
    with serving(desk, *flags, authority=certificates.authority) as http:
        assert http.ask("GET", "/v2/").status == 200


def test_sigterm_ends_it_cleanly(desk: Desk) -> None:
    process: subprocess.Popen[str] = desk.start("serve", "--addr", "127.0.0.1:0")
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGTERM)

    _, err = process.communicate(timeout=30)

    assert process.returncode == 0
    assert "Traceback" not in err
