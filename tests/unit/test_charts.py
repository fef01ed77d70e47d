"""Charts: what they say of themselves, packages, folders."""

from __future__ import annotations

import gzip
import io
import json
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from hangar.charts import ChartFolder, ChartMetadata, packages, read_package
from hangar.charts.ignoring import IgnoreRules
from hangar.errors import InvalidInput, NotFound, StorageError
from tests.support.charts import chart_yaml, make_folder, package, tar, tgz, zipped

EVERYTHING = """\
# a comment
apiVersion: v2
name: full
description: "uses <b> &\ttabs"
type: application
version: 1.0.0-rc.1+x
appVersion: 1.10
home: https://example.com/?a=1&b=2
deprecated: true
keywords: [a, b]
maintainers:
  - name: Ann
    email: a@b.c
annotations:
  z: last
  a: "first"
unknown: thing
icon: ~
dependencies:
  - &one
    name: dep
    version: 1.x.x
    import-values: [data, {child: a, parent: b}]
    tags: [x]
  - <<: *one
    alias: other
"""


def chunks(data: bytes, size: int = 100) -> Iterator[bytes]:
    """Cut into small pieces."""
    return (data[at : at + size] for at in range(0, len(data), size))


def test_metadata_becomes_the_config_that_helm_makes_of_it() -> None:
    metadata = ChartMetadata.parse(EVERYTHING.encode(), "x")

    dependency = (
        '"version":"1.x.x","repository":"","tags":["x"],'
        '"import-values":["data",{"child":"a","parent":"b"}]'
    )
    assert metadata.config.decode() == (
        '{"name":"full","home":"https://example.com/?a=1\\u0026b=2",'
        '"version":"1.0.0-rc.1+x","description":"uses \\u003cb\\u003e \\u0026 tabs",'
        '"keywords":["a","b"],"maintainers":[{"name":"Ann","email":"a@b.c"}],'
        '"apiVersion":"v2","appVersion":"1.10","deprecated":true,'
        '"annotations":{"a":"first","z":"last"},'
        f'"dependencies":[{{"name":"dep",{dependency}}},'
        f'{{"name":"dep",{dependency},"alias":"other"}}],"type":"application"}}'
    )
    assert metadata.tag == "1.0.0-rc.1_x"


def test_of_merged_mappings_the_first_one_counts() -> None:
    text = chart_yaml() + b"a: &a {home: first}\nb: &b {home: second}\n<<: [*a, *b]\n"

    assert ChartMetadata.parse(text, "x").home == "first"


@pytest.mark.parametrize("version", ["1", "v1.2", "01.2.3", "1.0.0-a.0-1+up1.0-x"])
def test_versions_that_helm_packs_are_versions(version: str) -> None:
    assert ChartMetadata.parse(chart_yaml(version=version), "x").version == version


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "it is empty"),
        (b"- a\n", "it is no mapping"),
        (b"just text", "it is no mapping"),
        (b"a: b: c\n", "line 1: mapping values are not allowed"),
        (b"\xff\xfe\x00", "it is no text"),
        (b"\x00", "it is no text"),
        (b"name: a\nversion: 1.0.0\n", "it has no apiVersion"),
        (b"apiVersion: v2\nversion: 1.0.0\n", "it has no name"),
        (b"apiVersion: v2\nname: ~\nversion: 1.0.0\n", "it has no name"),
        (b"apiVersion: v2\nname: a\n", "it has no version"),
        (chart_yaml("../../etc"), "its name is '../../etc'"),
        (chart_yaml(".."), "its name is"),
        (chart_yaml(version="one"), "its version is 'one'"),
        (chart_yaml(version="1.2.3_4"), "its version is '1.2.3_4'"),
        (chart_yaml(version="1.2.3+a_b"), "its version is '1.2.3+a_b'"),
        (chart_yaml(version="1.2.3-01"), "its version is '1.2.3-01'"),
        (
            chart_yaml(dependencies="[{name: a, alias: a b}]"),
            "the alias of a dependency is 'a b'",
        ),
        (
            chart_yaml(dependencies="[{name: a, alias: b}, {name: b}]"),
            "two dependencies are called 'b'",
        ),
        (chart_yaml(type="virus"), "its type is 'virus'"),
        (chart_yaml(name="[a]"), "name is ['a']"),
        (chart_yaml(keywords="a"), "keywords is 'a'"),
        (chart_yaml(maintainers="[a]"), "maintainers is ['a']"),
        (chart_yaml(annotations="{a: {}}"), "annotations is {}"),
        (chart_yaml(home="*there"), "'there' is not defined"),
        (chart_yaml(sources="&me [*me]"), "'me' is not defined"),
        (chart_yaml() + b"? [1]\n: 2\n", "a key is ['1']"),
        (b"[" * 100_000 + b"]" * 100_000, "nested more than 64 deep"),
        (b"#" * (2 << 20), "it is larger than"),
        (
            b"apiVersion: v2\nname: a\nversion: 1.0.0\nhome: &a "
            + b"x" * 500_000
            + b"\nkeywords: ["
            + b"*a," * 1000
            + b"]\n",
            "it says too much",
        ),
    ],
)
def test_metadata_that_helm_would_refuse_is_refused(text: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        ChartMetadata.parse(text, "Chart.yaml of x")

    assert "Chart.yaml of x cannot be used: " in str(caught.value)
    assert reason in str(caught.value)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("size", [1, 7, 100, 1 << 20])
def test_a_package_is_read_however_it_is_cut(size: int) -> None:
    found = read_package(chunks(package("app", "1.2.3"), size), "x")

    assert (found.metadata.name, found.metadata.version) == ("app", "1.2.3")
    assert found.created == 1_700_000_000


TEXT = chart_yaml()
GOOD = package()
UNPACKED = gzip.decompress(GOOD)


@pytest.mark.parametrize(
    "content",
    [
        GOOD + bytes(1000),
        tgz(("./app/x", b""), ("app/Chart.yaml", TEXT)),
        tgz(("app\\Chart.yaml", TEXT)),
        tgz(("other/./Chart.yaml", TEXT), ("other/charts/sub/Chart.yaml", b"x")),
        zipped(UNPACKED[:700]) + zipped(UNPACKED[700:]),
        zipped(tar(("app/Chart.yaml", TEXT))[:1024]),
    ],
    ids=["padded", "dots", "windows", "another folder", "two parts", "no end"],
)
def test_packages_that_helm_reads_are_read(content: bytes) -> None:
    assert read_package(chunks(content), "x").metadata.name == "app"


def pax(size: int) -> bytes:
    """The header of a member whose extended header has so many bytes."""
    header = tarfile.TarInfo("app/x")
    header.type, header.size = tarfile.XHDTYPE, size
    return zipped(header.tobuf(tarfile.USTAR_FORMAT) + bytes(size))


def stating(**stated: str) -> bytes:
    """A package whose ``Chart.yaml`` has an extended header that states this."""
    entry = tarfile.TarInfo("app/Chart.yaml")
    entry.size, entry.pax_headers = len(TEXT), stated
    content = entry.tobuf(tarfile.PAX_FORMAT) + TEXT
    return zipped(content + bytes(-len(content) % 512 + 1024))


@pytest.mark.parametrize(
    ("stated", "created"),
    [
        ("1700000000.5", 1_700_000_000),
        ("253402300799", 253_402_300_799),
        *((absurd, 0) for absurd in ("-5", "253402300800", "nan", "1e400", "-1e400")),
    ],
)
def test_a_time_that_cannot_be_is_none(stated: str, created: int) -> None:
    assert read_package(chunks(stating(mtime=stated)), "x").created == created


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "it is cut off"),
        (b"hello", "gzip cannot unpack it"),
        (TEXT, "gzip cannot unpack it"),
        (GOOD[:-1], "it is cut off"),
        (GOOD[:40], "it is cut off"),
        (GOOD[:60] + b"\xff" + GOOD[61:], "gzip cannot unpack it"),
        (GOOD[:-8] + bytes(4) + GOOD[-4:], "gzip cannot unpack it"),
        (GOOD + b"and more", "gzip cannot unpack it"),
        (zipped(b"no tar at all"), "no tar"),
        (zipped(b"x" * 2000), "no tar"),
        (zipped(b""), "no tar"),
        (zipped(UNPACKED[:1024] + b"x" * 512), "a damaged tar"),
        (zipped(UNPACKED[:700]), "no tar: unexpected end of data"),
        (tgz(("app/values.yaml", b"")), "it has no Chart.yaml in its folder"),
        (tgz(("Chart.yaml", TEXT)), "'Chart.yaml' is not in its folder"),
        (tgz(("app/sub/Chart.yaml", TEXT)), "it has no Chart.yaml in its folder"),
        (tgz(("app/Chart.yaml", TEXT), ("b/Chart.yaml", TEXT)), "more than one"),
        (tgz(("app/Chart.yaml", TEXT), ("app/../../x", b"")), "not in its folder"),
        (tgz(("app/Chart.yaml", TEXT), ("app//etc/passwd", b"")), "not in its folder"),
        (tgz(("app/Chart.yaml", TEXT), ("app\\..\\x", b"")), "not in its folder"),
        (tgz(("app/Chart.yaml", TEXT), ("app/c:/x", b"")), "not in its folder"),
        (tgz(("app/Chart.yaml", b"#" * (2 << 20))), "its Chart.yaml is too large"),
        (pax(2 << 20), "no tar that helm writes"),
        (stating(**{"GNU.sparse.map": "x"}), "its content is no tar"),
        (stating(**{"GNU.sparse.size": ""}), "its content is no tar"),
    ],
)
def test_what_is_no_chart_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_package(chunks(content, 1000), "app.tgz")

    assert str(caught.value).startswith("app.tgz is no chart: ")
    assert reason in str(caught.value)


def test_a_bomb_is_not_unpacked_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "MAX_UNPACKED", 4 << 20)
    read = []

    def bomb() -> Iterator[bytes]:
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        yield packer.compress(tar(("app/Chart.yaml", TEXT))[:1024])
        for _ in range(1000):
            read.append(1)
            yield packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)

    with pytest.raises(InvalidInput, match="unpacks to over 4194304 bytes"):
        read_package(bomb(), "x")
    assert len(read) < 10


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path / "checkout")


def packed(folder: Path) -> dict[str, bytes]:
    """What is in a folder's package, in order, as an independent reader has it."""
    data = b"".join(ChartFolder.read(folder).chunks(0))
    with tarfile.open(fileobj=io.BytesIO(data)) as judge:
        return {
            entry.name: file.read()
            for entry in judge
            if (file := judge.extractfile(entry)) is not None
        }


def test_a_folder_is_packed_in_the_order_of_helm(folder: Path) -> None:
    (folder / "charts/sub/templates").mkdir(parents=True)
    for name in ("Chart.lock", "values.schema.json", "README.md", ".helmignore"):
        (folder / name).write_text("{}" if name.endswith("json") else "")
    (folder / "charts/sub/Chart.yaml").write_bytes(chart_yaml("sub"))
    (folder / "templates/.hidden").write_text("")
    (folder / ("templates/" + "x" * 150)).write_text("long")

    content = packed(folder)

    assert list(content) == [
        "app/Chart.yaml",
        "app/Chart.lock",
        "app/values.yaml",
        "app/values.schema.json",
        "app/templates/deployment.yaml",
        f"app/templates/{'x' * 150}",
        "app/.helmignore",
        "app/README.md",
        "app/charts/sub/Chart.yaml",
    ]
    assert content["app/Chart.yaml"] == TEXT
    assert content["app/values.yaml"] == b"replicas: 1\n"


def test_the_same_content_gives_the_same_package(folder: Path, tmp_path: Path) -> None:
    first = b"".join(ChartFolder.read(folder).chunks(0))
    other = make_folder(tmp_path / "elsewhere")
    os.utime(other / "values.yaml", (5, 5))
    (other / "values.yaml").chmod(0o600)

    assert b"".join(ChartFolder.read(other).chunks(0)) == first
    assert read_package([first], "x").created == 0


def test_the_time_of_what_is_packed_can_be_set(folder: Path) -> None:
    data = b"".join(ChartFolder.read(folder).chunks(1_600_000_000))

    assert read_package([data], "x").created == 1_600_000_000


def test_links_within_a_chart_are_followed_and_those_out_of_it_refused(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "copy.yaml").symlink_to("values.yaml")
    (folder / "more").symlink_to("templates")
    assert packed(folder)["app/more/deployment.yaml"] == b"kind: Deployment\n"
    assert packed(folder)["app/copy.yaml"] == b"replicas: 1\n"
    (tmp_path / "secret").write_text("password")

    (folder / "secret").symlink_to(tmp_path / "secret")
    with pytest.raises(InvalidInput, match="'secret' leads out of the chart"):
        ChartFolder.read(folder)

    (folder / ".helmignore").write_text("secret\n")
    assert "app/secret" not in packed(folder)


def test_a_link_to_a_folder_above_does_not_go_on_for_ever(folder: Path) -> None:
    (folder / "templates/again").symlink_to("..")

    with pytest.raises(InvalidInput, match="leads back to where it is"):
        ChartFolder.read(folder)


@pytest.mark.parametrize("target", ["nowhere", "self"])
def test_a_link_to_nothing_is_told(folder: Path, target: str) -> None:
    (folder / "self").symlink_to(target)

    with pytest.raises((NotFound, StorageError), match=str(folder)):
        packed(folder)


def test_a_pipe_in_a_chart_is_refused_rather_than_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")

    with pytest.raises(InvalidInput, match="pipe is not a regular file"):
        packed(folder)


def test_a_file_that_gets_shorter_is_noticed(folder: Path) -> None:
    (folder / "values.yaml").write_bytes(b"x" * (3 << 20))
    chunks = ChartFolder.read(folder)._tar(0)
    while b"values.yaml" not in next(chunks):
        pass
    (folder / "values.yaml").write_bytes(b"")

    with pytest.raises(InvalidInput, match="became shorter"):
        next(chunks)


def test_a_folder_without_metadata_is_no_chart(folder: Path) -> None:
    (folder / ".helmignore").write_text("!values.yaml\n")
    with pytest.raises(InvalidInput, match="file is missing") as caught:
        ChartFolder.read(folder)
    assert "leaves out all that is not x" in caught.value.hint

    (folder / ".helmignore").unlink()
    (folder / "Chart.yaml").unlink()
    with pytest.raises(InvalidInput, match="file is missing"):
        ChartFolder.read(folder)


PATHS = (
    *("Chart.yaml", "values.yaml", "x.txt", "a/x.txt", "a/b/x.txt", "a/keep.txt"),
    *("templates/.hid", "templates/a.yaml", "templates/tests/.deep", "Z.md", "[x]"),
    *("c.bak", "a/c.bak"),
)


@pytest.mark.parametrize(
    ("rules", "left_out"),
    [
        ("", ""),
        ("# all\n\n  \n", ""),
        ("a/", "a/x.txt a/b/x.txt a/keep.txt a/c.bak"),
        ("a", "a/x.txt a/b/x.txt a/keep.txt a/c.bak"),
        ("*.txt", "x.txt a/x.txt a/b/x.txt a/keep.txt"),
        ("/x.txt", "x.txt"),
        ("a/x.txt", "a/x.txt"),
        ("*/x.txt", "a/x.txt"),
        ("?.txt", "x.txt a/x.txt a/b/x.txt"),
        ("[^x]*.md", "Z.md"),
        ("[!x]*.md", ""),
        ("[A-Z].md", "Z.md"),
        (r"\[x\]", "[x]"),
        ("*.txt/", ""),
        ("./x.txt", ""),
        ("values.yaml # why", ""),
        ("a/*", "a/x.txt a/b/x.txt a/keep.txt a/c.bak"),
        ("\ufeff*.bak", "c.bak a/c.bak"),
        ("!Chart.yaml", " ".join(p for p in PATHS if p != "Chart.yaml")),
        ("!*[at]*", "Z.md [x] a/b/x.txt templates/tests/.deep"),
    ],
)
def test_what_is_left_out_is_what_helm_leaves_out(rules: str, left_out: str) -> None:
    """The expectations are what helm 4.1 packed of such a folder."""
    found = IgnoreRules(rules)

    def out(path: str) -> bool:
        folders = [path[:at] for at, c in enumerate(path) if c == "/"]
        return any(found.leave_out(f, folder=True) for f in folders) or found.leave_out(
            path, folder=False
        )

    wanted = {*left_out.split(), "templates/.hid"}
    assert {path for path in PATHS if out(path)} == wanted


@pytest.mark.parametrize(
    "rule", ["a/**/b", "[", "[]", "[a", "[a-", "[a-]", "[]a]", "[b-a]", "\\", "[\\"]
)
def test_rules_that_helm_does_not_understand_are_refused(rule: str) -> None:
    with pytest.raises(InvalidInput, match=r"\.helmignore: "):
        IgnoreRules(rule)


def test_no_rule_takes_for_ever() -> None:
    rules = IgnoreRules("*a" * 60 + "b\n" + "\\x" * 200)

    assert not rules.leave_out("a" * 250, folder=False)
    assert rules.leave_out("a" * 250 + "b", folder=False)


def test_the_config_is_json() -> None:
    assert json.loads(ChartMetadata.parse(TEXT, "x").config)["version"] == "1.0.0"
