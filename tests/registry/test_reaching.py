"""Reaching registries: TLS or not, by what the user and the configuration allow."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hangar.configuration import Configuration
from hangar.deadline import Deadline, applied
from hangar.errors import (
    AccessDenied,
    HangarError,
    NotFound,
    TimedOut,
    TlsError,
    TransferError,
)
from hangar.http import Client, Origin, Response, Tls, Trust
from hangar.oci import Descriptor, Digest
from hangar.reference import Reference
from hangar.registry import Registries
from hangar.retry import Patience
from tests.registry.conftest import Open, never
from tests.support.content import LAYER, put_bytes, put_image, put_signature
from tests.support.registries import (
    Certificates,
    DockerRegistry,
    docker_registry,
)
from tests.support.scripted import Scripted, fall_silent, reply

BLOB = Descriptor(LAYER, Digest.of(b"content"), 7)


def configure(home: Path, text: str) -> None:
    folder = home / ".config" / "containers"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "registries.conf").write_text(text)


@pytest.mark.parametrize("verify_tls", [None, True])
def test_plain_http_is_not_spoken_unasked(
    registry: DockerRegistry, open_at: Open, *, verify_tls: bool | None
) -> None:
    repository = open_at(registry.address, verify_tls=verify_tls)

    with pytest.raises(TlsError) as caught:
        repository.resolve("1")
    assert "server gave HTTP response to HTTPS client" in str(caught.value)


def test_plain_http_is_spoken_where_the_configuration_allows_it(
    registry: DockerRegistry, open_at: Open, tmp_path: Path
) -> None:
    prefix = f'[[registry]]\nprefix = "{registry.address}"\ninsecure = true\n'
    configure(tmp_path, prefix)

    with pytest.raises(NotFound):
        open_at(registry.address, verify_tls=None).resolve("1")
    with pytest.raises(TlsError):
        open_at(registry.address, verify_tls=True).resolve("1")


@pytest.fixture(scope="module")
def encrypted(certificates: Certificates) -> Iterator[DockerRegistry]:
    with docker_registry(certificates=certificates) as registry:
        yield registry


def test_a_certificate_has_to_be_trusted(
    encrypted: DockerRegistry, certificates: Certificates, open_at: Open, tmp_path: Path
) -> None:
    with pytest.raises(TlsError, match="certificate verification failed"):
        open_at(encrypted.address, verify_tls=None).resolve("1")

    folder = tmp_path / ".config/containers/certs.d" / encrypted.address
    folder.mkdir(parents=True)
    (folder / "ca.crt").write_bytes(certificates.authority.read_bytes())

    repository = open_at(encrypted.address, verify_tls=None)
    entry = put_image(repository, b"layer", tag="1")
    assert repository.resolve("1") == entry.digest


def test_a_certificate_need_not_be_trusted_if_the_user_says_so(
    encrypted: DockerRegistry, open_at: Open
) -> None:
    repository = open_at(encrypted.address, verify_tls=False)

    assert repository.resolve(put_image(repository, b"layer", tag="1").digest)


def test_a_registry_behind_a_proxy_that_does_tls_for_it_is_written_to_encrypted(
    certificates: Certificates, open_at: Open
) -> None:
    with Scripted(reply(200), reply(404), certificates=certificates) as server:
        location = f"{server.url.replace('https:', 'http:')}/upload?_state=x"
        server.then(reply(202, Location=location), reply(201), reply(404))
        repository = open_at(server.address)

        assert put_bytes(repository, b"content") == BLOB

    assert server.heard[3].target.startswith("/upload?_state=x&digest=")


def test_an_upload_is_not_sent_elsewhere_without_encryption(
    certificates: Certificates, open_at: Open, tmp_path: Path
) -> None:
    with Scripted(reply(200), reply(404), certificates=certificates) as server:
        folder = tmp_path / ".config/containers/certs.d" / server.address
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(certificates.authority.read_bytes())
        server.then(*[reply(202, Location="http://localhost:1/u"), reply(404)] * 4)
        repository = open_at(server.address, verify_tls=True)
        with pytest.raises(TransferError, match="not encrypted"):
            repository.put_blob(BLOB, never)


def test_a_registry_that_is_down_is_asked_a_few_times_and_then_left_alone(
    open_at: Open,
) -> None:
    with Scripted(*[reply(503)] * 10) as server:
        repository = open_at(server.address)
        for _ in range(3):
            with pytest.raises(HangarError) as caught:
                repository.resolve("1")
            assert not caught.value.retryable

        assert len(server.heard) == 1 + 3


def test_a_registry_that_has_a_bad_moment_is_reached(open_at: Open) -> None:
    with Scripted(reply(503), reply(200), reply(404)) as server:
        assert not open_at(server.address).has(BLOB)


def test_the_deadline_of_one_image_says_nothing_about_the_registry(
    open_at: Open,
) -> None:
    with Scripted(fall_silent, reply(200), reply(404)) as server:
        repository = open_at(server.address)
        with applied(Deadline(0.3)), pytest.raises(TimedOut):
            repository.has(BLOB)

        assert not repository.has(BLOB)


def test_a_registry_is_asked_once_what_it_wants(open_at: Open) -> None:
    with Scripted(reply(200), *[reply(404)] * 8) as server:
        repository = open_at(server.address)
        workers = [
            threading.Thread(target=repository.has, args=(BLOB,)) for _ in range(8)
        ]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    assert [heard.target for heard in server.heard].count("/v2/") == 1


def test_an_odd_answer_to_the_first_question_does_not_matter(open_at: Open) -> None:
    with Scripted(reply(404, b"<html>"), reply(200, Content_Length="7")) as server:
        assert open_at(server.address).has(BLOB)


def test_a_server_of_tls_that_fails_is_not_taken_for_one_of_plain_http(
    open_at: Open,
) -> None:
    with Scripted(reply(400, b"this is TLS")) as server:
        server.drop_tls = True
        with pytest.raises(TransferError):
            open_at(server.address, patience=Patience(retries=0)).has(BLOB)


def test_a_blocked_registry_is_not_asked(open_at: Open, tmp_path: Path) -> None:
    configure(tmp_path, '[[registry]]\nprefix = "127.0.0.1:1"\nblocked = true\n')

    with pytest.raises(AccessDenied, match="blocked"):
        open_at("127.0.0.1:1")


def mirrors(home: Path, location: str, *addresses: str, more: str = "") -> None:
    text = (
        f'[[registry]]\nprefix = "up.example/team"\nlocation = "{location}"\n{more}\n'
    )
    for address in addresses:
        text += f'[[registry.mirror]]\nlocation = "{address}"\n'
    configure(home, text)


def test_an_image_is_read_at_its_location(
    registry: DockerRegistry, open_at: Open, source_at: Open, tmp_path: Path, path: str
) -> None:
    entry = put_image(open_at(registry.address, f"{path}/app"), b"layer", tag="1")
    mirrors(tmp_path, f"{registry.address}/{path}")

    repository = source_at("up.example", "team/app")

    assert (repository.name, repository.place) == ("up.example/team/app", "up.example")
    assert repository.resolve("1") == entry.digest


def test_mirrors_are_asked_first_and_the_location_last(
    registry: DockerRegistry,
    open_at: Open,
    source_at: Open,
    tmp_path: Path,
    path: str,
    nobody: str,
) -> None:
    down, lacking = f"{nobody}/x", f"{registry.address}/{path}/lacking"
    here = open_at(registry.address, f"{path}/app")
    entry = put_image(here, b"layer", tag="1")
    mirrors(tmp_path, f"{registry.address}/{path}", down, lacking)

    repository = source_at("up.example", "team/app")

    manifest = repository.manifest("1")
    assert manifest.digest == entry.digest
    assert b"".join(repository.blob(manifest.layers[0])) == b"layer"
    assert list(repository.companions(entry.digest)) == []
    with pytest.raises(NotFound):
        repository.resolve("absent")


def test_a_password_that_is_given_goes_to_no_mirror(
    source_at: Open, tmp_path: Path
) -> None:
    asks = reply(401, WWW_Authenticate='Basic realm="x"')
    digest = Digest.of(b"manifest")
    known = reply(200, Docker_Content_Digest=digest)
    with Scripted(asks, asks) as mirror, Scripted(asks, known) as upstream:
        mirrors(tmp_path, f"{upstream.address}/team", f"{mirror.address}/team")
        repository = source_at("up.example", "team/app", credentials="me:secret")

        assert repository.resolve("1") == digest

    assert len(mirror.heard) == 2
    assert not any("authorization" in heard.headers for heard in mirror.heard)
    assert "authorization" in upstream.heard[-1].headers


def test_a_mirror_that_has_the_image_spares_the_others(
    registry: DockerRegistry, open_at: Open, source_at: Open, tmp_path: Path, path: str
) -> None:
    there = open_at(registry.address, f"{path}/app")
    entry = put_image(there, b"layer", tag="1")
    with Scripted() as upstream:
        mirrors(tmp_path, upstream.address, f"{registry.address}/{path}")

        repository = source_at("up.example", "team/app")
        assert repository.manifest("1").digest == entry.digest
        assert b"".join(repository.blob(repository.manifest("1").layers[0]))

    assert not upstream.heard


def test_a_mirror_for_digests_is_not_asked_for_tags(
    registry: DockerRegistry, open_at: Open, source_at: Open, tmp_path: Path, path: str
) -> None:
    entry = put_image(open_at(registry.address, f"{path}/app"), b"layer", tag="1")
    mirrors(
        tmp_path,
        f"{registry.address}/{path}/other",
        f"{registry.address}/{path}",
        more="mirror-by-digest-only = true",
    )

    repository = source_at("up.example", "team/app")

    assert repository.manifest(entry.digest).digest == entry.digest
    with pytest.raises(NotFound):
        repository.manifest("1")


def test_tags_are_listed_where_the_repository_is_for_a_mirror_may_have_fewer(
    registry: DockerRegistry, open_at: Open, source_at: Open, tmp_path: Path, path: str
) -> None:
    for tag in ("1", "2"):
        put_image(open_at(registry.address, f"{path}/app"), tag.encode(), tag=tag)
    put_image(open_at(registry.address, f"{path}/mirror/app"), b"1", tag="1")
    mirrors(tmp_path, f"{registry.address}/{path}", f"{registry.address}/{path}/mirror")

    repository = source_at("up.example", "team/app")

    assert repository.manifest("1")
    assert sorted(repository.tags()) == ["1", "2"]


@pytest.mark.parametrize(
    ("at_mirror", "more", "found"),
    [
        ("nothing", "", True),
        ("the image", "", False),
        ("the image", "mirror-by-digest-only = true", True),
        ("all", "", True),
    ],
)
def test_signatures_are_asked_of_the_first_that_has_the_image(
    registry: DockerRegistry,
    open_at: Open,
    source_at: Open,
    tmp_path: Path,
    path: str,
    at_mirror: str,
    more: str,
    *,
    found: bool,
) -> None:
    mirror = open_at(registry.address, f"{path}/mirror/app")
    origin = open_at(registry.address, f"{path}/app")
    entry = put_image(origin, b"layer", tag="1")
    signature = put_signature(origin, entry.digest, b"payload")
    if at_mirror != "nothing":
        put_image(mirror, b"layer", tag="1")
    if at_mirror == "all":
        put_signature(mirror, entry.digest, b"payload")
    places = (f"{registry.address}/{path}", f"{registry.address}/{path}/mirror")
    mirrors(tmp_path, *places, more=more)

    companions = source_at("up.example", "team/app").companions(entry.digest)

    assert [c.digest for c in companions] == ([signature.digest] if found else [])


def test_the_deadline_does_not_send_us_to_the_next_mirror(
    source_at: Open, tmp_path: Path
) -> None:
    with Scripted(fall_silent) as slow, Scripted() as upstream:
        mirrors(tmp_path, upstream.address, slow.address)
        repository = source_at("up.example", "team/app")
        with applied(Deadline(0.3)), pytest.raises(TimedOut):
            repository.resolve("1")

    assert not upstream.heard


def test_docker_hub_is_somewhere_else_than_its_name_says(open_at: Open) -> None:
    with Scripted(reply(403)) as proxy, Client({"HTTPS_PROXY": proxy.url}) as client:
        patience = Patience(retries=0)
        hub = open_at(
            "docker.io",
            "library/app",
            client=client,
            patience=patience,
            verify_tls=True,
        )
        with pytest.raises(TransferError):
            hub.resolve("1")

    assert proxy.heard[0].target == "registry-1.docker.io:443"
    assert hub.name == "docker.io/library/app"


class Asked(Client):
    """Notes what is trusted, and asks nobody."""

    trusted: Tls

    def request(
        self, method: str, url: str, *, trust: Trust, **how: object
    ) -> Response:
        del method, how
        self.trusted = trust(Origin.of(url).authority)
        message = "nobody was asked"
        raise TransferError(message)


@pytest.mark.parametrize("host", ["reg.io:443", "reg.io", "reg.io:5000", "docker.io"])
def test_certificates_are_looked_for_under_the_name_that_the_user_has_for_the_host(
    tmp_path: Path, host: str
) -> None:
    folder = tmp_path / ".config/containers/certs.d" / host
    folder.mkdir(parents=True)
    (folder / "ca.crt").touch()
    configuration = Configuration.load(environ={"HOME": str(tmp_path)})
    client = Asked({})
    registries = Registries(configuration, client=client, patience=Patience(0))

    with pytest.raises(TransferError):
        registries.repository(Reference.parse(f"{host}/a/b:1")).resolve("1")

    assert client.trusted.authorities == (folder / "ca.crt",)
