"""Signals during a run."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
from pathlib import Path

import pytest

from hangar.cli.console import Console, Settings
from hangar.cli.interrupts import stopping
from tests.support.golang import GoArchive
from tests.support.running import Desk

CONSOLE = Console(Settings(times=False))


@pytest.mark.parametrize(
    ("number", "name"), [(signal.SIGINT, "interrupt"), (signal.SIGTERM, "terminated")]
)
def test_the_first_signal_asks_the_run_to_stop(
    number: signal.Signals, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with stopping(CONSOLE) as stop:
        assert not stop.requested
        os.kill(os.getpid(), number)
        assert stop.wait(10)

    assert capsys.readouterr().err == (
        f"- [WARN] Abort: [{name}] received, cleaning up resources\n"
        "- [WARN] Use 'Ctrl-C' again to force exit (not recommended)\n"
    )


def test_the_second_signal_leaves_at_once() -> None:
    left: queue.Queue[int] = queue.Queue()

    with stopping(CONSOLE, leave=left.put) as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.wait(10)
        os.kill(os.getpid(), signal.SIGTERM)
        assert left.get(timeout=10) == 130


def test_other_signals_mean_nothing_to_a_run() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with stopping(CONSOLE) as stop:
            os.kill(os.getpid(), signal.SIGUSR1)
            assert not stop.wait(0.05)
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)]

    with stopping(CONSOLE):
        pass

    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)] == before
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_outside_of_a_run_both_signals_end_the_program_in_good_order(
    tmp_path: Path, number: signal.Signals
) -> None:
    desk = Desk.at(tmp_path)
    GoArchive().write(tmp_path / "a.zip")
    GoArchive().write(tmp_path / "b.zip")
    words = ("archive", "merge", "-f", "a.zip,b.zip", "-o", "b.zip")

    with desk.start(*words, stdin=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read(10) == 'File "b.zi'  # it waits for the answer
        process.send_signal(number)
        err = process.communicate()[1]

    assert process.returncode == 130
    assert err.endswith("[FATA] interrupted\n")
