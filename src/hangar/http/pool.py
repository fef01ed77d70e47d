"""The connections to one host, and how many requests it is sent at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from hangar import deadline
from hangar.http.connection import Connection
from hangar.http.dialing import Proxy

MOST = 32
"""Requests in flight, and so connections, to one host."""

_LEAST = 2
"""However busy the host is: a download, and the upload that it feeds."""

BUSY = 429
"""Too Many Requests (RFC 6585)."""

_TOGETHER = 1.0
"""Seconds; requests that close to each other get the same answer."""


class Pool:
    """Idle connections, and slots for requests.

    An upload's bytes may come from a download of the same host. So uploads never
    take all slots, and one request that is none may always be under way, however few
    a host that got busy is sent; otherwise they could wait for each other's downloads
    for ever.

    Attributes:
        dial: makes a new connection.
        via: the proxy that is sent the requests in place of the host, or None.
    """

    def __init__(
        self,
        dial: Callable[[], Connection],
        most: int = MOST,
        *,
        via: Proxy | None = None,
    ) -> None:
        self.dial = dial
        self.via = via
        self._most = self._limit = max(most, _LEAST)
        self._changed = threading.Condition()
        self._idle: list[Connection] = []
        self._active = self._uploads = self._content = 0
        self._yielded = time.monotonic() - 2 * _TOGETHER

    @property
    def limit(self) -> int:
        """How many requests may be in flight now."""
        return self._limit

    def enter(self, *, upload: bool = False) -> None:
        """Take a slot, waiting for one if need be.

        Raises:
            Interrupted, TimedOut: there is no more reason to wait.
        """
        if self._take(upload):
            return
        limit = deadline.current()
        with limit.stop.waking(self._tell), self._changed:
            while not self._take(upload):
                self._changed.wait(limit.remaining(60.0))

    def leave(
        self, connection: Connection | None, status: int = 0, *, upload: bool = False
    ) -> None:
        """Give a slot back, and the connection if it can be used again.

        From ``status`` it learns: half as many requests from now on after a 429,
        slowly more again when all is well.
        """
        with self._changed:
            self._active -= 1
            self._uploads -= upload
            if connection is not None:
                self._idle.append(connection)
            if status == BUSY:
                self._yield()
            elif self._limit < self._most:
                self._content += 1
                if self._content >= 4 * self._limit:
                    self._limit += 1
                    self._content = 0
            self._changed.notify_all()

    def idle(self) -> Connection | None:
        """An open connection, the one used last, or None."""
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                return None
            if connection.usable:
                return connection
            connection.close()
        return None

    def close(self) -> None:
        """Close what is idle."""
        while self._idle:
            self._idle.pop().close()

    def _yield(self) -> None:
        """Halve the limit, but once for all answers to what was sent together."""
        now = time.monotonic()
        if now - self._yielded > _TOGETHER:
            self._limit = max(self._limit // 2, _LEAST)
            self._yielded, self._content = now, 0

    def _take(self, upload: bool) -> bool:
        with self._changed:
            free = self._active < self._limit
            if upload:
                free = free and self._uploads < max(self._limit * 3 // 4, 1)
            else:
                free = free or self._active == self._uploads
            self._active += free
            self._uploads += free and upload
        return free

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
