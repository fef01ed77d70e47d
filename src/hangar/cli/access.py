"""How registries are reached: the options of whatever talks to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, ClassVar

import click

import hangar
from hangar import Patience
from hangar.cli.command import accepts_anything, option
from hangar.cli.limits import RATES, SIZE, by_host
from hangar.cli.passwords import ask_password, can_ask, read_password
from hangar.cli.pflag import BOOLEAN, DIRECTORY, FileName

Function = Callable[..., Any]

_CREDENTIALS = "USER:PASSWORD"

_SPECIFIED: dict[str, dict[str, Any]] = {
    "authfile": {
        "type": FileName(".json"),
        "help": "Credential file to use in place of the usual ones.",
    },
    "cache-dir": {
        "type": DIRECTORY,
        "metavar": "DIR",
        "help": "Directory for temporary files; by default $TMPDIR, else /var/tmp.",
    },
    "cert-dir": {
        "type": DIRECTORY,
        "metavar": "DIR",
        "help": "Directory with certificates, in place of the usual ones.",
    },
    "creds": {
        "metavar": _CREDENTIALS,
        "hide_input": True,
        "help": "Who to be at every registry that asks; others may see it here.",
    },
    "limit-rate": {
        "type": SIZE,
        "default": "0",
        "help": "Bytes a second of all transfers together, in each direction, such as"
        " 10MB; 0 is no limit.",
    },
    "policy": {
        "type": FileName(".json"),
        "help": "policy.json to go by in place of the usual one.",
    },
    "registries-conf": {
        "type": FileName(".conf"),
        "help": "registries.conf to go by in place of the usual one.",
    },
    "requests-per-second": {
        "type": RATES,
        "metavar": "HOST=N",
        "help": "Requests a second to a host, parted by commas for several.",
    },
    "retry-times": {
        "type": click.IntRange(min=0),
        "default": "3",
        "metavar": "N",
        "help": "How often to try again what may well succeed then.",
    },
    "tls-verify": {
        "type": BOOLEAN,
        "default": None,
        "help": "Insist on HTTPS and valid certificates; with '=false' neither."
        " By default as registries.conf says, else true.",
    },
}
"""The options of whatever talks to registries, by the name that each has."""

_OF_BOTH_SIDES = frozenset({"cache-dir", "policy"})
"""What has no two sides: where temporary files are, and what may be read at all."""


def common_option(name: str, **changed: Any) -> Function:
    """One of the options of whatever talks to registries."""
    return option(f"--{name}", **{**_SPECIFIED[name], **changed})


def common_options(**changed: dict[str, Any]) -> tuple[Function, ...]:
    """All of them, which make an `Access`, with what is ``changed`` of some."""
    return tuple(
        common_option(name, **changed.get(name.replace("-", "_"), {}))
        for name in _SPECIFIED
    )


FILES = tuple(map(common_option, ("authfile", "cert-dir", "policy", "registries-conf")))
"""Options that make `Files`."""


def _of_side(name: str, side: str) -> tuple[Function, ...]:
    """What may be said of the source or of the destination alone."""
    return tuple(
        option(
            f"--{name}-{common}",
            **{
                **_SPECIFIED[common],
                "default": None,
                "help": f"Like --{common}, for the {side}.",
            },
        )
        for common in _SPECIFIED
        if common not in _OF_BOTH_SIDES
    )


TWO_SIDES = (
    *common_options(creds={"hidden": True, "help": "Has to say for which side."}),
    *_of_side("src", "source"),
    *_of_side("dest", "destination"),
)
"""Options that make a `TwoSided`."""


_IN_PERSON = (
    option("-u", "--username", metavar="NAME", help="Who to be at what is named."),
    option(
        "--password-stdin", type=BOOLEAN, help="Read the password from standard input."
    ),
)

PERSONAL = (*common_options(), *_IN_PERSON)
"""Options that make a `PersonalAccess`."""

UNJUDGED = (
    *(common_option(name) for name in _SPECIFIED if name != "policy"),
    *_IN_PERSON,
)
"""Options that make an `UnjudgedAccess`."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """Which configuration files count; fields are named as options."""

    authfile: str
    cert_dir: str
    policy: str
    registries_conf: str

    is_judged: ClassVar[bool] = True
    """Whether a policy has a say in what is read."""

    def configuration(self) -> hangar.Configuration:
        """The files, not read yet.

        Raises:
            click.UsageError: options contradict each other.
        """
        if self.policy and accepts_anything():
            message = "--policy and --insecure-policy exclude each other"
            raise click.UsageError(message)
        return hangar.Configuration.load(
            **self._paths,
            accept_anything=accepts_anything() or not self.is_judged,
        )

    @property
    def _paths(self) -> dict[str, Any]:
        return {
            known.name: path_of(getattr(self, known.name)) for known in fields(Files)
        }


@dataclass(frozen=True, kw_only=True)
class Access(Files):
    """How registries are reached, as the user wants it."""

    cache_dir: str
    tls_verify: bool | None
    retry_times: int
    limit_rate: int
    requests_per_second: tuple[str, ...]
    creds: str = field(repr=False)

    def registries(self) -> hangar.Registries:
        """The registries.

        Raises:
            click.UsageError: options contradict each other, or make no sense.
        """
        return hangar.Registries(self.configuration(), **self._manners, **self._limits)

    def beside(self, others: hangar.Registries) -> hangar.Registries:
        """The registries, over the connections of others that have the same limits."""
        return others.sharing(self.configuration(), **self._manners)

    def has_limits_of(self, other: Access) -> bool:
        """Whether both have the same limits, which then hold for both together."""
        return self._limits == other._limits

    @property
    def _paths(self) -> dict[str, Any]:
        return {**super()._paths, "cache_dir": path_of(self.cache_dir)}

    @property
    def _manners(self) -> dict[str, Any]:
        return {
            "verify_tls": self.tls_verify,
            "credentials": _checked(self.creds),
            "patience": Patience(retries=self.retry_times),
        }

    @property
    def _limits(self) -> dict[str, Any]:
        return {
            "bytes_per_second": self.limit_rate or None,
            "requests_per_second": by_host(self.requests_per_second),
        }


@dataclass(frozen=True, kw_only=True)
class PersonalAccess(Access):
    """The same for a user who may give his password on standard input."""

    username: str
    password_stdin: bool

    def registries(self) -> hangar.Registries:
        """The registries.

        Raises:
            click.UsageError: options contradict each other, or make no sense.
        """
        if not (self.username or self.password_stdin):
            return super().registries()
        if self.creds:
            message = "--creds and --username exclude each other"
            raise click.UsageError(message)
        if not self.username or not (self.password_stdin or can_ask()):
            message = "--username and --password-stdin belong together"
            raise click.UsageError(message)
        password = read_password() if self.password_stdin else ask_password()
        creds = f"{self.username}:{password}"
        told = replace(self, creds=creds, username="", password_stdin=False)
        return told.registries()


@dataclass(frozen=True, kw_only=True)
class UnjudgedAccess(PersonalAccess):
    """The same for what is no image, so that no policy has a say."""

    policy: str = field(default="", init=False)
    is_judged: ClassVar[bool] = False


@dataclass(frozen=True, kw_only=True)
class TwoSided(Access):
    """The same for a source and a destination, which may differ."""

    src_authfile: str
    src_cert_dir: str
    src_creds: str = field(repr=False)
    src_limit_rate: int | None
    src_registries_conf: str
    src_requests_per_second: tuple[str, ...]
    src_retry_times: int | None
    src_tls_verify: bool | None
    dest_authfile: str
    dest_cert_dir: str
    dest_creds: str = field(repr=False)
    dest_limit_rate: int | None
    dest_registries_conf: str
    dest_requests_per_second: tuple[str, ...]
    dest_retry_times: int | None
    dest_tls_verify: bool | None

    def both(self) -> tuple[hangar.Registries, hangar.Registries]:
        """The registries to read from and those to write to; one, if none differs.

        Raises:
            click.UsageError: options contradict each other, or make no sense.
        """
        if self.creds:
            message = "--creds: for which side? say --src-creds or --dest-creds"
            raise click.UsageError(message)
        reading = self._side("src")
        writing = self._side("dest")
        source = reading.registries()
        if reading == writing:
            return source, source
        if reading.has_limits_of(writing):
            return source, writing.beside(source)
        return source, writing.registries()

    def _side(self, name: str) -> Access:
        stated = {
            known.name: getattr(self, f"{name}_{known.name}", None) for known in _FIELDS
        }
        return Access(
            **{
                known: getattr(self, known) if value in _UNSAID else value
                for known, value in stated.items()
            }
        )


_FIELDS = fields(Access)
_UNSAID = (None, "", ())


def path_of(name: str) -> Path | None:
    """The path that an option names, if it is given."""
    return Path(name) if name else None


def _checked(credentials: str) -> str:
    """Make sure that it is what it has to be; what it is instead is not told."""
    user, colon, _ = credentials.partition(":")
    is_text = not any("\ud800" <= c <= "\udfff" for c in credentials)
    if credentials and not (user and colon and is_text):
        message = f"credentials have to be {_CREDENTIALS}, in UTF-8"
        raise click.UsageError(message)
    return credentials
