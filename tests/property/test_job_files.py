"""Laws of image lists and job files, tried with made-up input."""

from __future__ import annotations

import contextlib

import yaml
from hypothesis import given
from hypothesis import strategies as st

from hangar.errors import HangarError
from hangar.imagelist import parse_list
from hangar.jobs import PROGRAMS, JobImage, job_text, parse_job, program_of, translated
from hangar.oci import Platform

NAMES = ("nginx", "r.io/a/b", "localhost:5000/x")
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
platforms = st.builds(
    Platform,
    architecture=st.sampled_from(["amd64", "arm"]),
    os=st.sampled_from(["linux", "windows"]),
    variant=st.sampled_from(["", "v7"]),
)
of_images = st.none() | st.just(()) | st.lists(platforms, min_size=1).map(tuple)
destinations = st.sampled_from(["", "x", "r.io:1/x"])
patterns = st.sampled_from(["a", "^é: #$", "'\"\\.", "yes", "1.10"])
images = st.one_of(
    st.builds(
        JobImage,
        name=st.sampled_from([*NAMES, "x:1"]),
        platforms=of_images,
        destination=destinations,
    ),
    st.builds(
        JobImage,
        name=st.sampled_from(NAMES),
        tags=st.lists(tags, max_size=3).map(tuple),
        regex=patterns,
        exclude=st.just("") | patterns,
        semver=st.sampled_from(["", ">=1", "1.10"]),
        newest=st.integers(0, 10**6),
        platforms=of_images,
        destination=destinations,
    ),
    st.sampled_from([JobImage(name, every=True) for name in NAMES]),
)
documents = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | patterns,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("schema", "images", "name", "tags", "platforms", "newest"),
                    *("sync", "source", "target", "type", "creds", "defaults"),
                    *("images-by-semver", "credentials", "q.io", "q.io/a:/x/", "auth"),
                ]
            )
            | st.text(max_size=4),
            inner,
            max_size=5,
        )
    ),
    max_leaves=30,
)


@given(st.lists(images, max_size=5))
def test_a_job_file_survives_writing_and_reading(entries: list[JobImage]) -> None:
    assert parse_job(job_text(entries), "j") == tuple(entries)


@given(documents)
def test_any_yaml_is_a_job_file_or_our_error(document: object) -> None:
    text = yaml.safe_dump({"schema": "hangar-job/1", "images": document})
    with contextlib.suppress(HangarError):
        for image in parse_job(text, "j"):
            assert image.filter or image.named


@given(documents | st.text(max_size=40))
def test_any_file_of_another_program_becomes_a_job_file_or_our_error(
    document: object,
) -> None:
    text = document if isinstance(document, str) else yaml.safe_dump(document)
    with contextlib.suppress(HangarError):
        program_of("x.yaml", text)
    for program in PROGRAMS:
        with contextlib.suppress(HangarError):
            made = translated("x", text, program).images
            assert parse_job(job_text(made), "x") == tuple(made)


@given(st.lists(st.text(max_size=30), max_size=8))
def test_any_text_is_a_list_and_each_line_is_read_alike_wherever_it_stands(
    lines: list[str],
) -> None:
    parsed = parse_list(lines)

    assert [line.number for line in parsed] == list(range(1, len(parsed) + 1))
    for line in parsed:
        (alone,) = parse_list([line.text])
        stated = (line.source, line.destination, line.tag)
        assert (alone.source, alone.destination, alone.tag) == stated
        if line.repeats:
            first = parsed[line.repeats - 1]
            assert (first.source, first.destination, first.tag) == stated
            assert not first.repeats
