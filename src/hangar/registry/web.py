"""Files of web servers, by their URLs.

They are reached as registries are: over the same connections and limits, with the
certificates and credentials that are configured for the host.

What the user gave to prove who he is goes to the one origin that he named, wherever
that may send us. A credential that is kept for a host goes to that host, when it asks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

from hangar.configuration import Credential
from hangar.errors import (
    AccessDenied,
    CredentialsRefused,
    HangarError,
    InvalidInput,
    TransferError,
    Unsupported,
)
from hangar.http import Origin, Response
from hangar.registry.authentication import basic
from hangar.registry.challenge import parse_challenges
from hangar.registry.refusals import refusal
from hangar.registry.registry import Registry
from hangar.retry import Patience
from hangar.store import Chunks

T = TypeVar("T")

_END_OF_AUTHORITY = re.compile(r"[/?#]")
_HOST = re.compile(r"(?:[^:\[\]@]*|\[[^\[\]@]*\])(?::[0-9]*)?")
_HOST_BEHIND = re.compile(r"@[^/@]+/")
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,18})-")


class Site(NamedTuple):
    """A host: how it is spoken to, and who we are there if it asks."""

    registry: Registry
    credential: Credential | None


class WebAddress(NamedTuple):
    """A URL without what is secret in it.

    Attributes:
        url: what to ask for; its query may be secret, too.
        credential: what stood in front of its host, or None.
    """

    url: str
    credential: Credential | None

    @classmethod
    def parse(cls, text: str) -> WebAddress:
        """Read a URL as users write it.

        Raises:
            InvalidInput: it is none of HTTP.
        """
        try:
            parts = urlsplit(text)
            username, password = parts.username, parts.password
            host = parts.netloc.rpartition("@")[2]
            url = urlunsplit((parts.scheme, host, parts.path, parts.query, ""))
            _ = Origin.of(text), Origin.of(url), text.encode()
        except (ValueError, TransferError):
            message = f"not a URL: {url_without_secrets(text)!r:.200}"
            raise InvalidInput(message) from None  # the cause may quote a password
        if not username:
            return cls(url, None)
        return cls(url, Credential(unquote(username), unquote(password or "")))


def url_without_secrets(text: str) -> str:
    """A URL as logs and archives have it: neither password nor query.

    Text that is no URL stays as it is.
    """
    scheme, separator, rest = text.partition("://")
    if not separator:
        return text
    authority, *_ = _END_OF_AUTHORITY.split(rest, maxsplit=1)
    host = authority.rpartition("@")[2]
    # Perhaps a password with a slash in it, of which the host is but the beginning.
    doubtful = {*":@"} & {*authority} and _HOST_BEHIND.search(rest[len(authority) :])
    if doubtful or not _HOST.fullmatch(host):
        return f"{scheme}://..."
    path = rest[len(authority) :].partition("?")[0].partition("#")[0]
    return f"{scheme}://{host}{path}"


class Web:
    """Gets files by their URLs.

    Args:
        site: finds out how a host is spoken to.
        home: the origin that the user named, or None.
        given: who to be there, or None.
    """

    def __init__(
        self,
        site: Callable[[str], Site],
        home: Origin | None = None,
        given: Credential | None = None,
    ) -> None:
        self._site = site
        self._home = home
        self._given = given
        self._asking: set[Origin] = set()

    def fetch(
        self,
        url: str,
        use: Callable[[Chunks], T],
        *,
        decode: bool = False,
        announce: Callable[[int], None] | None = None,
    ) -> T:
        """Give the bytes of a file to ``use``, and return what that makes of them.

        A transfer that breaks off goes on if the server says that the file is still
        the same; otherwise ``use`` is called again, with all of it.

        Args:
            url: of the file.
            use: reads its bytes.
            decode: whether a compression that is a matter of the transfer is undone.
            announce: is told how many bytes will come; 0 if that is not known.

        Raises:
            NotFound: it is not there.
            AccessDenied: we may not have it.
            Unsupported: the server does not say where it ends.
            TransferError: it did not come whole.
        """
        patience = self._site(Origin.of(url).authority).registry.patience
        for left in range(patience.retries, -1, -1):
            transfer = _Transfer(self, url, decode=decode, announce=announce)
            try:
                return use(transfer.chunks(patience))
            except Broken:
                if not left:
                    raise
            finally:
                transfer.close()
        raise AssertionError  # the last round returns or raises

    def ask(self, url: str, headers: Mapping[str, str]) -> Response:
        """Send a GET request; the answer is a success.

        Raises:
            HangarError: it is not.
        """
        origin = Origin.of(url)
        site = self._site(origin.authority)
        used = self._authorization(origin, site)
        response = _send(site, url, headers, used)
        if response.status == 401 and not used and self._is_for(url, site, response):
            response.close()
            self._asking.add(origin)
            used = basic(site.credential)
            response = _send(site, url, headers, used)
        if response.status not in (200, 206):
            raise _refusal(response, url, site, proved=bool(used))
        return response

    def _authorization(self, origin: Origin, site: Site) -> str:
        if origin == self._home and self._given:
            return basic(self._given)
        return basic(site.credential) if origin in self._asking else ""

    def _is_for(self, url: str, site: Site, response: Response) -> bool:
        """Whether what is kept for a host may be sent in answer to a refusal."""
        origin = Origin.of(url)
        challenges = parse_challenges(response.headers.get("www-authenticate", ""))
        return (
            site.credential is not None
            and (origin.scheme == "https" or site.registry.insecure)
            and Origin.of(response.url) == origin
            and any(challenge.scheme == "basic" for challenge in challenges)
        )


class _Transfer:
    """A file on its way; survives broken connections if the server helps."""

    def __init__(
        self,
        web: Web,
        url: str,
        *,
        decode: bool,
        announce: Callable[[int], None] | None,
    ) -> None:
        self._web = web
        self._url = url
        self._what = url_without_secrets(url)
        self._decode = decode
        self._announce = announce
        self._received = 0
        self._validator = ""
        self._chunks: Chunks | None = None

    def chunks(self, patience: Patience) -> Chunks:
        """Yield all bytes, trying again as often as the host is worth it."""
        while chunk := patience.again(self.more, self._what):
            yield chunk

    def more(self) -> bytes:
        """The next bytes; b"" at the end. To be called again after an error.

        Raises:
            Broken: the rest cannot be had by itself.
        """
        try:
            if self._chunks is None:
                self._chunks = self._open()
            chunk = next(self._chunks, b"")
        except TransferError as error:
            self.close()
            if error.retryable and self._received and not self._validator:
                raise Broken(str(error), hint=error.hint) from error
            raise
        self._received += len(chunk)
        return chunk

    def close(self) -> None:
        """Give the connection back."""
        if self._chunks is not None:
            self._chunks.close()
            self._chunks = None

    def _open(self) -> Chunks:
        start = self._received
        headers = {}
        if start:
            headers = {"Range": f"bytes={start}-", "If-Range": self._validator}
        with self._web.ask(self._url, headers) as response:
            if start:
                self._check_goes_on(response, start)
            else:
                self._begin(response)
            yield from response.chunks(decode=self._decode)

    def _begin(self, response: Response) -> None:
        """See that the end of what comes can be told, and how to ask for the rest."""
        fields = response.headers
        if "content-length" not in fields and "transfer-encoding" not in fields:
            message = f"{self._what}: the server does not say how long it is"
            hint = "whether all of it came could not be told; fetch it by other means"
            raise Unsupported(message, hint=hint)
        if self._announce:
            self._announce(response.length or 0)
        etag = fields.get("etag", "")
        if not self._decode and not etag.startswith("W/"):
            self._validator = etag or fields.get("last-modified", "")

    def _check_goes_on(self, response: Response, start: int) -> None:
        found = _CONTENT_RANGE.match(response.headers.get("content-range", ""))
        if response.status != 206 or not found or int(found[1]) != start:
            message = (
                f"{url_without_secrets(self._url)} broke off and is another file by now"
            )
            raise Broken(message)


class Broken(TransferError):
    """A transfer broke off and has to begin anew; whoever began it may try again."""

    @property
    def retryable(self) -> bool:
        return False


def _send(
    site: Site, url: str, headers: Mapping[str, str], authorization: str
) -> Response:
    if authorization:
        headers = {**headers, "Authorization": authorization}
    return site.registry.request("GET", url, headers=headers)


def _refusal(response: Response, url: str, site: Site, *, proved: bool) -> HangarError:
    name, what = site.registry.name, url_without_secrets(url)
    error = refusal(response, what, name)
    if not isinstance(error, AccessDenied):
        return error
    hint = f"--username and --password-stdin say who you are, or: hangar login {name}"
    if proved and response.status == 401:
        message = (
            f"{url_without_secrets(url)}: the user name or password is not accepted"
        )
        return CredentialsRefused(message, hint=hint)
    return AccessDenied(str(error), hint=hint)
