"""Save, carry, load, validate: between real registries, judged by skopeo."""

from __future__ import annotations

import pytest

from tests.support.judges import skopeo_raw
from tests.support.kinds import every_kind
from tests.support.registries import DockerRegistry
from tests.support.running import Desk
from tests.support.seeding import push

PLAIN = "--tls-verify=false"


@pytest.mark.parametrize("validate", [(), ("--deep",)])
def test_every_kind_of_image_comes_out_of_an_archive_with_its_digest(
    source: DockerRegistry,
    target: DockerRegistry,
    desk: Desk,
    validate: tuple[str, ...],
) -> None:
    store = every_kind()
    push(source.http, "library/app", store)
    images = [tag for tag in store.tags if not tag.startswith("sha256-")]
    lines = [f"{source.address}/library/app:{tag}" for tag in images]
    listed = ("-f", desk.write("list", *lines), PLAIN)

    saved = desk.hangar("save", *listed, "-d", "a.zip")
    checked = desk.hangar("save", "validate", *listed, "-d", "a.zip", *validate)
    loaded = desk.hangar("load", "-s", "a.zip", "-d", target.address, PLAIN)

    assert saved.status == 0, saved.err
    assert checked.status == 0, checked.err
    assert checked.err.count("PASS: [") == len(lines)
    assert loaded.status == 0, loaded.err
    for tag in images:
        assert skopeo_raw(f"{target.address}/library/app:{tag}") == skopeo_raw(
            f"{source.address}/library/app:{tag}"
        )
        assert target.http.whole("library/app", tag) == source.http.whole(
            "library/app", tag
        )
    signatures = {tag for tag in store.tags if tag.endswith(".sig")}
    assert signatures <= target.http.tags("library/app")
    flags = ("-s", "a.zip", "-d", target.address, PLAIN)
    validated = desk.hangar("load", "validate", *flags, *validate)
    assert validated.status == 0, validated.err
    assert validated.err.count("PASS: [") == len(lines)


def test_an_unfinished_archive_is_not_replaced_by_another_list_without_asking(
    source: DockerRegistry, desk: Desk
) -> None:
    store = every_kind()
    push(source.http, "library/app", store)
    name = f"{source.address}/library/app"
    both = desk.write("both", f"{name}:index", f"{name}:none")
    other = desk.write("other", f"{name}:list")
    first = desk.hangar("save", "-f", both, PLAIN, "-d", "a.zip")
    assert first.status == 1

    asked = desk.hangar("save", "-f", other, PLAIN, "-d", "a.zip")
    again = desk.hangar("save", "-f", both, PLAIN, "-d", "a.zip")

    assert asked.status == 1
    assert 'file "a.zip" already exists' in asked.err
    assert "already exists" not in again.err
    listed = desk.hangar("archive", "ls", "a.zip", "--image-only")
    assert listed.out == f"{name}:index\n"
