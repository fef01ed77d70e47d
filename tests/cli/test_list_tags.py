"""What ``hangar list-tags`` prints, judged by plain HTTP."""

from __future__ import annotations

import json

import pytest

from tests.support.content import put_image
from tests.support.registries import DockerRegistry
from tests.support.running import Desk
from tests.support.scripted import Scripted, reply
from tests.support.seeding import draft, push

TAGS = ("1.10", "1.9", "1.9.1", "v2.0.0", "2.1.0-rc.1", "latest", "Zeta")


@pytest.fixture
def image(source: DockerRegistry) -> str:
    store = draft()
    for number, tag in enumerate(TAGS):
        put_image(store, b"%d" % number, tag=tag)
    push(source.http, "team/app", store)
    return f"{source.address}/team/app"


def listed(desk: Desk, *arguments: str) -> str:
    ran = desk.hangar("list-tags", *arguments, "--tls-verify=false")
    assert (ran.status, ran.err) == (0, "")
    return ran.out


def test_tags_are_a_json_array_in_byte_order(
    desk: Desk, image: str, source: DockerRegistry
) -> None:
    out = listed(desk, f"docker://{image}:whatever")

    assert out == (
        '[\n  "1.10",\n  "1.9",\n  "1.9.1",\n  "2.1.0-rc.1",\n  "Zeta",\n'
        '  "latest",\n  "v2.0.0"\n]\n'
    )
    assert set(json.loads(out)) == source.http.tags("team/app")


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("--filter ^1", "1.10 1.9 1.9.1"),
        ("--semver >=1.9.1", "1.10 1.9.1 v2.0.0"),
        ("--semver >=2-0", "2.1.0-rc.1 v2.0.0"),
        ("--newest 3", "v2.0.0 1.10 1.9.1"),
        ("--newest 1 --filter ^1 --semver 1.x", "1.10"),
        ("--filter nothing", ""),
    ],
)
def test_only_what_is_wanted_is_listed(
    desk: Desk, image: str, flags: str, expected: str
) -> None:
    text = listed(desk, image, *flags.split(), "--format", "text")
    parsed = json.loads(listed(desk, image, *flags.split()))

    assert text.splitlines() == parsed == expected.split()


def test_pages_are_followed_and_what_is_no_tag_is_left_out(desk: Desk) -> None:
    first, second = (
        json.dumps({"tags": tags}).encode() for tags in (["b", ""], ["a", "sha256:ab"])
    )
    pages = [
        reply(200, first, Link='<?z>; rel="next"'),
        reply(200, second, Link='<?y>; rel="next"'),
        reply(200, b'{"tags": null}'),
    ]
    with Scripted(reply(200), *pages) as server:
        out = listed(desk, f"{server.address}/team/app")

    assert out == '[\n  "a",\n  "b"\n]\n'


def test_no_tags_are_an_empty_array(desk: Desk) -> None:
    for flags, expected in ((), "[]\n"), (("--format=text",), ""):
        with Scripted(reply(200), reply(200, b'{"tags": null}')) as server:
            assert listed(desk, f"{server.address}/team/app", *flags) == expected


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("", 2, "image reference not provided"),
        ("app --semver one", 2, "not a range of versions"),
        ("app --filter (", 2, "not a regular expression"),
        ("app --newest -1", 2, "not a number of tags"),
        ("ADDRESS/team/nothing --tls-verify=false", 1, "not found"),
    ],
)
def test_what_cannot_be_listed_is_told(
    desk: Desk, source: DockerRegistry, arguments: str, status: int, said: str
) -> None:
    words = arguments.replace("ADDRESS", source.address).split()

    ran = desk.hangar("list-tags", *words)

    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err
