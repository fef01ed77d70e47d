"""What credentials are for: registries and parts of them."""

from __future__ import annotations

import pytest

from hangar.configuration import CredentialKey
from hangar.errors import InvalidReference


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("reg.io", CredentialKey("reg.io")),
        ("localhost:5000", CredentialKey("localhost:5000")),
        ("reg.io/team/app", CredentialKey("reg.io", "team/app")),
        ("reg.io/team/", CredentialKey("reg.io", "team")),
        ("https://reg.io/v2/team", CredentialKey("reg.io")),
        ("http://reg.io:80/", CredentialKey("reg.io:80")),
        ("index.docker.io", CredentialKey("docker.io")),
        ("https://index.docker.io/v1/", CredentialKey("docker.io")),
        ("registry-1.docker.io/me", CredentialKey("docker.io", "me")),
    ],
)
def test_users_name_registries_in_several_ways(text: str, key: CredentialKey) -> None:
    assert CredentialKey.parse(text) == key


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("reg.io/app:1", "contains tag or digest"),
        (f"reg.io/app@sha256:{'0' * 64}", "contains tag or digest"),
        ("", "is no registry"),
        ("a:b:c", "is no registry"),
        ("reg.io/../x", "is no registry"),
        ("reg.io/Team", "is no registry"),
        ("ftp://reg.io", "is no registry"),
        ("reg.io\n", "is no registry"),
    ],
)
def test_what_is_no_registry_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidReference, match=message):
        CredentialKey.parse(text)


def test_a_key_is_covered_by_those_above_it() -> None:
    above = [str(key) for key in CredentialKey("reg.io", "a/b").above]

    assert above == ["reg.io/a/b", "reg.io/a", "reg.io"]


def test_docker_calls_its_hub_by_an_address() -> None:
    hub = CredentialKey("docker.io")

    assert hub.spelled(for_docker=True) == "https://index.docker.io/v1/"
    assert hub.spelled(for_docker=False) == "docker.io"
    assert CredentialKey("docker.io", "me").spelled(for_docker=True) == "docker.io/me"
