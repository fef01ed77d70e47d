"""Listing tags, however many pages they come in."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence

import pytest

from hangar.errors import NotFound, RegistryError, TransferError
from tests.registry.conftest import Open
from tests.support.content import put_image
from tests.support.registries import DockerRegistry
from tests.support.scripted import Scripted, reply


def page(tags: Sequence[object] | None, link: str = "") -> bytes:
    body = json.dumps({"name": "app", "tags": tags}).encode()
    return reply(200, body, Link=link) if link else reply(200, body)


def test_the_tags_of_a_real_registry_are_listed(
    registry: DockerRegistry, open_at: Open
) -> None:
    repository = open_at(registry.address)
    for tag in ("v1", "v2", "latest"):
        put_image(repository, tag=tag)

    assert sorted(repository.tags()) == ["latest", "v1", "v2"]


@pytest.mark.parametrize(
    "link",
    [
        '</v2/app/tags/list?next_page=gAAAA%3D%3D&n=50>; rel="next"',
        "<list?next_page=gAAAA%3D%3D&n=50>;rel=next",
        '<http://ADDRESS/v2/app/tags/list?next_page=gAAAA%3D%3D&n=50>; rel="next"',
        '</a>; rel="prev", </v2/app/tags/list?next_page=gAAAA%3D%3D&n=50>; rel="next"',
    ],
)
def test_links_are_followed_as_they_are(open_at: Open, link: str) -> None:
    with Scripted(reply(200)) as server:
        link = link.replace("ADDRESS", server.address)
        server.then(page(["a", "b"], link), page(["c"]))
        assert list(open_at(server.address, "app").tags()) == ["a", "b", "c"]

    assert [heard.target for heard in server.heard[1:]] == [
        "/v2/app/tags/list?n=1000",
        "/v2/app/tags/list?next_page=gAAAA%3D%3D&n=50",
    ]


def test_tags_come_before_the_next_page_is_asked_for(open_at: Open) -> None:
    more = '</v2/app/tags/list?last=b>; rel="next"'
    with Scripted(reply(200), page(["a", "b"], more), reply(404)) as server:
        found = open_at(server.address, "app").tags()

        assert list(itertools.islice(found, 2)) == ["a", "b"]
        assert len(server.heard) == 2


@pytest.mark.parametrize("tags", [None, []])
def test_a_repository_may_have_no_tags(
    open_at: Open, tags: Sequence[object] | None
) -> None:
    with Scripted(reply(200), page(tags)) as server:
        assert list(open_at(server.address).tags()) == []


def test_names_that_no_tag_can_have_are_left_out(open_at: Open) -> None:
    odd = page(["ok", "../up", "a b", 7, None, "x" * 200, "\x1b[31m"])
    with Scripted(reply(200), odd) as server:
        assert list(open_at(server.address).tags()) == ["ok"]


def test_a_registry_that_wants_smaller_pages_chooses_the_size(open_at: Open) -> None:
    refused = b'{"errors":[{"code":"PAGINATION_NUMBER_INVALID"}]}'
    with Scripted(reply(200), reply(400, refused), page(["a"])) as server:
        assert list(open_at(server.address, "app").tags()) == ["a"]

    assert server.heard[-1].target == "/v2/app/tags/list"


def test_a_registry_that_does_not_find_lists_of_a_size_is_asked_without(
    open_at: Open,
) -> None:
    with Scripted(reply(200), reply(404, b"<html>"), page(["a"])) as server:
        assert list(open_at(server.address, "app").tags()) == ["a"]

    assert server.heard[-1].target == "/v2/app/tags/list"


def test_a_repository_that_is_not_there_is_not_found(
    registry: DockerRegistry, open_at: Open
) -> None:
    with pytest.raises(NotFound) as caught:
        list(open_at(registry.address).tags())

    assert "no such repository" in caught.value.hint


def test_a_list_that_goes_in_circles_ends(open_at: Open) -> None:
    circle = [page(["a"], f'</v2/app/tags/list?n={n}>; rel="next"') for n in (1, 2)]
    with (
        Scripted(reply(200), *circle * 5) as server,
        pytest.raises(TransferError, match="without end"),
    ):
        list(open_at(server.address, "app").tags())

    assert len(server.heard) == 4


def test_a_list_that_leads_back_to_itself_ends(open_at: Open) -> None:
    again = page(["a"], '</v2/app/tags/list?n=1>; rel="next"')
    with (
        Scripted(reply(200), *[again] * 5) as server,
        pytest.raises(TransferError, match="without end"),
    ):
        list(open_at(server.address, "app").tags())


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]"])
def test_a_list_that_cannot_be_read_is_an_error(open_at: Open, body: bytes) -> None:
    with (
        Scripted(reply(200), reply(200, body)) as server,
        pytest.raises(RegistryError, match="list of tags"),
    ):
        list(open_at(server.address).tags())


def test_a_page_is_asked_for_again(open_at: Open) -> None:
    more = '</v2/app/tags/list?last=a>; rel="next"'
    script = page(["a"], more), reply(503), reply(429, Retry_After="0"), page(["b"])
    with Scripted(reply(200), *script) as server:
        assert list(open_at(server.address, "app").tags()) == ["a", "b"]
