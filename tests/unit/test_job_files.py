"""Job files read, refused, and written."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from hangar.errors import InvalidImageList
from hangar.imagelist import read_list
from hangar.jobs import JobImage, is_job, job_text, parse_job
from hangar.oci import Platform

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "job-file.schema.json").read_text())
HEX = "sha256:" + "ab" * 32


def job(*entries: object, **more: object) -> str:
    return json.dumps({"schema": "hangar-job/1", **more, "images": entries})


def agrees(value: object) -> bool:
    """Whether the schema that editors use accepts it."""
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(value)


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_examples_of_the_documentation_are_job_files() -> None:
    page = (DOCS / "job-file.md").read_text()
    examples = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert examples
    for example in examples:
        assert parse_job(example, "job.yaml")
        assert agrees(yaml.safe_load(example))


def test_all_that_can_be_stated_is_read() -> None:
    text = """
        schema: hangar-job/1
        platforms: [linux/amd64]
        x-some: &some {semver: ">=1", newest: 3}
        images:
        - nginx:1
        - name: docker://quay.io/a/b
          tags: [1.10, 2024-01-01, on, 0x10]
          regex: "^1"
          exclude: rc
          platforms: [windows/amd64, linux/arm/v7]
          destination: docker://r.io/x/y
        - name: c
          <<: *some
          newest: 2
          platforms: all
        - {name: d, tags: all}
        """

    amd64 = (Platform("amd64", "linux"),)
    assert parse_job(text, "x") == (
        JobImage("nginx:1", platforms=amd64),
        JobImage(
            "quay.io/a/b",
            tags=("1.10", "2024-01-01", "on", "0x10"),
            regex="^1",
            exclude="rc",
            platforms=(Platform("amd64", "windows"), Platform("arm", "linux", "v7")),
            destination="r.io/x/y",
        ),
        JobImage("c", semver=">=1", newest=2, platforms=()),
        JobImage("d", every=True, platforms=amd64),
    )


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (["x"], "images, entry 1: expected a name"),
        ("", "'name' is empty"),
        ({}, "'name' is missing"),
        ({"name": "x", "tag": "y"}, "unknown key 'tag'; known are: destination, excl"),
        ({"name": "x", "tags": []}, "'tags' is empty; for all of them, write 'all'"),
        ({"name": "x", "tags": "1"}, "'tags': expected a list of texts, or 'all'"),
        ({"name": "x", "tags": [None]}, "'tags': expected a list of texts"),
        ({"name": "x", "platforms": ["linux"]}, "not a platform: 'linux', expected"),
        ({"name": "x", "newest": 0}, "'newest': expected a number of at least 1"),
        ({"name": "x", "newest": "2.5"}, "'newest': expected a number of at least 1"),
        ({"name": "x", "regex": ""}, "'regex' is empty"),
        ({"name": "x", "regex": ["a"]}, "'regex': expected text"),
        ({"name": "x", "tags": "all", "newest": 2}, "'tags: all' contradicts"),
        ({"name": "x", "exclude": "a"}, "'exclude' needs tags to choose from"),
        (
            {"name": "x", "tags": ["1"], "exclude": "a"},
            "'exclude' needs tags to choose",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_us_and_by_the_schema(
    entry: object, said: str
) -> None:
    with pytest.raises(InvalidImageList, match=re.escape(said)):
        parse_job(job(entry), "job.yaml")

    assert not agrees(json.loads(job(entry)))


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("UPPER", "invalid reference format: 'UPPER'"),
        ({"name": "x:1", "tags": ["2"]}, "'x:1' names a tag or digest, and others"),
        ({"name": f"x@{HEX}", "newest": 1}, "names a tag or digest, and others are"),
        ({"name": "x", "tags": ["a b"]}, "invalid reference format: "),
        ({"name": "x", "regex": "("}, "not a regular expression: '('"),
        ({"name": "x", "regex": "a" * 5000}, "expression of more than 4096 characters"),
        ({"name": "x", "semver": "one"}, "not a range of versions: 'one'"),
        ({"name": "x", "destination": "A"}, "invalid reference format: 'A'"),
        ({"name": "x", "destination": f"y@{HEX}"}, "a destination has no digest"),
        (
            {"name": "x", "tags": ["1", "2"], "destination": "y:1"},
            "'y:1' is one tag for several images",
        ),
        ({"name": "x", "semver": "1", "destination": "y:1"}, "is one tag for several"),
    ],
)
def test_what_no_schema_can_tell_is_refused(entry: object, said: str) -> None:
    with pytest.raises(InvalidImageList, match=re.escape(said)):
        parse_job(job(entry), "job.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "j: line 1: 'schema' is missing"),
        ("- a", "j: line 1: expected an object"),
        ("schema: hangar-job/2\nimages: []", "j: line 1: 'schema' is 'hangar-job/2'"),
        ("schema: hangar-job/1", "j: line 1: 'images' is missing"),
        ("schema: hangar-job/1\nimages: {}", "j: line 2: 'images': expected a list"),
        ("schema: hangar-job/1\nimage: []", "j: line 2: unknown key 'image'"),
        (
            "schema: hangar-job/1\nimages:\n- name: x\n- name: y\n  name: z",
            "j: line 5: 'name' is there twice",
        ),
        ("schema: hangar-job/1\nimages: [", "j: line 3: did not find expected node"),
        ("schema: hangar-job/1\nimages: [\t*a]", "j: line 2: "),
        ("a: \u0001", "j: line 1: "),
        ("[" * 100_000, "j: line 1: nested too deep"),
        ("a: &a [*a]", "j: line 1: nested too deep"),
    ],
)
def test_a_mistake_is_told_with_file_and_line(text: str, said: str) -> None:
    with pytest.raises(InvalidImageList, match=re.escape(said)) as caught:
        parse_job(text, "j")

    assert ("schema: hangar-job/1" in caught.value.hint) is ("schema:" not in text)


def test_aliases_cannot_make_more_than_memory_holds() -> None:
    bomb = ["x-0: &a0 [y, y, y, y, y, y, y, y, y, y]"]
    for level in range(1, 9):
        aliases = ", ".join([f"*a{level - 1}"] * 10)
        bomb.append(f"x-{level}: &a{level} [{aliases}]")

    with pytest.raises(InvalidImageList, match="aliases make too much of it"):
        parse_job("\n".join(bomb), "j")


@pytest.mark.parametrize(
    ("name", "text", "is_one"),
    [
        ("a.yaml", "nginx", True),
        ("a.YML", "", True),
        ("-", "# x\nschema: 'hangar-job/1'\n", True),
        ("a", '"schema" : "hangar-job/9"', True),
        ("a.txt", "nginx\n schema: hangar-job/1", False),
        ("a.json", "nginx", False),
    ],
)
def test_a_job_file_is_known_by_its_name_or_by_what_it_says(
    name: str, text: str, is_one: bool
) -> None:
    assert is_job(name, text) is is_one


def test_entries_that_were_not_looked_up_fail_rather_than_mean_the_latest(
    tmp_path: Path,
) -> None:
    path = tmp_path / "job.yaml"
    path.write_text(job({"name": "x", "newest": 2}), encoding="utf-16")

    (line,) = read_list(str(path))

    assert (line.text, line.source) == ("x (newest 2)", "x")
    assert isinstance(line.error, InvalidImageList)


def test_a_job_file_is_written_so_that_people_can_read_it() -> None:
    images = [
        JobImage("nginx:1.10"),
        JobImage("x", tags=("1.10", "on"), platforms=()),
        JobImage(
            "y", every=True, exclude="a", platforms=(Platform("arm", "linux", "v7"),)
        ),
        JobImage("z", regex="^é", semver=">1", newest=3, destination="r.io/z"),
    ]

    assert job_text(images) == (
        "schema: hangar-job/1\n"
        "images:\n"
        "- name: nginx:1.10\n"
        "- name: x\n"
        "  tags:\n"
        "  - '1.10'\n"
        "  - 'on'\n"
        "  platforms: all\n"
        "- name: y\n"
        "  tags: all\n"
        "  exclude: a\n"
        "  platforms:\n"
        "  - linux/arm/v7\n"
        "- name: z\n"
        "  regex: ^é\n"
        "  semver: '>1'\n"
        "  newest: 3\n"
        "  destination: r.io/z\n"
    )


def test_what_the_schema_accepts_is_what_we_accept() -> None:
    entries: list[Any] = [
        "x:1",
        {"name": "x"},
        {"name": "x", "tags": "all", "exclude": "a"},
        {"name": "x", "tags": ["1"], "semver": "1", "exclude": "a", "newest": 4},
        {"name": "x", "platforms": "all", "destination": "y"},
        {"name": "x", "platforms": ["linux/arm/v7", "linux/amd64"]},
    ]
    for entry in entries:
        assert parse_job(job(entry), "j")
        assert agrees(json.loads(job(entry)))
    assert agrees(json.loads(job(platforms="all")))
    assert not agrees({"schema": "hangar-job/1", "images": [], "image": []})
    assert not agrees({"schema": "hangar-job/2", "images": []})
