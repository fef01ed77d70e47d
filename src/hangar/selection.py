"""What of an image is wanted: which platforms, and what accompanies them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from hangar.oci import Descriptor, Platform
from hangar.store import Companion

SIGNATURE_TYPES = frozenset(
    {
        "application/vnd.cncf.notary.signature",
        "application/vnd.dev.cosign.artifact.sig.v1+json",
    }
)
"""Artifact types of signatures (notation, cosign); a sigstore bundle is none of them,
for it may as well be an attestation."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Filters by platform; an empty one passes everything.

    A value that an image does not state passes, too: an image that names no
    architecture is not kept from anybody.

    Attributes:
        architectures: as in ``GOARCH``: amd64, arm64, arm, ...
        systems: as in ``GOOS``: linux, windows, ...
        provenance: whether BuildKit's attestations go with their images.
        signatures: whether signatures do (cosign's ``.sig`` tags, and referrers that
            are signatures).
        referrers: whether whatever else was attached does (OCI referrers, cosign's
            ``.att`` and ``.sbom`` tags).
    """

    architectures: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    provenance: bool = True
    signatures: bool = True
    referrers: bool = True

    @property
    def whole(self) -> bool:
        """Whether every entry of any index is wanted."""
        return not self.architectures and not self.systems and self.provenance

    @property
    def unfiltered(self) -> Selection:
        """The same, but with every entry of any index."""
        return replace(
            self, architectures=frozenset(), systems=frozenset(), provenance=True
        )

    def accompanied_by(self, companion: Companion) -> bool:
        """Tell whether ``companion`` is to travel with its image."""
        if companion.tag.endswith(".sig") or companion.artifact_type in SIGNATURE_TYPES:
            return self.signatures
        return self.referrers

    def passes(self, platform: Platform | None) -> bool:
        """Tell whether an image for ``platform`` is wanted.

        >>> arm = Selection(architectures=frozenset({"arm64"}))
        >>> arm.passes(Platform("amd64", "linux")), arm.passes(None)
        (False, True)
        """
        if platform is None:
            return True
        return _passes(self.architectures, platform.architecture) and _passes(
            self.systems, platform.os
        )

    def entries(self, entries: tuple[Descriptor, ...]) -> tuple[Descriptor, ...]:
        """Choose from an index's entries; attestations go with their subjects."""
        listed = {entry.digest for entry in entries}
        images = {
            e.digest for e in entries if not e.attests and self.passes(e.platform)
        }
        unwanted = listed - images

        def wanted(entry: Descriptor) -> bool:
            if entry.attests:
                return self.provenance and entry.attests not in unwanted
            return self.passes(entry.platform)

        return tuple(filter(wanted, entries))


def _passes(wanted: frozenset[str], value: str) -> bool:
    return not wanted or not value or value in wanted
