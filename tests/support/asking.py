"""Requests of the HTTP client in a few words, for who trusts everybody."""

from __future__ import annotations

from collections.abc import Mapping

from hangar.http import Client, Response, Stream, Tls


def trusting(host: str) -> Tls:
    """Insist on certificates, whatever the host."""
    del host
    return Tls()


def get(client: Client, url: str, headers: Mapping[str, str] | None = None) -> Response:
    """Send a GET."""
    return client.request("GET", url, headers=headers or {}, trust=trusting)


def put(client: Client, url: str, *chunks: bytes, length: int = -1) -> Response:
    """Send a stream of ``chunks``, as many bytes as they have unless told otherwise."""
    size = sum(map(len, chunks)) if length < 0 else length
    body = Stream(iter(chunks), size)
    return client.request("PUT", url, headers={}, body=body, trust=trusting)
