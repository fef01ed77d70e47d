"""Increments loaded behind an air gap, after their base, or without it."""

from __future__ import annotations

import pytest

from hangar.oci import Digest
from tests.support.content import put_image
from tests.support.memory import MemoryStore
from tests.support.proxy import ALWAYS, FaultyProxy, Forward, Message
from tests.support.registries import DockerRegistry
from tests.support.running import Desk
from tests.support.seeding import draft, push

PLAIN = "--tls-verify=false"
SHARED = b"a layer that all images share" * 9
SECOND = b"another one of these" * 9


def carried(source: DockerRegistry, desk: Desk) -> dict[str, MemoryStore]:
    """Save a base and an increment, of images in two repositories."""
    stores = {"team/base": draft(), "team/app": draft()}
    put_image(stores["team/base"], SHARED, SECOND, tag="1")
    put_image(stores["team/app"], SHARED, SECOND, b"its own", tag="1")
    for name, store in stores.items():
        push(source.http, name, store)
    old = desk.write("old", f"{source.address}/team/base:1")
    new = desk.write("new", f"{source.address}/team/app:1")
    saved = [
        desk.hangar("save", "-f", old, "-d", "old.zip", PLAIN),
        desk.hangar("save", "-f", new, "-d", "new.zip", "--since", "old.zip", PLAIN),
    ]
    assert [ran.status for ran in saved] == [0, 0], saved[1].err
    size = (desk.folder / "new.zip").read_bytes().count(SHARED)
    assert size == 0
    return stores


def load(desk: Desk, archive: str, address: str, *more: str) -> tuple[int, str]:
    ran = desk.hangar("load", "-s", archive, "-d", address, PLAIN, *more)
    return ran.status, ran.err


def test_an_increment_takes_its_layers_from_where_the_base_was_loaded(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    carried(source, desk)
    assert load(desk, "old.zip", target.address)[0] == 0
    before = len(target.requests)

    status, log = load(desk, "new.zip", target.address)

    assert status == 0, log
    assert target.http.whole("team/app", "1") == source.http.whole("team/app", "1")
    asked = target.requests[before:]
    mounts = [r for r in asked if r.method == "POST" and "from=team%2Fbase" in r.path]
    assert [request.status for request in mounts] == [201, 201]
    flags = ("-s", "new.zip", "-d", target.address, PLAIN)
    assert desk.hangar("load", "validate", *flags, "--deep").status == 0


def test_where_nothing_is_mounted_layers_are_copied_from_the_bases_repository(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    carried(source, desk)
    assert load(desk, "old.zip", target.address)[0] == 0

    def unmounted(request: Message, forward: Forward) -> Message:
        request.path = request.path.partition("?")[0]
        return forward(request)

    with FaultyProxy(target.address) as proxy:
        proxy.fault("POST", "mount=", unmounted, times=ALWAYS)
        status, log = load(desk, "new.zip", proxy.address)

    assert status == 0, log
    assert target.http.whole("team/app", "1") == source.http.whole("team/app", "1")


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_without_its_base_all_that_is_missing_is_named_and_nothing_is_sent(
    source: DockerRegistry, target: DockerRegistry, desk: Desk, dry: tuple[str, ...]
) -> None:
    carried(source, desk)

    status, log = load(desk, "new.zip", target.address, *dry)

    assert status == 1
    for layer in (SHARED, SECOND):
        assert Digest.of(layer) in log
    assert "left to old.zip (load old.zip to the same registry first" in log
    assert not [r for r in target.requests if r.method in ("PUT", "PATCH", "POST")]
    verified = desk.hangar("archive", "verify", "new.zip")
    assert verified.status == 0
    assert f"left to old.zip: {Digest.of(SHARED)}" in verified.err


def test_base_and_increment_are_loaded_together_in_any_order(
    source: DockerRegistry, target: DockerRegistry, desk: Desk
) -> None:
    carried(source, desk)

    status, log = load(desk, "new.zip,old.zip", target.address, "-j", "1")

    assert status == 0, log
    assert target.http.whole("team/app", "1") == source.http.whole("team/app", "1")
