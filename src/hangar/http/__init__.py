"""HTTP as Hangar needs it: fast, streaming, interruptible, and no more than that.

`Client` sends requests; nothing above knows what it is made of. Errors of the network
arrive as Hangar's own; refusals are answers like any other.
"""

from hangar.http.client import Client, Stream
from hangar.http.origin import Origin, resolve
from hangar.http.proxies import Proxies
from hangar.http.response import CHUNK, Response
from hangar.http.tls import Tls, Trust

__all__ = [
    "CHUNK",
    "Client",
    "Origin",
    "Proxies",
    "Response",
    "Stream",
    "Tls",
    "Trust",
    "resolve",
]
