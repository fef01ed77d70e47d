"""Following where servers send us."""

from __future__ import annotations

import pytest

from hangar.errors import (
    TransferError,
)
from hangar.http import Client, Tls
from tests.support.asking import get, put, trusting
from tests.support.registries import Certificates
from tests.support.scripted import (
    Scripted,
    reply,
)


def test_they_are_followed(client: Client) -> None:
    with Scripted(reply(307, Location="/there?x=1"), reply(200, b"!")) as server:
        answer = get(client, f"{server.url}/here")

        assert answer.read(10) == b"!"
        assert answer.url == f"{server.url}/there?x=1"


def test_secrets_stay_at_home(client: Client) -> None:
    secret = {"Authorization": "Basic secret", "Range": "bytes=1-"}
    with Scripted(reply(200), reply(307, Location="/own")) as other:
        script = [reply(302, Location="/own"), reply(302, Location=other.url)]
        with Scripted(*script) as server:
            get(client, server.url, secret).close()

    assert [h.headers.get("authorization") for h in server.heard] == [
        "Basic secret",
        "Basic secret",
    ]
    assert "authorization" not in other.heard[0].headers
    assert other.heard[0].headers["range"] == "bytes=1-"


def test_they_have_an_end(client: Client) -> None:
    with (
        Scripted(*[reply(302, Location="/")] * 20) as server,
        pytest.raises(TransferError, match="more than 10 redirects"),
    ):
        get(client, server.url)


def test_a_redirect_to_nowhere_is_an_error(client: Client) -> None:
    with (
        Scripted(reply(302, Location="ftp://x/")) as server,
        pytest.raises(TransferError, match="not an address"),
    ):
        get(client, server.url)


def test_a_post_is_repeated_only_where_that_is_meant(client: Client) -> None:
    script = [reply(307, Location="/a"), reply(302, Location="/b")]
    with Scripted(*script) as server:
        answer = client.request(
            "POST", server.url, headers={}, body=b"form", trust=trusting
        )

    assert answer.status == 302
    assert [heard.body for heard in server.heard] == [b"form", b"form"]


def test_what_a_post_says_is_for_nobody_else(client: Client) -> None:
    with (
        Scripted(reply(200)) as other,
        Scripted(
            reply(307, Location=other.url), reply(307, Location="ftp://x/")
        ) as server,
    ):
        for _ in range(2):
            with client.request(
                "POST", server.url, headers={}, body=b"token=secret", trust=trusting
            ) as answer:
                assert answer.status == 307

    assert not other.heard


@pytest.mark.parametrize("host", ["a..b", ".x", "a b", "a" * 64, "\xfc" * 80, "\x01"])
def test_a_redirect_to_no_host_at_all_is_an_error(client: Client, host: str) -> None:
    answer = reply(307, Location="HERE").replace(
        b"HERE", f"//{host}/".encode("latin-1")
    )
    with Scripted(answer) as server, pytest.raises(TransferError):
        get(client, server.url)


def test_a_stream_is_not_redirected(client: Client) -> None:
    with Scripted(reply(307, Location="/a")) as server:
        assert put(client, server.url, b"x").status == 307


def test_encryption_is_not_given_up(client: Client, certificates: Certificates) -> None:
    tls = Tls(authorities=(certificates.authority,))
    with (
        Scripted(reply(200)) as plain,
        Scripted(reply(302, Location=plain.url), certificates=certificates) as server,
        pytest.raises(TransferError, match="not encrypted"),
    ):
        client.request("GET", server.url, headers={}, trust=lambda _: tls)

    assert not plain.heard
