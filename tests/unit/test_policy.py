"""Which images policy.json lets be read (containers-policy.json(5))."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hangar.configuration import Policy
from hangar.errors import InvalidConfiguration, VerificationError
from hangar.reference import Reference

ACCEPT = [{"type": "insecureAcceptAnything"}]
REJECT = [{"type": "reject"}]
DIGEST = "sha256:" + "ab" * 32
OTHER = "sha256:" + "cd" * 32


def write(path: Path, value: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(value if isinstance(value, str) else json.dumps(value, indent=1))
    return path


def policy(folder: Path, value: Any) -> Policy:
    return Policy(write(folder / "policy.json", value), {"HOME": "/nowhere"})


def accepts(policy: Policy, transport: str, scope: str) -> bool:
    try:
        policy.check(transport, scope)
    except VerificationError:
        return False
    return True


SCOPES = (
    "reg.io",
    "reg.io:5000",
    "reg.io/team",
    "reg.io/team/app",
    "reg.io/team/app:1",
    f"reg.io/team/app@{DIGEST}",
    "*.io",
    "*.example.io",
    "docker.io/library",
    "",
)


@pytest.mark.parametrize(
    ("image", "scope"),
    [
        ("reg.io/team/app:1", "reg.io/team/app:1"),
        ("reg.io/team/app:2", "reg.io/team/app"),
        (f"reg.io/team/app@{DIGEST}", f"reg.io/team/app@{DIGEST}"),
        (f"reg.io/team/app:1@{DIGEST}", f"reg.io/team/app@{DIGEST}"),
        (f"reg.io/team/app:1@{OTHER}", "reg.io/team/app"),
        ("reg.io/team/app/part:1", "reg.io/team/app"),
        ("reg.io/team/apps:1", "reg.io/team"),
        ("reg.io/teams/app:1", "reg.io"),
        ("reg.io:5000/team/app:1", "reg.io:5000"),
        ("reg.io:5001/team/app:1", "*.io"),
        ("a.example.io/app", "*.example.io"),
        ("a.b.example.io:5000/app", "*.example.io"),
        ("example.io/app", "*.io"),
        ("nginx", "docker.io/library"),
        ("team/nginx", "*.io"),
        ("localhost/app", ""),
        ("REG.IO:5000/team/app:1", "reg.io:5000"),
        ("A.Example.IO/app", "*.example.io"),
    ],
)
def test_the_most_specific_scope_decides(
    tmp_path: Path, image: str, scope: str
) -> None:
    reference = Reference.parse(image)
    others = {other: REJECT for other in SCOPES if other != scope}
    rules = {"default": REJECT, "transports": {"docker": {**others, scope: ACCEPT}}}
    opposite = {
        "default": ACCEPT,
        "transports": {"docker": {**dict.fromkeys(SCOPES, ACCEPT), scope: REJECT}},
    }

    policy(tmp_path, rules).check_image(reference)
    with pytest.raises(VerificationError):
        policy(tmp_path, opposite).check_image(reference)


def test_hosts_are_the_same_in_any_case(tmp_path: Path) -> None:
    docker = {"Reg.IO/team": REJECT}
    found = policy(tmp_path, {"default": ACCEPT, "transports": {"docker": docker}})
    assert not accepts(found, "docker", "reg.io/team/app:1")

    docker["reg.io/team"] = ACCEPT
    found = policy(tmp_path, {"default": ACCEPT, "transports": {"docker": docker}})
    with pytest.raises(InvalidConfiguration, match="is there twice"):
        found.check("docker", "reg.io/team/app:1")


def test_what_no_scope_covers_is_for_the_default(tmp_path: Path) -> None:
    docker = {"reg.io": ACCEPT}
    found = policy(tmp_path, {"default": REJECT, "transports": {"docker": docker}})

    assert accepts(found, "docker", "reg.io/app:1")
    assert not accepts(found, "docker", "other.io/app:1")
    assert not accepts(found, "oci", "/layout")


def test_a_rejection_names_the_file_the_scope_and_the_image(tmp_path: Path) -> None:
    docker = {"reg.io/team": REJECT}
    found = policy(tmp_path, {"default": ACCEPT, "transports": {"docker": docker}})

    with pytest.raises(VerificationError) as caught:
        found.check_image(Reference.parse("reg.io/team/app:1"))

    path = tmp_path / "policy.json"
    assert caught.value.reasons == (f'{path} states "reject" for docker "reg.io/team"',)
    assert str(caught.value).startswith("reg.io/team/app:1 is rejected: ")
    assert "--insecure-policy" in caught.value.hint


@pytest.mark.parametrize(
    "requirement",
    [
        {"type": "signedBy", "keyType": "GPGKeys", "keyPath": "/key"},
        {"type": "signedBy", "keyType": "GPGKeys", "keyPaths": ["/a", "/b"]},
        {"type": "sigstoreSigned", "keyPath": "/key.pub"},
        {"type": "sigstoreSigned", "keyDatas": ["a2V5"], "rekorPublicKeyPath": "/r"},
        {
            "type": "sigstoreSigned",
            "fulcio": {"caPath": "/ca", "oidcIssuer": "i", "subjectEmail": "me@x"},
            "signedIdentity": {"type": "matchRepository"},
        },
        {
            "type": "sigstoreSigned",
            "pki": {"caRootsData": "Y2E=", "subjectHostname": "x"},
            "signedIdentity": {
                "type": "remapIdentity",
                "prefix": "a.io",
                "signedPrefix": "b.io",
            },
        },
        {"type": "signedBaseLayer", "baseLayerIdentity": {"type": "matchExact"}},
    ],
)
def test_what_cannot_be_checked_yet_is_not_accepted(
    tmp_path: Path, requirement: Any
) -> None:
    found = policy(tmp_path, {"default": [*ACCEPT, requirement]})

    with pytest.raises(VerificationError, match="cannot be checked yet") as caught:
        found.check("docker", "reg.io/app:1")

    assert len(caught.value.reasons) == 1
    assert requirement["type"] in caught.value.reasons[0]


def test_all_requirements_have_to_be_met(tmp_path: Path) -> None:
    found = policy(tmp_path, {"default": [*ACCEPT, *REJECT]})

    assert not accepts(found, "docker", "reg.io/app:1")


@pytest.mark.parametrize(
    ("transport", "scope", "accepted"),
    [
        ("oci", "{}/good", True),
        ("oci", "{}/good:1.0", True),
        ("oci", "{}/good/deep:1.0", True),
        ("oci", "{}/good:bad", False),
        ("oci", "{}/goods", False),
        ("oci", "{}/link/../good", True),
        ("oci", "{}/link", True),
        ("oci", "{}/good/../bad", False),
        ("dir", "{}/a:b", True),
        ("dir", "{}/a:b/c", True),
        ("dir", "{}/a", False),
        ("docker-archive", "{}/good/file.tar", False),
    ],
)
def test_scopes_of_files_are_real_paths(
    tmp_path: Path, transport: str, scope: str, accepted: bool
) -> None:
    root = tmp_path.resolve()
    (root / "good").mkdir()
    (root / "link").symlink_to(root / "good")
    transports = {
        "oci": {f"{root}/good": ACCEPT, f"{root}/good:bad": REJECT},
        "dir": {f"{root}/a:b": ACCEPT},
    }
    found = policy(tmp_path, {"default": REJECT, "transports": transports})

    assert accepts(found, transport, scope.format(root)) is accepted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1, column 1"),
        ('{\n"default": [,]}', "line 2, column 13"),
        ("[]", "line 1: expected an object"),
        ("{}", "line 1: 'default' is missing"),
        ('{"default": []}', "at least one requirement"),
        ('{"default": {}}', "'default': expected a list"),
        ('{"default": null}', "'default': expected a list"),
        ('{"default": [1]}', "has to be an object"),
        ('{\n"default": [\n{}]}', "line 3: unknown type None"),
        ('{"default": [\n{"type": "accept"}]}', "line 2: unknown type 'accept'"),
        ('{"default": [\n\n{"type": "reject", "x": 1}]}', "line 3: unknown key 'x'"),
        ('\n{"defaults": []}', "line 2: unknown key 'defaults'"),
        ('{"default": [{"type": "reject"}],\n"default": []}', "'default' is there twi"),
        ('{"default": [{"a": "{}",\n"a": "}"}]}', "line 1: 'a' is there twice"),
        ("\xff", "not text in UTF-8"),
        ("[" * 100_000, "nested too deep"),
    ],
)
def test_a_policy_is_read_strictly(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "policy.json"
    path.write_bytes(text.encode("latin-1"))

    with pytest.raises(InvalidConfiguration) as caught:
        Policy(path, {}).check("docker", "reg.io/app:1")

    assert str(caught.value).startswith(f"{path}: ")
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("transports", "said"),
    [
        ([], "'transports': expected an object"),
        ({"dokcer": {}}, "line 2: unknown key 'dokcer'"),
        ({"docker": []}, "'docker': expected an object"),
        ({"docker": {"reg.io": []}}, "line 3: 'reg.io': at least one requirement"),
        ({"docker": {"a*.io": REJECT}}, "line 3: 'a*.io' covers no image"),
        ({"docker": {"*.reg.io/team": REJECT}}, "covers no image"),
        ({"docker": {"*": REJECT}}, "covers no image"),
        ({"oci": {"/": REJECT}}, "covers no image"),
        ({"oci": {"layout": REJECT}}, "covers no image"),
        ({"dir": {"/a/": REJECT}}, "covers no image"),
    ],
)
def test_scopes_that_never_apply_are_refused(
    tmp_path: Path, transports: Any, said: str
) -> None:
    value = {"transports": transports, "default": ACCEPT}

    with pytest.raises(InvalidConfiguration) as caught:
        policy(tmp_path, value).check("docker", "reg.io/app:1")

    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        ({"type": "signedBy", "keyType": "GPGKeys"}, "exactly one is needed of"),
        ({"type": "signedBy", "keyPath": "/k"}, "needed of 'keyType'"),
        ({"type": "sigstoreSigned"}, "exactly one is needed of"),
        ({"type": "sigstoreSigned", "keyPath": "/k", "keyData": "k"}, "exactly one"),
        ({"type": "sigstoreSigned", "keyPath": 1}, "'keyPath': expected text"),
        ({"type": "sigstoreSigned", "keyPaths": []}, "expected a list of texts"),
        ({"type": "sigstoreSigned", "keyPaths": [1]}, "expected a list of texts"),
        ({"type": "sigstoreSigned", "keypath": "/k"}, "unknown key 'keypath'"),
        ({"type": "sigstoreSigned", "fulcio": {}}, "'caPath' or 'caData'"),
        ({"type": "sigstoreSigned", "fulcio": "x"}, "'fulcio': expected an object"),
        ({"type": "sigstoreSigned", "fulcio": {"type": "x"}}, "unknown key 'type'"),
        (
            {"type": "sigstoreSigned", "keyPath": "/k", "signedIdentity": {}},
            "unknown type None",
        ),
        (
            {
                "type": "sigstoreSigned",
                "keyPath": "/k",
                "signedIdentity": {"type": "exactReference"},
            },
            "needed of 'dockerReference'",
        ),
    ],
)
def test_requirements_are_read_strictly(
    tmp_path: Path, requirement: Any, said: str
) -> None:
    with pytest.raises(InvalidConfiguration) as caught:
        policy(tmp_path, {"default": [requirement]}).check("docker", "reg.io/app:1")

    assert said in str(caught.value)


def test_the_users_policy_comes_before_the_machines(tmp_path: Path) -> None:
    environ, system = {"HOME": str(tmp_path)}, tmp_path / "etc"
    write(system / "policy.json", {"default": REJECT})
    assert not accepts(Policy(None, environ, system=system), "docker", "reg.io/a:1")

    write(tmp_path / ".config/containers/policy.json", {"default": ACCEPT})
    assert accepts(Policy(None, environ, system=system), "docker", "reg.io/a:1")


def test_without_any_policy_all_is_accepted_which_is_told(tmp_path: Path) -> None:
    found = Policy(None, {"HOME": str(tmp_path)}, system=tmp_path / "etc")

    assert found.assumptions == []
    found.check("docker", "reg.io/app:1")

    assert len(found.assumptions) == 1
    assert found.demand("docker", "reg.io/app:1").file == ""


def test_a_policy_that_is_named_has_to_be_there(tmp_path: Path) -> None:
    found = Policy(tmp_path / "none.json", {})

    with pytest.raises(InvalidConfiguration, match=r"none\.json: no such file"):
        found.check("docker", "reg.io/app:1")


def test_a_link_that_leads_nowhere_is_not_taken_for_no_policy(tmp_path: Path) -> None:
    path = tmp_path / ".config/containers/policy.json"
    path.parent.mkdir(parents=True)
    path.symlink_to(tmp_path / "gone")

    with pytest.raises(InvalidConfiguration, match="no such file"):
        Policy(None, {"HOME": str(tmp_path)}).check("docker", "reg.io/app:1")


def test_whoever_accepts_anything_needs_no_policy(tmp_path: Path) -> None:
    path = write(tmp_path / "policy.json", "corrupt")
    found = Policy(path, {}, accept_anything=True)

    found.check("docker", "reg.io/app:1")

    assert found.assumptions == []
