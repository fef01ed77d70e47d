"""A proxy that is far away: everything that comes back is so many seconds late.

It adds to the round trip and takes nothing from the throughput.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys

CHUNK = 256 << 10


async def relay(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float
) -> None:
    """Pass bytes on, each ``delay`` seconds after it came."""
    loop = asyncio.get_running_loop()
    queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(maxsize=1024)

    async def receive() -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                await queue.put((loop.time() + delay, data))
        await queue.put((loop.time() + delay, b""))

    receiving = asyncio.create_task(receive())
    with contextlib.suppress(ConnectionError):
        while True:
            due, data = await queue.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not data:
                break
            writer.write(data)
            await writer.drain()
    receiving.cancel()
    writer.close()


async def serve(port: int, delay: float) -> None:
    """Listen on a free port, print it, and pass connections on to ``port``."""

    async def connected(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(relay(reader, back, 0.0), relay(there, writer, delay))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), float(sys.argv[2])))
