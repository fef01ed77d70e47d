"""The examples of README, documentation and docstrings: the text itself is run."""

from __future__ import annotations

import contextlib
import doctest
import io
import os
import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import hangar
from tests.support.content import put_image, put_index
from tests.support.judges import PlainHTTP
from tests.support.registries import Certificates, make_certificates
from tests.support.seeding import draft, push
from tests.support.tunnel import tunnel

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLE = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", re.DOTALL)
HUB = "registry-1.docker.io"
SITES = ("harbor.example.com", "registry.example.com")


@dataclass(frozen=True)
class World:
    """Docker Hub and a site's registry, as judges see them."""

    hub: PlainHTTP
    site: PlainHTTP


@pytest.fixture(scope="module")
def identity(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """What proves to be any of the registries."""
    return make_certificates(tmp_path_factory.mktemp("names"), HUB, *SITES)


@pytest.fixture
def world(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, identity: Certificates
) -> Iterator[World]:
    """The registries that the examples name, by way of a proxy; a folder to work in."""
    nginx, redis = draft("library/nginx"), draft("library/redis")
    variants = (
        put_image(nginx, b"nginx " + where.encode(), platform=where)
        for where in ("linux/amd64", "linux/arm64")
    )
    put_index(nginx, "1.27", *variants)
    put_image(redis, b"redis", tag="7.4")
    tls = (identity.certificate, identity.key)
    with hangar.serve(tls=tls) as hub, hangar.serve(tls=tls) as site:
        world = World(*(PlainHTTP(r.address, identity.authority) for r in (hub, site)))
        push(world.hub, "library/nginx", nginx)
        push(world.hub, "library/redis", redis)
        for name in ("auth.json", "empty.json"):
            (tmp_path / name).write_text("{}")
        places = {HUB: hub.address, **dict.fromkeys(SITES, site.address)}
        with tunnel(places) as proxy:
            for name in os.environ.keys() - {"PATH"}:
                monkeypatch.delenv(name)
            monkeypatch.setenv("HOME", str(tmp_path))
            monkeypatch.setenv("HTTPS_PROXY", proxy)
            monkeypatch.setenv("NO_PROXY", "127.0.0.1")
            monkeypatch.setenv("SSL_CERT_FILE", str(identity.authority))
            monkeypatch.chdir(tmp_path)
            yield world


def run(examples: Iterator[tuple[str, str]]) -> None:
    """Run pieces of one program; compare what each prints with what is claimed."""
    names: dict[str, Any] = {"__name__": "example"}
    for code, claimed in examples:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "example", "exec"), names)  # noqa: S102 - it is the test
        assert printed.getvalue() == claimed, code


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("page", ["docs/library.md"])
def test_a_page_prints_what_it_says(page: str) -> None:
    run(iter(EXAMPLE.findall((ROOT / page).read_text())))


def test_what_the_readme_shows_does_what_it_says(world: World) -> None:
    (code,) = EXAMPLE.findall((ROOT / "README.md").read_text())

    run(iter([code]))

    copied = world.site.manifest("library/nginx", "1.27")
    assert copied == world.hub.manifest("library/nginx", "1.27")


def test_what_the_package_says_of_itself_is_true(world: World) -> None:
    lines = (hangar.__doc__ or "").splitlines()
    code = "\n".join(line for line in lines if line.startswith("    "))

    run(iter([(textwrap.dedent(code), "")]))

    copied = world.site.manifest("library/nginx", "1.27")
    assert copied == world.hub.manifest("library/nginx", "1.27")


@pytest.mark.usefixtures("world")
@pytest.mark.parametrize("name", hangar.__all__)
def test_examples_in_docstrings_are_true(name: str) -> None:
    names = {name: getattr(hangar, name) for name in hangar.__all__}
    finder = doctest.DocTestFinder(exclude_empty=True, recurse=True)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)

    for example in finder.find(getattr(hangar, name), name, module=False, globs=names):
        runner.run(example)

    assert not runner.failures
