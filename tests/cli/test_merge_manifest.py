"""What ``hangar merge-manifest`` writes, judged by skopeo and plain HTTP."""

from __future__ import annotations

import json

import pytest

from hangar.oci import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX
from tests.support.content import put_attestation, put_image, put_index
from tests.support.judges import skopeo_raw
from tests.support.registries import DockerRegistry
from tests.support.running import Desk, Ran
from tests.support.seeding import draft, push

HELM = "application/vnd.cncf.helm.config.v1+json"


class Site:
    """A registry with two repositories of images to merge."""

    def __init__(self, desk: Desk, registry: DockerRegistry) -> None:
        here, there = draft(), draft()
        self.amd64 = put_image(
            here, b"amd64", tag="amd64", annotations={"made": "<by> me"}
        )
        self.newer = put_image(here, b"newer", tag="newer")
        attests = put_attestation(here, self.amd64)
        put_index(here, "attested", self.amd64, attests)
        put_image(here, b"chart", tag="chart", config_type=HELM)
        self.arm64 = put_image(there, b"arm64", platform="linux/arm64/v8")
        self.s390x = put_image(
            there,
            b"s390x",
            platform="linux/s390x",
            tag="s390x",
            media_type=DOCKER_MANIFEST,
        )
        put_index(there, "list", self.s390x, media_type=DOCKER_LIST)
        put_index(there, "arm", self.arm64)
        push(registry.http, "team/app", here)
        push(registry.http, "other/app", there)
        self.desk = desk
        self.http = registry.http
        self.here = f"{registry.address}/team/app"
        self.there = f"{registry.address}/other/app"

    def merge(self, *arguments: str) -> Ran:
        flags = ("--tls-verify=false", "--hide-log-time")
        return self.desk.hangar("merge-manifest", *arguments, *flags)


@pytest.fixture
def site(desk: Desk, source: DockerRegistry) -> Site:
    return Site(desk, source)


def test_images_become_one_index_in_the_go_programs_format(site: Site) -> None:
    ran = site.merge(
        f"{site.here}:1.0", f"docker://{site.here}:amd64", f"{site.there}:list"
    )

    assert (ran.status, ran.out) == (0, "")
    assert skopeo_raw(f"{site.here}:1.0").decode() == (
        '{\n  "schemaVersion": 2,\n'
        f'  "mediaType": "{OCI_INDEX}",\n'
        '  "manifests": [\n    {\n'
        f'      "mediaType": "{site.amd64.media_type}",\n'
        f'      "digest": "{site.amd64.digest}",\n'
        f'      "size": {site.amd64.size},\n'
        '      "annotations": {\n        "made": "\\u003cby\\u003e me"\n      },\n'
        '      "platform": {\n        "architecture": "amd64",\n'
        '        "os": "linux"\n      }\n    },\n    {\n'
        f'      "mediaType": "{DOCKER_MANIFEST}",\n'
        f'      "digest": "{site.s390x.digest}",\n'
        f'      "size": {site.s390x.size},\n'
        '      "platform": {\n        "architecture": "s390x",\n'
        '        "os": "linux"\n      }\n    }\n  ]\n}'
    )
    target = f"docker://{site.here}:1.0"
    assert ran.err.splitlines() == [
        f'- [INFO] Image "docker://{site.here}:amd64" is "{site.amd64.media_type}"',
        f'- [INFO] Image "docker://{site.there}:list" is "{DOCKER_LIST}"',
        f"- [INFO] Pushing image manifest index {target} with 2 contents",
    ]


def test_what_is_in_another_repository_is_copied_first(site: Site) -> None:
    ran = site.merge(
        f"{site.here}:1.0",
        f"{site.here}:amd64",
        f"{site.there}:arm",
        f"{site.there}:s390x",
    )

    assert ran.status == 0
    whole = site.http.whole("team/app", "1.0")
    assert {site.amd64.digest, site.arm64.digest, site.s390x.digest} <= whole.keys()


def test_a_dry_run_prints_the_index_and_writes_nothing(site: Site) -> None:
    names = (f"{site.here}:1.0", f"{site.here}:amd64", f"{site.there}:arm")

    ran = site.merge(*names, "--dry-run")

    assert ran.status == 0
    assert "1.0" not in site.http.tags("team/app")
    path = f"/v2/team/app/manifests/{site.arm64.digest}"
    assert site.http.ask("HEAD", path).status == 404
    site.merge(*names)
    assert ran.out.encode() == site.http.manifest("team/app", "1.0") + b"\n"


def test_of_one_platform_the_later_image_counts_and_the_other_is_named(
    site: Site,
) -> None:
    ran = site.merge(f"{site.here}:1.0", f"{site.here}:attested", f"{site.here}:newer")

    listed = json.loads(site.http.manifest("team/app", "1.0"))["manifests"]
    assert [entry["digest"] for entry in listed] == [site.newer.digest]
    lines = ran.err.splitlines()
    gone = f'of "docker://{site.here}:attested" gives way to a later image'
    assert f"- [WARN] linux/amd64 {gone}" in lines
    assert f"- [WARN] unknown/unknown {gone}" in lines


def test_what_the_destination_named_is_kept_only_if_it_is_merged(site: Site) -> None:
    target = f"{site.here}:attested"

    ran = site.merge(target, target, f"{site.there}:arm")

    assert ran.status == 0
    listed = json.loads(site.http.manifest("team/app", "attested"))["manifests"]
    architectures = [entry["platform"]["architecture"] for entry in listed]
    assert architectures == ["amd64", "unknown", "arm64"]


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("HERE:1.0 HERE:amd64", 2, "requires at least 3 arguments"),
        (
            "HERE:1.0 HERE:amd64 HERE:chart",
            1,
            f'no image, but an artifact of type "{HELM}"',
        ),
        ("HERE:1.0 HERE:amd64 HERE:nothing", 1, "manifest unknown"),
        (f"HERE@sha256:{'0' * 64} HERE:amd64 HERE:newer", 2, "name a tag"),
        ("HERE:1.0 HERE:amd64 UPPER", 2, "invalid reference format"),
    ],
)
def test_what_cannot_be_merged_leaves_the_destination_as_it_was(
    site: Site, arguments: str, status: int, said: str
) -> None:
    before = site.http.tags("team/app")

    ran = site.merge(*arguments.replace("HERE", site.here).split())

    assert (ran.status, ran.out) == (status, "")
    assert said in ran.err
    assert site.http.tags("team/app") == before
