"""Requests by way of a proxy."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from hangar.errors import (
    TransferError,
)
from hangar.http import Client, Tls
from tests.support.asking import get
from tests.support.registries import Certificates
from tests.support.scripted import (
    Script,
    Scripted,
    fall_silent,
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


def tunnel_to(server: Scripted) -> Script:
    def play(connection: socket.socket) -> None:
        host, port = server.address.split(":")
        with socket.create_connection((host, int(port))) as beyond:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            back = threading.Thread(target=pump, args=(beyond, connection))
            back.start()
            pump(connection, beyond)
            back.join()

    return play


def pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):  # whoever hung up first
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


def silent_in_head() -> Script:
    return fall_silent


def silent_in_body() -> Script:
    def play(connection: socket.socket) -> None:
        connection.sendall(reply(200, b"begun", Content_Length="1000000"))
        fall_silent(connection)

    return play
