"""What of an image is wanted: which platforms, and what accompanies them."""

from __future__ import annotations

from collections.abc import Iterable
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
        platforms: system, architecture and variant together; "" is any variant.
        provenance: whether BuildKit's attestations go with their images.
        signatures: whether signatures do (cosign's ``.sig`` tags, and referrers that
            are signatures).
        referrers: whether whatever else was attached does (OCI referrers, cosign's
            ``.att`` and ``.sbom`` tags).
    """

    architectures: frozenset[str] = frozenset()
    systems: frozenset[str] = frozenset()
    platforms: frozenset[Platform] = frozenset()
    provenance: bool = True
    signatures: bool = True
    referrers: bool = True

    @property
    def whole(self) -> bool:
        """Whether every entry of any index is wanted."""
        return not self.filters and self.provenance

    @property
    def filters(self) -> bool:
        """Whether there is a platform that is not wanted."""
        return bool(self.architectures or self.systems or self.platforms)

    @property
    def unfiltered(self) -> Selection:
        """The same, but with every entry of any index."""
        return replace(self.only(()), provenance=True)

    def only(self, platforms: Iterable[Platform] | None) -> Selection:
        """The same of other platforms; () is all of them, None those that it has."""
        if platforms is None:
            return self
        return replace(
            self,
            architectures=frozenset(),
            systems=frozenset(),
            platforms=frozenset(platforms),
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
        return (
            _passes(self.architectures, platform.architecture)
            and _passes(self.systems, platform.os)
            and (
                not self.platforms
                or any(_fits(platform, wanted) for wanted in self.platforms)
            )
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


def _fits(platform: Platform, wanted: Platform) -> bool:
    return all(
        not stated or not asked or stated == asked
        for stated, asked in (
            (platform.os, wanted.os),
            (platform.architecture, wanted.architecture),
            (platform.variant, wanted.variant),
        )
    )


def _passes(wanted: frozenset[str], value: str) -> bool:
    return not wanted or not value or value in wanted
