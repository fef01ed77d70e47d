"""What a person is asked at a real terminal, and what nobody is asked."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator

import pytest

from tests.support.content import put_image
from tests.support.registries import DockerRegistry, docker_registry
from tests.support.running import Desk
from tests.support.screen import Screen, screen
from tests.support.seeding import draft, push

ME = ("me", "a secret")


@pytest.fixture(scope="module")
def guarded() -> Iterator[DockerRegistry]:
    with docker_registry(login=ME) as registry:
        yield registry


def login(registry: DockerRegistry, *flags: str) -> tuple[str, ...]:
    return ("login", registry.address, "--tls-verify=false", *flags)


def answer(shown: Screen, *answers: str) -> int:
    """Answer all questions; return the exit status."""
    for question, text in zip(("Username", "Password: "), answers, strict=False):
        shown.read(question)
        shown.type(f"{text}\n")
    shown.read()
    return shown.process.wait()


def kept(desk: Desk) -> dict[str, dict[str, str]]:
    value: dict[str, dict[str, str]] = json.loads(
        desk.read("home/containers/auth.json")
    )["auths"]
    return value


def test_who_says_nothing_is_asked_and_the_password_stays_unseen(
    desk: Desk, guarded: DockerRegistry
) -> None:
    with screen(desk, *login(guarded)) as shown:
        status = answer(shown, *ME)

    assert status == 0
    assert shown.text.rstrip().splitlines() == [
        "Username: me",
        "Password: ",
        "Login Succeeded!",
    ]
    assert ME[1] not in shown.raw
    assert list(kept(desk)) == [guarded.address]


def test_only_what_was_not_said_is_asked(desk: Desk, guarded: DockerRegistry) -> None:
    with screen(desk, *login(guarded, "-u", "me")) as shown:
        shown.read("Password: ")
        shown.type("a secret\n")
        shown.read()

    assert "Username" not in shown.text
    assert "Login Succeeded!" in shown.text


def test_the_user_that_is_kept_may_stay(desk: Desk, guarded: DockerRegistry) -> None:
    folder = desk.folder / "home/containers"
    folder.mkdir()
    value = {"auths": {guarded.address: {"auth": "bWU6eA=="}}}
    (folder / "auth.json").write_text(json.dumps(value))

    with screen(desk, *login(guarded)) as shown:
        status = answer(shown, "", ME[1])

    assert status == 0
    lines = shown.text.splitlines()
    assert lines[1].startswith("Existing credentials are invalid")
    assert lines[2] == "Username (me): "
    assert kept(desk)[guarded.address]["auth"] == "bWU6YSBzZWNyZXQ="


@pytest.mark.parametrize("answers", [("me", "wrong"), ("", ""), ("me", "\x04")])
def test_an_answer_that_will_not_do_keeps_nothing(
    desk: Desk, guarded: DockerRegistry, answers: tuple[str, str]
) -> None:
    with screen(desk, *login(guarded)) as shown:
        status = answer(shown, *answers)

    assert status in (1, 2)
    assert "error: " in shown.text
    assert "Traceback" not in shown.text
    assert not (desk.folder / "home/containers").exists()


def test_ctrl_c_at_a_question_ends_it(desk: Desk, guarded: DockerRegistry) -> None:
    with screen(desk, *login(guarded)) as shown:
        shown.read("Username: ")
        shown.type("me\n")
        shown.read("Password: ")
        shown.process.send_signal(signal.SIGINT)
        shown.read()
        status = shown.process.wait()

    assert status == 130
    assert "Traceback" not in shown.text


@pytest.fixture
def image(source: DockerRegistry) -> str:
    store = draft()
    put_image(store, b"layer", tag="1")
    push(source.http, "team/app", store)
    return f"{source.address}/team/app:1"


def mirroring(desk: Desk, image: str, *more: str) -> tuple[str, ...]:
    return ("mirror", "-f", desk.write("list", image), "--tls-verify=false", *more)


def test_a_mirror_that_is_wanted_to_log_in_is_asked_once_before_it_begins(
    desk: Desk, image: str
) -> None:
    lines = [image, *(f"{image} {name} 1" for name in ("other/a", "other/b"))]
    with docker_registry(login=ME) as target:
        listed = desk.write("list", *lines)
        flags = ("-f", listed, "-d", target.address, "--tls-verify=false")
        with screen(desk, "mirror", *flags) as shown:
            status = answer(shown, *ME)
        for name in ("team/app", "other/a", "other/b"):
            assert target.http.tags(name) == {"1"}
        with screen(desk, "mirror", *flags) as again:
            again.read()

    assert status == 0
    assert shown.text.count("Username") == 1
    assert f'Logging into "{target.address}"' in shown.text
    assert ME[1] not in shown.raw
    assert list(kept(desk)) == [target.address]
    assert "Username" not in again.text


def test_a_list_may_name_several_registries_to_log_in_to(
    desk: Desk, image: str, guarded: DockerRegistry, target: DockerRegistry
) -> None:
    lines = [f"{image} {r.address}/a/b 1" for r in (target, guarded)]
    listed = desk.write("list", *lines)
    with screen(desk, "mirror", "-f", listed, "--tls-verify=false") as shown:
        status = answer(shown, *ME)

    assert status == 0
    assert shown.text.count("Username") == 1
    assert f'Logging into "{guarded.address}"' in shown.text


def test_who_does_not_say_who_he_is_stays_nobody(
    desk: Desk, image: str, guarded: DockerRegistry
) -> None:
    flags = mirroring(desk, image, "-d", guarded.address)
    with screen(desk, *flags) as shown:
        status = answer(shown, "")

    assert status == 1
    assert "authentication required" in shown.text
    assert f"hangar login {guarded.address}" in shown.text
    assert "Password" not in shown.text


def test_a_wrong_password_ends_the_run_before_it_begins(
    desk: Desk, image: str, guarded: DockerRegistry
) -> None:
    with screen(desk, *mirroring(desk, image, "-d", guarded.address)) as shown:
        status = answer(shown, "me", "wrong")

    assert status == 1
    assert "invalid username/password" in shown.text
    assert "images" not in shown.text


def test_validating_asks_too(desk: Desk, image: str, guarded: DockerRegistry) -> None:
    command, *flags = mirroring(desk, image, "-d", guarded.address)
    with screen(desk, command, "validate", *flags) as shown:
        status = answer(shown, *ME)

    assert status == 1
    assert f"{guarded.address}/team/app:1 lacks" in shown.text


@pytest.mark.parametrize("flag", ["--skip-login", "--dry-run"])
def test_nothing_is_asked_that_nobody_wants_to_know(
    desk: Desk, image: str, guarded: DockerRegistry, target: DockerRegistry, flag: str
) -> None:
    to = guarded if flag == "--skip-login" else target
    with screen(desk, *mirroring(desk, image, "-d", to.address, flag)) as shown:
        shown.read()

    assert "Username" not in shown.text


def test_without_a_terminal_an_image_fails_and_says_what_to_do(
    desk: Desk, image: str, guarded: DockerRegistry
) -> None:
    ran = desk.hangar(*mirroring(desk, image, "-d", guarded.address), typed="me\nx\n")

    assert ran.status == 1
    assert "Username" not in ran.out + ran.err
    assert f"hangar login {guarded.address}" in ran.err


def test_an_open_credential_file_is_warned_of_once(
    desk: Desk, image: str, target: DockerRegistry
) -> None:
    folder = desk.folder / "home/containers"
    folder.mkdir()
    (folder / "auth.json").write_text('{"auths": {}}')

    ran = desk.hangar(*mirroring(desk, image, "-d", target.address))

    assert ran.status == 0
    assert ran.err.count("can be read by other users: chmod 600") == 1
