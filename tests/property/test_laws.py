"""Laws of the model and the engine, tried with made-up input."""

from __future__ import annotations

import contextlib
import itertools
import json

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from hangar.copying.streams import verified
from hangar.errors import HangarError, IntegrityError
from hangar.oci import MANIFEST_TYPES, OCI_MANIFEST, Descriptor, Digest, Manifest
from hangar.reference import Reference

parts = st.from_regex(r"[a-z0-9]{1,8}([._-][a-z0-9]{1,8}){0,2}", fullmatch=True)
tags = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,20}", fullmatch=True)
digests = st.binary(max_size=8).map(Digest.of)
references = st.builds(
    Reference,
    registry=st.sampled_from(["docker.io", "ghcr.io", "localhost:5000", "10.0.0.1:80"]),
    repository=st.lists(parts, min_size=2, max_size=4).map("/".join),
    tag=tags,
    digest=st.none() | digests,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                [
                    "mediaType",
                    "config",
                    "layers",
                    "manifests",
                    "digest",
                    "size",
                    "platform",
                    "annotations",
                    "subject",
                    "schemaVersion",
                    "fsLayers",
                    "history",
                    "artifactType",
                ]
            )
            | st.text(max_size=5),
            children,
            max_size=6,
        )
    ),
    max_leaves=30,
)


@st.composite
def contents_in_chunks(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    content = draw(st.binary(max_size=200))
    cuts = sorted(draw(st.lists(st.integers(0, len(content)), max_size=5)))
    edges = [0, *cuts, len(content)]
    return content, [content[a:b] for a, b in itertools.pairwise(edges)]


@given(references)
def test_a_reference_survives_printing_and_parsing(reference: Reference) -> None:
    assert Reference.parse(str(reference)) == reference


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_our_error(text: str) -> None:
    with contextlib.suppress(HangarError):
        reference = Reference.parse(text)
        assert Reference.parse(str(reference)) == reference


@given(json_values, st.sampled_from(["", *sorted(MANIFEST_TYPES)]))
def test_parsing_any_json_gives_a_manifest_or_our_error(
    value: object, kind: str
) -> None:
    with contextlib.suppress(HangarError):
        Manifest.parse(json.dumps(value).encode(), kind)


@given(contents_in_chunks())
def test_right_bytes_pass_however_cut(case: tuple[bytes, list[bytes]]) -> None:
    content, chunks = case
    blob = Descriptor(OCI_MANIFEST, Digest.of(content), len(content))

    assert b"".join(verified(chunks, blob)) == content


@given(contents_in_chunks(), st.binary(max_size=200))
def test_wrong_bytes_never_pass_whole(
    case: tuple[bytes, list[bytes]], expected: bytes
) -> None:
    sent, chunks = case
    assume(sent != expected)
    blob = Descriptor(OCI_MANIFEST, Digest.of(expected), len(expected))
    stream, received = verified(chunks, blob), list[bytes]()

    with pytest.raises(IntegrityError):
        received.extend(stream)

    assert len(b"".join(received)) < len(expected) or not expected
