"""Options that several commands share, each defined once.

A bundle of options reaches the function as one value: ``@batch_options(...)`` hands it
a `Batch` named ``batch``.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import click

import hangar
from hangar import DEFAULT_JOBS, MAX_JOBS, Unsupported
from hangar.cli.access import TWO_SIDES, Access, TwoSided, common_options
from hangar.cli.command import option
from hangar.cli.console import Console
from hangar.cli.pflag import BOOLEAN, DURATION, LIST, FileName

Function = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Batch:
    """How a list of images is worked through.

    Attributes:
        file: the list's name, or "-" for standard input.
        failed: file that gets the lines that failed, or "" for none.
        report: file that gets the report, or "" for none.
        jobs: images at once, as the user wants it.
        timeout: seconds for each image; 0: no limit.
    """

    file: str
    failed: str
    report: str
    jobs: int
    timeout: float


IMAGE_LIST = FileName(".txt", ".yaml", ".yml")
"""A plain list, or a job file."""

REPORT = option(
    "--report", type=FileName(".json"), help="File that gets a report, in JSON."
)
"""The report that commands share; some write another one."""


def batch_options(
    failed: str, report: Function = REPORT, *, listed: bool = True
) -> Callable[[Function], Function]:
    """Options of whatever works through a list; they make a `Batch`, ``batch``.

    Args:
        failed: what the list of those that failed is called by default.
        report: another option ``--report``.
        listed: whether there has to be a list.
    """
    return bundle(
        "batch",
        Batch,
        option(
            "-f",
            "--file",
            type=IMAGE_LIST,
            required=listed,
            help="List of images, or job file; '-' is standard input.",
        ),
        option(
            "-o",
            "--failed",
            type=FileName(".txt"),
            default=failed,
            help="File that gets the lines that failed.",
        ),
        report,
        option(
            "-j",
            "--jobs",
            type=click.INT,
            default=str(DEFAULT_JOBS),
            help=f"Images at once, 1 to {MAX_JOBS}.",
        ),
        option(
            "--timeout",
            type=DURATION,
            default="10m",
            help="Time allowed for each image; 0 is no limit.",
        ),
    )


def selection_options(function: Function) -> Function:
    """Options that choose what of an image is wanted; a `Selection`, ``selection``."""
    return bundle(
        "selection",
        _selection,
        option(
            "-a",
            "--arch",
            type=LIST,
            default="amd64,arm64",
            help="Architectures, parted by commas; '' is all.",
        ),
        option(
            "--os",
            type=LIST,
            default="linux",
            help="Operating systems, parted by commas; '' is all.",
        ),
        option(
            "--provenance",
            type=BOOLEAN,
            default="true",
            help="Copy the attestations that BuildKit puts into an image.",
        ),
        option(
            "--referrers",
            type=BOOLEAN,
            default="true",
            help="Copy what else is attached to an image: SBOMs, attestations.",
        ),
        option(
            "--remove-signatures", type=BOOLEAN, help="Leave out an image's signatures."
        ),
    )(function)


def registry_options(function: Function) -> Function:
    """Options of whatever talks to registries; `Registries`, ``registries``."""
    return access_options(Access, common_options())(function)


def access_options(
    kind: type[Access], options: Sequence[Function]
) -> Callable[[Function], Function]:
    """The same for another kind of `Access`, made of other ``options``."""

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def opened(*arguments: Any, access: Access, **values: Any) -> Any:
            registries = access.registries()
            with _read_first(registries.configuration):
                return function(*arguments, registries=registries, **values)

        return bundle("access", kind, *options)(opened)

    return decorate


def two_sided_options(function: Function) -> Function:
    """The same where source and destination may differ.

    ``registries`` are read from and closed by the function,
    ``destination_registries`` are written to.
    """

    @functools.wraps(function)
    def opened(*arguments: Any, access: TwoSided, **values: Any) -> Any:
        source, destination = access.both()
        values |= {"registries": source, "destination_registries": destination}
        with (
            _read_first(source.configuration, destination.configuration),
            contextlib.closing(destination),
        ):
            return function(*arguments, **values)

    return bundle("access", TwoSided, *TWO_SIDES)(opened)


@contextlib.contextmanager
def _read_first(*configurations: hangar.Configuration) -> Iterator[None]:
    """Read the files that concern all registries; say in the end what is to be known.

    Raises:
        InvalidConfiguration: a file cannot be used; so nothing else was done.
    """
    for configuration in configurations:
        configuration.check()
    try:
        yield
    finally:
        warn_of(*configurations)


def warn_of(*configurations: hangar.Configuration) -> None:
    """Tell what the user should know of the configuration files that were read."""
    console: Console = click.get_current_context().obj
    for say, lists in (
        (console.info, [c.assumptions for c in configurations]),
        (console.warn, [c.warnings for c in configurations]),
    ):
        for text in dict.fromkeys(itertools.chain(*lists)):
            say(text)


def image_argument(function: Function) -> Function:
    """The one image that a command is about; it reaches the function as ``image``."""

    def given(ctx: click.Context, param: click.Parameter, image: str) -> str:
        del param
        if not image:
            message = "image reference not provided"
            raise click.UsageError(message, ctx)
        return image

    return click.argument("image", default="", callback=given)(function)


def archive_argument(function: Function) -> Function:
    """The archive that a command is about, by ``--file`` or without; ``archive``."""
    return bundle(
        "archive",
        _archive,
        click.argument(
            "name", default="", type=FileName(".zip"), metavar="ARCHIVE.zip"
        ),
        option("-f", "--file", type=FileName(".zip"), help="The archive."),
    )(function)


def _archive(name: str, file: str) -> str:
    if not (file or name):
        message = "file not provided, use '--file' to provide the archive"
        raise click.UsageError(message, click.get_current_context())
    return file or name


ARCHIVE = option(
    "-f", "--file", type=FileName(".zip"), required=True, help="The archive."
)
SOURCE_REGISTRY = option(
    "--source-registry",
    metavar="REGISTRY",
    help="Replaces the registry of every line of the list.",
)
AUTO_YES = option(
    "-y", "--auto-yes", type=BOOLEAN, help="Do not ask; the answer is yes."
)


def push_options(function: Function) -> Function:
    """Options of whatever writes to a registry; they reach the function one by one."""
    for add in (
        _unsupported("--sigstore-private-key"),
        _unsupported("--sigstore-passphrase-file"),
        option(
            "--harbor-public",
            type=BOOLEAN,
            help="Let everybody pull from the projects that are made.",
        ),
        option(
            "--create-project",
            type=BOOLEAN,
            default="true",
            help="Make the projects that images need, if the registry is a Harbor.",
        ),
        option(
            "--skip-login",
            type=BOOLEAN,
            help="Never ask for a password, whatever the registry demands.",
        ),
        option(
            "--platform-tags",
            type=BOOLEAN,
            help="Give each platform a tag of its own, too: TAG-linux-amd64.",
        ),
        option(
            "--overwrite",
            type=BOOLEAN,
            help="Drop platforms that only the destination has.",
        ),
    ):
        function = add(function)
    return function


def bundle(
    name: str, make: Function, *options: Function
) -> Callable[[Function], Function]:
    """Hand the values of ``options`` to ``make`` and what it makes to the function."""
    parts = inspect.signature(make).parameters

    def decorate(function: Function) -> Function:
        @functools.wraps(function)
        def bundled(*arguments: Any, **values: Any) -> Any:
            made = make(**{part: values.pop(part) for part in parts})
            return function(*arguments, **{name: made}, **values)

        for add in reversed(options):
            add(bundled)
        return bundled

    return decorate


def _selection(
    arch: tuple[str, ...],
    os: tuple[str, ...],
    provenance: bool,
    referrers: bool,
    remove_signatures: bool,
) -> hangar.Selection:
    return hangar.Selection(
        architectures=frozenset(arch),
        systems=frozenset(os),
        provenance=provenance,
        signatures=not remove_signatures,
        referrers=referrers,
    )


def _unsupported(name: str) -> Function:
    """An option of the Go program that signed images while they were copied."""

    def refuse(ctx: click.Context, param: click.Parameter, value: str) -> None:
        del ctx, param
        if value:
            message = f"signing during a copy is not supported: {name}"
            raise Unsupported(message, hint="sign afterwards, with 'hangar sign'")

    return option(
        name, hidden=True, expose_value=False, callback=refuse, help="Not supported."
    )
