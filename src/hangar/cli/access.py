"""How registries are reached: the options of whatever talks to them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import click

import hangar
from hangar import Patience
from hangar.cli.command import accepts_anything, option
from hangar.cli.limits import RATES, SIZE, by_host
from hangar.cli.pflag import BOOLEAN, FileName

AUTHFILE = option(
    "--authfile",
    type=FileName(".json"),
    help="Credential file to use in place of the usual ones.",
)
CERT_DIR = option(
    "--cert-dir",
    metavar="DIR",
    help="Directory with certificates, in place of the usual ones.",
)
RETRY_TIMES = option(
    "--retry-times",
    type=click.IntRange(min=0),
    default="3",
    metavar="N",
    help="How often to try again what may well succeed then.",
)
TLS_VERIFY = option(
    "--tls-verify",
    type=BOOLEAN,
    default=None,
    help="Insist on HTTPS and valid certificates; with '=false' neither."
    " By default as registries.conf says, else true.",
)
_CREDENTIALS = "USER:PASSWORD"

FILES = (
    AUTHFILE,
    CERT_DIR,
    option(
        "--policy",
        type=FileName(".json"),
        help="policy.json to go by in place of the usual one.",
    ),
    option(
        "--registries-conf",
        type=FileName(".conf"),
        help="registries.conf to go by in place of the usual ones.",
    ),
)
"""Options that make `Files`."""

MANNERS = (
    *FILES,
    TLS_VERIFY,
    RETRY_TIMES,
    option(
        "--limit-rate",
        type=SIZE,
        default="0",
        help="Bytes a second of all transfers together, in each direction, such as"
        " 10MB; 0 is no limit.",
    ),
    option(
        "--requests-per-second",
        type=RATES,
        metavar="HOST=N",
        help="Requests a second to a host, parted by commas for several.",
    ),
    option(
        "--cache-dir",
        metavar="DIR",
        expose_value=False,
        help="Has no effect: nothing is kept between runs.",
    ),
)
"""The options of an `Access` but for credentials."""

ONE_SIDE = (
    *MANNERS,
    option(
        "--creds",
        metavar=_CREDENTIALS,
        hide_input=True,
        help="Who to be at every registry that asks; others may see it here.",
    ),
)
"""Options that make an `Access`."""


def _of_side(name: str, side: str) -> tuple[Callable[..., Any], ...]:
    """What may be said of the source or of the destination alone."""
    return (
        option(
            f"--{name}-authfile",
            type=FileName(".json"),
            help=f"Like --authfile, for the {side}.",
        ),
        option(
            f"--{name}-cert-dir",
            metavar="DIR",
            help=f"Like --cert-dir, for the {side}.",
        ),
        option(
            f"--{name}-creds",
            metavar=_CREDENTIALS,
            hide_input=True,
            help=f"Who to be at every {side} that asks; others may see it here.",
        ),
        option(
            f"--{name}-tls-verify",
            type=BOOLEAN,
            default=None,
            help=f"Like --tls-verify, for the {side}.",
        ),
    )


TWO_SIDES = (
    *MANNERS,
    *_of_side("src", "source"),
    *_of_side("dest", "destination"),
    option("--creds", hidden=True, hide_input=True, help="Has to say for which side."),
)
"""Options that make a `TwoSided`."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """Which configuration files count; fields are named as options."""

    authfile: str
    cert_dir: str
    policy: str
    registries_conf: str

    def configuration(self) -> hangar.Configuration:
        """The files, not read yet.

        Raises:
            click.UsageError: options contradict each other.
        """
        if self.policy and accepts_anything():
            message = "--policy and --insecure-policy exclude each other"
            raise click.UsageError(message)
        return hangar.Configuration.load(
            authfile=_path(self.authfile),
            cert_dir=_path(self.cert_dir),
            registries_conf=_path(self.registries_conf),
            policy=_path(self.policy),
            accept_anything=accepts_anything(),
        )


@dataclass(frozen=True, kw_only=True)
class Access(Files):
    """How registries are reached, as the user wants it."""

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
        return hangar.Registries(
            self.configuration(),
            verify_tls=self.tls_verify,
            credentials=_checked(self.creds),
            patience=Patience(retries=self.retry_times),
            bytes_per_second=self.limit_rate or None,
            requests_per_second=by_host(self.requests_per_second),
        )


@dataclass(frozen=True, kw_only=True)
class TwoSided(Access):
    """The same for a source and a destination, which may differ."""

    src_authfile: str
    src_cert_dir: str
    src_creds: str = field(repr=False)
    src_tls_verify: bool | None
    dest_authfile: str
    dest_cert_dir: str
    dest_creds: str = field(repr=False)
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
        return source, source.sharing(
            writing.configuration(),
            verify_tls=writing.tls_verify,
            credentials=_checked(writing.creds),
        )

    def _side(self, name: str) -> Access:
        stated = {
            known.name: getattr(self, f"{name}_{known.name}", None) for known in _FIELDS
        }
        return Access(
            **{
                known: getattr(self, known) if value in (None, "") else value
                for known, value in stated.items()
            }
        )


_FIELDS = fields(Access)


def _path(name: str) -> Path | None:
    return Path(name) if name else None


def _checked(credentials: str) -> str:
    """Make sure that it is what it has to be; what it is instead is not told."""
    user, colon, _ = credentials.partition(":")
    if credentials and not (user and colon):
        message = f"credentials have to be {_CREDENTIALS}"
        raise click.UsageError(message)
    return credentials
