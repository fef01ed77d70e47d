"""Making projects of a Harbor, which is played as it answers."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from hangar.copying import Route
from hangar.deadline import Stop
from hangar.errors import AccessDenied, RegistryError
from hangar.events import Event
from hangar.operations.projects import create_projects
from hangar.reference import Reference
from hangar.registry import Harbor, Registries
from hangar.store import Destination
from tests.support.scripted import Scripted, reply

COOKIE = {"Set_Cookie": "sid=abc; Path=/; HttpOnly"}
REGISTRY = reply(401, WWW_Authenticate='Bearer realm="/service/token"')

Make = Callable[..., Registries]


def errors(code: str, message: str) -> bytes:
    return json.dumps({"errors": [{"code": code, "message": message}]}).encode()


def harbor(make: Make, server: Scripted, **options: object) -> Harbor:
    return make(**options).harbor(Reference(server.address, "team/app"))


def test_a_harbor_says_pong(make_registries: Make) -> None:
    with Scripted(REGISTRY, reply(200, b"Pong", **COOKIE)) as server:
        assert harbor(make_registries, server).is_there()

    assert server.heard[-1].target == "/api/v2.0/ping"


@pytest.mark.parametrize(
    "answer", [reply(404, b"404 page not found"), reply(200, b"<html>Welcome</html>")]
)
def test_other_registries_do_not(make_registries: Make, answer: bytes) -> None:
    with Scripted(REGISTRY, answer) as server:
        assert not harbor(make_registries, server).is_there()


def test_projects_are_looked_for_with_the_password(make_registries: Make) -> None:
    with Scripted(REGISTRY, reply(200), reply(404)) as server:
        found = harbor(make_registries, server, credentials="me:secret")
        assert [found.has("there"), found.has("a&b")] == [True, False]

    asked = server.heard[-1]
    assert (asked.method, asked.target) == (
        "HEAD",
        "/api/v2.0/projects?project_name=a%26b",
    )
    assert asked.headers["authorization"] == "Basic bWU6c2VjcmV0"


@pytest.mark.parametrize("is_public", [True, False])
def test_a_project_is_made_public_or_not(
    make_registries: Make, *, is_public: bool
) -> None:
    location = {"Location": "/api/v2.0/projects/7", **COOKIE}
    with Scripted(
        REGISTRY, reply(404, b"", **COOKIE), reply(201, b"", **location)
    ) as server:
        found = harbor(make_registries, server, credentials="me:secret")
        found.has("team")
        assert found.create("team", is_public=is_public)

    post = server.heard[-1]
    assert json.loads(post.body) == {
        "project_name": "team",
        "metadata": {"public": "true" if is_public else "false"},
    }
    assert "cookie" not in post.headers


def test_a_project_that_another_made_meanwhile_will_do(make_registries: Make) -> None:
    conflict = reply(409, errors("CONFLICT", "The project named team already exists"))
    with Scripted(REGISTRY, conflict) as server:
        assert not harbor(make_registries, server).create("team")


def test_who_may_not_make_projects_is_told_so(make_registries: Make) -> None:
    denied = reply(403, errors("FORBIDDEN", "Only system admin can create project"))
    with (
        Scripted(REGISTRY, denied) as server,
        pytest.raises(AccessDenied, match="Only system admin"),
    ):
        harbor(make_registries, server).create("team")


def test_nobody_may_not_even_look(make_registries: Make) -> None:
    with Scripted(REGISTRY, reply(401)) as server, pytest.raises(AccessDenied):
        harbor(make_registries, server).has("team")


def test_a_name_that_harbor_does_not_accept_is_told_so(make_registries: Make) -> None:
    bad = reply(400, errors("BAD_REQUEST", "invalid project name"))
    with (
        Scripted(REGISTRY, bad) as server,
        pytest.raises(RegistryError, match="invalid project name"),
    ):
        harbor(make_registries, server).create("Team")


def test_a_harbor_that_has_a_bad_moment_is_asked_again(make_registries: Make) -> None:
    with Scripted(REGISTRY, reply(502), reply(201)) as server:
        assert harbor(make_registries, server).create("team")


def test_a_registry_is_closed_with_its_connections(make_registries: Make) -> None:
    with Scripted(REGISTRY, reply(200, b"Pong")) as server:
        with make_registries(client=None) as registries:
            assert registries.harbor(Reference(server.address, "team/app")).is_there()

        assert server.connections >= 1


def test_nothing_is_asked_once_the_run_is_to_end(make_registries: Make) -> None:
    stop, events = Stop(), list[Event]()
    stop.request()
    with Scripted(REGISTRY, reply(200, b"Pong")) as server:
        registries = make_registries()
        store = registries.repository(Reference(server.address, "team/app"))
        route: Route[Destination] = Route("app", store, "1", store, "1")
        create_projects([route], registries, report=events.append, stop=stop)

    assert not server.heard
    assert not events
