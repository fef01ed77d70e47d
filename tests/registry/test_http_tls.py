"""Certificates: theirs and ours."""

from __future__ import annotations

from pathlib import Path

import pytest

from hangar.errors import (
    InvalidConfiguration,
    TlsError,
    TransferError,
)
from hangar.http import Client, Stream, Tls
from tests.support.asking import get
from tests.support.registries import Certificates
from tests.support.scripted import (
    Scripted,
    reply,
)


def test_a_certificate_of_a_trusted_authority_will_do(
    client: Client, certificates: Certificates
) -> None:
    tls = Tls(authorities=(certificates.authority,))
    with Scripted(reply(200, b"yes"), reply(201), certificates=certificates) as server:
        answer = client.request("GET", server.url, headers={}, trust=lambda _: tls)
        assert answer.read(10) == b"yes"
        body = Stream([b"x" * 100_000] * 20, 2_000_000)
        answer = client.request(
            "PUT", server.url, headers={}, body=body, trust=lambda _: tls
        )
        assert answer.status == 201

    assert len(server.heard[1].body) == 2_000_000


def test_a_stream_can_be_the_first_thing_on_a_connection(
    client: Client, certificates: Certificates
) -> None:
    tls = Tls(verify=False)  # TLS 1.3 has news of its own before the answer
    body = Stream([b"x" * 100_000] * 20, 2_000_000)
    with Scripted(reply(201), certificates=certificates) as server:
        answer = client.request(
            "PUT", server.url, headers={}, body=body, trust=lambda _: tls
        )

    assert answer.status == 201


def test_another_is_refused_for_good(
    client: Client, certificates: Certificates
) -> None:
    with (
        Scripted(certificates=certificates) as server,
        pytest.raises(TlsError, match="certificate verification") as caught,
    ):
        get(client, server.url)

    assert "certs.d" in caught.value.hint
    assert not caught.value.retryable
    assert not server.heard


def test_a_client_certificate_is_shown_where_it_is_asked_for(
    client: Client, certificates: Certificates
) -> None:
    pair = (certificates.certificate, certificates.key)
    ours = Tls(authorities=(certificates.authority,), pairs=(pair,))
    nobody = Tls(authorities=(certificates.authority,))
    with Scripted(
        reply(200, b"you"), certificates=certificates, asks_for_certificates=True
    ) as server:
        answer = client.request("GET", server.url, headers={}, trust=lambda _: ours)
        assert answer.read(10) == b"you"
        with pytest.raises(TransferError):
            client.request("GET", server.url, headers={}, trust=lambda _: nobody)


@pytest.mark.parametrize("content", ["", "no certificate", None])
def test_a_file_that_is_no_certificate_is_named(
    client: Client, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "ca.crt"
    if content is not None:
        path.write_text(content)
    tls = Tls(authorities=(path,))

    with pytest.raises(InvalidConfiguration, match=r"ca\.crt"):
        client.request("GET", "https://127.0.0.1:1/", headers={}, trust=lambda _: tls)
