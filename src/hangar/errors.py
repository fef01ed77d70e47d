"""Every error that Hangar raises on purpose.

    HangarError                     on purpose; ``.retryable``, ``.hint``
      InvalidInput                    text or a file given to us is malformed
        InvalidReference                name of an image
        InvalidDigest                   name of content
        InvalidManifest                 bytes that claim to be a manifest
        InvalidArchive                  file that claims to be an archive
        InvalidImageList                list of images, job file
        InvalidConfiguration            credential, certificate, policy files
      NotFound                        image, blob, project is not there (404 only)
      AccessDenied                    401, 403: log in, or ask for rights
        CredentialsRefused              a registry does not accept who we say we are
      Incomplete                      there, but not all of it; ``.missing``
      Unsupported                     says what, by name
      NoMatchingPlatform              the filters select nothing of the image
      NoMatchingTag                   no tag of the repository is wanted
      StorageError                    a local file: disk full, read-only, in use
      Interrupted                     the user asked to stop
      TransferError                   bytes did not arrive; trying again may help
        TlsError                        no trustworthy TLS with the other side
        RegistryError                   refusal; ``.status``, ``.code``
        IntegrityError                  wrong bytes; ``.expected``, ``.actual``
        TimedOut                        the time allowed is over
      VerificationError               a signature or policy says no; ``.reasons``
      ScanFailed                      the scanner could not do its work

``str(error)`` says what happened to what; ``error.hint`` says what to do about it.
Callers branch on the type and its fields, never on the message.
"""

from __future__ import annotations

from collections.abc import Sequence


class HangarError(Exception):
    """Base of all errors raised on purpose; anything else is a bug.

    Attributes:
        hint: what the user can do about it, or "".
    """

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint

    @property
    def retryable(self) -> bool:
        """Whether the same thing may well succeed if tried again."""
        return False


class InvalidInput(HangarError):
    """Text or a file given to us is malformed; nothing was done."""


class InvalidReference(InvalidInput):
    """Text is not the name of an image."""


class InvalidDigest(InvalidInput):
    """Text is not a digest of an algorithm that we can compute."""


class InvalidManifest(InvalidInput):
    """Bytes are not a manifest of the type they claim."""


class InvalidArchive(InvalidInput):
    """A file is not an archive, or a damaged one."""


class InvalidImageList(InvalidInput):
    """An image list or job file cannot be read."""


class InvalidConfiguration(InvalidInput):
    """A credential, certificate, registries or policy file cannot be used."""


class NotFound(HangarError):
    """The thing named is not there: the registry said 404, and nothing else."""


class AccessDenied(HangarError):
    """401 or 403: credentials are missing, wrong, or do not suffice."""


class CredentialsRefused(AccessDenied):
    """A registry does not accept a user name and password, or a token."""


class Incomplete(HangarError):
    """An image is there, but not all of it.

    Attributes:
        missing: digests or names of what is not there.
    """

    def __init__(
        self, message: str, *, missing: Sequence[str] = (), hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.missing = tuple(missing)


class Unsupported(HangarError):
    """Hangar or the other side cannot do this; the message names what."""


class NoMatchingPlatform(HangarError):
    """The platform filters select nothing of an image."""


class NoMatchingTag(HangarError):
    """Nothing among the tags of a repository is what a job file wants."""


class StorageError(HangarError):
    """A local file cannot be read or written: disk full, read-only, in use."""


class Interrupted(HangarError):
    """The user asked to stop before this was finished."""


class TransferError(HangarError):
    """Bytes did not arrive whole; another try may succeed."""

    @property
    def retryable(self) -> bool:
        return True


class TlsError(TransferError):
    """The other side has a certificate we do not trust, or speaks no TLS at all."""

    @property
    def retryable(self) -> bool:
        return False


class RegistryError(TransferError):
    """The registry answered with an error.

    Attributes:
        status: HTTP status code.
        code: the registry's own error code (``"MANIFEST_UNKNOWN"``), or "".
        retry_after: seconds that the registry asked us to wait, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int,
        code: str = "",
        retry_after: float | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.code = code
        self.retry_after = retry_after

    @property
    def retryable(self) -> bool:
        return self.status >= 500 or self.status in (408, 429)


class IntegrityError(TransferError):
    """Bytes arrived, and they are not the right ones.

    Attributes:
        expected: digest that was promised.
        actual: digest of what came.
        received: number of bytes that came.
    """

    def __init__(
        self, *, expected: str, actual: str, received: int, what: str = "content"
    ) -> None:
        super().__init__(
            f"{what} {expected} arrived as {actual} ({received} bytes)",
            hint="the source or something on the way damages data",
        )
        self.expected = expected
        self.actual = actual
        self.received = received


class TimedOut(TransferError):
    """The time allowed for an image is over; not tried again."""

    @property
    def retryable(self) -> bool:
        return False


class VerificationError(HangarError):
    """A signature or a policy says no.

    Attributes:
        reasons: one sentence for each requirement that was not met.
    """

    def __init__(
        self, message: str, *, reasons: Sequence[str] = (), hint: str = ""
    ) -> None:
        super().__init__(message, hint=hint)
        self.reasons = tuple(reasons)


class ScanFailed(HangarError):
    """The scanner could not do its work; says nothing about the image."""
