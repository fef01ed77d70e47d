"""What registries.d says of signatures (containers-registries.d(5))."""

from __future__ import annotations

from pathlib import Path

import pytest

from hangar.configuration.registries_d import Attachments, RegistriesD
from hangar.configuration.scopes import scope_of
from hangar.errors import InvalidConfiguration
from hangar.reference import Reference

DIGEST = "sha256:" + "ab" * 32


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / "registries.d" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def found(folder: Path, image: str = "reg.io/team/app:1") -> Attachments:
    environ = {"HOME": str(folder / "home")}
    return RegistriesD(environ, system=folder).find(scope_of(Reference.parse(image)))


@pytest.mark.parametrize(
    ("image", "scope"),
    [
        ("reg.io/team/app:1", "reg.io/team/app:1"),
        ("reg.io/team/app:2", "reg.io/team"),
        (f"reg.io/team/app:1@{DIGEST}", f"reg.io/team/app@{DIGEST}"),
        ("reg.io/app", "reg.io"),
        ("Reg.IO/app", "reg.io"),
        ("reg.io:5000/app", "default-docker"),
        ("a.reg.io/app", "default-docker"),
    ],
)
def test_the_most_specific_scope_counts(tmp_path: Path, image: str, scope: str) -> None:
    scopes = ("reg.io", "reg.io/team", "reg.io/team/app:1", f"reg.io/team/app@{DIGEST}")
    lines = "".join(f"  {s}:\n    lookaside: file:///x\n" for s in scopes)
    write(tmp_path, "a.yaml", f"default-docker: {{}}\ndocker:\n{lines}")

    assert found(tmp_path, image).scope == scope


def test_all_keys_are_read_under_their_old_names_too(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "a.yaml",
        """
        default-docker:
          sigstore: https://old
          sigstore-staging: file:///old
        docker:
          reg.io:
            lookaside: https://new
            lookaside-staging: file:///new
            sigstore: https://not-this
            use-sigstore-attachments: yes
        """,
    )

    assert found(tmp_path) == Attachments(
        "reg.io", path, "https://new", "file:///new", in_registry=True
    )
    assert found(tmp_path, "other.io/app") == Attachments(
        "default-docker", path, "https://old", "file:///old", in_registry=None
    )


def test_files_are_merged_and_only_yaml_counts(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "")
    write(tmp_path, "b.yaml", "docker:\n  a.io:\n    use-sigstore-attachments: false")
    write(tmp_path, "c.yaml", "docker:\n  b.io:\n    use-sigstore-attachments: true")
    write(tmp_path, "d.yml", "docker:\n  b.io: {}")

    assert found(tmp_path, "a.io/x").in_registry is False
    assert found(tmp_path, "b.io/x").in_registry is True
    assert found(tmp_path, "c.io/x") == Attachments()


def test_sections_in_which_all_is_commented_out_are_empty(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "default-docker:\ndocker:\n  a.io:\n  # lookaside: x")

    assert found(tmp_path, "a.io/x").scope == "a.io"
    assert found(tmp_path, "b.io/x").scope == "default-docker"


def test_the_users_directory_takes_the_place_of_the_machines(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "docker: {reg.io: {lookaside: machine}}")
    write(tmp_path / "home/.config/containers", "a.yaml", "default-docker: {}")

    assert found(tmp_path).scope == "default-docker"


def test_two_files_cannot_state_the_same(tmp_path: Path) -> None:
    for name in ("a.yaml", "b.yaml"):
        write(tmp_path, name, "docker:\n  reg.io: {}")

    with pytest.raises(InvalidConfiguration, match=r"b\.yaml: 'reg\.io' .*a\.yaml"):
        found(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("docker: [", "line 2: "),
        ("a: b: c", "line 1: mapping values"),
        ("\n\x00", "line 2: control characters are not allowed"),
        ("- docker", "expected an object"),
        ("doker: {}", "line 1: unknown key 'doker'"),
        ("\ndocker: 1", "line 2: 'docker': expected an object"),
        ("docker:\n  a.io: {}\n  a.io: {}", "line 3: 'a.io' is there twice"),
        ("docker:\n  a.io:\n    lookasid: x", "line 3: unknown key 'lookasid'"),
        ("docker:\n  a.io: text", "'a.io': expected an object"),
        ("docker:\n  default-docker: {}", "'default-docker' is no scope"),
        ("default-docker:\n  use-sigstore-attachments: 1", "expected true or false"),
        ("default-docker:\n  lookaside: [x]", "'lookaside': expected text"),
        ("default-docker: &a\n  lookaside: *a", "aliases are not allowed"),
        ("docker: {[a]: {}}", "line 1: a key that is not text"),
    ],
)
def test_files_are_read_strictly(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, "a.yaml", text)

    with pytest.raises(InvalidConfiguration) as caught:
        found(tmp_path)

    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)
