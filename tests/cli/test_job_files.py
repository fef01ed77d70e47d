"""Job files, given to every command that takes a list; judged by the registries."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.support.content import put_image, put_index
from tests.support.registries import DockerRegistry
from tests.support.running import Desk, Ran
from tests.support.seeding import draft, push

PLAIN = "--tls-verify=false"
TAGS = ("1.0", "1.1", "1.2", "2.0", "2.0-rc.1", "edge")
PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v6", "linux/arm/v7")


class Site:
    """A registry with ``team/app`` in many tags and platforms, and an empty one."""

    def __init__(
        self, desk: Desk, source: DockerRegistry, target: DockerRegistry
    ) -> None:
        store = draft()
        for tag in TAGS:
            images = [
                put_image(store, f"{tag} {platform}".encode(), platform=platform)
                for platform in PLATFORMS
            ]
            put_index(store, tag, *images)
        push(source.http, "team/app", store)
        self.desk = desk
        self.app = f"{source.address}/team/app"
        self.source = source
        self.target = target
        self.to = ("-d", target.address)

    def write(self, *entries: object, **more: object) -> str:
        """Write a job file; return its name."""
        stated = {"schema": "hangar-job/1", **more, "images": entries}
        return self.desk.write("job.yaml", json.dumps(stated))

    def run(self, *arguments: str, listed: str = "job.yaml", typed: str = "") -> Ran:
        """Run a command over a job file."""
        flags = ("-f", listed, PLAIN, "--hide-log-time")
        return self.desk.hangar(*arguments, *flags, typed=typed)

    def platforms(self, repository: str, tag: str) -> list[str]:
        """What the target has of an image."""
        index = json.loads(self.target.http.manifest(repository, tag))
        found = [child["platform"] for child in index["manifests"]]
        keys = ("os", "architecture", "variant")
        return ["/".join(p[key] for key in keys if key in p) for p in found]


@pytest.fixture
def site(desk: Desk, source: DockerRegistry, target: DockerRegistry) -> Site:
    return Site(desk, source, target)


@pytest.mark.parametrize(
    ("stated", "tags"),
    [
        ({"tags": ["edge", "1.0"]}, {"edge", "1.0"}),
        ({"tags": "all"}, set(TAGS)),
        ({"tags": "all", "exclude": "^2|rc"}, {"1.0", "1.1", "1.2", "edge"}),
        ({"regex": r"^1\.[12]$"}, {"1.1", "1.2"}),
        ({"semver": ">=1.1"}, {"1.1", "1.2", "2.0"}),
        ({"newest": 2}, {"1.2", "2.0"}),
        ({"semver": ">=1-0", "newest": 2, "exclude": "^2.0$"}, {"2.0-rc.1", "1.2"}),
        ({"tags": ["edge"], "semver": "1.x", "newest": 1}, {"edge", "1.2"}),
    ],
)
def test_tags_are_chosen_from_those_that_the_registry_has(
    site: Site, stated: dict[str, Any], tags: set[str]
) -> None:
    site.write({"name": f"docker://{site.app}", **stated})

    ran = site.run("mirror", *site.to)
    checked = site.run("mirror", "validate", *site.to)

    assert (ran.status, checked.status) == (0, 0), ran.err + checked.err
    assert site.target.http.tags("team/app") == tags
    count = f"{len(tags)} images" if len(tags) > 1 else "1 image"
    assert f'- [INFO] Found {count} for 1 entry of "job.yaml"\n' in ran.err
    assert checked.err.count("] PASS: [") == len(tags)


def test_each_image_has_its_own_platforms_and_destination(site: Site) -> None:
    site.write(
        {
            "name": site.app,
            "tags": ["1.0", "1.1"],
            "platforms": ["linux/arm64", "linux/arm/v7"],
            "destination": f"{site.target.address}/web/few",
        },
        {"name": f"{site.app}:1.0", "destination": f"{site.target.address}/web/x:y"},
        {"name": site.app, "tags": ["2.0"], "platforms": "all"},
        f"{site.app}:edge",
    )

    ran = site.run("mirror", "-d", f"{site.target.address}", "--arch", "arm64")
    checked = site.run("mirror", "validate", *site.to, "--arch", "arm64", "--deep")
    wrong = site.run("mirror", "validate", *site.to, "--arch", "amd64")

    assert (ran.status, checked.status, wrong.status) == (0, 0, 1), ran.err
    assert f"Copied [{site.app}:1.0] => [{site.target.address}/web/x:y]" in ran.err
    for tag in ("1.0", "1.1"):
        few = site.platforms("web/few", tag)
        assert few == ["linux/arm64", "linux/arm/v7"]
    assert site.platforms("web/x", "y") == ["linux/arm64"]
    assert site.platforms("team/app", "edge") == ["linux/arm64"]
    assert site.target.http.manifest("team/app", "2.0") == site.source.http.manifest(
        "team/app", "2.0"
    )


def test_a_destination_that_names_no_registry_needs_one(site: Site) -> None:
    site.write({"name": f"{site.app}:1.0", "destination": "web/app"})

    alone = site.run("mirror")
    with_it = site.run("mirror", *site.to)

    assert alone.status == 1
    assert "no destination registry for " in alone.err
    assert with_it.status == 0, with_it.err
    assert site.target.http.tags("web/app") == {"1.0"}


def test_a_dry_run_tells_what_is_meant_and_copies_nothing(site: Site) -> None:
    site.write({"name": site.app, "semver": "1.x", "newest": 2})

    mirrored = site.run("mirror", "--dry-run", *site.to)
    saved = site.run("save", "--dry-run", "-d", "a.zip")

    for ran in (mirrored, saved):
        assert ran.status == 0, ran.err
        lines = ran.out.splitlines()
        assert [f"{site.app}:1.2" in lines[0], f"{site.app}:1.1" in lines[1]] == [
            True
        ] * 2
        assert len(lines) == 2
    assert site.target.http.ask("GET", "/v2/_catalog").json == {"repositories": []}


@pytest.fixture
def archive(site: Site) -> str:
    """An archive with the tags 1.1, 1.2 and 2.0 for two platforms each."""
    site.write(
        {
            "name": site.app,
            "semver": ">=1.1",
            "platforms": ["linux/arm64", "linux/arm/v7"],
        },
        {"name": site.app, "tags": ["2.0"], "destination": "ignored/here"},
    )
    ran = site.run("save", "-d", "a.zip")
    assert ran.status == 1, ran.err  # 2.0 is stated with platforms and without
    assert "is stated once with platforms, and once without" in ran.err
    site.write(
        {"name": site.app, "semver": ">=1.1", "platforms": ["linux/arm64"]},
        {"name": site.app, "tags": ["2.0"], "platforms": ["linux/arm/v7"]},
        {"name": site.app, "tags": ["1.1", "1.2"], "platforms": ["linux/arm/v7"]},
    )
    ran = site.run("save", "-d", "a.zip", "-y")
    assert ran.status == 0, ran.err
    assert "Leave out 3 repeated lines" in ran.err
    return "a.zip"


def test_archives_are_saved_checked_and_loaded_by_job_files(
    site: Site, archive: str
) -> None:
    checked = site.run("save", "validate", "-d", archive)
    synced = site.run("sync", "-d", archive, listed=site.write(f"{site.app}:edge"))
    again = site.run("sync", "validate", "-d", archive)

    assert (checked.status, synced.status, again.status) == (0, 0, 0)
    assert checked.err.count("PASS: [") == 3
    names = site.desk.hangar("archive", "ls", archive, "--image-only").out.splitlines()
    assert sorted(names) == [f"{site.app}:{t}" for t in ("1.1", "1.2", "2.0", "edge")]

    site.write(
        {"name": site.app, "newest": 2, "destination": "web/new", "platforms": "all"},
        {"name": site.app, "tags": ["1.1"], "platforms": ["linux/arm64"]},
        {"name": site.app, "regex": "^9"},
    )
    where = ("-s", archive, *site.to)
    loaded = site.run("load", *where, "--arch", "mips")
    validated = site.run("load", "validate", *where, "--deep")

    assert (loaded.status, validated.status) == (0, 0), loaded.err + validated.err
    assert "Summary: 3 copied, 0 up to date, 1 skipped, 0 failed; " in loaded.err
    assert site.target.http.tags("web/new") == {"1.2", "2.0"}
    assert site.target.http.tags("team/app") == {"1.1"}
    assert site.platforms("web/new", "2.0") == ["linux/arm64", "linux/arm/v7"]
    assert site.platforms("team/app", "1.1") == ["linux/arm64"]


def test_archive_export_takes_all_platforms_or_refuses(
    site: Site, archive: str
) -> None:
    export = ("archive", "export", "-f", "job.yaml", "-s", archive, "-d", "b.zip")

    site.write({"name": site.app, "newest": 1, "platforms": ["linux/arm64"]})
    refused = site.desk.hangar(*export)
    site.write({"name": site.app, "newest": 1})
    done = site.desk.hangar(*export)

    assert refused.status == 1
    assert "images are exported with all platforms" in refused.err
    assert done.status == 0, done.err
    names = site.desk.hangar("archive", "ls", "b.zip", "--image-only").out
    assert names == f"{site.app}:2.0\n"


def test_inspect_list_reports_what_is_meant(site: Site) -> None:
    site.write({"name": "127.0.0.1:1/x/app", "semver": "1.x", "newest": 2})
    where = ("--registry", site.source.address, "--project", "team")

    ran = site.run("inspect", "list", *where)

    assert ran.status == 0, ran.err
    rows = site.desk.read("inspect-report.txt").splitlines()
    assert [row.split(" | ")[1] for row in rows[:2]] == [
        f"{site.app}:1.2",
        f"{site.app}:1.1",
    ]


def test_overrides_of_the_source_hold_where_tags_are_looked_up(site: Site) -> None:
    site.write({"name": "127.0.0.1:1/old/app", "regex": "^1.0$"})
    there = ("--source", site.source.address, "--source-project", "team")

    ran = site.run("mirror", *site.to, *there)

    assert ran.status == 0, ran.err
    assert site.target.http.tags("old/app") == {"1.0"}


def test_what_failed_is_a_job_file_that_can_be_fed_back(site: Site) -> None:
    site.write(
        {"name": site.app, "tags": ["1.0", "7"], "platforms": ["linux/arm64"]},
        {"name": f"{site.source.address}/no/such", "semver": ">=1", "newest": 3},
        {"name": site.app, "tags": ["8"], "destination": "web/app"},
    )

    first = site.run("mirror", *site.to)
    failed = yaml.safe_load(site.desk.read("mirror-failed.txt"))
    again = site.run("mirror", *site.to, listed="mirror-failed.txt")

    assert (first.status, again.status) == (1, 1)
    assert failed == {
        "schema": "hangar-job/1",
        "images": [
            {"name": f"{site.app}:7", "platforms": ["linux/arm64"]},
            {"name": f"{site.source.address}/no/such", "semver": ">=1", "newest": 3},
            {"name": f"{site.app}:8", "destination": "web/app"},
        ],
    }
    assert f"[IMG:4] error occurred when copy [{site.app}:8] to " in first.err
    assert yaml.safe_load(site.desk.read("mirror-failed.txt")) == failed
    listed = first.err.partition("Copy failed image list: \n")[2].splitlines()[:3]
    assert listed == [
        f"{site.app}:7",
        f"{site.source.address}/no/such (semver >=1, newest 3)",
        f"{site.app}:8 => web/app:8",
    ]


def test_filters_that_no_tag_passes_are_skipped_unless_nothing_is_left(
    site: Site,
) -> None:
    site.write({"name": site.app, "regex": "^9"}, {"name": site.app, "tags": ["edge"]})
    some = site.run("mirror", *site.to)
    site.write({"name": site.app, "regex": "^9"})
    none = site.run("mirror", *site.to)
    checked = site.run("mirror", "validate", *site.to)

    assert (some.status, none.status, checked.status) == (0, 0, 1)
    said = f"[IMG:1] Skip copy image [{site.app}]: no tag of {site.app} is wanted"
    assert said in some.err
    assert "1 copied, 0 up to date, 1 skipped, 0 failed; " in some.err
    assert "nothing was checked" in checked.err


@pytest.mark.parametrize("listed", ["-", "images.txt"])
def test_a_job_file_is_known_by_what_it_says(site: Site, listed: str) -> None:
    text = f"# for the site\nschema: hangar-job/1\nimages: ['{site.app}:1.0']\n"
    site.desk.write("images.txt", text)

    ran = site.run("mirror", *site.to, listed=listed, typed=text)

    assert ran.status == 0, ran.err
    assert site.target.http.tags("team/app") == {"1.0"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("nginx:1", "job.yaml: line 1: expected an object"),
        (
            "images: []",
            "job.yaml: line 1: 'schema' is missing (a job file begins with ",
        ),
        (
            "schema: hangar-job/1\nimages:\n- name: x\n  tag: y\n",
            "job.yaml: line 4: unknown key 'tag'; known are: destination, ",
        ),
    ],
)
def test_a_mistake_is_told_by_its_line_and_nothing_is_done(
    site: Site, text: str, said: str
) -> None:
    site.desk.write("job.yaml", text)
    site.desk.write("mirror-failed.txt", "mine")

    ran = site.run("mirror", *site.to)

    assert ran.status == 2
    assert said in ran.err
    assert site.desk.read("mirror-failed.txt") == "mine\n"


def test_what_was_converted_can_be_mirrored(site: Site) -> None:
    host, _, repository = site.app.partition("/")
    skopeo = {host: {"images": {repository: ["1.0"]}, "tls-verify": False}}
    site.desk.write("sync.yaml", yaml.safe_dump(skopeo))

    made = site.desk.hangar("convert-list", "-i", "sync.yaml", *site.to)
    ran = site.run("mirror", listed="sync.yaml.converted")

    assert made.status == 0, made.err
    assert "'tls-verify' is not taken over: " in made.err
    assert ran.status == 0, ran.err
    assert site.target.http.tags("team/app") == {"1.0"}
