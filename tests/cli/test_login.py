"""What ``hangar login`` and ``hangar logout`` say, and when they fail."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.registries import DockerRegistry, docker_registry
from tests.support.running import Desk, Ran

ME = ("me", "a secret:word")


@pytest.fixture(scope="module")
def guarded() -> Iterator[DockerRegistry]:
    with docker_registry(login=ME) as registry:
        yield registry


class Account:
    """Somebody who logs in to one registry."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.desk = desk
        self.address = address
        self.file = desk.folder / "home/containers/auth.json"

    def run(self, *arguments: str, typed: str = "") -> Ran:
        return self.desk.hangar(*arguments, "--hide-log-time", typed=typed)

    def login(self, *flags: str, typed: str = "", name: str = "") -> Ran:
        where = name or self.address
        return self.run("login", where, "--tls-verify=false", *flags, typed=typed)

    def piped(self, *flags: str, name: str = "") -> Ran:
        """Log in as a script does."""
        more = ("-u", ME[0], "--password-stdin", *flags)
        return self.login(*more, typed=f"{ME[1]}\n", name=name)

    def logout(self, *arguments: str) -> Ran:
        return self.run("logout", *arguments)

    @property
    def entries(self) -> dict[str, dict[str, str]]:
        """What the usual file has."""
        value: dict[str, dict[str, str]] = json.loads(self.file.read_text())["auths"]
        return value


@pytest.fixture
def account(desk: Desk, guarded: DockerRegistry) -> Account:
    return Account(desk, guarded.address)


def test_a_password_from_standard_input_is_accepted_and_kept(account: Account) -> None:
    ran = account.piped()

    assert (ran.status, ran.out, ran.err) == (0, "Login Succeeded!\n", "")
    auth = base64.b64encode(":".join(ME).encode()).decode()
    assert account.entries == {account.address: {"auth": auth}}


@pytest.mark.parametrize("typed", ["a secret:\nword", "a secret:\r\nword\r\n\n"])
def test_the_lines_of_a_password_are_joined(account: Account, typed: str) -> None:
    assert account.login("-u", "me", "--password-stdin", typed=typed).status == 0


def test_where_the_password_went_is_told_when_asked_for(account: Account) -> None:
    ran = account.piped("-v")

    assert ran.out == f"Used:  {account.file}\nLogin Succeeded!\n"


def test_a_password_on_the_command_line_is_warned_of(account: Account) -> None:
    ran = account.login("--username=me", f"-p={ME[1]}")

    assert (ran.status, ran.out) == (0, "Login Succeeded!\n")
    assert ran.err == "- [WARN] others may see this password; use --password-stdin\n"


def test_user_and_password_may_come_by_environment(
    tmp_path: Path, guarded: DockerRegistry
) -> None:
    desk = Desk.at(tmp_path, HANGAR_LOGIN_USERNAME=ME[0], HANGAR_LOGIN_PASSWORD=ME[1])

    ran = Account(desk, guarded.address).login()

    assert (ran.status, ran.out, ran.err) == (0, "Login Succeeded!\n", "")


def test_a_wrong_password_is_refused_and_not_kept(account: Account) -> None:
    ran = account.login("-u", "me", "--password-stdin", typed="a wrong word")

    assert (ran.status, ran.out) == (1, "")
    assert f'logging into "{account.address}": invalid username/password' in ran.err
    assert not account.file.exists()


def test_no_secret_is_ever_shown(account: Account, tmp_path: Path) -> None:
    secrets = ("a wrong word", base64.b64encode(b"me:a wrong word").decode())
    desk = Desk.at(tmp_path, HANGAR_LOGIN_PASSWORD=secrets[0])
    runs = [
        account.login("-u", "me", "-p", secrets[0], "--debug"),
        account.login("-u", "a:b", "-p", secrets[0], "--debug", "--log-format=json"),
        account.login("-u", "me", "--debug", "--password-stdin", typed=secrets[0]),
        Account(desk, account.address).login("-u", "me", "--debug"),
        account.run("login", "not/a:registry", "-u", "me", "-p", secrets[0], "--debug"),
        account.run("login", "--help", "-p", secrets[0]),
    ]

    for ran in runs:
        for secret in secrets:
            assert secret not in ran.out + ran.err


def test_what_is_kept_is_tried_first(account: Account) -> None:
    account.piped()

    ran = account.login()

    assert ran.status == 0
    assert ran.out == (
        f"Authenticating with existing credentials for {account.address}\n"
        f"Existing credentials are valid. Already logged in to {account.address}\n"
    )


def test_what_is_kept_for_a_part_serves_what_is_below(account: Account) -> None:
    assert account.piped(name=f"{account.address}/team").status == 0

    ran = account.login(name=f"{account.address}/team/app")

    assert ran.out == (
        f"Authenticating with existing credentials for {account.address}/team/app\n"
        f"Existing credentials are valid. Already logged in to {account.address}\n"
    )


def test_what_is_kept_and_refused_is_said_before_anything_is_asked(
    account: Account,
) -> None:
    account.piped()
    account.file.write_text(
        account.file.read_text().replace(
            account.entries[account.address]["auth"], "bWU6eA=="
        )
    )

    ran = account.login()

    assert ran.status == 2
    assert ran.out.splitlines()[1] == (
        "Existing credentials are invalid, please enter valid username and password"
    )
    assert "no terminal to ask at" in ran.err


def test_nobody_is_asked_without_a_terminal(account: Account) -> None:
    for flags in ((), ("-u", "me"), ("-p", "x")):
        ran = account.login(*flags, typed="me\na secret:word\n")

        assert (ran.status, ran.out) == (2, "")
        assert "no terminal to ask at" in ran.err


def test_an_address_stands_for_its_host(account: Account) -> None:
    assert account.piped(name=f"http://{account.address}/v2/team").status == 0

    assert list(account.entries) == [account.address]


def test_registries_conf_says_where_to_log_in(account: Account) -> None:
    conf = account.desk.folder / "home/.config/containers/registries.conf"
    conf.parent.mkdir(parents=True)
    conf.write_text(
        f'unqualified-search-registries = ["{account.address}", "docker.io"]\n'
        f'[[registry]]\nlocation = "{account.address}"\ninsecure = true\n'
    )

    ran = account.run("login", "-u", "me", "--password-stdin", typed=ME[1])

    assert ran.out == "Login Succeeded!\n"
    assert list(account.entries) == [account.address]


def test_who_is_logged_in_is_told_without_asking_anybody(
    account: Account, guarded: DockerRegistry
) -> None:
    account.piped()
    before = len(guarded.requests)

    ran = account.login("--get-login")
    other = account.run("login", "other.io", "--get-login")

    assert (ran.status, ran.out, ran.err) == (0, "me\n", "")
    assert (other.status, other.out) == (1, "")
    assert "not logged into other.io" in other.err
    assert len(guarded.requests) == before


def test_the_user_of_a_token_is_called_one(account: Account) -> None:
    account.file.parent.mkdir()
    account.file.write_text('{"auths": {"reg.io": {"identitytoken": "t"}}}')

    ran = account.run("login", "reg.io", "--get-login")

    assert ran.out == "<token>\n"
    assert f"[WARN] {account.file} can be read by other users" in ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("login a.io b.io", "login accepts only one registry to log in to"),
        ("login", "no registries found in registries.conf, a registry must be"),
        ("login a.io/b:1", 'reference "a.io/b:1" contains tag or digest'),
        ("login a.io -p x --password-stdin -u y", "both --password-stdin and --passw"),
        ("login a.io --password-stdin", "must provide --username with --password-st"),
        ("login a.io --authfile a --compat-auth-file b", "exclude each other"),
        ("login a.io --retry-times=-1", "--retry-times"),
        ("login a.io -u me --password-stdin", "no password on standard input"),
        ("logout", "please provide a registry to log out from"),
        ("logout a.io b.io", "logout accepts only one registry to log out from"),
        ("logout --all a.io", "--all takes no arguments"),
        ("logout a.io --authfile none", "credential file is not accessible: stat none"),
        ("logout --all --authfile none", "credential file is not accessible"),
    ],
)
def test_wrong_usage_is_said(desk: Desk, arguments: str, message: str) -> None:
    ran = desk.hangar(*arguments.split())

    assert (ran.status, ran.out) == (2, "")
    assert message in ran.err


def test_a_registry_that_is_not_there_is_told_as_such(desk: Desk, nobody: str) -> None:
    ran = desk.hangar("login", nobody, "-u", "me", "-p", "x", "--retry-times", "0")

    assert ran.status == 1
    assert f"{nobody}: connection refused" in ran.err
    assert "invalid" not in ran.err


def test_a_registry_that_asks_nobody_is_warned_of(
    desk: Desk, source: DockerRegistry
) -> None:
    ran = Account(desk, source.address).login("-u", "me", "-p", "x", "--quiet")

    assert (ran.status, ran.out) == (0, "Login Succeeded!\n")
    assert "asks nobody for a password, so it was not checked" in ran.err


def test_another_place_that_comes_first_is_warned_of(account: Account) -> None:
    account.file.parent.mkdir()
    value = {"auths": {account.address: {"auth": "eDp5"}}}
    account.file.write_text(json.dumps(value))
    account.desk.environment["DOCKER_CONFIG"] = str(account.desk.folder / "docker")

    ran = account.piped()

    assert ran.out == "Login Succeeded!\n"
    assert f"{account.file} has others for {account.address}" in ran.err


def test_files_may_be_named_for_one_of_both_formats(account: Account) -> None:
    assert account.piped("--authfile=own.json").status == 0
    assert account.piped("--compat-auth-file=config.json", "-v").out == (
        "Used:  config.json\nLogin Succeeded!\n"
    )

    for name in ("own.json", "config.json"):
        assert account.address in json.loads(account.desk.read(name))["auths"]
    assert not account.file.exists()
    assert account.logout(account.address, "--authfile=own.json").status == 0
    assert json.loads(account.desk.read("own.json")) == {"auths": {}}


def test_logging_out_forgets_and_says_so(account: Account) -> None:
    account.piped()

    ran = account.logout(f"https://{account.address}", "--tls-verify=false")
    again = account.logout(account.address)

    assert (ran.status, ran.err) == (0, "")
    assert ran.out == f"Removed login credentials for {account.address}\n"
    assert account.entries == {}
    assert (again.status, again.out) == (1, "")
    assert again.err == f"- [FATA] not logged into {account.address}\n"


def test_a_part_of_a_registry_is_logged_out_of_by_its_name(account: Account) -> None:
    team = f"{account.address}/team"
    account.piped()
    account.piped(name=team)

    ran = account.logout(team)
    again = account.logout(team)

    assert ran.out == f"Removed login credentials for {team}\n"
    assert f"[WARN] {account.file} still has credentials for {team}" in ran.err
    assert list(account.entries) == [account.address]
    assert again.status == 1
    assert f"{account.file} has credentials that are used for it" in again.err


def test_logging_out_of_all_registries_empties_the_file(account: Account) -> None:
    account.piped()
    account.piped(name=f"{account.address}/team")

    ran = account.logout("-a")

    assert ran.out == "Removed login credentials for all registries\n"
    assert account.entries == {}


def test_credentials_of_docker_stay_dockers(account: Account) -> None:
    config = account.desk.folder / "home/.docker/config.json"
    config.parent.mkdir()
    config.write_text(json.dumps({"auths": {"reg.io": {"auth": "eDp5"}}}))

    ran = account.logout("reg.io")

    assert (ran.status, ran.out) == (1, "")
    assert f"not logged into reg.io ({config} has credentials" in ran.err
    assert "reg.io" in config.read_text()


def test_user_and_password_may_come_in_one(account: Account) -> None:
    ran = account.login("--creds=me:a secret:word")

    assert (ran.status, ran.out) == (0, "Login Succeeded!\n")
    assert "others may see this password" in ran.err
    assert base64.b64decode(account.entries[account.address]["auth"]) == (
        b"me:a secret:word"
    )


@pytest.mark.parametrize("flag", ["-u=me", "-p=x", "--password-stdin"])
def test_what_says_both_leaves_nothing_to_say(account: Account, flag: str) -> None:
    ran = account.login("--creds=me:my-secret", flag)

    assert (ran.status, ran.out) == (2, "")
    assert "--creds says both" in ran.err
    assert "my-secret" not in ran.err


def test_a_registries_conf_may_be_named(account: Account) -> None:
    conf = account.desk.write(
        "own.conf",
        f'unqualified-search-registries = ["{account.address}"]',
        f'[[registry]]\nlocation = "{account.address}"\ninsecure = true',
    )
    flags = (f"--registries-conf={conf}", "-u", ME[0], "--password-stdin")

    ran = account.run("login", *flags, typed=ME[1])

    assert (ran.status, ran.out) == (0, "Login Succeeded!\n"), ran.err
    out = account.logout(account.address, f"--registries-conf={conf}").out
    assert out == f"Removed login credentials for {account.address}\n"
