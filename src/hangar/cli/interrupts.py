"""Ctrl-C: the first one ends a run in good order, the second one at once.

Signals are heard by a thread of their own: Python writes their numbers into a socket
as soon as they come, whatever the main thread waits for. So what is done about them
is ordinary code and never runs in the middle of something else.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

from hangar import Stop
from hangar.cli.console import Console
from hangar.cli.exits import Exit

_HEARD = {signal.SIGINT: "interrupt", signal.SIGTERM: "terminated"}
_SHOW_CURSOR = b"\033[?25h"


@contextlib.contextmanager
def stopping(
    console: Console, leave: Callable[[int], object] = os._exit
) -> Iterator[Stop]:
    """Give a `Stop` that SIGINT and SIGTERM request; the second one calls ``leave``.

    Only the main thread may enter this.
    """
    stop = Stop()

    def hear() -> None:
        while number := ears.recv(1):
            name = _HEARD.get(signal.Signals(number[0]))
            if name and not stop.requested:
                stop.request()
                console.warn(f"Abort: [{name}] received, cleaning up resources")
                console.warn("Use 'Ctrl-C' again to force exit (not recommended)")
            elif name:
                if sys.stderr.isatty():
                    os.write(sys.stderr.fileno(), _SHOW_CURSOR)
                leave(Exit.INTERRUPTED)

    ears, mouth = socket.socketpair()
    mouth.setblocking(False)  # noqa: FBT003 - the standard library's own signature
    before = {number: signal.signal(number, _pass_on) for number in _HEARD}
    wakeup = signal.set_wakeup_fd(mouth.fileno())
    listener = threading.Thread(target=hear, name="signals", daemon=True)
    listener.start()
    try:
        yield stop
    finally:
        signal.set_wakeup_fd(wakeup)
        for number, handler in before.items():
            signal.signal(number, handler)
        mouth.close()
        listener.join()
        ears.close()


def _pass_on(number: int, frame: FrameType | None) -> None:
    """Nothing: the listener has heard of it, too."""
