"""Names of images."""

from __future__ import annotations

import pytest

from hangar.errors import InvalidReference
from hangar.reference import Reference, names_registry

SOME = "sha256:" + "ab" * 32


@pytest.mark.parametrize(
    ("text", "full"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("rancher/hangar:v1", "docker.io/rancher/hangar:v1"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/nginx:1", "docker.io/library/nginx:1"),
        ("quay.io/skopeo/stable:v1", "quay.io/skopeo/stable:v1"),
        ("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"),
        ("localhost:5000/foo:1", "localhost:5000/foo:1"),
        ("localhost/foo", "localhost/foo:latest"),
        ("[::1]:5000/foo/bar", "[::1]:5000/foo/bar:latest"),
        ("reg.io/a/b/c:1", "reg.io/a/b/c:1"),
        ("a/b/c:1", "docker.io/a/b/c:1"),
        ("reg.io/a/b:", "reg.io/a/b:latest"),
        (f"nginx@{SOME}", f"docker.io/library/nginx@{SOME}"),
        (f"nginx:1.25@{SOME}", f"docker.io/library/nginx:1.25@{SOME}"),
    ],
)
def test_a_name_is_completed_as_docker_does(text: str, full: str) -> None:
    assert str(Reference.parse(text)) == full


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":1",
        "/",
        "a//b",
        "reg.io/../../etc/passwd",
        "reg.io/a/..",
        "reg.io/A/b",
        "reg.io/a:tag with blank",
        "reg.io/a:\x1b[31m",
        "reg.io/a:1\n",
        "reg.io/a@sha256:beef",
        "reg.io/a@",
        "re%2fg.io/a",
        "user:secret@reg.io/a",
        "https://reg.io/a",
        "reg.io:port/a",
        "a" * 300,
        "reg.io/a:" + "t" * 129,
        "docker.io/a b",
    ],
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(InvalidReference):
        Reference.parse(text)


def test_the_locator_is_the_digest_if_there_is_one() -> None:
    assert Reference.parse("a:1").locator == "1"
    assert Reference.parse(f"a:1@{SOME}").locator == SOME


@pytest.mark.parametrize(
    ("registry", "project", "moved"),
    [
        ("", "", "reg.io/a/b/c:1"),
        ("new.io", "", "new.io/a/b/c:1"),
        ("new.io:5000/team/x/", "", "new.io:5000/team/x/a/b/c:1"),
        ("", "p", "reg.io/p/b/c:1"),
        ("new.io", "p", "new.io/p/b/c:1"),
    ],
)
def test_registry_and_project_can_be_replaced(
    registry: str, project: str, moved: str
) -> None:
    assert str(Reference.parse("reg.io/a/b/c:1").moved(registry, project)) == moved


def test_a_name_of_one_part_gets_the_project_in_front() -> None:
    assert (
        str(Reference.parse("reg.io/pause:3").moved(project="p")) == "reg.io/p/pause:3"
    )


@pytest.mark.parametrize("registry", ["https://new.io", "new io", "new.io/UPPER"])
def test_a_registry_that_is_none_is_refused(registry: str) -> None:
    with pytest.raises(InvalidReference):
        Reference.parse("a").moved(registry)


def test_another_tag_has_to_be_one() -> None:
    assert str(Reference.parse("a:1").tagged("2")) == "docker.io/library/a:2"
    with pytest.raises(InvalidReference):
        Reference.parse("a:1").tagged("not a tag")


@pytest.mark.parametrize(
    ("text", "names"),
    [("nginx", False), ("a/b", False), ("reg.io/a", True), ("localhost/a", True)],
)
def test_a_registry_is_known_by_its_first_part(text: str, names: bool) -> None:
    assert names_registry(text) is names
