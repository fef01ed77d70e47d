"""Whatever is waited for, the wait has an end."""

from __future__ import annotations

import socket
import threading

import pytest

from hangar.deadline import Deadline, Stop, applied
from hangar.errors import (
    Interrupted,
    TimedOut,
    TransferError,
)
from hangar.http import Client, Stream
from tests.support.asking import get, trusting
from tests.support.scripted import (
    Script,
    Scripted,
    fall_silent,
    silent_in_body,
)


@pytest.mark.parametrize("silence", [fall_silent, silent_in_body])
def test_the_deadline_ends_it(client: Client, silence: Script) -> None:
    with Scripted(silence) as server, applied(Deadline(0.3)), pytest.raises(TimedOut):
        get(client, server.url).read(2_000_000)


@pytest.mark.parametrize("silence", [fall_silent, silent_in_body])
def test_the_wish_to_stop_ends_it_at_once(client: Client, silence: Script) -> None:
    stop = Stop()
    with Scripted(silence) as server, applied(Deadline(None, stop)):
        timer = threading.Timer(0.2, stop.request)
        timer.start()
        with pytest.raises(Interrupted):
            get(client, server.url).read(2_000_000)


def test_the_wish_to_stop_ends_a_handshake(client: Client) -> None:
    stop = Stop()
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        timer = threading.Timer(0.2, stop.request)
        timer.start()
        with applied(Deadline(None, stop)), pytest.raises(Interrupted):
            get(client, f"https://127.0.0.1:{deaf.getsockname()[1]}")


def test_the_wish_to_stop_ends_an_upload_that_nobody_reads(client: Client) -> None:
    stop, released = Stop(), threading.Event()

    def play(connection: socket.socket) -> None:
        del connection
        released.wait(30)

    body = Stream([b"x" * 1_000_000] * 100, 100_000_000)
    with Scripted(play) as server, applied(Deadline(None, stop)):
        timer = threading.Timer(0.2, stop.request)
        timer.start()
        with pytest.raises(Interrupted):
            client.request("PUT", server.url, headers={}, body=body, trust=trusting)
        released.set()


def test_silence_alone_ends_it_after_a_while(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hangar.http.connection.READ_TIMEOUT", 0.05)
    with (
        Scripted(fall_silent) as server,
        pytest.raises(TransferError, match="no answer in time") as caught,
    ):
        get(client, server.url)

    assert caught.value.retryable
