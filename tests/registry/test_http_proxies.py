"""Requests by way of a proxy."""

from __future__ import annotations

import contextlib
import select
import socket

import pytest

from hangar.errors import TlsError, TransferError
from hangar.http import Client, Tls
from tests.support.asking import get
from tests.support.registries import Certificates
from tests.support.scripted import (
    Script,
    Scripted,
    reply,
)


def test_plain_requests_are_sent_to_the_proxy_in_full() -> None:
    with (
        Scripted(reply(200, b"via")) as proxy,
        Client({"HTTP_PROXY": f"http://me:pw@{proxy.address}"}) as client,
    ):
        assert get(client, "http://registry.example/v2/").read(10) == b"via"

    assert proxy.heard[0].target == "http://registry.example/v2/"
    assert proxy.heard[0].headers["host"] == "registry.example"
    assert proxy.heard[0].headers["proxy-authorization"] == "Basic bWU6cHc="


def test_encrypted_requests_go_through_a_tunnel(certificates: Certificates) -> None:
    with (
        Scripted(reply(200, b"tunnelled"), certificates=certificates) as server,
        Scripted(tunnel_to(server)) as proxy,
        Client({"HTTPS_PROXY": proxy.url}) as client,
    ):
        answer = client.request(
            "GET",
            "https://registry.example/v2/",
            headers={"Authorization": "secret"},
            trust=lambda _: Tls(verify=False),
        )
        assert answer.read(10) == b"tunnelled"

    assert proxy.heard[0].method == "CONNECT"
    assert proxy.heard[0].target == "registry.example:443"
    assert "authorization" not in proxy.heard[0].headers
    assert server.heard[0].target == "/v2/"


def test_a_proxy_that_refuses_is_named_as_the_reason() -> None:
    with (
        Scripted(reply(407)) as proxy,
        Client({"https_proxy": proxy.url}) as client,
        pytest.raises(TransferError, match="407") as caught,
    ):
        get(client, "https://registry.example/")

    assert "NO_PROXY" in caught.value.hint


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail.example\r\n\r\n",
        b"\r\n",
        b"HTTP/1.1 200 OK\r\nA: %s" % (b"a" * 70_000),
    ],
)
def test_a_proxy_that_speaks_no_http_is_named_as_the_reason(answer: bytes) -> None:
    with (
        Scripted(answer) as proxy,
        Client({"HTTPS_PROXY": proxy.url}) as client,
        pytest.raises(TransferError, match="the proxy's answer is not HTTP"),
    ):
        get(client, "https://registry.example/")


@pytest.mark.parametrize("host", ["a b", "a..b"])
def test_no_proxy_is_asked_for_what_is_no_host(host: str) -> None:
    with (
        Scripted() as proxy,
        Client({"HTTPS_PROXY": proxy.url}) as client,
        pytest.raises(TransferError, match="no name of a host"),
    ):
        get(client, f"https://{host}/")

    assert not proxy.heard


def test_a_proxy_is_told_names_in_ascii() -> None:
    with (
        Scripted(reply(407)) as proxy,
        Client({"HTTPS_PROXY": proxy.url}) as client,
        pytest.raises(TransferError),
    ):
        get(client, "https://b\xfccher.example/")

    assert proxy.heard[0].target == "xn--bcher-kva.example:443"


@pytest.fixture
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> None:
    """Our CA is one of the system's."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.authority))


@pytest.mark.usefixtures("trusted")
def test_a_proxy_may_be_spoken_to_encrypted(certificates: Certificates) -> None:
    with (
        Scripted(reply(200, b"in both"), certificates=certificates) as server,
        Scripted(tunnel_to(server), certificates=certificates) as proxy,
        Client({"HTTPS_PROXY": f"https://me:pw@{proxy.address}"}) as client,
    ):
        answer = client.request(
            "GET",
            "https://registry.example/v2/",
            headers={"Authorization": "secret"},
            trust=lambda _: Tls(verify=False),
        )
        assert answer.read(10) == b"in both"

    assert proxy.heard[0].target == "registry.example:443"
    assert proxy.heard[0].headers["proxy-authorization"] == "Basic bWU6cHc="
    assert "authorization" not in proxy.heard[0].headers
    assert server.heard[0].target == "/v2/"
    assert "proxy-authorization" not in server.heard[0].headers


@pytest.mark.usefixtures("trusted")
def test_the_registry_behind_an_encrypted_proxy_has_to_be_who_it_is(
    certificates: Certificates,
) -> None:
    with (
        Scripted(reply(200), certificates=certificates) as server,
        Scripted(tunnel_to(server), certificates=certificates) as proxy,
        Client({"HTTPS_PROXY": proxy.url}) as client,
        pytest.raises(TlsError, match=r"registry\.example: .*'registry\.example'"),
    ):
        client.request(
            "GET", "https://registry.example/", headers={}, trust=lambda _: Tls()
        )

    assert server.heard == []


@pytest.mark.usefixtures("trusted")
def test_plain_requests_may_be_encrypted_as_far_as_the_proxy(
    certificates: Certificates,
) -> None:
    with (
        Scripted(reply(200, b"via"), certificates=certificates) as proxy,
        Client({"HTTP_PROXY": proxy.url}) as client,
    ):
        assert get(client, "http://registry.example/v2/").read(10) == b"via"

    assert proxy.heard[0].target == "http://registry.example/v2/"


def test_a_proxy_that_cannot_prove_who_it_is_hears_nothing(
    certificates: Certificates,
) -> None:
    with Scripted(reply(200), certificates=certificates) as proxy:
        variables = {"HTTPS_PROXY": proxy.url, "HTTP_PROXY": proxy.url}
        for scheme in ("https", "http"):
            with Client(variables) as client, pytest.raises(TlsError) as caught:
                client.request(
                    "GET",
                    f"{scheme}://registry.example/",
                    headers={},
                    trust=lambda _: Tls(verify=False),
                )
            assert f"proxy {proxy.url}: certificate or TLS refused" in str(caught.value)
            assert "certs.d" not in caught.value.hint

    assert proxy.heard == []


def tunnel_to(server: Scripted) -> Script:
    """Pass all bytes on; one thread does, for TLS is no good with two."""

    def play(connection: socket.socket) -> None:
        host, port = server.address.split(":")
        with socket.create_connection((host, int(port))) as beyond:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            other = {connection: beyond, beyond: connection}
            with contextlib.suppress(OSError):  # whoever hung up first
                while True:
                    for ready in select.select([*other], [], [])[0]:
                        data = ready.recv(1 << 16)
                        if not data:
                            return
                        other[ready].sendall(data)

    return play
