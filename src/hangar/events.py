"""What happens while images are moved, and how it ended, as values.

The library never prints: it tells a `Reporter`. A console draws progress from the
events, a test collects them (``report=events.append``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum

from hangar.oci import Descriptor, Platform
from hangar.store import Put


class Status(Enum):
    """How one image ended."""

    COPIED = "copied"
    UP_TO_DATE = "up to date"
    SKIPPED = "skipped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Bytes of an image's blobs and manifests, by how they came to be there.

    Attributes:
        sent: went over the wire (or into the archive).
        present: were there already.
        mounted: were taken from another repository of the same registry.
    """

    sent: int = 0
    present: int = 0
    mounted: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(
            self.sent + other.sent,
            self.present + other.present,
            self.mounted + other.mounted,
        )

    @property
    def total(self) -> int:
        """All bytes that the image consists of, as far as it was looked at."""
        return self.sent + self.present + self.mounted

    @classmethod
    def of(cls, put: Put, size: int) -> Traffic:
        """``size`` bytes that came to be there in the way ``put`` says."""
        return cls(**{put.value: size})


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one image of a batch fared.

    Attributes:
        number: position in the list, from 1.
        image: the list's line, word for word.
        source: full name of what was read.
        destination: full name of what was written or compared, or "".
        status: how it ended.
        source_digest: of the root manifest at the source, or "" if not known.
        digest: of what the destination has now, or "" if not known.
        traffic: bytes by how they came to be there (in a dry run: would come).
        seconds: how long it took.
        error: why it failed or was skipped, or None.
        entries: manifests that it consists of, with their platforms, if the batch was
            to find that out.
    """

    number: int
    image: str
    source: str
    destination: str
    status: Status
    source_digest: str = ""
    digest: str = ""
    traffic: Traffic = Traffic()
    seconds: float = 0.0
    error: Exception | None = None
    entries: tuple[Descriptor, ...] = ()

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """What it runs on, as far as that was found out; attestations run nowhere."""
        stated = (entry.platform for entry in self.entries)
        return tuple(p for p in stated if p and p.architecture != "unknown")


@dataclass(frozen=True, slots=True)
class Report:
    """How a batch fared; outcomes in the order in which the images were given."""

    outcomes: tuple[Outcome, ...]
    seconds: float = 0.0

    @property
    def ok(self) -> bool:
        """Whether nothing failed."""
        return not self.failed

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """Those that did not reach their destination whole."""
        return self.having(Status.FAILED)

    def having(self, status: Status) -> tuple[Outcome, ...]:
        """Those that ended with ``status``."""
        return tuple(outcome for outcome in self if outcome.status is status)

    @property
    def traffic(self) -> Traffic:
        """Bytes of all images together."""
        return sum((outcome.traffic for outcome in self), Traffic())

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self.outcomes)


@dataclass(frozen=True, slots=True)
class ImageStarted:
    """Work on an image begins.

    Attributes:
        number: position in the list, from 1; all events of an image have it.
        image: the list's line, word for word.
        source: full name of what is read.
        destination: full name of what is written or compared, or "".
    """

    number: int
    image: str
    source: str
    destination: str


@dataclass(frozen=True, slots=True)
class ImagePlanned:
    """It is known what an image consists of: ``size`` bytes in ``blobs`` blobs."""

    number: int
    size: int
    blobs: int


@dataclass(frozen=True, slots=True)
class BlobStarted:
    """A blob's ``size`` bytes begin to flow (again from 0 when a try failed)."""

    number: int
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class BlobProgress:
    """``size`` more bytes of a blob arrived."""

    number: int
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class BlobFinished:
    """A blob is where it was wanted; ``put`` says how it got there."""

    number: int
    digest: str
    size: int
    put: Put


@dataclass(frozen=True, slots=True)
class Noticed:
    """Something the user should know that is no failure."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class ProjectMade:
    """A Harbor got a project, for images to be pushed to."""

    registry: str
    project: str
    is_public: bool


@dataclass(frozen=True, slots=True)
class PartWritten:
    """One of several archives was written; in a dry run: would be, at most so large."""

    path: str
    images: int
    size: int


@dataclass(frozen=True, slots=True)
class ImageFinished:
    """Work on an image ended."""

    outcome: Outcome


Event = (
    ImageStarted
    | ImagePlanned
    | BlobStarted
    | BlobProgress
    | BlobFinished
    | Noticed
    | ProjectMade
    | PartWritten
    | ImageFinished
)
"""Whatever happens while images are moved."""

Reporter = Callable[[Event], None]
"""Is told what happens: from several threads, one call at a time.

It has to be quick, for the images wait for it, and not to raise.
"""


def unheard(event: Event) -> None:
    """A reporter for those who do not care."""
