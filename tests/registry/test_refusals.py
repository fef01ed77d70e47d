"""What is made of a registry's refusals: the type, the words, the remedy, the pause."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from hangar.errors import AccessDenied, HangarError, NotFound, RegistryError
from hangar.http import Client
from hangar.registry.refusals import refusal
from tests.support.asking import get
from tests.support.scripted import Scripted, reply


def refused(
    client: Client, answer: bytes, what: str = "r.example/app:1"
) -> HangarError:
    with Scripted(answer) as server:
        return refusal(get(client, server.url), what, "r.example")


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (401, AccessDenied, False),
        (403, AccessDenied, False),
        (404, NotFound, False),
        (400, RegistryError, False),
        (405, RegistryError, False),
        (408, RegistryError, True),
        (429, RegistryError, True),
        (500, RegistryError, True),
        (503, RegistryError, True),
    ],
)
def test_the_status_decides(
    client: Client, status: int, kind: type[HangarError], *, retryable: bool
) -> None:
    error = refused(client, reply(status))

    assert type(error) is kind
    assert error.retryable is retryable
    assert str(error).startswith("r.example/app:1: ")


@pytest.mark.parametrize(
    ("body", "code", "words"),
    [
        (
            '{"errors":[{"code":"DENIED","message":"quota exceeded"}]}',
            "DENIED",
            "quota",
        ),
        ('{"errors":[{"code":"TAG_INVALID"}]}', "TAG_INVALID", "tag_invalid"),
        ('{"errors":[{"message":"no code"}]}', "", "no code"),
        ('{"details":"incorrect username"}', "", "incorrect username"),
        ('{"code":"X","message":"flat"}', "X", "flat"),
        ("in a few words", "", "in a few words"),
        ("a\x1b[31mred\x00 one", "", "a [31mred one"),
        ("<html><body>Not Found</body></html>", "", ""),
        ("x" * 5000, "", ""),
        ('{"errors":[]}', "", ""),
        ('{"errors":[{"code":7,"message":[]}]}', "", ""),
        ("[" * 100_000, "", ""),
    ],
)
def test_the_registry_is_quoted_unless_it_sends_a_page(
    client: Client, body: str, code: str, words: str
) -> None:
    error = refused(client, reply(418, body.encode()))

    assert isinstance(error, RegistryError)
    assert error.code == code
    expected = f": {words}" if words else "answered 418"
    assert expected in str(error)
    assert len(str(error)) < 400


def pause(client: Client, **headers: str) -> float | None:
    error = refused(client, reply(429, b"", **headers))
    assert isinstance(error, RegistryError)
    return error.retry_after


def test_a_pause_is_stated_in_seconds(client: Client) -> None:
    assert pause(client, Retry_After="7") == 7


def test_a_pause_is_stated_as_a_date(client: Client) -> None:
    found = pause(client, Retry_After=formatdate(time.time() + 1000, usegmt=True))

    assert found is not None
    assert 900 < found <= 1000


def test_docker_hub_states_a_time_since_1970(client: Client) -> None:
    found = pause(client, X_Retry_After=str(int(time.time()) + 1000))

    assert found is not None
    assert 900 < found <= 1000


@pytest.mark.parametrize("value", ["Thu, 01 Jan 1970 00:00:00 GMT", "0"])
def test_a_time_that_is_over_means_now(client: Client, value: str) -> None:
    assert pause(client, Retry_After=value) == 0


@pytest.mark.parametrize("value", ["soon", "-1", "\u00b2", "Thu, 99 Foo"])
def test_a_pause_that_cannot_be_understood_is_none(client: Client, value: str) -> None:
    assert pause(client, Retry_After=value) is None
    assert pause(client, X_Retry_After=value) is None


def test_busy_registries_come_with_a_remedy(client: Client) -> None:
    assert "logged in" in refused(client, reply(429)).hint
