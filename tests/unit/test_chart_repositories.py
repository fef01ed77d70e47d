"""Chart repositories: what indexes say, which version is meant, where packages are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hangar.charts import (
    ChartVersion,
    chosen_version,
    find_in_folder,
    index_url,
    is_absolute,
    is_package_url,
    listed_versions,
    provenance_url,
    repositories,
    same_version,
)
from hangar.errors import HangarError, InvalidInput, NotFound
from tests.support.charts import index, listed, make_folder, package

ONE = package("app", "1.0.0")


def offered(*versions: str) -> list[ChartVersion]:
    """What an index lists, in its order."""
    return [ChartVersion("app", version) for version in versions]


def test_only_the_wanted_chart_is_read_of_an_index() -> None:
    other = {"name": "other", "anything": {"deep": [1, {}]}}
    content = index(other, listed(ONE, "app-1.0.0.tgz"))

    found = listed_versions([content[:50], content[50:]], "app", "x")

    assert [(v.version, v.urls) for v in found] == [("1.0.0", ("app-1.0.0.tgz",))]
    assert found[0].digest == "sha256:" + listed(ONE, "")["digest"]


def test_entries_that_helm_passes_over_are_passed_over() -> None:
    good = {"name": "app", "version": "1.0.0", "urls": ["a"], "digest": None}
    gone = {**good, "version": "2.0.0", "removed": True}
    odd: list[dict[str, Any]] = [{"name": "app"}, {**good, "urls": "a"}]
    odd.append({**good, "urls": [None]})
    content = index(good, gone, *odd)
    as_yaml = (
        b"entries:\n  app:\n  -\n  - version: 1.0.0\n    urls: [a]\napiVersion: v1\n"
    )

    assert [v.version for v in listed_versions([content], "app", "x")] == ["1.0.0"]
    assert [v.version for v in listed_versions([as_yaml], "app", "x")] == ["1.0.0"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is no index of a chart repository"),
        (b"<html><body>hello</body></html>", "is no index of a chart repository"),
        (b"- a\n- b\n", "is no index of a chart repository"),
        (b"apiVersion: v1\n", "is no index of a chart repository"),
        (b"entries: {}\n", "is no index of a chart repository"),
        (b"apiVersion: v1\nentries:\n  app: [\n", "cannot be used: line"),
        (b"apiVersion: v1\nentries:\n  app: none\n", "the entry of 'app' is no list"),
        (
            b"apiVersion: v1\nentries: {app: []}\nentries: {}\n",
            "'entries' is there twice",
        ),
        (b"apiVersion: v1\nentries: {app: [], app: []}\n", "'app' is there twice"),
        (b"apiVersion: v1\nentries: {app: []}\n\x00", "cannot be used"),
        (b"apiVersion: v1\nentries: {app: []}\nx: [", "cannot be used"),
        (b"{" * 5000, "cannot be used"),
        (index({"name": "app", "version": "1", "urls": [], "digest": "md5:1"}), "'md5"),
    ],
)
def test_what_is_no_index_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        listed_versions([content], "app", "https://x/index.yaml")
    assert reason in str(caught.value)


def test_an_index_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repositories, "MAX_INDEX", 100)
    with pytest.raises(InvalidInput, match="larger than 100 bytes"):
        listed_versions([b"#" * 60] * 5, "app", "x")


def many(entry: Callable[[int], str]) -> Iterator[bytes]:
    """An index with thousands of entries of one chart."""
    yield (b"apiVersion: v1\nentries:\n  app:\n  - &a0 {urls: &u [" + b"x," * 999)
    yield b"x]}\n"
    for number in range(1, 60_000):
        yield f"  - {entry(number)}\n".encode()


@pytest.mark.parametrize(
    "entry",
    [
        lambda n: f"&a{n} {{<<: *a{n - 1}, k{n}: 1, version: 1.0.{n}}}",
        lambda n: f"{{version: 1.0.{n}, urls: *u}}",
        lambda n: f"[{n}{',x' * 99}]",
    ],
    ids=["merged", "aliases", "long"],
)
def test_an_index_takes_no_more_memory_than_it_needs(
    entry: Callable[[int], str],
) -> None:
    with pytest.raises(InvalidInput, match="it says too much"):
        listed_versions(many(entry), "app", "x")


def test_a_chart_that_is_not_listed_is_not_found() -> None:
    with pytest.raises(NotFound, match='chart "App" not found'):
        listed_versions([index(listed(ONE, "a"))], "App", "x")


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("", "1.10.0"),
        ("1.9.0", "1.9.0"),
        ("v1.9", "1.9.0"),
        ("2.0.0-rc.1", "2.0.0-rc.1"),
        ("^1.8", "1.10.0"),
        ("~1.9", "1.9.0"),
        (">=1.0-0", "2.0.0-rc.1"),
        ("1.8.0+b", "1.8.0+b"),
        ("1.8.0", "1.8.0+a"),
        ("v1.8+b", "1.8.0+b"),
        ("1.8.0_b", "1.8.0+b"),
    ],
)
def test_the_version_is_chosen_by_its_meaning(wanted: str, found: str) -> None:
    versions = offered(
        *("1.9.0", "2.0.0-rc.1", "no version", "1.10.0", "1.8.0+a", "1.8.0+b")
    )
    assert chosen_version(versions, "app", wanted).version == found


@pytest.mark.parametrize(
    ("versions", "wanted", "hint"),
    [
        (offered("1.0.0"), "2.0.0", "there are: 1.0.0"),
        (offered("1.0.0-rc.1"), "", "there are: 1.0.0-rc.1"),
        (offered("1.0.0+up1.0"), "1.0.0+up2.0", "there are: 1.0.0+up1.0"),
        (offered("1.0.0"), "1.0.0+up2.0", "there are: 1.0.0"),
        ([], "", "it has no versions"),
    ],
)
def test_a_version_that_is_not_there_is_not_replaced_by_another(
    versions: list[ChartVersion], wanted: str, hint: str
) -> None:
    with pytest.raises(NotFound) as caught:
        chosen_version(versions, "app", wanted)
    assert caught.value.hint == hint


def test_what_is_neither_version_nor_range_is_refused() -> None:
    with pytest.raises(InvalidInput):
        chosen_version(offered("1.0.0"), "app", "newest!")


def test_urls() -> None:
    assert index_url("https://x/charts") == "https://x/charts/index.yaml"
    assert index_url("https://x/charts//") == "https://x/charts/index.yaml"
    assert index_url("https://x/index.yaml") == "https://x/index.yaml"
    assert index_url("https://x/c?key=1") == "https://x/c/index.yaml?key=1"
    assert provenance_url("https://x/a.tgz?key=1") == "https://x/a.tgz.prov?key=1"
    assert is_package_url("https://x/a.tgz?key=1")
    assert is_package_url("https://x/a.tar.gz")
    assert not is_package_url("https://x/a?x=.tgz")
    assert is_absolute("https://x/a")
    assert is_absolute("//x/a")
    assert not is_absolute("charts/a:b.tgz")
    assert same_version("v1.0", "1.0.0")
    assert not same_version("1.0.0", "1.0.1")
    assert same_version("odd", "odd")
    assert not same_version("odd", "1.0.0")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A folder that is a repository's own."""
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts/app-1.0.0.tgz").write_bytes(ONE)
    return tmp_path


@pytest.mark.parametrize(
    "url", ["charts/app-1.0.0.tgz", "./charts/app-1.0.0.tgz", "charts//app-1.0.0.tgz"]
)
def test_a_repositorys_own_folder_has_its_packages(repository: Path, url: str) -> None:
    (repository / "index.yaml").write_bytes(index(listed(ONE, url)))

    chosen, place = find_in_folder(repository, "app", "")

    assert chosen.version == "1.0.0"
    assert place is not None
    assert place.read_bytes() == ONE


def test_packages_that_an_index_has_on_a_server_may_lie_beside_it(
    repository: Path,
) -> None:
    entry = listed(ONE, "https://charts.example.com/app-1.0.0.tgz?x")
    (repository / "charts/index.yaml").write_bytes(index(entry))
    _, beside = find_in_folder(repository, "app", "")
    (repository / "charts/app-1.0.0.tgz").unlink()
    _, gone = find_in_folder(repository, "app", "")

    assert beside == repository / "charts/app-1.0.0.tgz"
    assert gone is None


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("../../etc/passwd", InvalidInput),
        ("link/passwd", InvalidInput),
        ("charts/none.tgz", NotFound),
        ("/etc/passwd", InvalidInput),
    ],
)
def test_an_index_does_not_lead_out_of_its_folder(
    repository: Path, url: str, kind: type[HangarError]
) -> None:
    (repository / "link").symlink_to("/etc")
    (repository / "index.yaml").write_bytes(index(listed(ONE, url)))

    with pytest.raises(kind):
        find_in_folder(repository, "app", "")


def test_an_entry_without_urls_is_told(repository: Path) -> None:
    entry = {**listed(ONE, ""), "urls": []}
    (repository / "index.yaml").write_bytes(index(entry))

    with pytest.raises(InvalidInput, match="has no URLs"):
        find_in_folder(repository, "app", "")


def test_unpacked_charts_are_found_wherever_they_are(tmp_path: Path) -> None:
    for version in ("1.0.0", "1.10.0", "1.9.0"):
        make_folder(tmp_path / "charts/app" / version, version=version)
    make_folder(tmp_path / "charts/app/1.0.0/charts/app", version="9.0.0")
    (tmp_path / "charts/broken").mkdir()
    (tmp_path / "charts/broken/Chart.yaml").write_text("[")

    assert find_in_folder(tmp_path, "app", "")[1] == tmp_path / "charts/app/1.10.0"
    assert find_in_folder(tmp_path, "app", "1.9")[1] == tmp_path / "charts/app/1.9.0"
    with pytest.raises(NotFound):
        find_in_folder(tmp_path, "broken", "")


def test_a_folder_of_something_else_is_no_repository(tmp_path: Path) -> None:
    (tmp_path / "notes.json").write_text(json.dumps({}))

    with pytest.raises(InvalidInput, match="no repository of charts"):
        find_in_folder(tmp_path, "app", "")
