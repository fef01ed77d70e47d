"""Answers that are no success, as errors that say what to do."""

from __future__ import annotations

import json
import time
from email.utils import parsedate_to_datetime

from hangar.errors import AccessDenied, HangarError, NotFound, RegistryError
from hangar.http import Response

_WORTH_QUOTING = 300
"""Characters of a registry's explanation; more is a page, not a sentence."""


def refusal(
    response: Response, what: str, registry: str, absent: str = "not found"
) -> HangarError:
    """Make an error of a response, which is read and closed.

    Args:
        response: what came.
        what: what was asked for, as the message calls it.
        registry: host to log in to.
        absent: what to call a 404.
    """
    status = response.status
    code, message = _explanation(response.excerpt())
    said = f": {message}" if message else ""
    match status:
        case 401:
            return AccessDenied(
                f"{what}: authentication required{said}",
                hint=f"hangar login {registry}; or there is no such repository",
            )
        case 403:
            return AccessDenied(
                f"{what}: access denied{said}",
                hint=f"ask for rights, or log in as somebody else:"
                f" hangar login {registry}",
            )
        case 404:
            repeated = message.lower().startswith(absent)
            text = f"{what}{said}" if repeated else f"{what}: {absent}{said}"
            return NotFound(text, hint=_ABSENT.get(code, ""))
    return RegistryError(
        f"{what}: {registry} answered {status}{said}",
        status=status,
        code=code,
        retry_after=_retry_after(response),
        hint=_HINTS.get(status, ""),
    )


_ABSENT = {
    "NAME_UNKNOWN": "there is no such repository; some registries want it, or its"
    " project, to be created before anything is pushed",
}

_HINTS = {
    405: "the registry does not allow this",
    413: "the registry, or a proxy in front of it, limits the size of uploads",
    429: "the registry limits requests; try later, with --jobs 1, or logged in",
    507: "the registry has no space left",
}


def _explanation(body: bytes) -> tuple[str, str]:
    """Find code and message (distribution-spec, "Error Codes"); no pages of HTML."""
    text = body.decode(errors="replace").strip()
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        short = len(text) <= _WORTH_QUOTING and not text.startswith("<")
        return "", _printable(text) if short else ""
    match value:
        case {"errors": [{**error}, *_]}:
            code, message = error.get("code"), error.get("message")
        case {"code": code, "message": message} | {"error": code, "details": message}:
            pass
        case {"details": message}:
            code = ""
        case _:
            return "", ""
    code = code if isinstance(code, str) else ""
    message = message if isinstance(message, str) and message else code
    return code, _printable(message.lower() if message == code else message)


def _printable(text: str) -> str:
    shown = "".join(c if c.isprintable() else " " for c in text[:_WORTH_QUOTING])
    return " ".join(shown.split())


def _retry_after(response: Response) -> float | None:
    """Seconds to wait (RFC 9110, 10.2.3); Docker Hub also tells a unix time."""
    value = response.headers.get("retry-after", "")
    if value.isascii() and value.isdigit():
        return float(value[:9])
    if value:
        try:
            return max(parsedate_to_datetime(value).timestamp() - time.time(), 0.0)
        except (ValueError, OverflowError):
            pass
    value = response.headers.get("x-retry-after", "")
    if value.isascii() and value.isdigit():
        return max(float(value[:12]) - time.time(), 0.0)
    return None
