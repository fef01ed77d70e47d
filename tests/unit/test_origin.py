"""Addresses: where they lead, and what may be said there."""

from __future__ import annotations

import pytest

from hangar.errors import TransferError
from hangar.http.origin import Origin, resolve, target


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://example.com/v2/", Origin("https", "example.com", 443)),
        ("HTTP://Example.com:5000", Origin("http", "example.com", 5000)),
        ("http://[::1]:80/x", Origin("http", "::1", 80)),
        ("https://user:secret@example.com", Origin("https", "example.com", 443)),
    ],
)
def test_an_address_has_an_origin(url: str, origin: Origin) -> None:
    assert Origin.of(url) == origin


@pytest.mark.parametrize(
    "url", ["ftp://example.com", "/v2/", "", "https://", "http://x:99999", "http://[x/"]
)
def test_other_addresses_are_refused(url: str) -> None:
    with pytest.raises(TransferError):
        Origin.of(url)


def test_an_error_does_not_show_what_an_address_carries() -> None:
    with pytest.raises(TransferError) as caught:
        Origin.of("ftp://example.com/x?signature=secret")

    assert "secret" not in str(caught.value)


def test_an_origin_is_written_without_the_schemes_own_port() -> None:
    assert str(Origin("https", "example.com", 443)) == "https://example.com"
    assert str(Origin("http", "::1", 5000)) == "http://[::1]:5000"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://x", "/"),
        ("http://x/v2/a?_state=b%2Fc&d=e", "/v2/a?_state=b%2Fc&d=e"),
        ("http://x/a b\u00e9?\r\nc", "/a%20b%C3%A9?c"),
    ],
)
def test_what_goes_into_a_request_is_escaped(url: str, expected: str) -> None:
    assert target(url) == expected


def test_locations_are_absolute_or_relative() -> None:
    base = "https://example.com/v2/app/blobs/uploads/"

    assert resolve(base, "/v2/x?y") == "https://example.com/v2/x?y"
    assert resolve(base, "uuid") == f"{base}uuid"
    assert resolve(base, " http://other/ ") == "http://other/"


def test_a_location_that_is_none_is_refused() -> None:
    with pytest.raises(TransferError):
        resolve("https://example.com/", "http://[bad/")
