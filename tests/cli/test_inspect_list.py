"""What ``hangar inspect list`` writes and says."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from hangar.cli.platform_report import platform_report
from hangar.events import Outcome, Report, Status
from hangar.oci import DOCKER_LIST, DOCKER_MANIFEST, Descriptor, Digest, Platform
from tests.support.content import put_attestation, put_image, put_index
from tests.support.registries import DockerRegistry
from tests.support.running import Desk, Ran
from tests.support.seeding import draft, push

OCI = "application/vnd.oci.image.manifest.v1+json"


class Site:
    """A registry with images of every kind, and a list of them."""

    def __init__(self, desk: Desk, registry: DockerRegistry) -> None:
        store = draft()
        self.amd64 = put_image(store, b"layer", tag="single")
        self.arm64 = put_image(store, b"arm", platform="linux/arm64/v8")
        self.attests = put_attestation(store, self.amd64)
        put_index(store, "index", self.amd64, self.arm64, self.attests)
        docker = put_image(
            store, b"win", platform="windows/amd64", media_type=DOCKER_MANIFEST
        )
        platform = Platform("amd64", "windows", "", "10.0.1.2", ("win32k", "x"))
        self.windows = Descriptor(
            docker.media_type, docker.digest, docker.size, platform=platform
        )
        put_index(store, "docker", self.windows, media_type=DOCKER_LIST)
        self.chart = put_image(
            store,
            b"chart",
            tag="chart",
            config_type="application/vnd.cncf.helm.config.v1+json",
        )
        push(registry.http, "team/app", store)
        self.desk = desk
        self.app = f"{registry.address}/team/app"
        self.list = desk.write("list.txt", *self.names)

    @property
    def names(self) -> list[str]:
        tags = ("index", "docker", "single", "chart")
        return [f"{self.app}:{tag}" for tag in tags]

    def run(self, *flags: str, listed: str = "", typed: str = "") -> Ran:
        flags = ("-f", listed or self.list, "--tls-verify=false", *flags)
        return self.desk.hangar(
            "inspect", "list", *flags, "--hide-log-time", typed=typed
        )

    def report(self, form: str) -> str:
        ran = self.run("--format", form)
        assert ran.status == 0, ran.err
        return self.desk.read(f"inspect-report.{form}")


@pytest.fixture
def site(desk: Desk, source: DockerRegistry) -> Site:
    return Site(desk, source)


def test_the_report_is_text_unless_told_otherwise(site: Site) -> None:
    ran = site.run()

    assert (ran.status, ran.out) == (0, "")
    assert site.desk.read("inspect-report.txt") == (
        f"   1 | {site.app}:index | linux/amd64,linux/arm64v8\n"
        f"   2 | {site.app}:docker | windows/amd64\n"
        f"   3 | {site.app}:single | linux/amd64\n"
        f"   4 | {site.app}:chart | \n"
        "\n"
    )
    lines = ran.err.splitlines()
    said = f'- [INFO] [IMG:1] Image [{site.app}:index]: "linux/amd64,linux/arm64v8"'
    assert said in lines
    assert lines[-2:] == [
        '- [INFO] Report saved to "inspect-report.txt"',
        "- [INFO] Done",
    ]
    assert lines[-3].startswith("- [INFO] Summary: 4 inspected, 0 failed; ")


def test_a_registry_makes_up_no_rows() -> None:
    evil = Platform("amd64", "linux\n   2 | fake | linux/amd64\x1b[2J")
    entry = Descriptor(OCI, Digest.of(b""), 0, platform=evil)
    name = "reg.io/a:1"
    outcome = Outcome(1, name, name, "", Status.UP_TO_DATE, entries=(entry,))

    text = platform_report(Report((outcome,), 0.0), "txt")

    assert text == (
        "   1 | reg.io/a:1 | linux\\n   2 | fake | linux/amd64\\x1b[2J/amd64\n\n"
    )


def test_a_spreadsheet_has_a_row_for_each_manifest(site: Site) -> None:
    rows = [
        ("index", site.amd64, "linux/amd64,,", OCI),
        ("index", site.arm64, "linux/arm64v8,,", OCI),
        ("index", site.attests, "unknown/unknown,,", OCI),
        ("docker", site.windows, 'windows/amd64,10.0.1.2,"win32k,x"', DOCKER_MANIFEST),
        ("single", site.amd64, "linux/amd64,,", OCI),
        ("chart", site.chart, "/,,", OCI),
    ]

    assert site.report("csv") == (
        "image,digest,platform,osVersion,osFeature,mediaType\n"
        + "".join(f"{site.app}:{t},{e.digest},{p},{m}\n" for t, e, p, m in rows)
        + "\n"
    )


def expected(site: Site, media_type: str) -> list[dict[str, Any]]:
    amd64 = {
        "arch": "amd64",
        "os": "linux",
        media_type: OCI,
        "digest": site.amd64.digest,
    }
    return [
        {
            "source": site.app,
            "tag": "index",
            "images": [
                amd64,
                {
                    "arch": "arm64",
                    "os": "linux",
                    "variant": "v8",
                    media_type: OCI,
                    "digest": site.arm64.digest,
                },
                {
                    "arch": "unknown",
                    "os": "unknown",
                    media_type: OCI,
                    "digest": site.attests.digest,
                    "annotations": {
                        "vnd.docker.reference.digest": site.amd64.digest,
                        "vnd.docker.reference.type": "attestation-manifest",
                    },
                },
            ],
        },
        {
            "source": site.app,
            "tag": "docker",
            "images": [
                {
                    "arch": "amd64",
                    "os": "windows",
                    "osVersion": "10.0.1.2",
                    "osFeatures": ["win32k", "x"],
                    media_type: DOCKER_MANIFEST,
                    "digest": site.windows.digest,
                }
            ],
        },
        {"source": site.app, "tag": "single", "images": [amd64]},
        {
            "source": site.app,
            "tag": "chart",
            "images": [{media_type: OCI, "digest": site.chart.digest}],
        },
    ]


def test_json_has_the_shape_of_an_archives_index(site: Site) -> None:
    text = site.report("json")
    value = json.loads(text)

    time = value["time"]
    whole = {"list": expected(site, "mediaType"), "version": "v1.2.0", "time": time}
    assert text == json.dumps(whole, indent=2) + "\n"


def test_yaml_is_the_same_with_mime(site: Site) -> None:
    text = site.report("yaml")
    value = yaml.safe_load(text)

    assert value["list"] == expected(site, "mime")
    assert list(value) == ["list", "version", "time"]
    assert text.startswith("list:\n- source: ")
    assert text.endswith("\n\n")


def test_a_digest_is_split_as_the_go_program_splits_it(site: Site) -> None:
    digest = site.arm64.digest
    site.run("--format=json", listed=site.desk.write("one", f"{site.app}@{digest}"))

    (image,) = json.loads(site.desk.read("inspect-report.json"))["list"]

    assert image["source"] == f"{site.app}@sha256"
    assert image["tag"] == digest.removeprefix("sha256:")


def test_those_that_fail_are_listed_and_the_others_reported(site: Site) -> None:
    nothing = f"{site.app}:nothing"
    listed = site.desk.write("some", nothing, "no line", site.names[2], "UPPER")

    ran = site.run("--report", "out", "-o", "bad", listed=listed)

    assert ran.status == 1
    assert site.desk.read("out") == f"   1 | {site.names[2]} | linux/amd64\n\n"
    assert site.desk.read("bad") == f"{nothing}\nUPPER\n"
    assert f"error occurred on [{nothing}]: " in ran.err
    assert '- [WARN] Ignore image list line "no line": invalid format' in ran.err
    assert ran.err.splitlines()[-1] == "- [FATA] some images failed to inspect"


def test_registry_and_project_can_be_replaced(site: Site) -> None:
    registry = site.app.partition("/")[0]
    listed = site.desk.write("other", "example.invalid/elsewhere/app:single")

    ran = site.run("--registry", registry, "--project", "team", listed=listed)

    assert ran.status == 0
    assert site.desk.read("inspect-report.txt").startswith(f"   1 | {site.app}:single")


def test_a_report_that_is_there_is_replaced_only_after_a_yes(site: Site) -> None:
    (site.desk.folder / "inspect-report.txt").write_text("precious")
    question = 'File "inspect-report.txt" already exists! Overwrite? [y/N] '

    refused = site.run(typed="\n")
    assert (refused.status, refused.out) == (1, question)
    assert 'file "inspect-report.txt" already exists' in refused.err
    assert site.desk.read("inspect-report.txt") == "precious"

    assert site.run(typed="y\n").out == question
    assert site.run("-y").out == f"{question}y\n"
    assert site.desk.read("inspect-report.txt") != "precious"
    mode = (site.desk.folder / "inspect-report.txt").stat().st_mode
    assert mode & 0o777 == 0o644


def test_a_list_on_standard_input_is_not_taken_for_an_answer(site: Site) -> None:
    (site.desk.folder / "inspect-report.txt").write_text("precious")
    typed = f"yes.invalid/none\n{site.names[2]}\n"

    ran = site.run(listed="-", typed=typed)
    assert (ran.status, ran.out) == (1, "")
    assert "use --auto-yes" in ran.err
    assert site.desk.read("inspect-report.txt") == "precious"

    site.run("-y", listed="-", typed=f"{site.names[2]}\n")
    assert site.desk.read("inspect-report.txt").startswith("   1 | ")


def test_an_empty_list_makes_an_empty_report(site: Site) -> None:
    empty = site.desk.write("empty")

    assert site.run("--format=json", listed=empty).status == 0
    value = json.loads(site.desk.read("inspect-report.json"))
    assert list(value) == ["version", "time"]
    assert site.run(listed="missing").status == 2
    assert site.run("--format=xml").status == 2
