"""Mirroring between two real registries, judged by skopeo and plain HTTP."""

from __future__ import annotations

import base64
import io
import json
import signal
import socket
import tarfile
import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from hangar.oci import (
    DOCKER_MANIFEST,
    Descriptor,
    Digest,
    Platform,
)
from tests.support.content import (
    put_attestation,
    put_image,
    put_index,
    put_signature,
)
from tests.support.judges import PlainHTTP, skopeo, skopeo_raw
from tests.support.kinds import DOCKER_CONFIG, every_kind
from tests.support.registries import Certificates, DockerRegistry, docker_registry
from tests.support.running import Desk
from tests.support.seeding import draft, push
from tests.support.tokens import TokenServer

PLAIN = "--tls-verify=false"
FOREIGN = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"


@pytest.mark.parametrize("validate", [(), ("--deep",)])
def test_every_kind_of_image_arrives_with_its_digest(
    source: DockerRegistry,
    target: DockerRegistry,
    desk: Desk,
    validate: tuple[str, ...],
) -> None:
    store = every_kind()
    push(source.http, "library/app", store)
    images = [tag for tag in store.tags if not tag.startswith("sha256-")]
    lines = [f"{source.address}/library/app:{tag}" for tag in images]
    flags = ("-f", desk.write("list", *lines), "-d", target.address, PLAIN)

    ran = desk.hangar("mirror", *flags)

    assert ran.status == 0, ran.err
    for tag in images:
        assert skopeo_raw(f"{target.address}/library/app:{tag}") == skopeo_raw(
            f"{source.address}/library/app:{tag}"
        )
        assert target.http.whole("library/app", tag) == source.http.whole(
            "library/app", tag
        )
    signatures = {tag for tag in store.tags if tag.endswith(".sig")}
    assert len(signatures) == 2
    assert signatures <= target.http.tags("library/app")
    checked = desk.hangar("mirror", "validate", *flags, *validate)
    assert checked.status == 0, checked.err
    assert checked.err.count("PASS: [") == len(lines)


def test_windows_images_keep_their_foreign_layers(desk: Desk) -> None:
    allow = {"manifests": {"urls": {"allow": ["^https://example.com/"]}}}
    store = draft()
    layer = Descriptor(
        FOREIGN, Digest.of(b"foreign"), 7, urls=("https://example.com/x",)
    )
    entry = put_image(
        store,
        layers=[layer.to_json()],
        platform="windows/amd64",
        media_type=DOCKER_MANIFEST,
        config_type=DOCKER_CONFIG,
    )
    build = Platform("amd64", "windows", os_version="10.0.17763.6893")
    put_index(store, "1809", replace(entry, platform=build))

    with (
        docker_registry(validation=allow) as source,
        docker_registry(validation=allow) as target,
    ):
        push(source.http, "windows/app", store)
        image = desk.write("list", f"{source.address}/windows/app:1809")
        flags = ("-f", image, "--os", "windows", "-d", target.address, PLAIN)
        ran = desk.hangar("mirror", *flags)

        assert ran.status == 0, ran.err
        assert target.http.manifest("windows/app", "1809") == source.http.manifest(
            "windows/app", "1809"
        )
        assert desk.hangar("mirror", "validate", *flags).status == 0


def test_schema_1_becomes_schema_2(desk: Desk) -> None:
    store = draft()
    put_image(
        store,
        gzip_of_a_tar(),
        tag="new",
        media_type=DOCKER_MANIFEST,
        config_type=DOCKER_CONFIG,
        history=[{"created": "2020-01-01T00:00:00Z", "created_by": "COPY"}],
    )
    with (
        docker_registry(compatibility={"schema1": {"enabled": True}}) as source,
        docker_registry() as target,
    ):
        push(source.http, "library/app", store)
        image = f"docker://{source.address}/library/app"
        tls = ("--src-tls-verify=false", "--dest-tls-verify=false")
        policy = ("--insecure-policy", "copy", "--format", "v2s1", *tls)
        skopeo(*policy, f"{image}:new", f"{image}:old")
        listed = desk.write("list", f"{source.address}/library/app:old")

        ran = desk.hangar("mirror", "-f", listed, "-d", target.address, PLAIN)

        assert ran.status == 0, ran.err
        manifest = json.loads(target.http.manifest("library/app", "old"))
        assert manifest["mediaType"] == DOCKER_MANIFEST
        layer = manifest["layers"][0]
        assert layer["digest"] == Digest.of(gzip_of_a_tar())
        target.http.whole("library/app", "old")
        again = desk.hangar("mirror", "-f", listed, "-d", target.address, PLAIN)
        assert "1 up to date" in again.err


def gzip_of_a_tar() -> bytes:
    """A layer that unpacks."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as layer:
        layer.addfile(tarfile.TarInfo("file"))
    return zlib.compress(packed.getvalue(), wbits=31)


def test_an_unchanged_run_asks_once_at_each_end(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    store = draft()
    for tag in ("1", "2"):
        put_image(store, b"layer " + tag.encode(), tag=tag)
    amd64 = put_image(store, b"layer of amd64")
    s390x = put_image(store, b"layer of s390x", platform="linux/s390x")
    index = put_index(store, "3", amd64, s390x, put_attestation(store, amd64))
    put_signature(store, index.digest, b"payload")
    push(source.http, "library/app", store)
    lines = [f"{source.address}/library/app:{tag}" for tag in ("1", "2", "3")]
    listed = desk.write("list", *lines)
    flags = ("-f", listed, "-d", target.address, PLAIN, "--arch=", "--os=")
    desk.hangar("mirror", *flags)
    assert target.http.tags("library/app") == source.http.tags("library/app")
    before = len(source.requests), len(target.requests)

    ran = desk.hangar("mirror", *flags)

    assert ran.status == 0, ran.err
    assert "3 up to date" in ran.err
    tags = [("HEAD", f"/v2/library/app/manifests/{tag}") for tag in "123"]
    ping, harbor = ("GET", "/v2/"), ("GET", "/api/v2.0/ping")
    once_a_run = ([ping], [harbor, ping])
    for registry, count, first in zip(
        (source, target), before, once_a_run, strict=True
    ):
        asked = sorted(request[:2] for request in registry.requests[count:])
        assert asked == [*first, *tags]


def test_a_layer_of_ten_images_is_downloaded_once(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    shared = b"the layer of them all" * 1000
    lines = []
    for number in range(10):
        store = draft()
        put_image(store, shared, b"own %d" % number, tag="1")
        push(source.http, f"library/app{number}", store)
        lines.append(f"{source.address}/library/app{number}:1")
    flags = ("-f", desk.write("list", *lines), "-d", target.address, PLAIN)

    ran = desk.hangar("mirror", *flags)

    assert ran.status == 0, ran.err
    read = [
        request
        for request in source.requests
        if request.method == "GET" and request.path.endswith(Digest.of(shared))
    ]
    assert len(read) == 1
    written = [
        r for r in target.requests if r.method == "PUT" and "/uploads/" in r.path
    ]
    assert len(written) == 1 + 2 * 10  # the shared layer; a layer and a config each
    for number in range(10):
        assert Digest.of(shared) in target.http.whole(f"library/app{number}", "1")


def test_filters_and_the_mirror_format_are_honoured(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    store = draft()
    amd64 = put_image(store, b"layer of amd64")
    s390x = put_image(store, b"layer of s390x", platform="linux/s390x")
    put_index(store, "1", amd64, s390x)
    push(source.http, "team/app", store)
    line = f"{source.address}/team/app  {target.address}/other/name  1"

    ran = desk.hangar("mirror", "-f", desk.write("list", line), PLAIN)

    assert ran.status == 0, ran.err
    assert "1 failed" not in ran.err
    index = json.loads(target.http.manifest("other/name", "1"))
    assert [entry["digest"] for entry in index["manifests"]] == [amd64.digest]


def test_tls_and_a_password_are_found_where_podman_keeps_them(
    certificates: Certificates, desk: Desk
) -> None:
    login = ("me", "my secret")
    store = draft()
    put_index(store, "1", put_image(store, b"layer"))
    with (
        docker_registry(certificates=certificates, login=login) as source,
        docker_registry(certificates=certificates, login=login) as target,
    ):
        push(source.http, "library/app", store)
        config = desk.folder / "home" / ".config" / "containers"
        auth = base64.b64encode(":".join(login).encode()).decode()
        auths = {r.address: {"auth": auth} for r in (source, target)}
        for registry in (source, target):
            folder = config / "certs.d" / registry.address
            folder.mkdir(parents=True)
            (folder / "ca.crt").write_bytes(certificates.authority.read_bytes())
        path = config / "auth.json"
        path.write_text(json.dumps({"auths": auths}))
        path.chmod(0o600)
        listed = desk.write("list", f"{source.address}/library/app:1")

        ran = desk.hangar("mirror", "-f", listed, "-d", target.address)

        assert ran.status == 0, ran.err
        assert "my secret" not in ran.err + ran.out
        assert target.http.whole("library/app", "1") == source.http.whole(
            "library/app", "1"
        )


def test_tokens_are_asked_for_once_a_scope(desk: Desk, tmp_path: Path) -> None:
    store = draft()
    put_index(store, "1", put_image(store, b"layer one", b"layer two"))
    with (
        TokenServer(tmp_path) as tokens,
        docker_registry() as source,
        docker_registry(auth=tokens.settings) as target,
    ):
        push(source.http, "library/app", store)
        auth = base64.b64encode(":".join(tokens.login).encode()).decode()
        path = desk.folder / "auth.json"
        path.write_text(json.dumps({"auths": {target.address: {"auth": auth}}}))
        path.chmod(0o600)
        desk.environment["REGISTRY_AUTH_FILE"] = str(path)
        listed = desk.write("list", f"{source.address}/library/app:1")

        ran = desk.hangar("mirror", "-f", listed, "-d", target.address, PLAIN)

        assert ran.status == 0, ran.err
        asked = list(tokens.requests)
        assert len(asked) <= 2
        token = tokens.token(("repository:library/app:pull",), "")
        judge = PlainHTTP(target.address, headers={"Authorization": f"Bearer {token}"})
        assert judge.whole("library/app", "1") == source.http.whole("library/app", "1")


def test_without_rights_the_hint_is_to_log_in(
    source: DockerRegistry, desk: Desk
) -> None:
    store = draft()
    put_image(store, b"layer", tag="1")
    push(source.http, "library/app", store)
    with docker_registry(login=("me", "secret")) as target:
        listed = desk.write("list", f"{source.address}/library/app:1")

        ran = desk.hangar("mirror", "-f", listed, "-d", target.address, PLAIN)

    assert ran.status == 1
    assert "authentication required" in ran.err
    assert f"hangar login {target.address}" in ran.err
    assert desk.read("mirror-failed.txt") == f"{source.address}/library/app:1\n"


def test_plain_http_has_to_be_asked_for(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    listed = desk.write("list", f"{source.address}/library/app:1")

    ran = desk.hangar("mirror", "-f", listed, "-d", target.address)

    assert ran.status == 1
    assert "server gave HTTP response to HTTPS client" in ran.err
    assert "--tls-verify=false" in ran.err


def test_ctrl_c_leaves_a_complete_failed_list(
    source: DockerRegistry, desk: Desk
) -> None:
    store = draft()
    put_image(store, b"layer", tag="1")
    push(source.http, "library/app", store)
    with docker_registry() as target, socket.create_server(("127.0.0.1", 0)) as mute:
        never = f"127.0.0.1:{mute.getsockname()[1]}/never/answers:1"
        listed = desk.write("list", f"{source.address}/library/app:1", never)
        flags = ("-f", listed, "-d", target.address, PLAIN)
        with desk.start("mirror", *flags) as process:
            assert process.stderr is not None
            for line in process.stderr:
                if "never/answers" in line:
                    break
            process.send_signal(signal.SIGINT)
            _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert never in desk.read("mirror-failed.txt").splitlines()
    assert "Traceback" not in err
