"""What a destination's tag is to name."""

from __future__ import annotations

import pytest

from hangar.copying.merging import merged
from hangar.oci import OCI_MANIFEST, Descriptor, Digest, Manifest, Platform


def entry(name: str, platform: Platform | None, **notes: str) -> Descriptor:
    digest = Digest.of(name.encode())
    return Descriptor(OCI_MANIFEST, digest, 9, platform=platform, annotations=notes)


def attestation(subject: Descriptor, name: str = "att") -> Descriptor:
    notes = {
        "vnd.docker.reference.type": "attestation-manifest",
        "vnd.docker.reference.digest": str(subject.digest),
    }
    return entry(name, Platform("unknown", "unknown"), **notes)


AMD64 = Platform("amd64", "linux")
ARM64 = Platform("arm64", "linux")


def merge(present: list[Descriptor], chosen: list[Descriptor]) -> list[Descriptor]:
    """Merge ``chosen``, a part of a larger index, into what is there."""
    root = Manifest.index([*chosen, entry("not chosen", Platform("s390x", "linux"))])
    return list(merged(Manifest.index(present), root, chosen).children)


def test_the_same_platform_is_replaced_and_goes_to_the_end() -> None:
    old, other, new = entry("old", AMD64), entry("other", ARM64), entry("new", AMD64)

    assert merge([old, other], [new]) == [other, new]


def test_the_variant_counts_but_for_arm64() -> None:
    v6, v7 = (entry(v, Platform("arm", "linux", v)) for v in ("v6", "v7"))
    plain, v8 = entry("plain", ARM64), entry("v8", Platform("arm64", "linux", "v8"))

    assert merge([v6, plain], [v7, v8]) == [v6, v7, v8]


@pytest.mark.parametrize(
    ("version", "stays"), [("10.0.17763.6893", False), ("10.0.20348.1", True)]
)
def test_windows_is_told_apart_by_build_and_not_by_revision(
    version: str, *, stays: bool
) -> None:
    old = entry("old", Platform("amd64", "windows", os_version="10.0.17763.1"))
    new = entry("new", Platform("amd64", "windows", os_version=version))

    assert (old in merge([old], [new])) is stays


def test_attestations_of_a_replaced_image_go_with_it() -> None:
    old, new = entry("old", AMD64), entry("new", AMD64)

    assert merge([old, attestation(old)], [new]) == [new]


def test_attestations_of_a_kept_image_stay() -> None:
    kept, new = entry("kept", ARM64), entry("new", AMD64)

    assert merge([kept, attestation(kept)], [new]) == [kept, attestation(kept), new]


def test_a_newer_attestation_of_the_same_image_replaces_the_old_one() -> None:
    image = entry("image", AMD64)
    older, newer = attestation(image, "older"), attestation(image, "newer")

    assert merge([image, older], [image, newer]) == [image, newer]


def test_an_index_that_holds_all_already_stays_as_it_is() -> None:
    present = Manifest.index([entry("a", AMD64), entry("b", ARM64)])
    root = Manifest.index([entry("a", AMD64), entry("c", Platform("s390x", "linux"))])

    assert merged(present, root, [entry("a", AMD64)]) is present


def test_an_entry_with_another_description_is_written_anew() -> None:
    chosen = entry("a", AMD64, note="new")

    assert merge([entry("a", AMD64, note="old")], [chosen]) == [chosen]


def test_the_source_s_bytes_are_taken_when_nothing_is_to_be_kept() -> None:
    root = Manifest.index([entry("a", AMD64), entry("b", ARM64)])
    old = Manifest.index([entry("b", ARM64), entry("old", AMD64)])

    assert merged(old, root, root.children) is root
    assert merged(None, root, root.children) is root


def test_entries_without_platform_replace_each_other() -> None:
    assert merge([entry("old", None)], [entry("new", None)]) == [entry("new", None)]
