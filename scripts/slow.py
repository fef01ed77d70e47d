"""A proxy that is far away: everything that comes back is so many seconds late.

It adds to the round trip, takes nothing from the throughput, and little of the
processor that it shares with what is measured.
"""

from __future__ import annotations

import asyncio
import sys
from collections import deque
from typing import cast

MOST = 64 << 20
"""Bytes on their way in one direction of one connection, before reading pauses."""


class Way(asyncio.Protocol):
    """One direction of one connection: what comes here goes out there, later.

    Attributes:
        other: the opposite direction; it is sent what comes here.
        transport: of the side that this one reads from.
    """

    other: Way
    transport: asyncio.Transport

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._late: deque[bytes] = deque()
        self._bytes = 0
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        if not self._delay:
            self.other.transport.write(data)
            return
        self._late.append(data)
        self._bytes += len(data)
        if self._bytes > MOST:
            self.transport.pause_reading()
        self._loop.call_later(self._delay, self._pass_on)

    def eof_received(self) -> bool:
        self._loop.call_later(self._delay, self._end)
        return True  # the other direction goes on

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._loop.call_later(self._delay, self._end)

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self.other.transport.resume_reading()

    def _pass_on(self) -> None:
        """Send the oldest, whichever timer woke us: bytes keep their order."""
        data = self._late.popleft()
        if self._bytes > MOST >= self._bytes - len(data):
            self.transport.resume_reading()
        self._bytes -= len(data)
        self.other.transport.write(data)

    def _end(self) -> None:
        if self._late:  # timers may ring in another order than they were set
            self._loop.call_soon(self._end)
        else:
            self.other.transport.close()


class Near(Way):
    """The side of whoever connects; it reaches out to the far side first."""

    def __init__(self, port: int, delay: float) -> None:
        super().__init__(0.0)
        self._port = port
        self._far = delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.pause_reading()
        self._reaching = asyncio.create_task(self._reach())

    async def _reach(self) -> None:
        _, self.other = await self._loop.create_connection(
            lambda: Way(self._far), "127.0.0.1", self._port
        )
        self.other.other = self
        self.transport.resume_reading()


async def serve(port: int, delay: float) -> None:
    """Listen on a free port, print it, and pass connections on to ``port``."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Near(port, delay), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
