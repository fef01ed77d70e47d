"""HTTP servers of the standard library that answer while a ``with`` block lasts."""

from __future__ import annotations

import threading
from http.server import HTTPServer
from typing import Self

from hangar.closing import Closing


class Answering(Closing):
    """Has a server, in ``_server``, that answers from a thread of its own."""

    _server: HTTPServer

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,)).start()
        return self

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
