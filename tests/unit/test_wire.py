"""HTTP as it is on the wire."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hangar.errors import InvalidInput, TransferError
from hangar.http.wire import Head, parse_head, request_head


def head(*lines: str) -> Head:
    return parse_head("\r\n".join(("HTTP/1.1 200 OK", *lines)).encode("latin-1"))


def test_a_head_is_read_with_names_in_lower_case() -> None:
    found = parse_head(b"HTTP/1.1 202 Accepted\r\nLocation: /v2/x\r\nDATE:now ")

    assert found == Head(202, {"location": "/v2/x", "date": "now"}, persistent=True)


def test_a_head_may_have_bare_line_feeds_and_no_reason() -> None:
    assert parse_head(b"HTTP/1.0 404\nA: b") == Head(404, {"a": "b"}, persistent=False)


def test_repeated_headers_are_joined() -> None:
    assert head("Link: <a>", "Link: <b>").headers == {"link": "<a>, <b>"}


def test_a_folded_header_is_one_line() -> None:
    assert head("A: b", "\tc").headers == {"a": "b c"}


@pytest.mark.parametrize(
    ("line", "persistent"),
    [
        ("Connection: close", False),
        ("Connection: keep-alive, Close", False),
        ("", True),
    ],
)
def test_the_connection_header_says_whether_it_stays(
    line: str, *, persistent: bool
) -> None:
    assert head(*filter(None, [line])).persistent is persistent


def test_http_1_0_stays_only_when_it_says_so() -> None:
    assert parse_head(b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive").persistent


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"SSH-2.0-OpenSSH_9.2",
        b"HTTP/2 200",
        b"HTTP/1.1 20 OK",
        b"HTTP/1.1 200 OK\r\nno colon",
        b"HTTP/1.1 200 OK\r\nbad name: x",
        b"HTTP/1.1 200 OK\r\n: x",
    ],
)
def test_what_is_not_http_is_refused(raw: bytes) -> None:
    with pytest.raises(TransferError):
        parse_head(raw)


@pytest.mark.parametrize(
    ("method", "lines", "length"),
    [
        ("GET", ["Content-Length: 5"], 5),
        ("GET", ["Content-Length: 5", "Content-Length: 5"], 5),
        ("GET", [], None),
        ("GET", ["Content-Length: 5", "Transfer-Encoding: chunked"], None),
        ("HEAD", ["Content-Length: 5"], 0),
    ],
)
def test_the_bodys_length_is_known_from_the_head(
    method: str, lines: list[str], length: int | None
) -> None:
    assert head(*lines).length(method) == length


def test_no_content_has_no_body() -> None:
    assert parse_head(b"HTTP/1.1 204 No Content").length("PUT") == 0


@pytest.mark.parametrize("stated", ["-1", "5, 6", "abc", "", "1" * 30, "\u00b2"])
def test_a_length_that_is_none_is_refused(stated: str) -> None:
    with pytest.raises(TransferError):
        head(f"Content-Length: {stated}").length("GET")


def test_a_request_is_written_as_it_is_to_be_read() -> None:
    assert (
        request_head("GET", "/v2/", {"Host": "example.com", "Accept": "a, b"})
        == b"GET /v2/ HTTP/1.1\r\nHost: example.com\r\nAccept: a, b\r\n\r\n"
    )


@pytest.mark.parametrize("value", ["a\r\nEvil: b", "a\nb", "a\rb", "\u20ac"])
def test_a_header_that_would_break_the_request_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput):
        request_head("GET", "/", {"A": value})


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_our_error(raw: bytes) -> None:
    with contextlib.suppress(TransferError):
        parse_head(b"HTTP/1.1 200 OK\r\n" + raw).length("GET")
