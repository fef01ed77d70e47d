"""What ``hangar inspect`` prints, judged by skopeo."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hangar.layouts import LayoutRepository, OciLayout
from hangar.oci import DOCKER_MANIFEST, Digest
from tests.support.content import (
    put_attestation,
    put_bytes,
    put_image,
    put_index,
)
from tests.support.judges import skopeo, skopeo_raw
from tests.support.registries import DockerRegistry
from tests.support.running import Desk, Ran
from tests.support.seeding import draft, push

LAYER = Digest.of(b"layer")


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    return tmp_path / "layout"


@pytest.fixture
def image(layout: Path) -> str:
    """An image for three platforms, in a layout."""
    with OciLayout(layout, writing=True) as writing:
        seed(LayoutRepository(writing, "app"))
    return f"oci:{layout}:app:1.0"


def seed(store: Any) -> None:
    amd64 = put_image(store, b"layer", platform="linux/amd64")
    arm64 = put_image(store, b"arm", platform="linux/arm64/v8")
    armv7 = put_image(store, b"arm", platform="linux/arm/v7")
    put_index(store, "1.0", amd64, arm64, armv7, put_attestation(store, amd64))


def configured(store: Any, tag: str, config: dict[str, Any], **fields: Any) -> None:
    """Store an image whose config says just that."""
    blob = put_bytes(
        store,
        json.dumps(config).encode(),
        fields.pop("config_type", "application/vnd.oci.image.config.v1+json"),
    )
    put_image(store, b"layer", tag=tag, **{"config": blob.to_json(), **fields})


def inspected(desk: Desk, *arguments: str) -> Ran:
    ran = desk.hangar("inspect", *arguments, "--hide-log-time")
    assert not ran.status, ran.err
    assert not ran.err
    return ran


def test_an_image_is_shown_in_the_keys_and_the_order_of_the_go_program(
    desk: Desk, layout: Path
) -> None:
    with OciLayout(layout, writing=True) as writing:
        configured(
            LayoutRepository(writing),
            "app",
            {
                "created": "2026-01-02T03:04:05.120000+00:00",
                "author": "me <me@example.com>",
                "architecture": "arm",
                "os": "linux",
                "variant": "v7",
                "config": {
                    "Labels": {"b": "x&y", "a": ""},
                    "Env": ["PATH=/bin", "É=1"],
                },
            },
        )

    ran = inspected(desk, f"oci:{layout}:app")

    assert ran.out == (
        '{\n  "Tag": "",\n  "Created": "2026-01-02T03:04:05.12Z",\n'
        '  "DockerVersion": "",\n'
        '  "Labels": {\n    "a": "",\n    "b": "x\\u0026y"\n  },\n'
        '  "Architecture": "arm",\n  "Variant": "v7",\n  "Os": "linux",\n'
        f'  "Layers": [\n    "{LAYER}"\n  ],\n'
        '  "LayersData": [\n    {\n'
        '      "MIMEType": "application/vnd.oci.image.layer.v1.tar+gzip",\n'
        f'      "Digest": "{LAYER}",\n      "Size": 5,\n      "Annotations": null\n'
        "    }\n  ],\n"
        '  "Env": [\n    "PATH=/bin",\n    "É=1"\n  ],\n'
        '  "Author": "me \\u003cme@example.com\\u003e"\n}\n'
    )


def test_what_an_image_does_not_state_is_empty_or_null(
    desk: Desk, layout: Path
) -> None:
    with OciLayout(layout, writing=True) as writing:
        store = LayoutRepository(writing)
        configured(store, "oci", {"config": {"Labels": {}, "Env": []}})
        configured(store, "none", {"config": None})
        configured(store, "docker", {}, media_type=DOCKER_MANIFEST)

    shown = {
        tag: json.loads(inspected(desk, f"oci:{layout}:{tag}").out)
        for tag in ("oci", "none", "docker")
    }

    assert [(s["Created"], s["Labels"], s["Env"]) for s in shown.values()] == [
        (None, {}, []),
        (None, None, None),
        ("0001-01-01T00:00:00Z", None, None),
    ]


def test_it_agrees_with_skopeo_wherever_the_image_is(
    desk: Desk, source: DockerRegistry, layout: Path
) -> None:
    store = draft()
    seed(store)
    push(source.http, "team/app", store)
    name = f"docker://{source.address}/team/app:1.0"
    skopeo(
        "copy",
        "--insecure-policy",
        "--src-tls-verify=false",
        "--all",
        name,
        f"dir:{layout}",
    )

    for place in (name, f"dir:{layout}"):
        theirs = json.loads(skopeo("inspect", "--tls-verify=false", "--no-tags", place))
        ours = json.loads(inspected(desk, place, "--tls-verify=false").out)
        assert {key: ours[key] for key in theirs if key in ours} == {
            key: value for key, value in theirs.items() if key in ours
        }
        for flags in (("--raw",), ("--config", "--raw")):
            raw = skopeo("inspect", *flags, "--tls-verify=false", place)
            done = inspected(desk, place, *flags, "--tls-verify=false")
            assert done.out.encode() == raw
    assert inspected(
        desk, name.removeprefix("docker://"), "--raw", "--tls-verify=false"
    ).out.encode() == skopeo_raw(f"{source.address}/team/app:1.0")


def test_the_image_for_another_platform_is_shown_on_request(
    desk: Desk, image: str
) -> None:
    shown = [
        json.loads(inspected(desk, image, *flags.split()).out)
        for flags in (
            "--override-arch arm64 --override-os linux",
            "--override-arch arm --override-os linux --override-variant v8",
        )
    ]

    assert [(s["Architecture"], s["Variant"]) for s in shown] == [
        ("arm64", "v8"),
        ("arm", "v7"),
    ]


def test_a_platform_that_is_not_there_is_told_with_those_that_are(
    desk: Desk, image: str
) -> None:
    ran = desk.hangar("inspect", image, "--override-arch", "s390x", "--hide-log-time")

    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        '- [FATA] no image found in image index for architecture "s390x",'
        ' variant "", OS "linux" (it has linux/amd64, linux/arm64v8, linux/armv7)\n'
    )


def test_a_table_has_a_line_for_each_platform(desk: Desk, image: str) -> None:
    index = json.loads(inspected(desk, image, "--raw").out)
    digests = [entry["digest"] for entry in index["manifests"]]

    *head, empty, columns, amd64, arm64, armv7, attestation = inspected(
        desk, image, "--format", "table"
    ).out.splitlines()

    assert head[0] == f"Image:   {image}"
    assert head[1].split()[0] == "Digest:"
    assert head[2] == "Type:    application/vnd.oci.image.index.v1+json"
    assert not empty
    assert columns.split() == ["PLATFORM", "SIZE", "DIGEST"]
    rows = [row.split() for row in (amd64, arm64, armv7, attestation)]
    assert [row[0] for row in rows] == [
        *("linux/amd64", "linux/arm64v8", "linux/armv7", "attestation")
    ]
    assert [row[-1] for row in rows] == digests
    assert {row[2] for row in rows} == {"B"}


def test_an_image_is_named_as_it_was_asked_for(
    desk: Desk, source: DockerRegistry
) -> None:
    store = draft()
    digest = put_image(store, b"layer", tag="1.0").digest
    push(source.http, "team/app", store)
    app = f"{source.address}/team/app"

    for name in (f"{app}:1.0", f"{app}@{digest}", f"{app}:1.0@{digest}"):
        flags = ("--format=table", "--tls-verify=false")
        first = inspected(desk, name, *flags).out.splitlines()[0]
        assert first == f"Image:   {name.replace(':1.0@', '@')}"


def test_an_artifact_shows_its_layers_and_is_one_line_of_a_table(
    desk: Desk, layout: Path
) -> None:
    with OciLayout(layout, writing=True) as writing:
        configured(
            LayoutRepository(writing),
            "chart",
            {"name": "chart", "config": "no object"},
            config_type="application/vnd.cncf.helm.config.v1+json",
        )
    name = f"oci:{layout}:chart"

    assert json.loads(inspected(desk, name).out)["Layers"] == [LAYER]
    assert inspected(desk, name, "--format=table").out.splitlines()[-1][:2] == "- "
    assert json.loads(inspected(desk, name, "--config").out)["name"] == "chart"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"config": 7}, "config: expected an object"),
        ({"config": {"Labels": {"a": 1}}}, "Labels: expected texts"),
        ({"config": {"Env": "PATH=/"}}, "Env: expected texts"),
        ({"created": 7}, "created: expected text"),
        ({"os": []}, "os: expected text"),
    ],
)
def test_a_config_that_makes_no_sense_is_told(
    desk: Desk, layout: Path, config: dict[str, Any], said: str
) -> None:
    with OciLayout(layout, writing=True) as writing:
        configured(LayoutRepository(writing), "odd", config)

    ran = desk.hangar("inspect", f"oci:{layout}:odd")

    assert ran.status == 2
    assert said in ran.err
    assert not ran.out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ("", 2, "image reference not provided"),
        ("a b", 2, "unexpected extra argument"),
        ("Upper", 2, "invalid reference format"),
        ("docker:dind@x", 2, "docker:dind@x'"),
        ("dir:nowhere", 1, "not found: nowhere/manifest.json"),
        ("oci:nowhere", 2, "no OCI layout"),
        ("docker-archive:nowhere", 1, "not found: nowhere"),
        ("docker-archive:list", 2, "no archive of docker"),
        ("x --format yaml", 2, "invalid argument"),
        ("x --format table --raw", 2, "--raw and --format table exclude"),
        ("x --format table --config", 2, "--config and --format table exclude"),
        ("127.0.0.1:1/a/docker:dind", 1, "127.0.0.1:1"),
    ],
)
def test_what_cannot_be_inspected_is_told(
    desk: Desk, arguments: str, status: int, said: str
) -> None:
    desk.write("list", "some text")

    ran = desk.hangar("inspect", *arguments.split())

    assert ran.status == status
    assert said in ran.err
    assert not ran.out
