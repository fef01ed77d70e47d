"""Laws of credential files: what is kept is found again, and nothing makes us crash."""

from __future__ import annotations

import contextlib
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hangar.configuration import Configuration, Credential, CredentialKey, Credentials
from hangar.errors import HangarError, InvalidInput

keys = st.builds(
    CredentialKey,
    st.sampled_from(["docker.io", "reg.io", "localhost:5000"]),
    st.sampled_from(["", "team", "team/app"]),
)
credentials = st.builds(Credential, st.text(), st.text())
names = st.sampled_from(
    ["reg.io", "https://reg.io/v1/", "reg.io/team", "docker.io", "", "/", "http://"]
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
secrets = st.sampled_from(["auth", "identitytoken", "password", "username", "email"])
entries = st.dictionaries(names, st.dictionaries(secrets, json_values) | json_values)
files = st.fixed_dictionaries(
    {},
    optional={
        "auths": entries | json_values,
        "credHelpers": json_values,
        "HttpHeaders": json_values,
    },
)


def reading(path: Path) -> Credentials:
    return Configuration.load(authfile=path, environ={"PATH": ""}).credentials


@contextlib.contextmanager
def file_of(content: object) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "auth.json"
        path.write_text(json.dumps(content))
        yield path


@given(keys, credentials)
def test_what_is_kept_is_found_again_word_for_word(
    key: CredentialKey, credential: Credential
) -> None:
    with file_of({}) as path:
        try:
            reading(path).store(key, credential)
        except InvalidInput:
            return
        assert reading(path).find(key.registry, key.path) == credential


@given(files, keys)
def test_any_file_gives_a_credential_or_our_error(
    content: object, key: CredentialKey
) -> None:
    with file_of(content) as path, contextlib.suppress(HangarError):
        reading(path).find(key.registry, key.path)


@given(files, keys)
def test_storing_and_erasing_changes_nothing_else(
    content: dict[str, Any], key: CredentialKey
) -> None:
    with file_of(content) as path:
        try:
            reading(path).store(key, Credential("me", "secret"))
            reading(path).erase(key)
        except HangarError:
            assert json.loads(path.read_text()) == content
            return
        before, after = (
            {
                **value,
                "auths": {
                    name: entry
                    for name, entry in (value.get("auths") or {}).items()
                    if CredentialKey.stored_as(name) != key
                },
            }
            for value in (content, json.loads(path.read_text()))
        )
        assert json.dumps(after) == json.dumps(before)
