"""Blobs into a repository: by mount, or by one streamed request, begun anew if need be.

A blob that is not there costs HEAD, POST and PUT. Once the registry is known to mount
blobs, a POST that asks to mount takes the place of HEAD and POST: 201 is "here it is",
202 opens an upload (distribution-spec, "Mounting a blob from another repository").
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from hangar.errors import (
    AccessDenied,
    HangarError,
    Incomplete,
    IntegrityError,
    RegistryError,
    TransferError,
)
from hangar.http import Response, Stream
from hangar.oci import Descriptor
from hangar.registry.desk import PUSH, Desk
from hangar.registry.downloads import has, size_there
from hangar.store import Chunks, Put

_LOST = frozenset({202, 404, 416})
_LOST_CODES = frozenset(
    {
        "BLOB_UPLOAD_INVALID",
        "BLOB_UPLOAD_UNKNOWN",
        "DIGEST_INVALID",
        "RANGE_INVALID",
        "SIZE_INVALID",
    }
)
"""How registries say that an upload has to begin anew."""


class UploadLost(RegistryError):
    """The registry does not know the upload any more, or got it wrong."""

    @property
    def retryable(self) -> bool:
        return True


class _SourceFailed(Exception):
    """Carries an error of what is to be sent past the retries of the sending."""


def upload(
    desk: Desk, blob: Descriptor, chunks: Callable[[], Chunks], origin: str
) -> Put:
    """Make sure that a blob is in the repository.

    Args:
        desk: of the repository.
        blob: what is wanted.
        chunks: opens what is to be sent.
        origin: path of a repository of the same registry that has it, or "".

    Raises:
        HangarError: what ``chunks`` raised, or why the registry did not take it.
    """
    registry, session = desk.registry, ""
    if origin or registry.mounts:
        is_mounted, session = _mount(desk, blob, origin or desk.path)
        if is_mounted:
            return Put.MOUNTED if origin else Put.PRESENT
    damaged = False
    if origin or not session:  # that another's was not mounted says nothing of ours
        size = size_there(desk, blob)
        if size == blob.size:
            if session:
                _give_up(desk, session)
            return Put.PRESENT
        damaged = size is not None
    try:
        desk.again(_Sending(desk, blob, chunks, session), f"@{blob.digest}")
    except _SourceFailed as failure:
        raise failure.args[0] from None
    if damaged and not has(desk, blob):
        message = f"{desk.name}@{blob.digest} is damaged, and sending it does not help"
        hint = "the registry keeps what it has: its operator has to delete the blob"
        raise Incomplete(message, missing=[blob.digest], hint=hint)
    if registry.mounts is None:
        _try_mounts(desk, blob)
    return Put.SENT


@dataclass(slots=True)
class _Sending:
    """Sends a blob; every call is a try of its own, with a session of its own."""

    desk: Desk
    blob: Descriptor
    chunks: Callable[[], Chunks]
    session: str
    tries: int = 0

    def __call__(self) -> None:
        self.tries += 1
        if self.tries > 1 and has(self.desk, self.blob):
            return  # it had arrived; only the answer was lost
        session, self.session = self.session or _begin(self.desk), ""
        digest = urlencode({"digest": self.blob.digest})
        with (
            contextlib.closing(self.chunks()) as chunks,
            self.desk.send(
                "PUT",
                f"{session}{'&' if '?' in session else '?'}{digest}",
                PUSH,
                headers={"Content-Type": "application/octet-stream"},
                body=Stream(_told_apart(chunks), self.blob.size),
            ) as response,
        ):
            self._check(response)

    def _check(self, response: Response) -> None:
        status = response.status
        if status in (200, 201, 204):
            return
        error = self.desk.refusal(response, f"@{self.blob.digest}")
        expired = status == 401 and self.tries == 1  # the token, in mid-upload
        if (
            expired
            or status in _LOST
            or (isinstance(error, RegistryError) and error.code in _LOST_CODES)
        ):
            raise UploadLost(str(error), status=status, hint=error.hint)
        raise error


def rehearse(desk: Desk) -> None:
    """Open an upload and let go of it.

    Raises:
        AccessDenied: we may not upload anything.
    """
    session = desk.again(lambda: _begin(desk), "")
    desk.send("DELETE", session, PUSH).close()


def _mount(desk: Desk, blob: Descriptor, lender: str) -> tuple[bool, str]:
    """Ask for a blob of another repository; return whether it is here now.

    If it is not, the URL of the upload that was opened instead, or "" if the
    registry wants none of it.
    """
    query = urlencode({"mount": blob.digest, "from": lender})

    def ask() -> tuple[bool, str]:
        with desk.send(
            "POST",
            f"blobs/uploads/?{query}",
            PUSH,
            lender=lender if lender != desk.path else "",
        ) as response:
            if response.status == 201:
                desk.registry.mounts = True
                return True, ""
            if response.status == 202:
                return False, _location(desk, response)
            error = desk.refusal(response, f"@{blob.digest}")
        if error.retryable:
            raise error
        return False, ""

    try:
        return desk.again(ask, f"@{blob.digest}")
    except (AccessDenied, RegistryError):
        return False, ""


def _try_mounts(desk: Desk, blob: Descriptor) -> None:
    """Find out, once, whether the registry mounts: by a blob that surely is there."""
    desk.registry.mounts = False
    with contextlib.suppress(TransferError):  # the blob itself has arrived
        _, session = _mount(desk, blob, desk.path)
        if session:
            _give_up(desk, session)


def _give_up(desk: Desk, session: str) -> None:
    """Let go of an upload; a registry that cannot be told will forget it anyway."""
    with contextlib.suppress(TransferError):
        desk.send("DELETE", session, PUSH).close()


def _begin(desk: Desk) -> str:
    """Open an upload; return its URL."""
    with desk.send("POST", "blobs/uploads/", PUSH) as response:
        if response.status == 202:
            return _location(desk, response)
        raise desk.refusal(response, "")


def _location(desk: Desk, response: Response) -> str:
    location = response.headers.get("location")
    if not location:
        message = f"{desk.name}: an upload was opened without a Location"
        raise RegistryError(message, status=response.status)
    return desk.registry.locate(response, location)


def _told_apart(chunks: Chunks) -> Iterator[bytes]:
    """Yield ``chunks``; their errors are not ours, so sending again is no cure.

    But damaged bytes are: another try may bring the right ones.
    """
    try:
        yield from chunks
    except IntegrityError:
        raise
    except HangarError as error:
        raise _SourceFailed(error) from error
