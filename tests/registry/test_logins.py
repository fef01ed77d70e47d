"""Logging in to real registries, with the library."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import hangar
from hangar.configuration import Configuration, Credential, CredentialKey
from hangar.errors import (
    AccessDenied,
    CredentialsRefused,
    InvalidInput,
    RegistryError,
    TimedOut,
    TransferError,
)
from hangar.reference import Reference
from hangar.registry import Registries
from hangar.retry import Patience
from tests.support.registries import (
    Certificates,
    DockerRegistry,
    docker_registry,
)
from tests.support.scripted import Scripted, reply
from tests.support.tokens import TokenServer

ME = ("me", "secret:word é")
QUICK = Patience(pause=0.001, longest=0.01)


class Home:
    """A home of its own, with what is kept there."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "containers" / "auth.json"
        self.folder = folder
        self.environ = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}

    def registries(self, **options: object) -> Registries:
        given = {"verify_tls": False, "patience": QUICK, **options}
        configuration = Configuration.load(environ=self.environ)
        return Registries(configuration, **given)  # type: ignore[arg-type]

    def login(
        self, name: str, username: str = ME[0], password: str = ME[1]
    ) -> hangar.Login:
        with self.registries() as registries:
            return hangar.login(
                name, username=username, password=password, registries=registries
            )

    def check(self, name: str) -> hangar.Login:
        with self.registries() as registries:
            return hangar.check_login(name, registries=registries)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


@pytest.fixture(scope="module")
def guarded() -> Iterator[DockerRegistry]:
    """A registry that wants a password."""
    with docker_registry(login=ME) as registry:
        yield registry


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TokenServer]:
    with TokenServer(tmp_path_factory.mktemp("tokens"), ME) as server:
        yield server


@pytest.fixture(scope="module")
def tokened(tokens: TokenServer) -> Iterator[DockerRegistry]:
    """A registry that wants tokens."""
    with docker_registry(auth=tokens.settings) as registry:
        yield registry


def test_what_a_registry_accepts_is_kept(home: Home, guarded: DockerRegistry) -> None:
    done = home.login(guarded.address)

    assert done == hangar.Login(str(home.file), checked=True)
    found = Configuration.load(environ=home.environ).credentials.find(guarded.address)
    assert found == Credential(*ME)
    assert home.check(guarded.address).checked


def test_what_a_registry_refuses_is_not_kept(
    home: Home, guarded: DockerRegistry
) -> None:
    with pytest.raises(CredentialsRefused, match="invalid username/password"):
        home.login(guarded.address, password="wrong")

    assert not home.file.exists()


def test_a_refusal_leaves_the_older_password_alone(
    home: Home, guarded: DockerRegistry
) -> None:
    home.login(guarded.address)
    before = home.file.read_bytes()

    with pytest.raises(CredentialsRefused):
        home.login(guarded.address, password="wrong")

    assert home.file.read_bytes() == before


def test_a_token_server_is_asked(
    home: Home, tokened: DockerRegistry, tokens: TokenServer
) -> None:
    assert home.login(tokened.address).checked
    assert tokens.requests[-1].user == "me"

    with pytest.raises(CredentialsRefused):
        home.login(tokened.address, password="wrong")


def test_an_identity_token_counts_as_logged_in(
    home: Home, tokened: DockerRegistry, tokens: TokenServer
) -> None:
    kept = Configuration.load(environ=home.environ).credentials
    kept.store(
        CredentialKey(tokened.address), Credential(identity_token=tokens.refresh_token)
    )

    assert home.check(tokened.address).checked
    kept.store(CredentialKey(tokened.address), Credential(identity_token="another"))
    with pytest.raises(CredentialsRefused):
        home.check(tokened.address)


def test_a_registry_that_asks_nobody_has_checked_nothing(
    home: Home, registry: DockerRegistry
) -> None:
    assert not home.login(registry.address).checked
    assert not home.check(registry.address).checked


def test_a_part_of_a_registry_has_a_login_of_its_own(
    home: Home, guarded: DockerRegistry
) -> None:
    home.login(f"{guarded.address}/team")

    assert list(json.loads(home.file.read_text())["auths"]) == [
        f"{guarded.address}/team"
    ]
    with pytest.raises(AccessDenied, match="not logged into"):
        home.check(guarded.address)


def test_what_is_found_first_elsewhere_is_told(
    home: Home, guarded: DockerRegistry
) -> None:
    home.login(guarded.address)
    home.environ["DOCKER_CONFIG"] = str(home.folder / "docker")
    assert home.login(guarded.address).hidden_by == ""

    with docker_registry(login=("you", "1")) as other:
        text = home.file.read_text().replace(guarded.address, other.address)
        home.file.write_text(text)
        done = home.login(other.address, "you", "1")

    assert done.place == str(home.folder / "docker" / "config.json")
    assert done.hidden_by == str(home.file)


def test_a_registry_with_certificates_of_its_own(
    home: Home, certificates: Certificates, tmp_path: Path
) -> None:
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs/ca.crt").write_bytes(certificates.authority.read_bytes())
    with docker_registry(certificates=certificates, login=ME) as registry:
        with pytest.raises(TransferError):
            home.registries(verify_tls=True).registry(
                CredentialKey(registry.address)
            ).authenticate(Credential(*ME))
        configuration = Configuration.load(
            cert_dir=tmp_path / "certs", environ=home.environ
        )
        with Registries(configuration) as registries:
            done = hangar.login(
                registry.address,
                username=ME[0],
                password=ME[1],
                registries=registries,
            )

    assert done.checked


@pytest.mark.parametrize(
    ("answer", "kind"),
    [(reply(500), RegistryError), (reply(403), CredentialsRefused)],
)
def test_only_a_clear_yes_counts(
    home: Home, answer: bytes, kind: type[Exception]
) -> None:
    asks = reply(401, WWW_Authenticate="Basic realm=x")
    with Scripted(asks, *[answer] * 9) as server, pytest.raises(kind):
        home.login(server.address)

    assert not home.file.exists()


def test_a_registry_that_cannot_be_reached_is_no_refusal(
    home: Home, nobody: str
) -> None:
    with pytest.raises(TransferError):
        home.login(nobody)


def test_a_blocked_registry_is_not_asked(home: Home, guarded: DockerRegistry) -> None:
    conf = home.folder / "registries.conf"
    conf.write_text(f'[[registry]]\nlocation = "{guarded.address}"\nblocked = true\n')
    home.environ["CONTAINERS_REGISTRIES_CONF"] = str(conf)

    with pytest.raises(AccessDenied, match="blocked") as failure:
        home.login(guarded.address)

    assert not isinstance(failure.value, CredentialsRefused)


def test_the_time_for_a_login_is_limited(home: Home, guarded: DockerRegistry) -> None:
    with home.registries() as registries, pytest.raises(TimedOut):
        hangar.login(
            guarded.address,
            username="me",
            password="x",
            registries=registries,
            timeout=1e-9,
        )


def test_passwords_that_no_registry_could_get_are_not_sent(home: Home) -> None:
    with Scripted() as server:
        with pytest.raises(InvalidInput):
            home.login(server.address, username="a:b")

        assert not server.heard


def test_logging_out_forgets_exactly_what_is_named(
    home: Home, guarded: DockerRegistry
) -> None:
    team = f"{guarded.address}/team"
    for name in (guarded.address, team):
        home.login(name)
    configuration = Configuration.load(environ=home.environ)

    assert hangar.logout(team, configuration=configuration)
    assert not hangar.logout(team, configuration=configuration)
    assert home.check(team).place == str(home.file)
    hangar.logout_all(configuration=configuration)

    assert json.loads(home.file.read_text()) == {"auths": {}}


Demanded = Callable[..., list[str]]


@pytest.fixture
def demanded(home: Home) -> Demanded:
    """Asks which of some addresses want a login."""

    def ask(*addresses: str, to_write: bool = True, **options: object) -> list[str]:
        images = [Reference(address, "team/app", "1") for address in addresses]
        with home.registries(**options) as registries:
            return list(hangar.demanded_logins(images, registries, to_write=to_write))

    return ask


def test_only_who_wants_to_know_who_we_are_demands_a_login(
    demanded: Demanded,
    registry: DockerRegistry,
    guarded: DockerRegistry,
    tokened: DockerRegistry,
) -> None:
    addresses = (registry.address, guarded.address, tokened.address, guarded.address)

    assert demanded(*addresses) == [guarded.address, tokened.address]


def test_reading_may_be_free_where_writing_is_not(
    demanded: Demanded, guarded: DockerRegistry, tokened: DockerRegistry
) -> None:
    asked = demanded(guarded.address, tokened.address, to_write=False)

    assert asked == [guarded.address]


def test_whoever_is_logged_in_is_not_asked_again(
    demanded: Demanded, home: Home, guarded: DockerRegistry
) -> None:
    assert demanded(guarded.address, credentials="me:wrong") == []
    home.login(f"{guarded.address}/team")

    assert demanded(guarded.address) == []


def test_who_cannot_be_asked_demands_nothing(demanded: Demanded, nobody: str) -> None:
    assert demanded(nobody) == []


def test_an_upload_that_was_only_a_try_is_given_up(
    demanded: Demanded, source: DockerRegistry
) -> None:
    demanded(source.address)

    asked = [(r.method, r.status) for r in source.requests]
    assert asked == [("GET", 200), ("POST", 202), ("DELETE", 204)]
