"""What applies to a registry, and from where; no registry is asked."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from hangar import Configuration, Setting, registry_settings
from hangar.errors import InvalidConfiguration, InvalidReference
from tests.support.helpers import HelperProgram

AUTH = base64.b64encode(b"me:my-secret").decode()
REGISTRIES = """
[[registry]]
prefix = "reg.io:5000/team"
location = "other.io/moved"
insecure = true
[[registry.mirror]]
location = "mirror.io"
pull-from-mirror = "digest-only"
insecure = true
[[registry.mirror]]
location = "second.io/x"

[[registry]]
prefix = "*.bad.io"
blocked = true
"""
POLICY = {
    "default": [{"type": "insecureAcceptAnything"}],
    "transports": {
        "docker": {"reg.io:5000/team": [{"type": "insecureAcceptAnything"}] * 2}
    },
}


def write(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o600)
    return str(path)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    containers = tmp_path / ".config/containers"
    write(containers / "registries.conf", REGISTRIES)
    write(containers / "policy.json", json.dumps(POLICY))
    write(containers / "registries.d/a.yaml", "default-docker: {}")
    return tmp_path


def settings(home: Path, name: str, **environ: str) -> list[Setting]:
    found = {"HOME": str(home), "XDG_RUNTIME_DIR": str(home), **environ}
    return registry_settings(name, Configuration.load(environ=found))


def named(settings: list[Setting], name: str) -> list[Setting]:
    return [setting for setting in settings if setting.name == name]


def test_everything_that_is_stated_is_told_with_its_file(home: Path) -> None:
    containers = home / ".config/containers"
    conf = str(containers / "registries.conf")
    auth = write(
        containers / "auth.json", json.dumps({"auths": {"reg.io:5000": {"auth": AUTH}}})
    )
    certs = containers / "certs.d/reg.io:5000"
    for name in ("ca.crt", "client.cert", "client.key"):
        write(certs / name, "")
    signatures = write(
        containers / "registries.d/b.yaml",
        "docker:\n  reg.io:5000:\n    lookaside: https://a:my-secret@sig.io/x?my-secret"
        "\n    lookaside-staging: file:///x\n    use-sigstore-attachments: false",
    )

    found = settings(
        home, "reg.io:5000/team/app", https_proxy="http://me:my-secret@proxy:3128"
    )

    rule, policy = "for reg.io:5000/team", 'for docker "reg.io:5000/team"'
    twice = "insecureAcceptAnything, insecureAcceptAnything"
    assert found == [
        Setting("address", "reg.io:5000"),
        Setting("blocked", False, rule, conf),  # noqa: FBT003 - as it is stated
        Setting("insecure", True, rule, conf),  # noqa: FBT003 - as it is stated
        Setting("mirror", "mirror.io/app", "digest-only, insecure", conf),
        Setting("mirror", "second.io/x/app", "all", conf),
        Setting("location", "other.io/moved/app", rule, conf),
        Setting("user", "me", "with password", auth),
        Setting("authority", "ca.crt", "", str(certs)),
        Setting("certificate", "client.cert", "with client.key", str(certs)),
        Setting("policy", twice, policy, str(containers / "policy.json")),
        Setting("lookaside", "https://sig.io/x", "for reg.io:5000", signatures),
        Setting("lookaside-staging", "file:///x", "for reg.io:5000", signatures),
        Setting(
            "use-sigstore-attachments",
            value=False,
            detail="for reg.io:5000",
            origin=signatures,
        ),
        Setting("proxy", "http://proxy:3128", "", "https_proxy"),
    ]
    assert "my-secret" not in repr(found)


def test_what_nobody_states_has_no_origin(home: Path) -> None:
    found = settings(home, "plain.io")

    unstated = [setting.name for setting in found if not setting.origin]
    assert unstated == ["address", "blocked", "insecure", "user", "proxy"]
    assert [setting.value for setting in found[1:4]] == [False, False, None]


def test_a_registry_that_is_blocked_is_told_to_be(home: Path) -> None:
    (blocked,) = named(settings(home, "x.bad.io/app"), "blocked")

    assert (blocked.value, blocked.detail) == (True, "for *.bad.io")


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("docker.io", "registry-1.docker.io"),
        ("index.docker.io/library/nginx", "registry-1.docker.io"),
        ("https://reg.io/v1/", "reg.io"),
    ],
)
def test_docker_hub_is_where_it_is(home: Path, name: str, address: str) -> None:
    assert settings(home, name)[0] == Setting("address", address)


def test_a_helper_is_asked_and_the_file_that_names_it_told(home: Path) -> None:
    program = HelperProgram.at(home / "bin", **{"reg.io": ("<token>", "my-secret")})
    path = write(home / ".docker/config.json", '{"credsStore": "test"}')

    found = settings(home, "reg.io", PATH=program.path)

    assert named(found, "user") == [
        Setting("user", "<token>", "with identity token", path)
    ]


@pytest.mark.parametrize(
    ("name", "environ", "expected"),
    [
        ("reg.io", {"HTTP_PROXY": "proxy:1"}, (None, "")),
        ("reg.io", {"HTTPS_PROXY": "proxy:1"}, ("http://proxy:1", "HTTPS_PROXY")),
        ("reg.io", {"HTTPS_PROXY": "p:1", "no_proxy": ".io"}, (None, "no_proxy")),
        ("localhost:5000", {"HTTPS_PROXY": "proxy:1"}, (None, "")),
    ],
)
def test_the_variable_that_decides_of_the_proxy_is_named(
    home: Path, name: str, environ: dict[str, str], expected: tuple[str | None, str]
) -> None:
    (proxy,) = named(settings(home, name, **environ), "proxy")

    assert (proxy.value, proxy.origin) == expected


def test_a_lookaside_that_is_no_url_is_not_shown(home: Path) -> None:
    write(
        home / ".config/containers/registries.d/b.yaml",
        "docker: {a.io: {lookaside: 'http://[my-secret'}}",
    )

    (lookaside,) = named(settings(home, "a.io"), "lookaside")

    assert lookaside.value == "not a URL"


def test_what_is_no_name_or_no_file_is_refused(home: Path) -> None:
    for name in ("", "a b", "reg.io/app:1"):
        with pytest.raises(InvalidReference):
            settings(home, name)
    write(home / ".config/containers/policy.json", "{")
    with pytest.raises(InvalidConfiguration, match=r"policy\.json"):
        settings(home, "reg.io")
