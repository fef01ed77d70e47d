"""What the destination's tag is to name after an image was copied.

A tag that is there already is not forgotten: platforms that an earlier run put there
stay. The rules are those of the Go program, but for two: the source's own bytes are
kept whenever they say the same, and a Windows image replaces the one of the same
build, whatever its revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from hangar.oci import Descriptor, Manifest, Platform


def merged(
    existing: Manifest | None, root: Manifest, chosen: Sequence[Descriptor]
) -> Manifest:
    """Choose or make the root manifest that the destination's tag shall name.

    Args:
        existing: what the tag names now; None if there is nothing, or if it may go.
        root: the source's root manifest.
        chosen: what is wanted of it; one descriptor for a plain manifest.
    """
    present = existing.children if existing else ()
    kept = _kept(present, chosen)
    if not kept and len(chosen) == (len(root.children) or 1):
        return root
    unchanged = len(present) == len(kept) + len(chosen)
    if existing and unchanged and all(_stands(entry, present) for entry in chosen):
        return existing
    return Manifest.index([*kept, *chosen])


def joined(entries: Iterable[Descriptor]) -> tuple[Descriptor, ...]:
    """Entries of several images as one index has them.

    Each takes the place of an earlier one for the same platform. Attestations of what
    is not listed are left out.
    """
    result: list[Descriptor] = []
    for new in entries:
        result = [old for old in result if not _displaces(new, old)]
        result.append(new)
    listed = {entry.digest for entry in result}
    return tuple(e for e in result if not e.attests or e.attests in listed)


def _displaces(new: Descriptor, old: Descriptor) -> bool:
    """As `_replaces`; but what states no platform takes no other's place."""
    return new.digest == old.digest if new.platform is None else _replaces(new, old)


def _kept(
    present: Sequence[Descriptor], chosen: Sequence[Descriptor]
) -> list[Descriptor]:
    """Entries that stay beside ``chosen``, without attestations of what goes."""
    stay = [
        entry for entry in present if not any(_replaces(new, entry) for new in chosen)
    ]
    listed = {entry.digest for entry in [*stay, *chosen]}
    return [entry for entry in stay if not entry.attests or entry.attests in listed]


def _replaces(new: Descriptor, old: Descriptor) -> bool:
    if new.attests or old.attests:
        return bool(new.attests and old.attests) and new.annotations == old.annotations
    if new.platform is None or old.platform is None:
        return new.platform is old.platform
    return _runs_on(new.platform) == _runs_on(old.platform)


def _runs_on(platform: Platform) -> tuple[object, ...]:
    variant = "" if platform.architecture == "arm64" else platform.variant
    version = platform.os_version
    if platform.os == "windows":
        version = ".".join(version.split(".")[:3])  # 10.0.17763 of 10.0.17763.6893
    return (
        platform.architecture,
        platform.os,
        version,
        platform.os_features,
        variant,
    )


def _stands(entry: Descriptor, present: Sequence[Descriptor]) -> bool:
    return any(
        entry.digest == other.digest
        and entry.platform == other.platform
        and entry.annotations == other.annotations
        for other in present
    )
