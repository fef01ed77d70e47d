"""Where a URL leads: scheme, host and port (RFC 6454), and the rest of it."""

from __future__ import annotations

from typing import NamedTuple, Self
from urllib.parse import quote, urljoin, urlsplit

from hangar.errors import TransferError

_PORTS = {"http": 80, "https": 443}
_SAFE = "!#$%&'()*+,/:;=?@[]~"
"""What `quote` leaves alone: all that has a meaning in URLs, and its own escapes."""


class Origin(NamedTuple):
    """Two URLs of one origin may share secrets; others may not."""

    scheme: str
    host: str
    port: int

    @classmethod
    def of(cls, url: str) -> Self:
        """The origin of an absolute URL.

        Raises:
            TransferError: it is not a URL of HTTP.
        """
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError:
            host = port = None
        else:
            if host and parts.scheme in _PORTS:
                return cls(parts.scheme, host, port or _PORTS[parts.scheme])
        message = f"not an address to connect to: {url.partition('?')[0]!r:.120}"
        raise TransferError(message)

    @property
    def authority(self) -> str:
        """Host and, unless it is the scheme's own, port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}"


def target(url: str) -> str:
    """Path and query, as they go into a request."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return quote(f"{parts.path or '/'}{query}", safe=_SAFE)


def resolve(base: str, location: str) -> str:
    """The absolute URL that ``location``, found at ``base``, means.

    Raises:
        TransferError: it is none.
    """
    try:
        return urljoin(base, location.strip())
    except ValueError as error:
        message = f"not an address: {location!r:.120}"
        raise TransferError(message) from error
