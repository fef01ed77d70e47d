"""Sending requests, and streams with them."""

from __future__ import annotations

import itertools
import socket
import threading
from collections.abc import Iterator

import pytest

from hangar.deadline import Deadline, applied
from hangar.errors import (
    TransferError,
)
from hangar.http import Client, Stream
from tests.support.asking import get, put, trusting
from tests.support.scripted import (
    INTERIM,
    Scripted,
    refuse_early,
    reply,
)


def test_they_say_who_asks_and_that_bytes_are_wanted_as_they_are(
    client: Client,
) -> None:
    with Scripted(reply(200)) as server:
        get(client, f"{server.url}/v2/?n=1", {"Accept": "x"}).close()

    heard = server.heard[0]
    assert heard.target == "/v2/?n=1"
    assert heard.headers["host"] == server.address
    assert heard.headers["user-agent"].startswith("hangar/")
    assert heard.headers["accept-encoding"] == "identity"
    assert heard.headers["accept"] == "x"
    assert "content-length" not in heard.headers


@pytest.mark.parametrize(
    "chunks", [[], [b"small"], [b"a" * 70_000, b"b" * 10], [b"c"] * 50]
)
def test_a_stream_arrives_whole_and_with_its_length(
    client: Client, chunks: list[bytes]
) -> None:
    with Scripted(reply(201)) as server:
        assert put(client, server.url, *chunks).status == 201

    assert server.heard[0].body == b"".join(chunks)
    assert server.heard[0].headers["content-length"] == str(sum(map(len, chunks)))


def test_a_post_without_body_says_that_it_has_none(client: Client) -> None:
    with Scripted(reply(202)) as server:
        client.request("POST", server.url, headers={}, trust=trusting).close()

    assert server.heard[0].headers["content-length"] == "0"


@pytest.mark.parametrize("length", [3, 10])
def test_a_stream_of_another_length_never_arrives_whole(
    client: Client, length: int
) -> None:
    with (
        Scripted(reply(201)) as server,
        pytest.raises(TransferError, match="were promised"),
    ):
        put(client, server.url, b"12", b"345", length=length)

    assert all(len(heard.body) < length for heard in server.heard)


def test_a_stream_that_fails_never_arrives_whole(client: Client) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"x" * 100_000
        raise KeyError

    body = Stream(chunks(), 200_000)
    with Scripted(reply(201)) as server, pytest.raises(KeyError):
        client.request("PUT", server.url, headers={}, body=body, trust=trusting)

    assert all(len(heard.body) < 200_000 for heard in server.heard)


def test_a_refusal_ends_the_sending_and_is_read(client: Client) -> None:
    sent = itertools.count()

    def chunks() -> Iterator[bytes]:
        for _ in range(1000):
            next(sent)
            yield b"x" * 100_000

    body = Stream(chunks(), 100_000_000)
    with Scripted(refuse_early(413)) as server:
        answer = client.request(
            "PUT", server.url, headers={}, body=body, trust=trusting
        )
        assert answer.status == 413
        assert answer.excerpt() == b"too much"

    assert next(sent) < 1000


def test_success_before_everything_was_sent_is_none(client: Client) -> None:
    with Scripted(refuse_early(201)) as server, pytest.raises(TransferError):
        put(client, server.url, *[b"x" * 100_000] * 1000)


def test_an_interim_answer_does_not_end_the_sending(client: Client) -> None:
    with Scripted(INTERIM + reply(201)) as server:
        assert put(client, server.url, *[b"x" * 100_000] * 100).status == 201


def test_the_beginning_of_an_interim_answer_does_not_end_the_sending(
    client: Client,
) -> None:
    begun, size = threading.Event(), 1_000_000

    def in_two_parts(connection: socket.socket) -> None:
        connection.sendall(INTERIM[:4])
        begun.set()
        with connection.makefile("rb") as body:
            body.read(size - (1 << 16))  # some was read together with the head
        connection.sendall(INTERIM[4:] + reply(201))

    def chunks() -> Iterator[bytes]:
        for _ in range(10):
            yield bytes(size // 10)
            begun.wait(10)

    with Scripted(in_two_parts) as server, applied(Deadline(10)):
        assert (
            client.request(
                "PUT",
                server.url,
                headers={},
                body=Stream(chunks(), size),
                trust=trusting,
            ).status
            == 201
        )
