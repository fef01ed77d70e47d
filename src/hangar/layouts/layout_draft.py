"""An OCI layout that is written: nobody sees anything of it before all is there.

Blobs are put where they belong as they come, so that a run that was interrupted does
not fetch them again; only the index tells what a layout holds, and it is written last.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from hangar.closing import Closing
from hangar.copying import Plan, Route, closure
from hangar.errors import Incomplete, NotFound
from hangar.layouts import files
from hangar.layouts.layout_repository import LayoutRepository
from hangar.layouts.oci_layout import REF_NAME, OciLayout
from hangar.oci import MAX_CONFIG, Descriptor, Digest
from hangar.store import Destination


class _Repository(LayoutRepository):
    """A repository of which nothing is taken to be there unless all of it is."""

    def __init__(self, layout: OciLayout, repository: str) -> None:
        super().__init__(layout, repository)
        self._plain = LayoutRepository(layout, repository)
        self._checked: set[Digest] = set()

    def resolve(self, reference: str) -> Digest:
        found = self._plain.resolve(reference)
        if found not in self._checked:
            absent = next(self._absent(found), "")
            if absent and ":" in reference:  # what an interrupted run has left
                message = f"{self.place} does not have all of {reference}"
                raise NotFound(message)
            if absent:
                message = f"{self.name}:{reference} is not whole: it lacks {absent}"
                hint = "save it anew, into another directory"
                raise Incomplete(message, missing=[absent], hint=hint)
            self._checked.add(found)
        return found

    def _absent(self, root: Digest) -> Iterator[str]:
        """Yield digests of what an image lacks."""
        try:
            for manifest in closure(self._plain, root):
                yield from (b.digest for b in manifest.blobs if not self.has(b))
        except NotFound as error:
            yield str(error)


class LayoutDraft(Closing):
    """A layout that is being written.

    Attributes:
        missing: lines of an image list that are not in it and were wanted.
    """

    def __init__(self, layout: OciLayout, *, anew: bool) -> None:
        self.missing = () if anew else layout.missing
        self._layout = layout
        self._before: Mapping[str, Descriptor] = {} if anew else layout.entries
        self._found = layout.stored()
        self._is_new = anew
        self._repositories: dict[str, _Repository] = {}

    @classmethod
    def create(cls, folder: Path, wanted: Sequence[str] = ()) -> Self:
        """Begin a layout; what the folder holds now stays until `finish`.

        Args:
            folder: where it is to be.
            wanted: lines of the image list; a layout that nothing is in says from now
                on that it lacks them.

        Raises:
            InvalidArchive: the folder holds other things than a layout.
            StorageError: somebody else is writing it; or it cannot be written.
        """
        layout = OciLayout(folder, writing=True, deferred=True)
        try:
            if not layout.entries:
                layout.publish({}, missing=wanted)
            layout.clear()
            return cls(layout, anew=True)
        except BaseException:
            layout.close()
            raise

    @classmethod
    def append(cls, folder: Path) -> Self:
        """Open a layout to add to it.

        Raises:
            InvalidArchive: there is none, or it is damaged.
            StorageError: somebody else is writing it; or it cannot be written.
        """
        OciLayout(folder).close()  # or it would be made
        return cls(OciLayout(folder, writing=True, deferred=True), anew=False)

    def repository(self, name: str) -> LayoutRepository:
        """The repository ``name``, to be written."""
        found = self._repositories.get(name)
        return found or self._repositories.setdefault(
            name, _Repository(self._layout, name)
        )

    def prepare(self, route: Route[Destination], plan: Plan) -> Plan:
        """Return the plan: nothing has to have its place before."""
        del route
        return plan

    def at_hand(self, blob: Descriptor) -> bytes | None:
        """A config that is there whole, or None."""
        if blob.size > MAX_CONFIG or not self._layout.holds(blob):
            return None
        return files.read(self._layout.path(blob.digest), MAX_CONFIG)

    def abandon(self) -> None:
        """Give up for now; what was written stays for the next time."""

    def finish(
        self, images: Iterable[tuple[str, str]], *, missing: Sequence[str] = ()
    ) -> None:
        """Write the index.

        While something is missing, blobs that came of it stay: they need not be
        fetched again.

        Args:
            images: those that were added, in order: name of the `repository`, as it
                states it, and reference.
            missing: lines of the list that were wanted and are not in it.

        Raises:
            NotFound: one of the images was not stored.
            StorageError: it cannot be written.
        """
        needed = {*self._layout.verified} if missing else set[Digest]()
        entries = dict(self._before)
        by_name = {store.name: store for store in self._repositories.values()}
        for name, reference in images:
            entries |= self._entries(by_name[name], reference, needed)
        self._layout.publish(entries, missing=missing)
        self._layout.sweep(needed if self._is_new else needed | self._found)

    @property
    def is_resumed(self) -> bool:
        """Whether `undo` would lose what an earlier process left: it never does."""
        return False

    def undo(self) -> None:
        """Forget what was added: the layout is what it was before."""
        self._layout.sweep(self._found)

    def close(self) -> None:
        """Let others write to it; what is not finished can be taken up again."""
        self._layout.close()

    def _entries(
        self, repository: LayoutRepository, reference: str, needed: set[Digest]
    ) -> dict[str, Descriptor]:
        """What the index says of an image; note what it needs."""
        root = repository.resolve(reference)
        staged = self._layout.entries
        companions: dict[str, Descriptor] = {}
        for manifest in closure(repository, root):
            needed |= {manifest.digest, *(blob.digest for blob in manifest.blobs)}
            if manifest.subject and f"@{manifest.digest}" in staged:
                companions[f"@{manifest.digest}"] = staged[f"@{manifest.digest}"]
            for companion in repository.companions(manifest.digest):
                if companion.tag:
                    name = repository.called(companion.tag)
                    companions[name] = staged[name]
        name = repository.called(reference)
        own = repository.manifest(root).descriptor
        return {name: replace(own, annotations={REF_NAME: name}), **companions}
