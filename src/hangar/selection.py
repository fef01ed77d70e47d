"""Which platforms of an image are wanted."""

from __future__ import annotations

from dataclasses import dataclass

from hangar.oci import Descriptor, Platform


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters by platform; an empty one passes everything.

    A value that an image does not state passes, too: an image that names no
    architecture is not kept from anybody.

    Attributes:
        architectures: as in ``GOARCH``: amd64, arm64, arm, ...
        systems: as in ``GOOS``: linux, windows, ...
        provenance: whether BuildKit's attestations go with their images.
    """

    architectures: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    provenance: bool = True

    def passes(self, platform: Platform | None) -> bool:
        """Tell whether an image for ``platform`` is wanted."""
        if platform is None:
            return True
        return _passes(self.architectures, platform.architecture) and _passes(
            self.systems, platform.os
        )

    def entries(self, entries: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
        """Choose from an index's entries; attestations go with their subjects."""
        listed = {entry.digest for entry in entries}
        images = {e.digest for e in entries if not e.attests and self.passes(e.platform)}
        unwanted = listed - images

        def wanted(entry: Descriptor) -> bool:
            if entry.attests:
                return self.provenance and entry.attests not in unwanted
            return self.passes(entry.platform)

        return tuple(filter(wanted, entries))


def _passes(wanted: frozenset[str], value: str) -> bool:
    return not wanted or not value or value in wanted
