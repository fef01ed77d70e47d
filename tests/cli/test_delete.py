"""What ``hangar delete`` asks and does, judged by plain HTTP."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest

from tests.support.content import put_image
from tests.support.judges import PlainHTTP
from tests.support.proxy import (
    Fault,
    FaultyProxy,
    Forward,
    Message,
    answer,
    lose_answer,
)
from tests.support.registries import DockerRegistry, docker_registry
from tests.support.running import Desk, Ran
from tests.support.scripted import Scripted, reply
from tests.support.seeding import draft, push


@pytest.fixture
def image(source: DockerRegistry) -> str:
    """An image with the tags 1.0 and latest, beside another one."""
    seed(source.http)
    return f"{source.address}/team/app"


def seed(http: PlainHTTP) -> None:
    store = draft()
    put_image(store, b"layer", tag="1.0")
    put_image(store, b"other", tag="2.0")
    push(http, "team/app", store)
    one = store.manifest("1.0")
    path, kind = "/v2/team/app/manifests/latest", one.media_type
    assert http.ask("PUT", path, one.raw, Content_Type=kind).status == 201


@contextlib.contextmanager
def serving(desk: Desk) -> Iterator[PlainHTTP]:
    """Run our own registry, which deletes tags alone."""
    process = desk.start("serve", "--addr", "127.0.0.1:0")
    try:
        assert process.stderr
        line = process.stderr.readline()
        yield PlainHTTP(line.strip().rpartition("/")[2])
    finally:
        process.terminate()
        process.communicate(timeout=30)


def delete(desk: Desk, *arguments: str, typed: str = "") -> Ran:
    flags = ("--tls-verify=false", "--hide-log-time")
    return desk.hangar("delete", *arguments, *flags, typed=typed)


def test_an_image_is_deleted_with_all_its_tags_after_a_yes(
    desk: Desk, image: str, source: DockerRegistry
) -> None:
    ran = delete(desk, f"{image}:1.0", typed="yes\n")

    assert ran.status == 0
    assert ran.out == f'Image "docker://{image}:1.0" will be deleted! proceed? [y/N] '
    assert ran.err.splitlines() == [
        "- [WARN] 1 other tag of the same image will be gone, too: latest",
        f'- [INFO] delete "docker://{image}:1.0"',
    ]
    answers = {
        tag: source.http.ask("HEAD", f"/v2/team/app/manifests/{tag}").status
        for tag in ("1.0", "latest", "2.0")
    }
    assert answers == {"1.0": 404, "latest": 404, "2.0": 200}


@pytest.mark.parametrize("typed", ["", "\n", "no\n", "oh yes\n"])
def test_nothing_is_deleted_without_a_yes(
    desk: Desk, image: str, source: DockerRegistry, typed: str
) -> None:
    ran = delete(desk, f"docker://{image}:1.0", typed=typed)

    assert ran.status == 1
    assert ran.err.splitlines()[-1] == "- [FATA] abort by user"
    assert ran.out == f'Image "docker://{image}:1.0" will be deleted! proceed? [y/N] '
    assert source.http.tags("team/app") == {"1.0", "2.0", "latest"}
    assert source.http.manifest("team/app", "1.0")


def test_the_answer_can_be_given_beforehand(
    desk: Desk, image: str, source: DockerRegistry
) -> None:
    digest = source.http.ask("HEAD", "/v2/team/app/manifests/2.0").headers[
        "docker-content-digest"
    ]

    ran = delete(desk, f"{image}@{digest}", "-y")

    question = f'Image "docker://{image}@{digest}" will be deleted! proceed?'
    assert (ran.status, ran.out) == (0, f"{question} [y/N] y\n")
    assert "1 other tag of the same image will be gone, too: 2.0" in ran.err
    assert source.http.ask("HEAD", f"/v2/team/app/manifests/{digest}").status == 404


def test_a_tag_alone_goes_where_the_registry_can(desk: Desk) -> None:
    with serving(desk) as http:
        seed(http)
        ran = delete(desk, f"{http.address}/team/app:1.0", "--tag-only", "-y")

        assert ran.status == 0
        assert http.tags("team/app") == {"2.0", "latest"}
        assert http.manifest("team/app", "latest")
        assert "gone" not in ran.err


def test_a_registry_that_cannot_delete_a_tag_alone_deletes_nothing(
    desk: Desk, image: str, source: DockerRegistry
) -> None:
    ran = delete(desk, f"{image}:1.0", "--tag-only", "-y")

    assert ran.status == 1
    assert "cannot delete a tag by itself" in ran.err
    assert "without --tag-only" in ran.err
    for tag in ("1.0", "latest"):
        assert source.http.manifest("team/app", tag)


def test_a_registry_that_deletes_nothing_is_told(desk: Desk) -> None:
    storage = {"filesystem": {"rootdirectory": str(desk.folder / "data")}}
    with docker_registry(storage=storage) as registry:
        seed(registry.http)
        ran = delete(desk, f"{registry.address}/team/app:1.0", "-y")

        assert ran.status == 1
        assert "the registry does not allow this" in ran.err
        assert registry.http.manifest("team/app", "1.0")


def test_a_registry_that_lists_no_tags_is_no_reason_to_give_up(desk: Desk) -> None:
    known = reply(200, Docker_Content_Digest=f"sha256:{'0' * 64}")
    unlisted = (reply(404), reply(404))
    answers = (reply(200), known, *unlisted, reply(202), reply(404))
    with Scripted(*answers) as server:
        ran = delete(desk, f"{server.address}/team/app:1.0", "-y")

    assert ran.status == 0
    assert "[WARN] other tags may name the same image: " in ran.err


@contextlib.contextmanager
def odd(desk: Desk, *faults: tuple[str, Fault]) -> Iterator[FaultyProxy]:
    """Run our own registry, which deletes oddly what has these in its path."""
    with serving(desk) as http, FaultyProxy(http.address) as proxy:
        seed(http)
        for path, fault in faults:
            proxy.fault("DELETE", path, fault)
        yield proxy


def test_tags_that_a_registry_keeps_are_deleted_one_by_one(desk: Desk) -> None:
    # go-containerregistry's deletes the digest, and goes on serving its tags
    with odd(desk, ("/sha256:", answer(202))) as proxy:
        ran = delete(desk, f"{proxy.address}/team/app:1.0", "-y")

        assert ran.status == 0, ran.err
        assert PlainHTTP(proxy.address).tags("team/app") == {"2.0"}


def test_tags_that_a_registry_does_not_give_up_are_an_error(desk: Desk) -> None:
    with odd(desk, ("/sha256:", answer(202)), ("/1.0", answer(405))) as proxy:
        ran = delete(desk, f"{proxy.address}/team/app:1.0", "-y")

    assert ran.status == 1
    assert "was deleted, but the registry has kept its tags" in ran.err


def test_a_registry_that_knows_no_deletes_is_told_from_a_missing_image(
    desk: Desk,
) -> None:
    def delete_first(request: Message, forward: Forward) -> Message:
        forward(request)
        return forward(request)

    with odd(desk, ("", answer(404, b"<html>")), ("", delete_first)) as proxy:
        no = delete(desk, f"{proxy.address}/team/app:1.0", "-y")
        gone = delete(desk, f"{proxy.address}/team/app:1.0", "-y")

    assert (no.status, gone.status) == (1, 1)
    assert "deletes no images" in no.err
    assert "manifest unknown" in gone.err


def test_of_many_tags_some_are_named(desk: Desk) -> None:
    with serving(desk) as http:
        store = draft()
        image = put_image(store, b"layer", tag="t0")
        push(http, "team/app", store)
        raw, kind = store.manifest("t0").raw, image.media_type
        for number in range(1, 14):
            path = f"/v2/team/app/manifests/t{number}"
            assert http.ask("PUT", path, raw, Content_Type=kind).status == 201

        ran = delete(desk, f"{http.address}/team/app:t0", "-y")

    named = "t1, t10, t11, t12, t13, t2, t3, t4, t5, t6 and 3 more"
    gone = f"13 other tags of the same image will be gone, too: {named}"
    assert f"- [WARN] {gone}" in ran.err.splitlines()


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("", 2, "image reference not provided"),
        ("IMAGE:nothing -y", 1, "manifest unknown"),
        (f"IMAGE@sha256:{'0' * 64} --tag-only -y", 2, "--tag-only is for a tag"),
    ],
)
def test_what_cannot_be_deleted_is_told_before_any_question(
    desk: Desk, image: str, arguments: str, status: int, said: str
) -> None:
    ran = delete(desk, *arguments.replace("IMAGE", image).split())

    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err


@pytest.mark.parametrize("flags", [["--tag-only"], []])
def test_a_registry_that_only_says_that_it_deletes_is_found_out(
    desk: Desk, flags: list[str]
) -> None:
    faults = (("/sha256:", answer(202)), *[("", answer(202))] * 2)
    with odd(desk, *faults[1 if flags else 0 :]) as proxy:
        ran = delete(desk, f"{proxy.address}/team/app:1.0", "-y", *flags)

        assert ran.status == 1
        assert "which is still there" in ran.err
        assert "1.0" in PlainHTTP(proxy.address).tags("team/app")


def test_a_digest_that_a_registry_only_says_to_delete_is_found_out(desk: Desk) -> None:
    with odd(desk, ("/sha256:", answer(202))) as proxy:
        head = PlainHTTP(proxy.address).ask("HEAD", "/v2/team/app/manifests/1.0")
        digest = head.headers["docker-content-digest"]
        ran = delete(desk, f"{proxy.address}/team/app@{digest}", "-y")

    assert ran.status == 1
    assert "which is still there" in ran.err


def test_a_deletion_of_which_the_answer_was_lost_is_one(desk: Desk) -> None:
    with odd(desk, ("/1.0", lose_answer)) as proxy:
        ran = delete(desk, f"{proxy.address}/team/app:1.0", "-y", "--tag-only")

        assert ran.status == 0, ran.err
        assert PlainHTTP(proxy.address).tags("team/app") == {"2.0", "latest"}
