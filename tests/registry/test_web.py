"""Files of web servers: fetched whole, by whom, and never by a secret's betrayal."""

from __future__ import annotations

import base64
import contextlib
import json
import traceback
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hangar.configuration import Configuration
from hangar.errors import (
    AccessDenied,
    CredentialsRefused,
    InvalidInput,
    NotFound,
    RegistryError,
    TlsError,
    TransferError,
    Unsupported,
)
from hangar.registry import Registries, WebAddress, url_without_secrets
from hangar.retry import Patience
from hangar.store import Chunks
from tests.support.files import FileServer, basic
from tests.support.registries import Certificates

CONTENT = bytes(range(256)) * 40
ME = ("me", "pass:word")


Reach = Callable[..., Registries]


@pytest.fixture
def reach(tmp_path: Path) -> Iterator[Reach]:
    """Make registries that know a password for each host that is named."""
    with contextlib.ExitStack() as stack:

        def make(*kept: str, **how: Any) -> Registries:
            return stack.enter_context(_registries(tmp_path, *kept, **how))

        yield make


def _registries(
    tmp_path: Path,
    *kept: str,
    credentials: str = "",
    verify_tls: bool | None = None,
    authority: Path | None = None,
) -> Registries:
    auth = base64.b64encode(":".join(ME).encode()).decode()
    authfile = tmp_path / "auth.json"
    authfile.write_text(json.dumps({"auths": {host: {"auth": auth} for host in kept}}))
    authfile.chmod(0o600)
    folder = tmp_path / "certs"
    folder.mkdir(exist_ok=True)
    if authority:
        (folder / "ca.crt").write_bytes(authority.read_bytes())
    return Registries(
        Configuration.load(authfile=authfile, cert_dir=folder, environ={}),
        credentials=credentials,
        verify_tls=verify_tls,
        patience=Patience(pause=0),
    )


def fetch(registries: Registries, url: str, home: str = "") -> bytes:
    """Fetch a file; ``home`` is what the user named, if not that."""
    web = registries.web(WebAddress.parse(home or url))
    return web.fetch(WebAddress.parse(url).url, b"".join)


@pytest.mark.parametrize(
    "secret",
    [
        *("me:secret@", ":secret@", "me:secret?#@", "me:secret/x@", "a:b:secret/@"),
        *("me:p@ss/secret@", "me:12/secret@"),  # as users write what has a slash
    ],
)
def test_a_url_is_shown_without_its_secrets(secret: str) -> None:
    shown = url_without_secrets(f"https://{secret}host:1/a/b@c.tgz?token=x#y")

    assert "secret" not in shown
    assert "token" not in shown
    assert url_without_secrets("http://[::1]:80/x?t") == "http://[::1]:80/x"
    assert url_without_secrets("https://me:x@host:1/a@b.tgz?t") == (
        "https://host:1/a@b.tgz"
    )
    assert url_without_secrets("https://host/@a/b@1.0/c") == "https://host/@a/b@1.0/c"
    assert url_without_secrets("a?b/c@d") == "a?b/c@d"


@pytest.mark.parametrize(
    "text",
    [
        *("https://", "ftp://host/x", "https://me:secret@host:port/", "http://[x/"),
        *("http://[::1]@]/x", "http://host/\udcff", "http://me:secret\udcff@host/"),
    ],
)
def test_what_is_no_url_is_refused_without_its_secrets(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        WebAddress.parse(text)
    told = "".join(traceback.format_exception(caught.value))
    assert "me:secret" not in told


def test_a_file_is_fetched(reach: Reach) -> None:
    with FileServer({"/a%20b%3F": CONTENT}) as server:
        assert fetch(reach(), f"{server.url}/a%20b%3F#part") == CONTENT
    assert server.secrets() == [""]


def test_redirects_are_followed(reach: Reach) -> None:
    with FileServer({"/there": CONTENT}) as other, FileServer() as server:
        server.moved["/here"] = f"{other.url}/there?signed=1"
        assert fetch(reach(), f"{server.url}/here") == CONTENT
    assert other.asked == ["/there?signed=1"]


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (404, NotFound),
        (403, AccessDenied),
        (401, AccessDenied),
        (410, RegistryError),
        (500, RegistryError),
    ],
)
def test_refusals_are_errors_by_their_kind(
    reach: Reach, status: int, kind: type[Exception]
) -> None:
    with FileServer(statuses={"/x": status}) as server, pytest.raises(kind) as caught:
        fetch(reach(), f"{server.url}/x?token=secret")
    assert "secret" not in str(caught.value)
    assert str(caught.value).startswith(f"{server.url}/x: ")
    assert len(server.asked) == (4 if status == 500 else 1)


def test_what_was_given_is_said_at_once_where_the_user_named_the_host(
    reach: Reach,
) -> None:
    with FileServer({"/x": CONTENT}, login=ME) as server:
        given = reach(credentials=":".join(ME))
        assert fetch(given, f"{server.url}/x") == CONTENT
        assert server.secrets() == [basic(ME)]

        in_url = f"http://me:pass%3Aword@{server.address}/x"
        assert fetch(reach(), in_url) == CONTENT


def test_what_was_given_is_said_to_nobody_else(reach: Reach) -> None:
    given = reach(credentials=":".join(ME))
    with (
        FileServer({"/x": CONTENT}) as other,
        FileServer({"/x": CONTENT}, login=ME) as server,
    ):
        server.moved["/moved"] = f"{other.url}/x"

        assert fetch(given, f"{other.url}/x", home=server.url) == CONTENT
        assert fetch(given, f"{server.url}/moved") == CONTENT
        assert given.web().fetch(f"{other.url}/x", b"".join) == CONTENT
    assert other.secrets() == ["", "", ""]


def test_another_origin_of_the_same_host_is_another(reach: Reach) -> None:
    given = reach(credentials=":".join(ME))
    with FileServer({"/x": CONTENT}) as server:
        fetch(given, f"{server.url}/x", home=f"https://{server.address}")
    assert server.secrets() == [""]


def test_what_is_kept_for_a_host_is_said_when_it_asks(reach: Reach) -> None:
    with FileServer({"/x": CONTENT, "/y": CONTENT}, login=ME) as server:
        kept = reach(server.address, verify_tls=False)
        web = kept.web(WebAddress.parse(server.url))
        for path in ("/x", "/y"):
            assert web.fetch(f"{server.url}{path}", b"".join) == CONTENT
    assert server.secrets() == ["", basic(ME), basic(ME)]


def test_what_is_kept_is_not_said_without_encryption_unless_that_is_allowed(
    reach: Reach,
) -> None:
    with (
        FileServer({"/x": CONTENT}, login=ME) as server,
        pytest.raises(AccessDenied) as caught,
    ):
        fetch(reach(server.address), f"{server.url}/x")
    assert server.secrets() == [""]
    assert f"hangar login {server.address}" in caught.value.hint


def test_a_redirect_does_not_ask_for_the_password_of_where_it_came_from(
    reach: Reach,
) -> None:
    with FileServer({"/x": CONTENT}, login=ME) as other, FileServer() as server:
        server.moved["/here"] = f"{other.url}/x"
        kept = reach(server.address, other.address, verify_tls=False)
        with pytest.raises(AccessDenied):
            fetch(kept, f"{server.url}/here")
    assert other.secrets() == [""]


def test_a_wrong_password_is_told_apart_from_none(reach: Reach) -> None:
    wrong = reach(credentials="me:secret")
    with (
        FileServer({"/x": CONTENT}, login=ME) as server,
        pytest.raises(CredentialsRefused, match="not accepted") as caught,
    ):
        fetch(wrong, f"{server.url}/x")
    assert "secret" not in str(caught.value) + caught.value.hint
    assert "--password-stdin" in caught.value.hint


def test_certificates_are_insisted_on_and_found_where_registries_have_theirs(
    reach: Reach, certificates: Certificates
) -> None:
    with FileServer({"/x": CONTENT}, certificates=certificates) as server:
        url = f"{server.url}/x"
        with pytest.raises(TlsError):
            fetch(reach(), url)
        assert fetch(reach(verify_tls=False), url) == CONTENT
        trusting = reach(server.address, authority=certificates.authority)
        server.login = ME
        assert fetch(trusting, url) == CONTENT


def test_a_transfer_goes_on_where_it_broke_off_if_the_file_is_the_same(
    reach: Reach,
) -> None:
    cuts = {"/x": [1000, 2000, 0, 3000]}
    tag = {"/x": {"ETag": '"1"'}}
    with FileServer({"/x": CONTENT}, cuts=cuts, fields=tag) as server:
        assert fetch(reach(), f"{server.url}/x") == CONTENT
    ranges = [heard.headers.get("range") for heard in server.heard]
    assert ranges == [None, *(f"bytes={n}-" for n in (1000, 3000, 3000, 6000))]


@pytest.mark.parametrize("fields", [{}, {"ETag": 'W/"1"'}])
def test_a_transfer_begins_anew_if_the_server_does_not_tell_what_is_the_same(
    reach: Reach, fields: dict[str, str]
) -> None:
    cuts = {"/x": [1000]}
    with FileServer({"/x": CONTENT}, cuts=cuts, fields={"/x": fields}) as server:
        assert fetch(reach(), f"{server.url}/x") == CONTENT
    assert [heard.headers.get("range") for heard in server.heard] == [None, None]


def test_two_versions_of_a_file_are_never_mixed(reach: Reach) -> None:
    with FileServer({"/x": b"a" * 100}, fields={"/x": {"ETag": '"1"'}}) as server:
        server.cuts["/x"] = [50]

        def use(chunks: Chunks) -> bytes:
            found = b""
            for chunk in chunks:
                found += chunk
                server.files["/x"] = b"b" * 100
                server.fields["/x"] = {"ETag": '"2"'}
            return found

        found = reach().web().fetch(f"{server.url}/x", use)

    assert found == b"b" * 100
    assert [heard.headers.get("if-range") for heard in server.heard] == [
        None,
        '"1"',
        None,
    ]


def test_a_transfer_that_always_breaks_is_given_up(reach: Reach) -> None:
    cuts = {"/x": [1000] * 50}
    with (
        FileServer({"/x": CONTENT}, cuts=cuts) as server,
        pytest.raises(TransferError),
    ):
        fetch(reach(), f"{server.url}/x")
    assert len(server.asked) == 4


def test_what_has_no_end_that_could_be_told_is_refused(reach: Reach) -> None:
    endless = {"/x": {"Connection": "close"}}
    with (
        FileServer({"/x": CONTENT}, fields=endless) as server,
        pytest.raises(Unsupported, match="does not say how long it is"),
    ):
        fetch(reach(), f"{server.url}/x")


def test_a_file_in_chunks_of_unknown_number_is_fetched(reach: Reach) -> None:
    chunked = {"/x": {"Transfer-Encoding": "chunked"}}
    with FileServer({"/x": CONTENT}, fields=chunked) as server:
        assert fetch(reach(), f"{server.url}/x") == CONTENT


def test_an_encoding_is_a_files_own_unless_it_is_text(reach: Reach) -> None:
    packed = zlib.compress(b"apiVersion: v1", wbits=31)
    marked = {"/x": {"Content-Encoding": "gzip"}}
    with FileServer({"/x": packed}, fields=marked) as server:
        web = reach().web()
        assert web.fetch(f"{server.url}/x", b"".join) == packed
        text = web.fetch(f"{server.url}/x", b"".join, decode=True)
    assert text == b"apiVersion: v1"
