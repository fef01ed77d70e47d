"""What commands share that prepare registries: logins, projects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import click

import hangar
from hangar import Patience
from hangar.cli import output
from hangar.cli.access import Access, common_option, common_options, path_of
from hangar.cli.command import option
from hangar.cli.options import Function, bundle
from hangar.cli.passwords import ask_password, ask_username, can_ask
from hangar.cli.pflag import FileName

_PAUSE = 1.0
"""Seconds before the second try; doubles with each further one."""

_COMPAT_AUTH_FILE = option(
    "--compat-auth-file",
    type=FileName(".json"),
    help="Like --authfile, for a config.json that docker reads.",
)


@dataclass(frozen=True, kw_only=True)
class Account(Access):
    """How the registry is reached that is logged in to, and where that is kept."""

    compat_auth_file: str

    @property
    def _paths(self) -> dict[str, Any]:
        _check_one(self.authfile, self.compat_auth_file)
        return {**super()._paths, "compat_auth_file": path_of(self.compat_auth_file)}

    @property
    def _manners(self) -> dict[str, Any]:
        patience = Patience(retries=self.retry_times, pause=_PAUSE)
        # ``creds`` are what is to be kept, not what is used in place of it.
        return {**super()._manners, "credentials": "", "patience": patience}


def account_options(function: Function) -> Function:
    """Options of whatever logs in to a registry; an `Account`, ``account``."""
    needless = {"hidden": True, "help": "Has no effect: no image is read."}
    options = common_options(
        creds={"help": "User name and password in one; other users may see it here."},
        cache_dir=needless,
        limit_rate=needless,
        policy=needless,
    )
    return bundle("account", Account, *options, _COMPAT_AUTH_FILE)(function)


def configuration_options(function: Function) -> Function:
    """Options that name credential files; a `Configuration`, ``configuration``."""
    files = map(common_option, ("authfile", "registries-conf"))
    return bundle("configuration", _configuration, *files, _COMPAT_AUTH_FILE)(function)


def _configuration(
    authfile: str, compat_auth_file: str, registries_conf: str
) -> hangar.Configuration:
    _check_one(authfile, compat_auth_file)
    return hangar.Configuration.load(
        authfile=path_of(authfile),
        compat_auth_file=path_of(compat_auth_file),
        registries_conf=path_of(registries_conf),
    )


def _check_one(authfile: str, compat_auth_file: str) -> None:
    if authfile and compat_auth_file:
        message = "--authfile and --compat-auth-file exclude each other"
        raise click.UsageError(message)


def log_in_where_demanded(
    images: Iterable[hangar.Reference],
    registries: hangar.Registries,
    *,
    to_write: bool,
) -> None:
    """Ask for the passwords that a run will want, if somebody is there to answer.

    Who does not say who he is stays nobody; the images will tell what comes of it.
    """
    if not can_ask():
        return
    for registry in hangar.demanded_logins(images, registries, to_write=to_write):
        output.log(f'Logging into "{registry}"')
        if username := ask_username():
            password = ask_password()
            hangar.login(
                registry, username=username, password=password, registries=registries
            )


def make_projects(
    routes: Sequence[hangar.Route[hangar.Destination] | hangar.Outcome],
    registries: hangar.Registries,
    *,
    public: bool,
    jobs: int,
    timeout: float | None,
    report: hangar.Reporter,
    stop: hangar.Stop,
) -> None:
    """Make the projects that images are going to need, where registries are Harbors."""
    del jobs  # there are few
    hangar.create_projects(
        routes, registries, public=public, timeout=timeout, report=report, stop=stop
    )
