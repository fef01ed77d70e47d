"""What cosign signed and copied, before Hangar carries it on."""

from __future__ import annotations

import pytest

from tests.interop.conftest import Origins
from tests.interop.contents import SIGNED
from tests.interop.places import KINDS
from tests.interop.programs import Workshop
from tests.support.running import Desk

pytestmark = pytest.mark.interop


@pytest.mark.parametrize("kind", KINDS)
def test_what_cosign_has_copied_is_mirrored_and_still_verifies(
    workshop: Workshop, origins: Origins, desk: Desk, kind: str
) -> None:
    cosign = workshop.program("cosign")
    place = origins[kind].place
    copy = f"{place.address}/library/copy:1"
    cosign("copy", cosign.plain, f"{place.address}/{SIGNED}:1", copy)
    key = ("--key", "cosign.pub", "--insecure-ignore-tlog", cosign.plain)
    how = ("--trusted-root", "root.json", "--new-bundle-format=false")
    cosign("verify", *key, *how, copy)
    docker = workshop.environment["DOCKER_CONFIG"]

    with KINDS[kind](workshop) as target:
        desk.environment["DOCKER_CONFIG"] = docker
        listed = ("-f", desk.write("list", copy), "-d", target.address)
        ran = desk.hangar("mirror", *listed, "--tls-verify=false")
        checked = desk.hangar("mirror", "validate", *listed, "--tls-verify=false")
        cosign("verify", *key, *how, f"{target.address}/library/copy:1")

    assert ran.status == 0, ran.err
    assert checked.status == 0, checked.err
