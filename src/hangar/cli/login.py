"""``hangar login``."""

from __future__ import annotations

from dataclasses import dataclass

import click
from click.core import ParameterSource

import hangar
from hangar import Credential, CredentialKey, CredentialsRefused, HangarError
from hangar.cli.accounts import Account, account_options
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.options import warn_of
from hangar.cli.passwords import ask_password, ask_username, can_ask, read_password
from hangar.cli.pflag import BOOLEAN, DURATION


@command(
    "login",
    usage="[REGISTRY] [flags]",
    examples="""
        # Be asked for user name and password:
        hangar login registry.example.com

        # In a script:
        hangar login registry.example.com -u robot --password-stdin < password.txt

        # For a part of a registry:
        hangar login registry.example.com/team -u robot --password-stdin < password.txt
        """,
)
@click.argument("names", nargs=-1)
@account_options
@option("--get-login", type=BOOLEAN, help="Print the user name that is kept, no more.")
@option("-u", "--username", metavar="NAME", help="Who to log in as.")
@option("-p", "--password", help="What proves it; other users may see it here.")
@option("--password-stdin", type=BOOLEAN, help="Read the password from standard input.")
@option("--timeout", type=DURATION, default="0", help="Time allowed; 0 is no limit.")
@option("-v", "--verbose", type=BOOLEAN, help="Print where the password is kept, too.")
@click.pass_context
def login(
    ctx: click.Context,
    *,
    names: tuple[str, ...],
    account: Account,
    get_login: bool,
    username: str,
    password: str,
    password_stdin: bool,
    timeout: float,
    verbose: bool,
) -> None:
    """Log in to a registry.

    The registry has to accept user name and password, then they are kept. If neither is
    given, those that are kept already are tried, and then you are asked, at a terminal.
    Without a registry it is the first one of unqualified-search-registries in
    registries.conf.
    """
    if account.creds and (username or password or password_stdin):
        message = "--creds says both user name and password"
        raise click.UsageError(message, ctx)
    registries = account.registries()
    configuration = registries.configuration
    key = _key(ctx, names, configuration)
    attempt = _Attempt(ctx.obj, key, registries, timeout or None)
    try:
        if get_login:
            attempt.show_user()
            return
        if account.creds:
            username, _, password = account.creds.partition(":")
        elif password_stdin:
            password = _from_standard_input(ctx, username, password)
        if _is_seen(ctx, "password") or _is_seen(ctx, "creds"):
            attempt.console.warn("others may see this password; use --password-stdin")
        with registries:
            if username or password or not attempt.is_logged_in():
                if not (username and password) and not can_ask():
                    message = "user name or password missing, and no terminal to ask at"
                    raise click.UsageError(message, ctx)
                username = username or attempt.asked_username()
                attempt.log_in(username, password or ask_password(), verbose=verbose)
    finally:
        warn_of(configuration)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Logging in to one registry, as the user sees it."""

    console: Console
    key: CredentialKey
    registries: hangar.Registries
    timeout: float | None

    @property
    def known(self) -> Credential | None:
        """What is kept for it already."""
        kept = self.registries.configuration.credentials
        return kept.find(self.key.registry, self.key.path)

    def show_user(self) -> None:
        """Print who the user is there."""
        if not self.known:
            message = f"not logged into {self.key}"
            raise HangarError(message, hint=f"hangar login {self.key}")
        self.console.result(self.known.user)

    def asked_username(self) -> str:
        """Ask for a user name; the one that is kept already will do."""
        return ask_username(self.known.username if self.known else "")

    def is_logged_in(self) -> bool:
        """Whether the registry accepts what is kept already."""
        if not self.known:
            return False
        key, say = str(self.key), self.console.result
        say(f"Authenticating with existing credentials for {key}")
        try:
            done = hangar.check_login(
                key, registries=self.registries, timeout=self.timeout
            )
        except CredentialsRefused:
            wish = "please enter valid username and password"
            say(f"Existing credentials are invalid, {wish}")
            return False
        self._warn_if_unchecked(done)
        where = f"Already logged in to {self.key.registry}"
        say(f"Existing credentials are valid. {where}")
        return True

    def log_in(self, username: str, password: str, *, verbose: bool) -> None:
        """Have the registry accept a user name and password, and keep them."""
        done = hangar.login(
            str(self.key),
            username=username,
            password=password,
            registries=self.registries,
            timeout=self.timeout,
        )
        self._warn_if_unchecked(done)
        if done.hidden_by:
            what = f"{done.hidden_by} has others for {self.key}, which are found first"
            self.console.warn(what)
        if verbose:
            self.console.result(f"Used:  {done.place}")
        self.console.result("Login Succeeded!")

    def _warn_if_unchecked(self, done: hangar.Login) -> None:
        if not done.checked:
            asks = f"{self.key.registry} asks nobody for a password"
            self.console.warn(f"{asks}, so it was not checked")


def _key(
    ctx: click.Context, names: tuple[str, ...], configuration: hangar.Configuration
) -> CredentialKey:
    """What to log in to."""
    if len(names) > 1:
        message = "login accepts only one registry to log in to"
        raise click.UsageError(message, ctx)
    names = names or configuration.registries.search_registries
    if not names:
        message = "no registries found in registries.conf, a registry must be provided"
        raise click.UsageError(message, ctx)
    return CredentialKey.parse(names[0])


def _is_seen(ctx: click.Context, name: str) -> bool:
    """Whether an option stands on the command line, which others can read."""
    return ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE


def _from_standard_input(ctx: click.Context, username: str, password: str) -> str:
    if password:
        message = "can't specify both --password-stdin and --password"
        raise click.UsageError(message, ctx)
    if not username:
        message = "must provide --username with --password-stdin"
        raise click.UsageError(message, ctx)
    return read_password()
