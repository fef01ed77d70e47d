"""Image lists as users write them, given to every command that takes one.

What the Go program made of lists and failed lists (its weak spots 36 and 37) has a test
here each.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.support.content import put_image, put_index
from tests.support.registries import DockerRegistry
from tests.support.running import Desk, Ran
from tests.support.seeding import draft, push

PLAIN = "--tls-verify=false"


class Site:
    """Two registries; the first one has ``team/app`` with the tags 1 and 2."""

    def __init__(
        self, desk: Desk, source: DockerRegistry, target: DockerRegistry
    ) -> None:
        store = draft()
        for tag in ("1", "2"):
            put_index(store, tag, put_image(store, tag.encode()))
        push(source.http, "team/app", store)
        self.desk = desk
        self.app = f"{source.address}/team/app"
        self.target = target

    @property
    def commands(self) -> Iterator[tuple[str, ...]]:
        """Every command that takes a list, each after what it needs."""
        to = ("-d", self.target.address)
        yield ("mirror", "--dry-run", *to)
        yield ("mirror", *to)
        yield ("mirror", "validate", *to)
        yield ("save", "--dry-run", "-d", "a.zip")
        yield ("save", "-d", "a.zip")
        yield ("save", "validate", "-d", "a.zip")
        yield ("sync", "--dry-run", "-d", "a.zip")
        yield ("sync", "-d", "a.zip")
        yield ("sync", "validate", "-d", "a.zip")
        yield ("load", "--dry-run", "-s", "a.zip", *to)
        yield ("load", "-s", "a.zip", *to)
        yield ("load", "validate", "-s", "a.zip", *to)
        yield ("inspect", "list", "-y")

    def run(self, *arguments: str, listed: str = "-", typed: str = "") -> Ran:
        """Run a command over a list, which may be typed."""
        flags = ("-f", listed, PLAIN, "--hide-log-time")
        return self.desk.hangar(*arguments, *flags, typed=typed)


@pytest.fixture
def site(desk: Desk, source: DockerRegistry, target: DockerRegistry) -> Site:
    return Site(desk, source, target)


def test_every_command_reads_a_list_as_people_write_it(site: Site) -> None:
    typed = (
        f"\ufeff# for the site\r\n\r\n  docker://{site.app}:1   # why not\t\r\n"
        f"{'x' * (1 << 20)}\r\n\tno image\r\n{site.app}:1\t\r\n"
        f"{site.app}:2 // the other\r\n"
    )

    for command in site.commands:
        ran = site.run(*command, typed=typed)

        assert ran.status == 0, ran.err
        assert '- [WARN] Ignore image list line "no image": invalid format' in ran.err
        assert f'line "{"x" * 200}": invalid format\n' in ran.err
        assert (
            f'- [INFO] [IMG:4] Leave out 1 repeated line: "{site.app}:1"'
            " is the same as [IMG:1]\n" in ran.err
        )
        assert ", 2 lines ignored, 1 line repeated; " in ran.err
        assert len(ran.err) < 8000
    assert site.target.http.tags("team/app") == {"1", "2"}


def test_archive_export_reads_a_list_in_the_same_way(site: Site) -> None:
    site.run("save", "-d", "a.zip", typed=f"{site.app}:1\n{site.app}:2\n")
    typed = f"{site.app}:2\t# this one\n{site.app}:2\nno image\n{site.app} x 1\n"

    ran = site.desk.hangar(
        *("archive", "export", "-f", "-", "-s", "a.zip", "-d", "b.zip"), typed=typed
    )

    assert ran.status == 0, ran.err
    assert 'Ignore image list line "no image": invalid format' in ran.err
    assert f'Ignore image list line "{site.app} x 1": invalid format' in ran.err
    assert "Leave out 1 repeated line: " in ran.err
    names = site.desk.hangar("archive", "ls", "b.zip", "--image-only").out
    assert names == f"{site.app}:2\n"


def test_archive_rm_refuses_what_is_no_name(site: Site) -> None:
    site.run("save", "-d", "a.zip", typed=f"{site.app}:1\n")

    refused = site.desk.hangar("archive", "rm", "-f", "a.zip", f"{site.app}:1", "a b")
    removed = site.desk.hangar("archive", "rm", "-f", "a.zip", f"docker://{site.app}:1")

    assert refused.status == 2
    assert "invalid reference format: 'a b'" in refused.err
    assert removed.status == 0, removed.err
    assert f"Removed [{site.app}:1]" in removed.err


@pytest.mark.parametrize("typed", ["", "# nothing\n\n// here\n"])
def test_a_list_of_nothing_loads_nothing(site: Site, typed: str) -> None:
    site.run("save", "-d", "a.zip", typed=f"{site.app}:1\n")
    where = ("-s", "a.zip", "-d", site.target.address)

    loaded = site.run("load", *where, typed=typed)
    validated = site.run("load", "validate", *where, typed=typed)

    assert (loaded.status, validated.status) == (0, 1)
    assert '- [WARN] No images in "-"\n' in loaded.err
    assert "Summary: 0 copied, " in loaded.err
    assert "nothing was checked" in validated.err
    assert site.target.http.ask("GET", "/v2/_catalog").json == {"repositories": []}


def test_the_report_tells_what_was_repeated(site: Site) -> None:
    site.run(
        *("mirror", "-d", site.target.address, "--report", "r.json"),
        typed=f"{site.app}:1\nno image\n{site.app}:1 # again\n",
    )

    report = json.loads(site.desk.read("r.json"))
    assert report["totals"]["images"] == report["totals"]["repeated"] == 1
    assert report["repeated"] == [
        {"number": 3, "line": f"{site.app}:1 # again", "of": 1}
    ]


def test_failed_lines_keep_order_and_comments_and_can_be_fed_back(site: Site) -> None:
    lines = [
        f"docker://{site.app}:8 # the last one",
        f"{site.app}:1",
        f"{site.app}\t{site.target.address}/x/y\t9",
        f"{site.app}:8",
        f"{site.app}:7",
    ]
    listed = site.desk.write("list", *lines)
    where = ("mirror", "-d", site.target.address)

    first = site.run(*where, listed=listed)
    failed = site.desk.read("mirror-failed.txt").splitlines()
    again = site.run(*where, listed="mirror-failed.txt")
    numbers = [f"[IMG:{number}] error" in first.err for number in (1, 3, 4, 5)]

    assert (first.status, again.status) == (1, 1)
    assert failed == [lines[0], lines[2], lines[4]]
    assert numbers == [True, True, False, True]
    assert site.desk.read("mirror-failed.txt").splitlines() == failed


@pytest.mark.parametrize("command", ["load", "archive export"])
def test_lines_that_an_archive_lacks_are_listed_as_they_stand(
    site: Site, command: str
) -> None:
    site.run("save", "-d", "a.zip", typed=f"{site.app}:1\n")
    lines = [f"{site.app}:3  # new", f"{site.app}:1", f"{site.app}:2"]
    listed = site.desk.write("list", *lines)
    flags = ("-f", listed, "-s", "a.zip", "--failed", "failed")
    to = (
        ("-d", site.target.address, PLAIN)
        if command == "load"
        else ("-d", "b.zip", "-y")
    )

    ran = site.desk.hangar(*command.split(), *flags, *to)
    assert ran.status == 1
    assert site.desk.read("failed") == f"{lines[0]}\n{lines[2]}\n"

    site.desk.write("list", lines[1])
    ran = site.desk.hangar(*command.split(), *flags, *to)
    assert ran.status == 0, ran.err
    assert not (site.desk.folder / "failed").exists()

    ran = site.desk.hangar(*command.split(), *flags, *to, "--failed", listed)
    assert ran.status == 0, ran.err
    assert site.desk.read("list") == f"{lines[1]}\n"
