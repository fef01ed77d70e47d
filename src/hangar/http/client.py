"""Requests to anywhere, over connections that are kept; redirects; no cookies."""

from __future__ import annotations

import functools
import ssl
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from hangar import deadline
from hangar.closing import Closing
from hangar.errors import TransferError
from hangar.http.connection import Connection
from hangar.http.dialing import Proxy, dial, dial_local
from hangar.http.failures import translated
from hangar.http.limits import Bucket
from hangar.http.origin import Origin, resolve, target
from hangar.http.pool import MOST, Pool
from hangar.http.proxies import Proxies
from hangar.http.response import Response
from hangar.http.tls import Tls, Trust
from hangar.http.wire import Head, request_head

MAX_REDIRECTS = 10

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_METHOD_KEPT = frozenset({307, 308})
_SECRETS = frozenset({"authorization", "cookie", "proxy-authorization"})
_BASICS = {
    "User-Agent": f"hangar/{metadata.version('hangar-oci')}",
    "Accept-Encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class Stream:
    """A request's body that can be sent but once; ``length`` in bytes."""

    chunks: Iterable[bytes]
    length: int


class Client(Closing):
    """All connections of a run; safe to use from many threads.

    Args:
        environ: where proxies are looked up.
        connections: to one host, and so requests in flight to it.
        requests_per_second: by ``host`` or ``host:port``.
        bytes_per_second: of bodies, in each direction.
        local: a Unix socket at which all that is asked is, whatever its address.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        *,
        connections: int = MOST,
        requests_per_second: Mapping[str, float] | None = None,
        bytes_per_second: float | None = None,
        local: Path | None = None,
    ) -> None:
        self._proxies = Proxies({} if local else environ)
        self._local = local
        self._connections = connections
        self._request_rates = {
            host: Bucket(rate) for host, rate in (requests_per_second or {}).items()
        }
        self._download_rate = self._upload_rate = None
        if bytes_per_second:
            self._download_rate = Bucket(bytes_per_second)
            self._upload_rate = Bucket(bytes_per_second)
        self._lock = threading.Lock()
        self._pools: dict[tuple[Origin, Tls], Pool] = {}
        self._contexts: dict[Tls, ssl.SSLContext] = {}

    def close(self) -> None:
        """Close the connections that are not in use."""
        with self._lock:
            pools = tuple(self._pools.values())
        for pool in pools:
            pool.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        trust: Trust,
        body: bytes | Stream = b"",
    ) -> Response:
        """Send a request, follow redirects, return the answer whatever its status.

        Secrets in ``headers`` are not taken along to another origin, and neither is
        what is posted. A `Stream` is sent once, to where it was addressed.

        Raises:
            TransferError: there was no answer, or none that is HTTP.
            Interrupted, TimedOut: there is no more reason to wait for one.
        """
        for _ in range(MAX_REDIRECTS + 1):
            response = self._send(method, url, headers, body, trust)
            location = response.headers.get("location")
            if not (location and _may_follow(method, response.status, body)):
                return response
            if method == "POST" and body and not _is_same_host(url, location):
                return response  # a form may have a password in it
            response.close()
            following = resolve(url, location)
            headers = _headers_after(url, following, headers, trust)
            url = following
        message = f"{Origin.of(url)}: more than {MAX_REDIRECTS} redirects"
        raise TransferError(message)

    def _send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | Stream,
        trust: Trust,
    ) -> Response:
        origin = Origin.of(url)
        pool = self._pool(origin, trust(origin.authority))
        upload = isinstance(body, Stream)
        content = body if isinstance(body, Stream) else Stream((body,), len(body))
        if upload and self._upload_rate:
            content = Stream(self._upload_rate.paced(content.chunks), content.length)
        request = _request(method, origin, url, headers, content.length, pool.via)
        if self._request_rates:
            self._wait_for_turn(origin)
        pool.enter(upload=upload)
        connection = None
        replay = not upload and method != "DELETE"  # the second would find nothing
        try:
            with translated(origin):
                connection, head = _exchange(pool, request, content, replay=replay)
            length = head.length(method)
        except BaseException:
            if connection is not None:
                connection.close()
            pool.leave(None, upload=upload)
            raise
        finish = functools.partial(_finish, pool, connection, head.status, upload)
        return Response(
            head, url, origin, length, connection, finish, self._download_rate
        )

    def _pool(self, origin: Origin, tls: Tls) -> Pool:
        pool = self._pools.get((origin, tls))
        if pool is None:
            with self._lock:
                proxy = self._proxies.find(origin)
                # What is said of the registry is not said of a proxy, which may get a
                # password: that has to prove who it is to the system's authorities.
                trusting = self._context(Tls()) if proxy else None
                connect = functools.partial(
                    dial, origin, self._context(tls), proxy, trusting
                )
                if self._local:
                    connect = functools.partial(dial_local, self._local)
                pool = self._pools.setdefault(
                    (origin, tls),
                    Pool(
                        connect,
                        self._connections,
                        via=proxy if origin.scheme == "http" else None,
                    ),
                )
        return pool

    def _context(self, tls: Tls) -> ssl.SSLContext:
        context = self._contexts.get(tls)
        if context is None:
            context = self._contexts[tls] = tls.context()
        return context

    def _wait_for_turn(self, origin: Origin) -> None:
        names = (origin.authority, f"{origin.authority}:{origin.port}", origin.host)
        for name in names:
            rate = self._request_rates.get(name)
            if rate is not None:
                rate.take(1)
                return


def _request(
    method: str,
    origin: Origin,
    url: str,
    headers: Mapping[str, str],
    length: int,
    via: Proxy | None,
) -> bytes:
    fields = {"Host": origin.authority, **_BASICS, **headers}
    if length or method not in ("GET", "HEAD"):
        fields["Content-Length"] = str(length)
    if via is None:
        return request_head(method, target(url), fields)
    fields.update(via.headers)
    return request_head(method, f"{origin}{target(url)}", fields)


def _exchange(
    pool: Pool, request: bytes, content: Stream, *, replay: bool
) -> tuple[Connection, Head]:
    """Get an answer; a connection that was idle may turn out to be dead."""
    connection = pool.idle()
    if connection is not None:
        try:
            return connection, _ask(connection, request, content)
        except ConnectionError:
            deadline.current().check()
            if connection.touched or not replay:
                raise
    connection = pool.dial()
    return connection, _ask(connection, request, content)


def _ask(connection: Connection, request: bytes, content: Stream) -> Head:
    try:
        return connection.exchange(request, content.chunks, content.length)
    except BaseException:
        connection.close()
        raise


def _finish(
    pool: Pool, connection: Connection, status: int, upload: bool, reusable: bool
) -> None:
    if not reusable:
        connection.close()
    pool.leave(connection if reusable else None, status, upload=upload)


def _may_follow(method: str, status: int, body: bytes | Stream) -> bool:
    if method in ("GET", "HEAD"):
        return status in _REDIRECTS
    return status in _METHOD_KEPT and not isinstance(body, Stream)


def _is_same_host(url: str, location: str) -> bool:
    """Whether one is sent to the same origin, or to the same host with TLS."""
    try:
        here, there = Origin.of(url), Origin.of(resolve(url, location))
    except TransferError:
        return False
    return here == there or (here.host == there.host and there.scheme == "https")


def _headers_after(
    url: str, following: str, headers: Mapping[str, str], trust: Trust
) -> Mapping[str, str]:
    """What may be said to the next one, if one may go there at all."""
    here, there = Origin.of(url), Origin.of(following)
    if here == there:
        return headers
    if here.scheme == "https" and there.scheme == "http":
        if trust(there.authority).verify:
            message = f"{here} redirects to {there}, which is not encrypted"
            raise TransferError(message)
    return {
        name: value for name, value in headers.items() if name.lower() not in _SECRETS
    }
