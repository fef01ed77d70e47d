"""Files of skopeo, regsync and image-syncer made into job files."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from hangar.errors import InvalidImageList
from hangar.jobs import JobImage, job_text, parse_job, program_of, translated
from hangar.oci import Platform

DIGEST = "sha256:" + "0" * 63 + "1"

SKOPEO = f"""
registry.example.com:
    images:
        busybox: []
        empty:
        redis:
            - "1.0"
            - 2.10
            - {DIGEST}
    images-by-tag-regex:
        nginx: ^1\\.13\\.[12]-alpine-perl$
        bad: "("
    images-by-semver:
        alpine: ">= 3.12.0"
    credentials:
        username: john
        password: hunter2
    tls-verify: true
    cert-dir: /home/john/certs
    unheard-of: 1
quay.io:
    tls-verify: false
    images:
        coreos/etcd:
            - latest
none.io:
"""

REGSYNC = """
x-sched-a: &sched-a "15 01 * * *"
version: 1
creds:
  - registry: docker.io
    user: "{{env \\"HUB_USER\\"}}"
    pass: hunter2
defaults:
  parallel: 2
  referrers: false
sync:
  - source: busybox
    target: localhost:5000/library/busybox
    type: image
    backup: "backup-{{.Ref.Tag}}"
    platform: linux/amd64
  - source: alpine
    target: localhost:5000/library/alpine
    type: repository
    tags:
      allow: [latest, '3\\.\\d+']
      deny: ['3\\.0']
    schedule: *sched-a
    referrers: true
    platforms: [linux/amd64, linux/arm/v7]
  - source: a/b
    target: r.io/b
    type: repository
    tagSets:
    - allow: [edge]
    - semverRange: [">=3.5.1 <4.0", "5.x"]
    - deny: [x]
      newKey: 1
  - {source: c, target: r.io/c, type: repository}
  - {source: "l:5000", target: "m:5000", type: registry}
  - {source: d, target: "{{.x}}", type: image}
  - {source: e, target: "ocidir://e", type: image}
  - {source: f, target: r.io/f, type: image, platform: local}
  - {source: g, target: r.io/g, type: other}
  - {source: h, type: image}
"""

RULES = {
    "q.io/a": "r.io/a",
    "q.io:5000/b:1,2": ["r.io/b", "r.io/b:3,4", "r.io/b"],
    "q.io/c:1,2": "r.io/c:3",
    f"q.io/d@{DIGEST}": "r.io/d:t",
    "q.io/e:/^v[0-9]+$/": "r.io/e",
    "q.io/f": "",
    "q.io/g:1": "$REGISTRY/g",
    "q.io/h": [],
}


def test_what_skopeo_copies_is_stated() -> None:
    made = translated("sync.yaml", SKOPEO, "skopeo")

    host = "registry.example.com"
    assert made.images == [
        JobImage(f"{host}/busybox", every=True),
        JobImage(f"{host}/empty", every=True),
        JobImage(f"{host}/redis", tags=("1.0", "2.10")),
        JobImage(f"{host}/redis@{DIGEST}"),
        JobImage(f"{host}/nginx", regex=r"^1\.13\.[12]-alpine-perl$"),
        JobImage(f"{host}/alpine", semver=">= 3.12.0"),
        JobImage("quay.io/coreos/etcd", tags=("latest",)),
    ]


def test_what_regsync_copies_is_stated() -> None:
    made = translated("regsync.yml", REGSYNC, "regsync")

    amd64, arm = Platform("amd64", "linux"), Platform("arm", "linux", "v7")
    alpine, local = "localhost:5000/library/alpine", "localhost:5000/library/busybox"
    there = JobImage("a/b", platforms=(), destination="r.io/b")
    assert made.images == [
        JobImage("busybox", platforms=(amd64,), destination=f"{local}:latest"),
        JobImage(
            "alpine",
            regex=r"^(?:(?:latest)|(?:3\.\d+))$",
            exclude=r"^(?:(?:3\.0))$",
            platforms=(amd64, arm),
            destination=alpine,
        ),
        replace(there, regex="^(?:(?:edge))$"),
        replace(there, semver=">=3.5.1 <4.0 || 5.x"),
        replace(there, every=True, exclude="^(?:(?:x))$"),
        JobImage("c", every=True, platforms=(), destination="r.io/c"),
    ]


@pytest.mark.parametrize("below", [False, True])
def test_what_image_syncer_copies_is_stated(below: bool) -> None:
    auth = {"q.io": {"username": "john", "password": "hunter2"}}
    text = json.dumps({"auth": auth, "images": RULES} if below else RULES, indent="\t")

    made = translated("images.json", text, "image-syncer")

    assert made.images == [
        JobImage("q.io/a", every=True, platforms=(), destination="r.io/a"),
        JobImage("q.io:5000/b", tags=("1", "2"), platforms=(), destination="r.io/b"),
        JobImage("q.io:5000/b", tags=("1",), platforms=(), destination="r.io/b:3"),
        JobImage("q.io:5000/b", tags=("2",), platforms=(), destination="r.io/b:4"),
        JobImage(f"q.io/d@{DIGEST}", platforms=(), destination="r.io/d:t"),
        JobImage("q.io/e", regex="^v[0-9]+$", platforms=(), destination="r.io/e"),
        JobImage("q.io/f", every=True, platforms=()),
    ]
    line = text.count("\n", 0, text.index('"q.io/a"'))
    several = "'r.io/c:3' is one tag for several images"
    expected = [
        f"line {line}: left out: q.io/c (tags 1 2): {several}",
        f"line {line}: q.io/f: no destination: --destination decides",
        f"line {line}: left out: q.io/g:1 to $REGISTRY/g: variables are not expanded",
        f"line {line}: left out: q.io/h: it goes nowhere",
    ]
    if below:
        said = "line 2: auth of q.io is not taken over: use 'hangar login'"
        expected.insert(0, said)
    assert made.remarks == expected


def test_all_else_of_skopeo_is_told_by_name_and_no_secret_is() -> None:
    made = translated("sync.yaml", SKOPEO, "skopeo")

    host = "registry.example.com"
    bad = "not a regular expression: '(': missing ) at position 1"
    assert [remark.partition(" is not taken")[0] for remark in made.remarks] == [
        f"line 15: {host}: 'credentials'",
        f"line 19: {host}: 'cert-dir'",
        f"line 20: {host}: 'unheard-of'",
        f"line 12: left out: {host}/bad (regex (): {bad}",
        "line 22: quay.io: 'tls-verify'",
        "line 26: none.io: no images are stated",
    ]
    assert "hunter2" not in "".join(made.remarks)


def test_all_else_of_regsync_is_told_by_name_and_no_secret_is() -> None:
    made = translated("regsync.yml", REGSYNC, "regsync")

    assert [remark.partition(" not ")[0] for remark in made.remarks] == [
        "line 5: creds of docker.io (user, pass) are",
        "line 10: defaults: 'referrers' is",
        "line 9: defaults: 'parallel' is",
        "line 15: busybox: 'backup' is",
        "line 23: alpine: 'schedule' is",
        "line 33: a/b: tags: 'newKey' is",
        "line 35: left out: l:5000: a whole registry cannot be stated, name its images",
        "line 36: left out: d: templates are",
        "line 37: left out: e: only registries can be named",
        "line 38: left out: f: platform 'local' is",
        "line 39: left out: g: type 'other' is",
        "line 40: left out: h: it needs a source and a target",
    ]
    assert "hunter2" not in "".join(made.remarks)


@pytest.mark.parametrize(
    ("text", "program"),
    [
        (SKOPEO, "skopeo"),
        (REGSYNC, "regsync"),
        (json.dumps(RULES), "image-syncer"),
        (json.dumps({"auth": {}, "images": RULES}), "image-syncer"),
        ("# first\n---\nq.io/a:1: r.io/a\n", "image-syncer"),
        ("%YAML 1.1\n---\nquay.io: {images: {a: []}}", "skopeo"),
    ],
)
def test_whose_file_it_is_is_seen_from_what_it_says(text: str, program: str) -> None:
    assert program_of("-", text) == program
    images = translated("x", text, program).images
    assert parse_job(job_text(images), "x") == tuple(images)


@pytest.mark.parametrize(
    "text", ["", "nginx:1\nredis:2", "r.io/a/b:\nnginx:1", "reg.io/a:", "a b c\n", "{a"]
)
def test_all_else_is_a_plain_list(text: str) -> None:
    assert program_of("images.txt", text) == ""


def test_blank_lines_and_comments_in_front_take_no_time() -> None:
    text = "\n \n# x\n" * 100_000

    assert program_of("images.txt", f"{text}nginx:1\n") == ""
    assert program_of("-", f"{text}quay.io: {{images: {{a: []}}}}\n") == "skopeo"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yaml", "a: [", "a.yaml: line 2: "),
        ("a.json", '{"a":' * 100_000, "a.json: line 1: nested too deep"),
        ("a.json", '{"a": 1,}', "a.json: .* line 1 column 9"),
        ("a.yml", "a: {b: c}", "a.yml: it is not known whose file this is"),
        ("a", "schema: hangar-job/1\nimages: []", "a is a job file already"),
    ],
)
def test_what_is_neither_is_refused(name: str, text: str, said: str) -> None:
    with pytest.raises(InvalidImageList, match=said):
        program_of(name, text)


@pytest.mark.parametrize(
    ("program", "text", "said"),
    [
        ("skopeo", "q.io: [a]", "x: line 1: 'q.io': expected an object"),
        ("skopeo", "q.io:\n  images:\n    a: {}", "x: line 3: 'a': expected a list"),
        ("regsync", "sync: {}", "x: line 1: 'sync': expected a list"),
        ("regsync", "version: 2\nsync: []", "x: line 1: 'version': expected 1"),
        ("regsync", "sync:\n- a", "x: line 1: 'sync': expected a list of keys"),
        ("image-syncer", "a: {b: c}", "x: line 1: expected sources, each with"),
        ("image-syncer", "a:\n- [b]", "x: line 2?: 'a': expected a list of texts"),
    ],
)
def test_a_file_of_another_kind_than_was_said_is_refused(
    program: str, text: str, said: str
) -> None:
    with pytest.raises(InvalidImageList, match=said.replace("line 2?", "line 1")):
        translated("x", text, program)
