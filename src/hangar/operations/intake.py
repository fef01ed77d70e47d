"""One chart or file after another, from wherever it is into an archive."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from os.path import samestat
from pathlib import Path

from hangar.archive import Arrival, Draft, DraftRepository, arrived, kept
from hangar.batch import Pools
from hangar.charts import (
    CHART_CONFIG,
    CHART_LAYER,
    CHARTS,
    FILE_LAYER,
    FILE_TAG,
    FILES,
    PROVENANCE_LAYER,
    ChartVersion,
    chart_image,
    config_of,
    file_image,
    read_package,
    same_version,
)
from hangar.copying import Ledger, Route, Transfer, plan
from hangar.copying.streams import counted
from hangar.dates import source_date
from hangar.deadline import current
from hangar.errors import (
    IntegrityError,
    InvalidInput,
    InvalidReference,
)
from hangar.events import (
    BlobFinished,
    BlobProgress,
    BlobStarted,
    Noticed,
    Reporter,
    Traffic,
)
from hangar.oci import Descriptor, Digest, Manifest
from hangar.operations.content import (
    Content,
)
from hangar.reference import Reference
from hangar.selection import Selection
from hangar.store import Chunks, Put, Source


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of a chart or file.

    Attributes:
        repository: where it is in the archive.
        reference: its tag there, or its digest.
        digest: of its manifest.
        traffic: bytes by how they came to be there.
        is_new: whether the archive did not have just this before.
    """

    repository: str
    reference: str
    digest: Digest
    traffic: Traffic = field(default_factory=Traffic)
    is_new: bool = True


class Intake:
    """Takes one thing after another into a draft.

    Args:
        draft: the archive.
        number: position of what is taken in, from 1.
        report: is told of the progress.
        taken: names that the same run has given already, to what.
    """

    def __init__(
        self,
        draft: Draft,
        number: int,
        report: Reporter,
        taken: Mapping[tuple[str, str], str],
    ) -> None:
        self._draft = draft
        self._number = number
        self._report = report
        self._taken = taken

    def image(self, image: Reference, source: Source) -> Stored:
        """Take in a chart that is an image already, as it is.

        Raises:
            InvalidInput: it is no chart.
            HangarError: it cannot be read or written.
        """
        manifest = source.manifest(image.locator)
        kind = config_of(manifest)
        if kind != CHART_CONFIG:
            message = f"{image} is no chart, but {kind or manifest.media_type}"
            raise InvalidInput(message, hint="'hangar sync' adds images to an archive")
        destination = self._draft.repository(image.full_repository)
        route = Route(
            image=str(image),
            source=source,
            reference=image.locator,
            destination=destination,
            tag=image.tag,
            number=self._number,
        )
        decided = plan(route, Selection())
        reference = route.tag or route.reference
        self._check_name(destination, reference, decided.digest)
        self._draft.reserve(decided)
        traffic = Traffic()
        if decided.steps:
            with Pools(1) as pools:
                transfer = Transfer(route, decided, Ledger(), self._report)
                traffic = transfer.execute(pools.blobs)
        is_new = bool(decided.steps)
        return Stored(destination.name, reference, decided.digest, traffic, is_new)

    def chart(self, content: Content, chosen: ChartVersion | None) -> Stored:
        """Take in a package.

        Args:
            content: the package.
            chosen: what it has to be, if it was chosen among others.

        Raises:
            InvalidInput: it is no chart, or another one.
            InvalidReference: no registry would accept its name.
            HangarError: it cannot be fetched or written.
        """
        arrival = self._arrival(content)
        package = read_package(current().watch(arrival.chunks()), content.what)
        metadata = package.metadata
        if chosen and not (
            metadata.name == chosen.name
            and same_version(metadata.version, chosen.version)
        ):
            message = (
                f"{content.what} is {metadata.name} {metadata.version}, where"
                f" {chosen.name} {chosen.version} was to be"
            )
            raise InvalidInput(message, hint="the repository's index is wrong")
        repository = self._repository(CHARTS, metadata.name, metadata.tag)
        provenance = content.provenance()
        traffic = Traffic.of(arrival.keep(), arrival.size)
        layer = Descriptor(CHART_LAYER, arrival.digest, arrival.size)
        layers = [layer]
        if provenance:
            if layer.digest.encode() not in provenance:
                self.notice(f"the provenance of {content.what} is of another package")
            proof, more = _put(repository, provenance, PROVENANCE_LAYER)
            layers.append(proof)
            traffic += more
        stated = source_date()
        created = package.created if stated is None else stated
        manifest, config = chart_image(package, layers, created)
        return self._tagged(repository, manifest, config, metadata.tag, traffic)

    def file(self, content: Content, own: str, name: str) -> Stored:
        """Take in a file that is called ``own``, unless ``name`` says otherwise.

        Raises:
            InvalidReference: no registry would accept its name.
            HangarError: it cannot be fetched or written.
        """
        repository = self._repository(FILES, name or own, FILE_TAG)
        arrival = self._arrival(content)
        traffic = Traffic.of(arrival.keep(), arrival.size)
        layer = Descriptor(FILE_LAYER, arrival.digest, arrival.size)
        manifest, config = file_image(own, layer, content.what, source_date())
        return self._tagged(repository, manifest, config, FILE_TAG, traffic)

    def _arrival(self, content: Content) -> Arrival:
        """Write content behind all that the archive has, unless it has that, too."""
        self._check_apart(content.files)
        there = content.digest and kept(self._draft.writer, content.digest)
        if there:
            return there
        number, what = self._number, content.what

        def announce(size: int) -> None:
            self._report(BlobStarted(number, what, size))

        def told(size: int) -> None:
            self._report(BlobProgress(number, what, size))

        def use(chunks: Chunks) -> Arrival:
            with contextlib.closing(chunks):
                watched = current().watch(chunks)
                return arrived(self._draft.writer, counted(watched, told))

        arrival = content.fetch(use, announce)
        if content.digest and arrival.digest != content.digest:
            raise IntegrityError(
                expected=content.digest,
                actual=arrival.digest,
                received=arrival.size,
                what=what,
            )
        self._report(BlobFinished(number, what, arrival.size, Put.SENT))
        return arrival

    def _check_apart(self, files: Iterable[Path]) -> None:
        """See that nothing is read that grows by being read: the archive itself."""
        archive = self._draft.path
        own = [archive.stat(), self._draft.writer.journal.path.stat()]
        for file in files:
            if file.exists() and any(samestat(file.stat(), one) for one in own):
                message = f"{file} belongs to the archive that it would be put into"
                hint = f"in a chart's folder, '{archive.name}*' in .helmignore helps"
                raise InvalidInput(message, hint=hint)

    def _repository(self, project: str, name: str, tag: str) -> DraftRepository:
        """The repository to put something into, if registries would have it."""
        full = f"{project}/{name}:{tag}"
        try:
            reference = Reference.parse(full)
        except InvalidReference:
            reference = None
        if str(reference) != full or "/" in name:
            message = f"no registry accepts {name!r:.120} with the tag {tag!r:.120}"
            hint = "names have lower-case letters, digits, and . _ - between them"
            if project == FILES:
                hint += "; give it another one with --name"
            raise InvalidReference(message, hint=hint)
        return self._draft.repository(f"{project}/{name}")

    def _check_name(
        self, repository: DraftRepository, reference: str, digest: Digest
    ) -> None:
        """See that nothing is lost of the same run; tell what else is replaced.

        Raises:
            InvalidInput: something else of this run has that name.
        """
        there = repository.holding.tags.get(reference)
        if there in (None, digest):
            return
        name = f"{repository.name}:{reference}"
        taken = self._taken.get((repository.name, reference))
        if taken:
            message = f"{name} is what {taken!r:.200} is called already"
            raise InvalidInput(message, hint="store them one by one, or only one")
        self.notice(f"{name} was in the archive with other content, which goes")

    def _tagged(
        self,
        repository: DraftRepository,
        manifest: Manifest,
        config: bytes,
        tag: str,
        traffic: Traffic,
    ) -> Stored:
        """Put config and manifest into the archive, after the layers."""
        self._check_name(repository, tag, manifest.digest)
        if manifest.config:
            traffic += _put(repository, config, manifest.config.media_type)[1]
        is_there = repository.holding.tags.get(tag) == manifest.digest
        if not is_there:
            repository.put_manifest(manifest, tag)
        put = Put.PRESENT if is_there else Put.SENT
        traffic += Traffic.of(put, len(manifest.raw))
        return Stored(repository.name, tag, manifest.digest, traffic, traffic.sent > 0)

    def notice(self, text: str) -> None:
        """Tell what the user should know of what is taken in."""
        self._report(Noticed(self._number, text))


def _put(
    repository: DraftRepository, data: bytes, media_type: str
) -> tuple[Descriptor, Traffic]:
    """Put a small blob into the archive."""
    blob = Descriptor(media_type, Digest.of(data), len(data))
    put = repository.put_blob(blob, lambda: _whole(data))
    return blob, Traffic.of(put, blob.size)


def _whole(data: bytes) -> Chunks:
    yield data
