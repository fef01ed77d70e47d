"""Reading answers, however they are framed, whatever is wrong with them."""

from __future__ import annotations

import socket
import zlib

import pytest

from hangar.errors import (
    TransferError,
    Unsupported,
)
from hangar.http import Client
from tests.support.asking import get
from tests.support.scripted import (
    Scripted,
    fall_silent,
    reply,
)

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ZIPPED = zlib.compress(b"zip", wbits=31)
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"


BODIES = {
    "sized": (reply(200, b"sized"), b"sized"),
    "in chunks": (
        CHUNKED + b"3\r\nin \r\n6;x=y\r\nchunks\r\n0\r\nTrailer: x\r\n\r\n",
        b"in chunks",
    ),
    "until closed": (UNTIL_CLOSED + b"until closed", b"until closed"),
    "interim": (b"HTTP/1.1 100 Continue\r\n\r\n" + reply(200, b"final"), b"final"),
    "zipped": (reply(200, ZIPPED, Content_Encoding="gzip"), b"zip"),
    "empty": (reply(200), b""),
}

BROKEN = {
    "too short": reply(200, b"x", Content_Length="2", Connection="close"),
    "short chunk": CHUNKED + b"5\r\nshort\r\n3\r\nx",
    "negative chunk": CHUNKED + b"-5\r\nshort\r\n",
    "chunk of no length": CHUNKED + b"x\r\n",
    "chunk of endless length": CHUNKED + b"0" * 100_000,
    "not zipped": reply(200, b"not gzip", Content_Encoding="gzip"),
    "zip cut off": reply(200, ZIPPED[:-3], Content_Encoding="gzip"),
    "not HTTP": b"SSH-2.0-OpenSSH\r\n\r\n",
    "endless head": b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000,
}

TOO_LARGE = {
    "by its own account": reply(200, b"x" * 101),
    "without saying so": CHUNKED + b"ff\r\n" + b"x" * 255,
}


@pytest.mark.parametrize("kind", BODIES)
def test_a_body_is_read_however_it_is_framed(client: Client, kind: str) -> None:
    answer, body = BODIES[kind]
    with Scripted(answer) as server:
        assert get(client, server.url).read(100) == body


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_one_is_a_failed_transfer(client: Client, kind: str) -> None:
    def play(connection: socket.socket) -> None:
        connection.sendall(BROKEN[kind])
        connection.shutdown(socket.SHUT_WR)
        fall_silent(connection)

    with Scripted(play) as server, pytest.raises(TransferError):
        get(client, server.url).read(1000)


@pytest.mark.parametrize("kind", TOO_LARGE)
def test_one_that_is_too_large_is_not_read(client: Client, kind: str) -> None:
    with Scripted(TOO_LARGE[kind]) as server, pytest.raises(Unsupported):
        get(client, server.url).read(100)


def test_chunks_stay_valid_when_others_have_come(client: Client) -> None:
    content = bytes(range(256)) * 40
    with Scripted(reply(200, content)) as server:
        chunks = list(get(client, server.url).chunks(1000))

    assert b"".join(chunks) == content
    assert max(map(len, chunks)) == 1000


def test_an_explanation_that_never_comes_is_not_waited_for(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hangar.http.response._REFUSAL_TIMEOUT", 0.05)

    def play(connection: socket.socket) -> None:
        connection.sendall(reply(416, b"begun", Content_Length="9000000"))
        fall_silent(connection)

    with Scripted(play) as server:
        assert get(client, server.url).excerpt() == b"begun"


def test_a_long_explanation_is_cut(client: Client) -> None:
    with Scripted(reply(500, b"x" * 1_000_000)) as server:
        excerpt = get(client, server.url).excerpt()

    assert 64 << 10 <= len(excerpt) < 1_000_000


def test_a_body_in_chunks_that_is_left_before_its_end_is_not_the_next_answer(
    client: Client,
) -> None:
    def more_to_come(connection: socket.socket) -> None:
        connection.sendall(CHUNKED + b"5\r\nbegun\r\n")
        connection.recv(1 << 16)  # the next request, or nothing
        connection.sendall(b"4\r\nrest\r\n0\r\n\r\n")

    with Scripted(more_to_come, reply(200, b"another")) as server:
        answer = get(client, server.url)
        assert next(answer.chunks()) == b"begun"
        answer.close()

        assert get(client, server.url).read(10) == b"another"

    assert server.connections == 2


ENDLESS = {
    "interim answers": b"HTTP/1.1 102 Processing\r\n\r\n" * 2000 + reply(200),
    "trailers": CHUNKED + b"0\r\n" + b"Trailer: x\r\n" * 2000 + b"\r\n",
}


@pytest.mark.parametrize("answer", ENDLESS.values(), ids=ENDLESS)
def test_nobody_can_keep_us_for_ever_with(client: Client, answer: bytes) -> None:
    with Scripted(answer) as server, pytest.raises(TransferError):
        get(client, server.url).read(10)
