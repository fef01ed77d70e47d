"""Limits that the user sets."""

from __future__ import annotations

import contextlib

import pytest

from hangar.deadline import Deadline, applied
from hangar.errors import (
    TimedOut,
    TransferError,
)
from hangar.http import Client
from tests.support.asking import get, put
from tests.support.scripted import (
    Scripted,
    reply,
)


def test_requests_a_second_are_counted_by_host() -> None:
    with Scripted(reply(200), reply(200)) as server:
        limits = {server.address: 1.0}
        with Client({}, requests_per_second=limits) as client:
            get(client, server.url).close()
            with applied(Deadline(0.3)), pytest.raises(TimedOut):
                get(client, server.url)

    assert len(server.heard) == 1


def test_a_host_may_be_named_with_the_usual_port() -> None:
    nowhere = "127.1.2.3"
    with Client({}, requests_per_second={f"{nowhere}:80": 1.0}) as client:
        with contextlib.suppress(TransferError):
            get(client, f"http://{nowhere}/").close()
        with applied(Deadline(0.3)), pytest.raises(TimedOut):
            get(client, f"http://{nowhere}/")


def test_bytes_a_second_are_counted_over_all() -> None:
    with (
        Scripted(reply(200, b"x" * 3000)) as server,
        Client({}, bytes_per_second=1000) as client,
        get(client, server.url) as answer,
        applied(Deadline(0.3)),
        pytest.raises(TimedOut),
    ):
        list(answer.chunks(1000))


def test_what_is_sent_counts_too() -> None:
    with (
        Scripted(reply(201)) as server,
        Client({}, bytes_per_second=1000) as client,
        applied(Deadline(0.3)),
        pytest.raises(TimedOut),
    ):
        put(client, server.url, b"x" * 1000, b"x" * 1000, b"x" * 1000)
