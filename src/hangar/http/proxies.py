"""Which proxy to use for a host: HTTP_PROXY, HTTPS_PROXY and NO_PROXY.

Names in lower case count too, and first. ``NO_PROXY`` is a list of hosts (which cover
what is below them; with a dot in front just that), addresses and networks, each with
an optional port; ``*`` is everything. This machine itself is never asked for through a
proxy. (As in Go's golang.org/x/net/http/httpproxy, which docker and podman go by.)
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from hangar.errors import InvalidConfiguration, TransferError
from hangar.http.dialing import Proxy
from hangar.http.origin import Origin


class Proxies:
    """The choice that the environment makes."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._variables = {
            scheme: _spelled(environ, variable)
            for scheme, variable in (("http", "HTTP_PROXY"), ("https", "HTTPS_PROXY"))
        }
        self._proxies = {
            scheme: _proxy(variable, environ.get(variable, ""))
            for scheme, variable in self._variables.items()
        }
        self._no_proxy = _spelled(environ, "NO_PROXY")
        exceptions = environ.get(self._no_proxy, "").lower().replace(",", " ").split()
        self._exceptions = tuple(map(_split_port, exceptions))

    def find(self, origin: Origin) -> Proxy | None:
        """The proxy for connections to ``origin``, or None to connect directly."""
        proxy = self._proxies[origin.scheme]
        if proxy is None or self._excepted(origin):
            return None
        return proxy

    def decided_by(self, origin: Origin) -> str:
        """The variable that decides what `find` returns; "" if none is set."""
        if self._proxies[origin.scheme] is None:
            return ""
        if self._excepted(origin):
            return "" if _is_local(origin.host) else self._no_proxy
        return self._variables[origin.scheme]

    def _excepted(self, origin: Origin) -> bool:
        host = origin.host.rstrip(".")
        address = _address(host)
        return _is_local(host) or any(
            port in ("", str(origin.port)) and _covers(pattern, host, address)
            for pattern, port in self._exceptions
        )


_Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def _covers(pattern: str, host: str, address: _Address | None) -> bool:
    if pattern == "*":
        return True
    if address is None:
        domain = pattern.removeprefix("*")
        below = f".{domain.removeprefix('.')}"
        return host == domain or (below != "." and host.endswith(below))
    try:
        return address in ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return False


def _is_local(host: str) -> bool:
    """Whether a host is this machine itself."""
    address = _address(host)
    return host.rstrip(".") == "localhost" or bool(address and address.is_loopback)


def _address(host: str) -> _Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _split_port(pattern: str) -> tuple[str, str]:
    """Part ``host:port``; an IPv6 address with a port is in brackets."""
    head, colon, tail = pattern.rpartition(":")
    if colon and tail.isdigit() and (":" not in head or head.endswith("]")):
        return head.strip("[]"), tail
    return pattern.strip("[]"), ""


def _spelled(environ: Mapping[str, str], variable: str) -> str:
    """The variable in the spelling that counts."""
    return variable.lower() if environ.get(variable.lower()) else variable


def _proxy(variable: str, value: str) -> Proxy | None:
    if not value:
        return None
    url = value if "://" in value else f"http://{value}"
    try:
        origin, parts = Origin.of(url), urlsplit(url)
    except TransferError as error:
        message = f"{variable} is not the address of an HTTP proxy"
        raise InvalidConfiguration(
            message, hint="expected http://[USER:PASSWORD@]HOST:PORT"
        ) from error
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Proxy(origin, f"{username}:{password}" if username else "")
