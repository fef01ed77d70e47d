"""Choosing one image of an index."""

from __future__ import annotations

import platform
import sys

import pytest

from hangar.errors import InvalidManifest, NoMatchingPlatform
from hangar.oci import Descriptor, Platform
from hangar.operations.platforms import chosen_image, wanted_platform
from tests.support.content import put_attestation, put_image, put_index
from tests.support.memory import MemoryPlace, MemoryStore


@pytest.fixture
def store() -> MemoryStore:
    return MemoryPlace().repository("app")


def put(store: MemoryStore, *platforms: str) -> dict[str, Descriptor]:
    """Store an index of images for those platforms, as ``1.0``."""
    entries = {p: put_image(store, p.encode(), platform=p) for p in platforms}
    put_index(store, "1.0", *entries.values())
    return entries


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (Platform("amd64", "linux"), "linux/amd64"),
        (Platform("arm64", "linux"), "linux/arm64/v8"),
        (Platform("arm64", "linux", "v8"), "linux/arm64/v8"),
        (Platform("arm", "linux", "v8"), "linux/arm/v7"),
        (Platform("arm", "linux", "v7"), "linux/arm/v7"),
        (Platform("arm", "linux", "v6"), "linux/arm/v5"),
        (Platform("arm", "linux"), "linux/arm/v7"),
        (Platform("mips", "linux", "r6"), "linux/mips"),
        (Platform("amd64", "windows"), "windows/amd64"),
    ],
)
def test_the_best_variant_that_runs_there_is_chosen(
    store: MemoryStore, wanted: Platform, chosen: str
) -> None:
    entries = put(
        store,
        *("linux/arm/v5", "linux/arm/v7", "linux/arm64/v8", "linux/amd64"),
        *("linux/mips", "windows/amd64"),
    )

    assert chosen_image(store, "1.0", wanted).digest == entries[chosen].digest


def test_nothing_is_chosen_that_does_not_run_there(store: MemoryStore) -> None:
    amd64 = put_image(store, b"layer")
    put_index(store, "1.0", amd64, put_attestation(store, amd64))

    with pytest.raises(NoMatchingPlatform, match='"arm", variant "v5"') as caught:
        chosen_image(store, "1.0", Platform("arm", "linux", "v5"))
    assert caught.value.hint == "it has linux/amd64"


def test_what_states_no_platform_is_the_last_resort(store: MemoryStore) -> None:
    vague = put_image(store, b"vague")
    plain = Descriptor(vague.media_type, vague.digest, vague.size)
    amd64 = put_image(store, b"layer")
    put_index(store, "1.0", plain, amd64)

    chosen = [
        chosen_image(store, "1.0", Platform(architecture, "linux")).digest
        for architecture in ("amd64", "s390x")
    ]

    assert chosen == [amd64.digest, vague.digest]


def test_a_single_image_is_for_everybody(store: MemoryStore) -> None:
    image = put_image(store, b"layer", tag="1.0")

    assert chosen_image(store, "1.0", Platform("s390x", "zos")).digest == image.digest


def test_an_index_in_an_index_is_followed_but_not_for_ever(store: MemoryStore) -> None:
    entry = put_image(store, b"layer")
    for depth in range(9):
        index = put_index(store, f"{depth}", entry)
        entry = Descriptor(
            index.media_type, index.digest, len(index.raw), Platform("amd64", "linux")
        )

    linux = Platform("amd64", "linux")
    assert not chosen_image(store, "6", linux).is_index
    with pytest.raises(InvalidManifest, match="nested"):
        chosen_image(store, "8", linux)


@pytest.mark.parametrize(
    ("machine", "system", "expected"),
    [
        ("x86_64", "linux", Platform("amd64", "linux")),
        ("aarch64", "linux", Platform("arm64", "linux", "v8")),
        ("armv7l", "linux", Platform("arm", "linux", "v7")),
        ("s390x", "linux", Platform("s390x", "linux")),
        ("AMD64", "win32", Platform("amd64", "windows")),
    ],
)
def test_by_default_an_image_is_for_this_machine(
    monkeypatch: pytest.MonkeyPatch, machine: str, system: str, expected: Platform
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    monkeypatch.setattr(sys, "platform", system)

    assert wanted_platform() == expected
    other = wanted_platform(architecture="riscv64", os="linux")
    assert other == Platform("riscv64", "linux")
    named = wanted_platform(architecture="arm", variant="v6")
    assert (named.architecture, named.variant) == ("arm", "v6")
