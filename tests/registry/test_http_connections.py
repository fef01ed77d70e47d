"""How connections are made, kept and given up."""

from __future__ import annotations

import pytest

from hangar.errors import (
    TransferError,
)
from hangar.http import Client
from tests.support.asking import get, put
from tests.support.scripted import (
    CLOSE,
    Scripted,
    reply,
)


def test_one_serves_many_requests(client: Client) -> None:
    with Scripted(reply(200, b"one"), reply(204), reply(200, b"three")) as server:
        bodies = [get(client, server.url).read(10) for _ in range(3)]

        assert bodies == [b"one", b"", b"three"]
        assert server.connections == 1


def test_one_that_died_while_idle_is_replaced(client: Client) -> None:
    with Scripted(reply(200, b"one"), CLOSE, reply(200, b"two")) as server:
        bodies = [get(client, server.url).read(10) for _ in range(2)]

        assert bodies == [b"one", b"two"]
        assert server.connections == 2


def test_one_with_bytes_nobody_asked_for_is_not_used_again(client: Client) -> None:
    surplus = reply(200, b"one") + b"surplus"
    with Scripted(surplus, reply(200, b"two")) as server:
        bodies = [get(client, server.url).read(10) for _ in range(2)]

        assert bodies == [b"one", b"two"]
        assert server.connections == 2


def test_a_new_one_that_dies_is_an_error(client: Client) -> None:
    with Scripted(CLOSE, reply(200)) as server:
        with pytest.raises(TransferError) as caught:
            get(client, server.url)

        assert caught.value.retryable


def test_a_stream_is_not_sent_twice(client: Client) -> None:
    with Scripted(reply(200), CLOSE, reply(201)) as server:
        get(client, server.url).close()
        with pytest.raises(TransferError):
            put(client, server.url, b"content")

        assert [heard.method for heard in server.heard] == ["GET", "PUT"]


def test_an_answer_left_unread_costs_its_connection(client: Client) -> None:
    with Scripted(reply(200, b"x" * 500_000), reply(200, b"two")) as server:
        get(client, server.url).close()

        assert get(client, server.url).read(10) == b"two"
        assert server.connections == 2


def test_a_short_answer_left_unread_costs_nothing(client: Client) -> None:
    with Scripted(reply(404, b"no"), reply(200, b"two")) as server:
        get(client, server.url).close()

        assert get(client, server.url).read(10) == b"two"
        assert server.connections == 1


def test_a_refused_one_says_so(client: Client, nobody: str) -> None:
    with pytest.raises(TransferError, match="connection refused") as caught:
        get(client, f"http://{nobody}/")

    assert caught.value.hint


def test_a_name_without_address_says_so(client: Client) -> None:
    with pytest.raises(TransferError, match="no address found"):
        get(client, "http://nowhere.invalid/")
