"""``hangar``: find the command that is meant, run it, end with the right status."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from hangar import HangarError, Interrupted, InvalidInput
from hangar.cli.command import settings
from hangar.cli.console import Console
from hangar.cli.exits import Exit
from hangar.cli.output import settle
from hangar.cli.records import Level, Record
from hangar.cli.tree import ROOT, find


def run() -> NoReturn:
    """Run the command line of this process."""
    gc.freeze()  # modules stay,
    gc.set_threshold(20_000, 20)  # and the index of an archive is large, but no garbage
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both clean up
    status = invoke(sys.argv[1:])
    settle()
    sys.exit(status)


def invoke(arguments: Sequence[str]) -> int:
    """Run the command that ``arguments`` name; return the exit status."""
    console = Console()
    try:
        path, rest = find(arguments)
        command = path[-1].load()
        name = " ".join(entry.name for entry in path)
        with command.make_context(name, rest) as context:
            console = context.obj = Console(settings(context.params))
            with console:
                return command.invoke(context) or 0
    except click.exceptions.Exit as done:
        return done.exit_code
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - told to the user
        return _ended(console, error)


def _ended(console: Console, error: BaseException) -> Exit:
    """Tell why there is no result; choose the exit status that says so."""
    match error:
        case click.UsageError():
            console.log(_misused(error))
            return Exit.WRONG_USAGE
        case Interrupted() | KeyboardInterrupt():
            console.log(Record(Level.FATAL, "interrupted"))
            return Exit.INTERRUPTED
        case BrokenPipeError():  # whoever read our output has seen enough
            return Exit.FAILED
        case OSError(filename=str(name), strerror=str(reason)):
            told = HangarError(f"{name}: {reason}")  # no bug: names too long, no access
            told.__cause__ = error
            console.fail(told)
            return Exit.FAILED
    console.fail(error)
    return Exit.WRONG_USAGE if isinstance(error, InvalidInput) else Exit.FAILED


def _misused(error: click.UsageError) -> Record:
    command = error.ctx.command_path if error.ctx else ROOT.name
    message, *lines = error.format_message().expandtabs(4).splitlines()
    return Record(
        Level.FATAL,
        message,
        lines=(*lines, f"Run '{command} --help' for usage."),
    )
