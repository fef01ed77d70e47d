"""Charts and files that were stored in archives, as helm and oras get them back."""

from __future__ import annotations

import sys
import tarfile
from pathlib import Path

import pytest

from tests.interop import places
from tests.interop.conftest import Origins
from tests.interop.contents import CHART, VERSIONS
from tests.interop.places import KINDS
from tests.interop.programs import Workshop
from tests.support.registries import kept_port
from tests.support.running import Desk

pytestmark = pytest.mark.interop

PLAIN = "--tls-verify=false"
FOR_HELM = [kind for kind in KINDS if kind != "zuul"]


def loaded(desk: Desk, address: str) -> None:
    """Load the archive at a desk, and validate what has arrived."""
    ends = ("-s", "a.zip", "-d", address, PLAIN)
    for command in (("load",), ("load", "validate", "--deep")):
        ran = desk.hangar(*command, *ends)
        assert ran.status == 0, ran.err


@pytest.mark.parametrize("kind", FOR_HELM)
def test_helm_pulls_stored_packages_byte_for_byte(
    workshop: Workshop, desk: Desk, tmp_path: Path, kind: str
) -> None:
    helm = workshop.program("helm")
    packages = [str(workshop.work / f"demo-{version}.tgz") for version in VERSIONS]
    desk.hangar("archive", "init", "a.zip")
    stored = desk.hangar("archive", "store", "chart", "-f", "a.zip", *packages)

    with KINDS[kind](workshop) as place:
        loaded(desk, place.address)
        where = f"oci://{place.address}/hangar-helm/demo"
        for version in VERSIONS:
            helm("pull", helm.plain, where, "--version", version, "-d", str(tmp_path))

    assert stored.status == 0, stored.err
    for version in VERSIONS:
        name = f"demo-{version}.tgz"
        assert (tmp_path / name).read_bytes() == (workshop.work / name).read_bytes()


@pytest.mark.parametrize("kind", FOR_HELM)
def test_helm_pulls_a_folder_that_was_packed_as_it_packs_it(
    workshop: Workshop, desk: Desk, tmp_path: Path, kind: str
) -> None:
    helm = workshop.program("helm")
    desk.hangar("archive", "init", "a.zip")
    folder = str(workshop.work / "demo")
    stored = desk.hangar("archive", "store", "chart", "-f", "a.zip", folder)

    with KINDS[kind](workshop) as place:
        loaded(desk, place.address)
        where = f"oci://{place.address}/hangar-helm/demo"
        shown = helm("show", "values", helm.plain, where)
        helm("pull", helm.plain, where, "-d", str(tmp_path))

    assert stored.status == 0, stored.err
    assert shown.strip() == (workshop.work / "demo/values.yaml").read_text().strip()
    helm("package", str(workshop.work / "demo"), "-d", str(tmp_path / "theirs"))
    ours, theirs = (x / "demo-0.1.0.tgz" for x in (tmp_path, tmp_path / "theirs"))
    for command in (("show", "chart"), ("lint",), ("template",)):
        same = (helm(*command, str(x)).replace(str(x), "") for x in (ours, theirs))
        assert len(set(same)) == 1
    # helm writes Chart.yaml anew, without its comments
    assert _files(ours) == _files(theirs)


def _files(package: Path) -> dict[str, bytes]:
    with tarfile.open(package) as members:
        found = {member.name: members.extractfile(member) for member in members}
        return {
            name: file.read()
            for name, file in found.items()
            if file and name != "demo/Chart.yaml"
        }


def test_a_repository_that_helm_has_indexed_is_stored_from(
    workshop: Workshop, desk: Desk, tmp_path: Path
) -> None:
    helm = workshop.program("helm")
    charts = tmp_path / "charts"
    for version in VERSIONS:
        helm("package", "demo", "--version", version, "-d", str(charts))
    helm("repo", "index", str(charts))
    web = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1"]
    store = ("archive", "store", "chart", "-f", "a.zip", "-n", "demo")
    desk.hangar("archive", "init", "a.zip")

    with (
        kept_port() as port,
        places.running([*web, "--directory", str(charts), str(port)], port),
        places.crane(workshop) as place,
    ):
        newest = desk.hangar(*store, f"http://127.0.0.1:{port}")
        older = desk.hangar(*store, "-v", "<0.2", f"http://127.0.0.1:{port}")
        loaded(desk, place.address)
        where = f"oci://{place.address}/hangar-helm/demo"
        for version in VERSIONS:
            helm("pull", helm.plain, where, "--version", version, "-d", str(tmp_path))

    assert [newest.status, older.status] == [0, 0], newest.err + older.err
    for version in VERSIONS:
        name = f"demo-{version}.tgz"
        assert (tmp_path / name).read_bytes() == (charts / name).read_bytes()


def test_charts_that_helm_pushed_are_stored_from_a_registry(
    workshop: Workshop, origins: Origins, desk: Desk, tmp_path: Path
) -> None:
    helm, origin = workshop.program("helm"), origins["docker"].place
    desk.hangar("archive", "init", "a.zip")
    chart = f"oci://{origin.address}/{CHART}:0.2.0_build.1"
    store = ("archive", "store", "chart", "-f", "a.zip", PLAIN)
    stored = desk.hangar(*store, chart)

    with KINDS["crane"](workshop) as place:
        loaded(desk, place.address)
        where = f"oci://{place.address}/{CHART}"
        helm("pull", helm.plain, where, "--version", VERSIONS[1], "-d", str(tmp_path))

    assert stored.status == 0, stored.err
    name = f"demo-{VERSIONS[1]}.tgz"
    assert (tmp_path / name).read_bytes() == (workshop.work / name).read_bytes()


@pytest.mark.parametrize("kind", KINDS)
def test_oras_pulls_stored_files(workshop: Workshop, tmp_path: Path, kind: str) -> None:
    oras = workshop.program("oras")
    docker = workshop.environment["DOCKER_CONFIG"]
    desk = Desk.at(tmp_path, DOCKER_CONFIG=docker)
    desk.hangar("archive", "init", "a.zip")
    files = [str(workshop.work / name) for name in ("one.txt", "two.bin")]
    stored = desk.hangar("archive", "store", "file", "-f", "a.zip", *files)

    with KINDS[kind](workshop) as place:
        loaded(desk, place.address)
        for name in ("one.txt", "two.bin"):
            where = f"{place.address}/hangar-file/{name}:latest"
            oras("pull", oras.plain, "--output", str(tmp_path), where)

    assert stored.status == 0, stored.err
    for name in ("one.txt", "two.bin"):
        assert (tmp_path / name).read_bytes() == (workshop.work / name).read_bytes()
