"""``hangar serve``."""

from __future__ import annotations

from pathlib import Path

import click

import hangar
from hangar.cli.command import command, option
from hangar.cli.console import Console
from hangar.cli.exits import Exit
from hangar.cli.interrupts import stopping
from hangar.cli.pflag import BOOLEAN, DIRECTORY, FileName

_A_DAY = 86400.0


@command(
    "serve",
    usage="[flags]",
    examples="""
        # A registry that keeps its images in a directory, for everybody to read:
        hangar serve --addr 0.0.0.0:5000 --data /srv/registry --read-only

        # One in memory, to try things out:
        hangar serve
        """,
)
@option(
    "--addr",
    default="127.0.0.1:5000",
    metavar="HOST:PORT",
    help="Where to listen; port 0 is any that is free.",
)
@option(
    "--data",
    type=DIRECTORY,
    metavar="DIR",
    help="Keep everything in this directory, an OCI layout; by default in memory.",
)
@option(
    "--tls-cert",
    type=FileName(".crt", ".pem"),
    help="Certificate chain to speak TLS with, PEM.",
)
@option(
    "--tls-key",
    type=FileName(".key", ".pem"),
    help="Its private key, PEM, not encrypted.",
)
@option(
    "--htpasswd",
    type=FileName(),
    help="Let in only whom this file names, made with 'htpasswd -B'.",
)
@option("--read-only", type=BOOLEAN, help="Refuse whatever would change something.")
@click.pass_context
def serve(
    ctx: click.Context,
    *,
    addr: str,
    data: str,
    tls_cert: str,
    tls_key: str,
    htpasswd: str,
    read_only: bool,
) -> int:
    """Run a registry.

    It speaks the OCI distribution specification 1.1 until it is interrupted, and says
    on standard error where it listens. It checks the digest and size of all that it is
    sent.

    Exit status: 0 when interrupted, 1 if it cannot run, 2 wrong usage.
    """
    if bool(tls_cert) != bool(tls_key):
        message = "--tls-cert and --tls-key go together"
        raise click.UsageError(message, ctx)
    console: Console = ctx.obj
    registry = hangar.serve(
        addr,
        data=Path(data) if data else None,
        tls=(Path(tls_cert), Path(tls_key)) if tls_cert else None,
        htpasswd=Path(htpasswd) if htpasswd else None,
        read_only=read_only,
    )
    with stopping(console) as stop, registry as server:
        scheme = "https" if tls_cert else "http"
        console.warn(f"Listening on {scheme}://{server.address}")
        while not stop.wait(_A_DAY):
            pass
    return Exit.DONE
