"""Proving who we are, to registries of all manners."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from hangar.errors import (
    AccessDenied,
    HangarError,
    RegistryError,
    TransferError,
    Unsupported,
)
from hangar.oci import Descriptor, Digest
from hangar.store import Put
from tests.registry.conftest import Open, never
from tests.support.content import LAYER, put_bytes, put_image
from tests.support.proxy import FaultyProxy, answer
from tests.support.registries import Certificates, DockerRegistry, docker_registry
from tests.support.scripted import Scripted, reply
from tests.support.tokens import TokenServer

LOGIN = "me:secret"
BASIC = f"Basic {base64.b64encode(LOGIN.encode()).decode()}"
BEARER = 'Bearer realm="/token",service="s"'
BLOB = Descriptor(LAYER, Digest.of(b""), 0)


def asks(challenge: str) -> bytes:
    return reply(401, WWW_Authenticate=challenge)


def token(value: str = "t1", **fields: object) -> bytes:
    return reply(200, json.dumps({"token": value, **fields}).encode())


def authorizations(server: Scripted) -> list[str]:
    return [heard.headers.get("authorization", "") for heard in server.heard]


@pytest.fixture(scope="module")
def token_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    with TokenServer(tmp_path_factory.mktemp("tokens")) as tokens:
        yield tokens


@pytest.fixture(scope="module")
def guarded(token_server: TokenServer) -> Iterator[DockerRegistry]:
    """A registry that wants tokens."""
    with docker_registry(auth=token_server.settings) as registry:
        yield registry


@pytest.fixture
def tokens(token_server: TokenServer) -> TokenServer:
    """The token server, having forgotten what it was asked."""
    token_server.requests.clear()
    return token_server


def test_a_token_serves_all_requests_of_its_scope(
    guarded: DockerRegistry, tokens: TokenServer, open_at: Open, path: str
) -> None:
    repository = open_at(guarded.address, credentials=LOGIN)
    for tag in "123":
        put_image(repository, b"layer " + tag.encode(), tag=tag)
        repository.manifest(tag)

    assert [(asked.scopes, asked.user) for asked in tokens.requests] == [
        ((f"repository:{path}:pull",), "me"),
        ((f"repository:{path}:pull,push",), "me"),
    ]


def test_nobody_may_pull_but_not_push(
    guarded: DockerRegistry, tokens: TokenServer, open_at: Open
) -> None:
    put_image(open_at(guarded.address, credentials=LOGIN), b"layer", tag="1")
    nobody = open_at(guarded.address)

    assert nobody.manifest("1")
    assert tokens.requests[-1].user == ""
    with pytest.raises(AccessDenied, match="authentication required") as caught:
        put_bytes(nobody, b"another layer")
    assert f"hangar login {guarded.address}" in caught.value.hint


def test_a_wrong_password_is_told_without_repeating_it(
    guarded: DockerRegistry, open_at: Open
) -> None:
    repository = open_at(guarded.address, credentials="me:mistyped")

    with pytest.raises(AccessDenied) as caught:
        repository.resolve("1")
    assert "mistyped" not in f"{caught.value!r} {caught.value.hint}"


def test_an_identity_token_is_exchanged(
    guarded: DockerRegistry, tokens: TokenServer, open_at: Open, tmp_path: Path
) -> None:
    (tmp_path / "containers").mkdir()
    auths = {guarded.address: {"identitytoken": tokens.refresh_token}}
    file = tmp_path / "containers" / "auth.json"
    file.write_text(json.dumps({"auths": auths}))
    file.chmod(0o600)

    put_bytes(open_at(guarded.address), b"layer")

    assert {(asked.method, asked.user) for asked in tokens.requests} == {("POST", "me")}


def test_a_mount_asks_for_both_repositories_at_once(
    guarded: DockerRegistry, tokens: TokenServer, open_at: Open, path: str
) -> None:
    lender = open_at(guarded.address, f"{path}/lender", credentials=LOGIN)
    blob = put_bytes(lender, b"layer")
    borrower = open_at(guarded.address, credentials=LOGIN)

    assert borrower.put_blob(blob, never, origin=lender.name) is Put.MOUNTED
    assert tokens.requests[-1].scopes == (
        f"repository:{path}:pull,push",
        f"repository:{path}/lender:pull",
    )


def test_a_token_that_dies_during_an_upload_is_renewed(
    guarded: DockerRegistry, tokens: TokenServer, open_at: Open
) -> None:
    with FaultyProxy(guarded.address) as proxy:
        challenge = f'Bearer realm="{tokens.realm}",service="test registry"'
        died = answer(401, WWW_Authenticate=challenge)
        proxy.fault("PUT", "/blobs/", died)
        repository = open_at(proxy.address, credentials=LOGIN)

        blob = put_bytes(repository, b"layer")

        assert repository.has(blob)
        assert proxy.used_up


def test_deleting_needs_more_than_pushing(
    guarded: DockerRegistry, tokens: TokenServer, open_at: Open, path: str
) -> None:
    repository = open_at(guarded.address, credentials=LOGIN)
    entry = put_image(repository, b"layer", tag="1")

    repository.delete(entry.digest)

    assert f"repository:{path}:pull,delete" in tokens.requests[-1].scopes


@pytest.mark.parametrize(
    "fields",
    [
        {"token": "good"},
        {"access_token": "good"},
        {"token": "good", "access_token": "other"},
        {"token": "good", "access_token": ""},
        {"token": "", "access_token": "good"},
        {"token": "good", "expires_in": "soon", "issued_at": 7},
    ],
)
def test_a_token_goes_by_either_name(open_at: Open, fields: dict[str, object]) -> None:
    answers = reply(200, json.dumps(fields).encode())
    with Scripted(asks(BEARER), answers, reply(200)) as server:
        assert open_at(server.address).has(BLOB)

    assert authorizations(server)[-1] == "Bearer good"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b"{}", b'{"token": 7}', b'{"token": "a\\r\\nb"}']
)
def test_an_answer_without_a_token_is_an_error(open_at: Open, body: bytes) -> None:
    with (
        Scripted(asks(BEARER), *[reply(200, body)] * 4) as server,
        pytest.raises(RegistryError, match="without a token"),
    ):
        open_at(server.address).has(BLOB)


def test_a_token_of_2_mib_is_not_read(open_at: Open) -> None:
    with (
        Scripted(asks(BEARER), reply(200, b" " * (2 << 20))) as server,
        pytest.raises(Unsupported),
    ):
        open_at(server.address).has(BLOB)


def test_a_token_server_that_is_busy_is_asked_again(open_at: Open) -> None:
    script = asks(BEARER), reply(503), reply(429), token(), reply(200)
    with Scripted(*script) as server:
        assert open_at(server.address).has(BLOB)


def test_a_token_is_renewed_before_it_expires(open_at: Open) -> None:
    script = asks(BEARER), token("t1", expires_in=1e-6), reply(200)
    with Scripted(*script, token("t2"), reply(200), reply(404)) as server:
        repository = open_at(server.address)
        found = [repository.has(BLOB) for _ in range(3)]

    assert found == [True, True, False]
    assert authorizations(server) == ["", "", "Bearer t1", "", "Bearer t2", "Bearer t2"]


@pytest.mark.parametrize("lifetime", ["1" + "0" * 400, "NaN", "1e999", "-1"])
def test_a_token_of_any_lifetime_is_used(open_at: Open, lifetime: str) -> None:
    body = b'{"token":"t1","expires_in":%s}' % lifetime.encode()
    with Scripted(asks(BEARER), reply(200, body), reply(200)) as server:
        assert open_at(server.address).has(BLOB)

    assert authorizations(server)[-1] == "Bearer t1"


def test_an_identity_token_is_sent_where_it_belongs_only(
    open_at: Open, tmp_path: Path
) -> None:
    with (
        Scripted(token()) as other,
        Scripted(asks(BEARER), reply(307, Location=other.url)) as server,
    ):
        (tmp_path / "containers").mkdir()
        auths = {server.address: {"identitytoken": "identity"}}
        file = tmp_path / "containers" / "auth.json"
        file.write_text(json.dumps({"auths": auths}))
        file.chmod(0o600)
        with pytest.raises(RegistryError, match="answered 307"):
            open_at(server.address).has(BLOB)

    assert not other.heard


def test_a_token_that_is_refused_is_renewed_once(open_at: Open) -> None:
    script = asks(BEARER), token("t1"), asks(BEARER), token("t2"), reply(200)
    with Scripted(*script) as server:
        assert open_at(server.address).has(BLOB)

    assert authorizations(server) == ["", "", "Bearer t1", "", "Bearer t2"]


def test_a_registry_that_refuses_every_token_denies_access(open_at: Open) -> None:
    script = asks(BEARER), token("t1"), asks(BEARER), token("t2"), asks(BEARER)
    with Scripted(*script) as server, pytest.raises(AccessDenied):
        open_at(server.address).has(BLOB)

    assert len(server.heard) == len(script)


def test_harbor_says_basic_where_a_token_does_not_suffice(open_at: Open) -> None:
    insufficient = asks('Basic realm="harbor"')
    with Scripted(asks(BEARER), token(), insufficient, reply(404)) as server:
        repository = open_at(server.address, credentials=LOGIN)
        with pytest.raises(AccessDenied):
            repository.has(BLOB)
        assert not repository.has(BLOB)  # the token is still good for others

    assert authorizations(server) == ["", BASIC, "Bearer t1", "Bearer t1"]


def test_harbor_says_nothing_where_a_project_is_missing(open_at: Open) -> None:
    with (
        Scripted(asks(BEARER), token(), asks("")) as server,
        pytest.raises(AccessDenied) as caught,
    ):
        open_at(server.address).has(BLOB)

    assert "no such repository" in caught.value.hint
    assert len(server.heard) == 3


def test_scopes_that_a_registry_wants_of_its_own_are_remembered(open_at: Open) -> None:
    odd = asks(f'{BEARER},scope="odd:scope"')
    script = asks(BEARER), token("t1"), odd, token("t2", expires_in=1e-6), reply(200)
    with Scripted(*script, token("t3"), reply(200)) as server:
        repository = open_at(server.address)
        assert repository.has(BLOB)
        assert repository.has(BLOB)

    wanted = [heard.target for heard in server.heard if heard.target[:6] == "/token"]
    assert ["odd%3Ascope" in target for target in wanted] == [False, True, True]


def test_a_challenge_may_leave_out_service_and_scope(open_at: Open) -> None:
    with Scripted(asks('bearer realm="/token"'), token(), reply(200)) as server:
        assert open_at(server.address, "app").has(BLOB)

    assert server.heard[1].target == "/token?scope=repository%3Aapp%3Apull"


def test_a_realm_may_have_a_query_already(open_at: Open) -> None:
    with Scripted(asks('Bearer realm="/t?a=b"'), token(), reply(200)) as server:
        assert open_at(server.address, "app").has(BLOB)

    assert server.heard[1].target.startswith("/t?a=b&scope=")


@pytest.mark.parametrize("challenge", ['BASIC realm="a b"', "basic"])
def test_basic_is_said_in_many_ways(open_at: Open, challenge: str) -> None:
    with Scripted(asks(challenge), reply(200)) as server:
        assert open_at(server.address, credentials=LOGIN).has(BLOB)

    assert authorizations(server) == ["", BASIC]


def test_who_has_no_password_is_told_to_log_in(open_at: Open) -> None:
    with (
        Scripted(asks("Basic realm=x"), asks("Basic realm=x")) as server,
        pytest.raises(AccessDenied, match="authentication required") as caught,
    ):
        open_at(server.address).has(BLOB)

    assert caught.value.hint.startswith(f"hangar login {server.address}")
    assert authorizations(server) == ["", ""]


def test_a_registry_may_ask_later_than_at_first(open_at: Open) -> None:
    with Scripted(reply(200), asks("Basic realm=x"), reply(200), reply(200)) as server:
        repository = open_at(server.address, credentials=LOGIN)
        assert repository.has(BLOB)
        assert repository.has(BLOB)

    assert authorizations(server) == ["", "", BASIC, BASIC]


@pytest.mark.parametrize("status", [404, 405])
def test_an_identity_token_is_a_password_where_it_cannot_be_exchanged(
    open_at: Open, tmp_path: Path, status: int
) -> None:
    script = asks(BEARER), reply(status), token(), reply(200)
    with Scripted(*script) as server:
        (tmp_path / "containers").mkdir()
        auths = {server.address: {"identitytoken": "identity"}}
        file = tmp_path / "containers" / "auth.json"
        file.write_text(json.dumps({"auths": auths}))
        file.chmod(0o600)
        assert open_at(server.address).has(BLOB)

    assert b"refresh_token=identity" in server.heard[1].body
    assert server.heard[2].method == "GET"
    given = base64.b64decode(authorizations(server)[2].split()[1])
    assert given == b"<token>:identity"


def test_a_token_server_without_encryption_is_not_trusted(
    open_at: Open, certificates: Certificates, tmp_path: Path
) -> None:
    with Scripted(token()) as plain:
        challenge = f'Bearer realm="{plain.url}/token"'
        with Scripted(asks(challenge), certificates=certificates) as server:
            folder = tmp_path / ".config" / "containers" / "certs.d" / server.address
            folder.mkdir(parents=True)
            (folder / "ca.crt").write_bytes(certificates.authority.read_bytes())
            repository = open_at(server.address, verify_tls=True, credentials=LOGIN)
            with pytest.raises(TransferError, match="not encrypted"):
                repository.has(BLOB)

    assert not plain.heard


def test_no_error_shows_a_secret(open_at: Open) -> None:
    script = asks(BEARER), token("token-of-mine"), reply(400, b"no"), reply(400)
    with Scripted(*script) as server:
        repository = open_at(server.address, "app", credentials=LOGIN)
        with pytest.raises(HangarError) as caught:
            repository.has(BLOB)

    shown = f"{caught.value!r} {caught.value.hint} {repository!r}"
    assert "secret" not in shown
    assert "token-of-mine" not in shown
