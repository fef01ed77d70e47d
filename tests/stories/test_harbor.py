"""Projects of a Harbor are made before images are pushed; a stand-in plays it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.content import put_image
from tests.support.harbor import Harbor
from tests.support.proxy import Fault, Forward, Message, answer, drop
from tests.support.registries import DockerRegistry
from tests.support.running import Desk
from tests.support.scripted import Scripted, fall_silent, reply
from tests.support.seeding import draft, push

PLAIN = "--tls-verify=false"
ME = ("--creds", "admin:secret")
PING = ("GET", "ping")


@pytest.fixture
def harbor(target: DockerRegistry) -> Iterator[Harbor]:
    """A Harbor with one project, whose images are in a real registry."""
    with Harbor(target.address, there=True) as played:
        yield played


@pytest.fixture
def listed(source: DockerRegistry, desk: Desk) -> str:
    """A list of images in three projects, one of which has two."""
    store = draft()
    put_image(store, b"layer", tag="1.0")
    names = ("one/app", "one/more", "two/app", "there/app")
    for name in names:
        push(source.http, name, store)
    return desk.write("list", *(f"{source.address}/{name}:1.0" for name in names))


def mirrored(desk: Desk, harbor: Harbor, listed: str, *more: str) -> tuple[int, str]:
    """Mirror the list into the Harbor as its administrator."""
    flags = ("-f", listed, "-d", harbor.address, PLAIN, "--dest-creds", "admin:secret")
    ran = desk.hangar("mirror", *flags, *more)
    return ran.status, ran.err


def archived(desk: Desk, listed: str) -> str:
    assert desk.hangar("save", "-f", listed, "-d", "a.zip", PLAIN).status == 0
    return "a.zip"


def test_mirror_makes_the_projects_that_are_missing_once_each(
    harbor: Harbor, target: DockerRegistry, desk: Desk, listed: str
) -> None:
    status, log = mirrored(desk, harbor, listed)

    assert status == 0, log
    assert harbor.projects == {"there": True, "one": False, "two": False}
    assert harbor.asked.count(PING) == 1
    assert sorted(harbor.asked[1:]) == [
        ("HEAD", "projects?project_name=one"),
        ("HEAD", "projects?project_name=there"),
        ("HEAD", "projects?project_name=two"),
        ("POST", "projects"),
        ("POST", "projects"),
    ]
    assert log.count('Created Harbor V2 project "one" (private)') == 1
    assert target.http.tags("one/more") == {"1.0"}
    assert not any("Cookie" in request.headers for request in harbor.proxy.requests)


def test_load_makes_but_the_projects_of_the_images_that_are_chosen(
    harbor: Harbor, target: DockerRegistry, desk: Desk, listed: str
) -> None:
    archive = archived(desk, listed)
    some = desk.write("some", desk.read(listed).splitlines()[2])

    flags = ("-s", archive, "-f", some, "-d", harbor.address, PLAIN, *ME)
    loaded = desk.hangar("load", *flags, "--harbor-public")

    assert loaded.status == 0, loaded.err
    assert harbor.projects == {"there": True, "two": True}
    assert 'Created Harbor V2 project "two" (public)' in loaded.err
    assert target.http.tags("two/app") == {"1.0"}


def test_a_project_that_all_images_are_put_into_is_the_only_one(
    harbor: Harbor, desk: Desk, listed: str
) -> None:
    archive = archived(desk, listed)

    flags = ("-s", archive, "-d", harbor.address, PLAIN, *ME)
    loaded = desk.hangar("load", *flags, "--project", "mine")

    assert loaded.status == 0, loaded.err
    assert harbor.projects.keys() == {"there", "mine"}


@pytest.mark.parametrize(
    "command",
    [
        ("mirror", "--dry-run"),
        ("mirror", "validate"),
        ("mirror", "--create-project=false"),
    ],
)
def test_nothing_is_made_where_nothing_is_written_or_nothing_is_wanted(
    harbor: Harbor, desk: Desk, listed: str, command: tuple[str, ...]
) -> None:
    flags = ("-f", listed, "-d", harbor.address, PLAIN, "--dest-creds", "admin:secret")

    desk.hangar(*command, *flags)

    assert not harbor.asked
    assert harbor.projects == {"there": True}


def test_a_project_that_somebody_else_makes_at_that_moment_is_there(
    harbor: Harbor, desk: Desk, listed: str
) -> None:
    harbor.raced = {"one"}

    status, log = mirrored(desk, harbor, listed)

    assert status == 0, log
    assert 'project "one"' not in log
    assert 'Created Harbor V2 project "two"' in log


def test_a_robot_that_may_not_is_told_what_it_needs_and_the_rest_goes_on(
    harbor: Harbor, target: DockerRegistry, desk: Desk, listed: str
) -> None:
    flags = ("-f", listed, "-d", harbor.address, PLAIN)
    ran = desk.hangar("mirror", *flags, "--dest-creds", "robot$carrier:secret")

    assert ran.status == 1
    assert ran.err.count("Failed to init Harbor Project") == 2
    assert "Only system admin can create project" in ran.err
    assert "given the right to create projects" in ran.err
    assert target.http.tags("there/app") == {"1.0"}
    assert len(desk.read("mirror-failed.txt").splitlines()) == 3


def test_nobody_is_told_to_log_in(harbor: Harbor, desk: Desk, listed: str) -> None:
    ran = desk.hangar("mirror", "-f", listed, "-d", harbor.address, PLAIN)

    assert ran.status == 1
    assert "project one: authentication required" in ran.err
    assert f"hangar login {harbor.address}" in ran.err


def test_credentials_come_from_the_files_as_for_everything_else(
    harbor: Harbor, desk: Desk, listed: str
) -> None:
    login = ("login", harbor.address, "-u", "admin", "-p", "secret", PLAIN)
    assert desk.hangar(*login).status == 0

    ran = desk.hangar("mirror", "-f", listed, "-d", harbor.address, PLAIN)

    assert ran.status == 0, ran.err
    assert harbor.projects.keys() == {"there", "one", "two"}


def test_a_name_that_harbor_refuses_is_warned_of_and_the_others_are_made(
    harbor: Harbor, source: DockerRegistry, desk: Desk
) -> None:
    store = draft()
    put_image(store, b"layer", tag="1.0")
    for name in ("a__b/app", "fine/app"):
        push(source.http, name, store)
    lines = [f"{source.address}/{name}:1.0" for name in ("a__b/app", "fine/app")]

    status, log = mirrored(desk, harbor, desk.write("names", *lines))

    assert status == 1
    assert "Failed to init Harbor Project: project a__b: " in log
    assert "invalid project name" in log
    assert harbor.projects.keys() == {"there", "fine"}


@pytest.mark.parametrize("fault", [drop, answer(404), answer(200, b"<html>")])
def test_who_is_no_harbor_is_asked_once_and_used_as_it_is(
    target: DockerRegistry, desk: Desk, listed: str, fault: Fault
) -> None:
    with Harbor(target.address, one=False, two=False, there=False) as played:
        asked: list[str] = []

        def once(request: Message, forward: Forward) -> Message:
            asked.append(request.path)
            return fault(request, forward)

        played.proxy.fault("GET", "/api/", once, times=9, first=True)
        status, log = mirrored(desk, played, listed)

    assert status == 0, log
    assert asked == ["/api/v2.0/ping"] or (fault is drop and len(asked) <= 2)
    assert ("did not say whether it is a Harbor" in log) == (fault is drop)


def test_a_registry_that_never_answers_that_is_not_waited_for_long(
    desk: Desk, listed: str
) -> None:
    challenge = reply(401, WWW_Authenticate='Basic realm="x"')
    with Scripted(challenge, fall_silent) as silent:
        process = desk.start(
            *("mirror", "-f", listed, "-d", silent.address, PLAIN),
            *("--dest-creds", "me:secret", "--retry-times", "0"),
        )
        _, log = process.communicate(timeout=120)

    assert process.returncode == 1
    assert "did not say whether it is a Harbor: not finished within 5 s" in log
