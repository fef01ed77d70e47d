"""What registries ask of who asks them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hangar.registry.challenge import Challenge, parse_challenges

REALM = "https://auth.example/token"


@pytest.mark.parametrize(
    ("header", "challenges"),
    [
        (
            f'Bearer realm="{REALM}",service="r",scope="repository:a/b:pull,push"',
            [
                (
                    "bearer",
                    {
                        "realm": REALM,
                        "service": "r",
                        "scope": "repository:a/b:pull,push",
                    },
                )
            ],
        ),
        ('BASIC realm="Sonatype Nexus"', [("basic", {"realm": "Sonatype Nexus"})]),
        ("basic", [("basic", {})]),
        ("Negotiate, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        (
            f'Basic realm="a, b" , bearer REALM = "{REALM}"',
            [("basic", {"realm": "a, b"}), ("bearer", {"realm": REALM})],
        ),
        (r'Basic realm="say \"x\""', [("basic", {"realm": 'say "x"'})]),
        ("", []),
        (" , ,", []),
        ('="', []),
        ('Basic realm="never ends', [("basic", {})]),
    ],
)
def test_challenges_are_read_as_registries_write_them(
    header: str, challenges: list[tuple[str, dict[str, str]]]
) -> None:
    found = parse_challenges(header)

    assert [(one.scheme, one.parameters) for one in found] == challenges


@given(st.text(max_size=80))
def test_any_header_is_read(header: str) -> None:
    assert all(isinstance(one, Challenge) for one in parse_challenges(header))
