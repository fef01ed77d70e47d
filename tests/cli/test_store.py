"""``hangar archive store chart`` and ``file``: what users type, see and get."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import pytest

from hangar.cli.main import invoke
from hangar.operations.archives import create_archive, verify_archive
from tests.archive.common import full_disk
from tests.support.charts import (
    CHART_LAYER,
    HELM_CONFIG,
    chart_yaml,
    index,
    listed,
    make_folder,
    package,
    provenance,
    tgz,
)
from tests.support.files import FileServer, basic
from tests.support.golang import GoArchive, GoImage
from tests.support.registries import Certificates, docker_registry
from tests.support.running import Desk, Ran

ME = ("me", "secret-password")
CHART = "docker.io/hangar-helm/app:1.0.0"
APP = package("app", "1.0.0")


@pytest.fixture
def shelf(desk: Desk) -> Desk:
    """A desk with an archive that holds nothing."""
    create_archive(desk.folder / "a.zip")
    return desk


def chart(desk: Desk, *arguments: str, typed: str = "") -> Ran:
    """Store charts."""
    command = ("archive", "store", "chart", "-f", "a.zip", "--hide-log-time")
    return desk.hangar(*command, *arguments, typed=typed)


def file(desk: Desk, *arguments: str) -> Ran:
    """Store files."""
    command = ("archive", "store", "file", "-f", "a.zip", "--hide-log-time")
    return desk.hangar(*command, *arguments)


def entries(desk: Desk) -> dict[str, Any]:
    """What the archive's index says, by name; the archive has to be whole."""
    path = desk.folder / "a.zip"
    assert verify_archive(path).ok
    with zipfile.ZipFile(path) as judge:
        told = json.loads(judge.read("index.json")).get("list", [])
    return {f"{entry['source']}:{entry['tag']}": entry for entry in told}


def image(desk: Desk, name: str) -> dict[str, Any]:
    """The one image of an entry."""
    [found] = entries(desk)[name]["images"]
    return dict(found)


def names(desk: Desk) -> list[str]:
    """What the archive has; it has to be whole."""
    return list(entries(desk))


def test_what_is_stored_is_said_and_listed(shelf: Desk) -> None:
    (shelf.folder / "app.tgz").write_bytes(APP)
    (shelf.folder / "notes.txt").write_text("notes")

    done = chart(shelf, "app.tgz")
    other = file(shelf, "notes.txt")

    assert (done.status, other.status) == (0, 0), done.err + other.err
    assert done.out == ""
    lines = done.err.splitlines()
    assert lines[0] == "- [INFO] [IMG:1] Storing [app.tgz]"
    assert lines[1].startswith(f"- [INFO] [IMG:1] Add OCI Helm Chart [{CHART}] (")
    assert lines[2] == '- [INFO] Updated index file "index.json" of "a.zip"'
    assert lines[3].startswith("- [INFO] Summary: 1 stored, 0 up to date, 0 failed; ")
    assert lines[4] == "- [INFO] Done"
    assert "Add OCI File [docker.io/hangar-file/notes.txt:latest] (" in other.err
    rows = shelf.hangar("archive", "ls", "a.zip").out.splitlines()
    assert rows[0].endswith(f"| NOARCH | NOOS | {len(APP) / 1024:.2f}K | (helm chart)")
    assert rows[1].endswith("| NOARCH | NOOS | 0.00K | (custom file)")


def test_entries_are_those_of_the_go_program(shelf: Desk) -> None:
    (shelf.folder / "app.tgz").write_bytes(APP)
    assert chart(shelf, "app.tgz").status == 0

    entry = entries(shelf)[CHART]
    found = image(shelf, CHART)

    assert entry.keys() == {"source", "tag", "images", "root"}  # no lists of platforms
    assert found.keys() == {"mediaType", "layers", "config", "digest", "annotations"}
    assert found["layers"] == [f"sha256:{hashlib.sha256(APP).hexdigest()}"]
    assert found["annotations"]["org.opencontainers.image.title"] == "app"
    with zipfile.ZipFile(shelf.folder / "a.zip") as judge:
        folder = found["digest"].removeprefix("sha256:")
        layout = json.loads(judge.read(f"{folder}/index.json"))
        assert [m["digest"] for m in layout["manifests"]] == [found["digest"]]
        assert judge.read(f"{folder}/oci-layout") == b'{"imageLayoutVersion":"1.0.0"}'
        for digest in (found["digest"], found["config"], *found["layers"]):
            blob = judge.read(f"share/{digest.replace(':', '/')}")
            assert digest == f"sha256:{hashlib.sha256(blob).hexdigest()}"


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (["chart", "-f", "a.zip"], 2, "helm chart not provided"),
        (["file", "-f", "a.zip"], 2, "file not provided"),
        (["charts", "x"], 2, "--file"),
        (["f", "-f", "a.zip", "-n", "x", "a", "b"], 2, "one name cannot be"),
        (["c", "-f", "none.zip", "x.tgz"], 1, "none.zip: No such file"),
        (["c", "-f", "a.zip", "--username", "me", "x"], 2, "belong together"),
        (["c", "-f", "a.zip", "--password-stdin", "x"], 2, "belong together"),
        (["c", "-f", "a.zip", "-u", "a", "--creds", "a:b", "x"], 2, "exclude"),
    ],
)
def test_wrong_usage_is_told(
    shelf: Desk, words: list[str], status: int, told: str
) -> None:
    done = shelf.hangar("archive", "store", *words)

    assert done.status == status
    assert told in done.err


def test_the_command_alone_shows_its_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert invoke(["a", "s"]) == 0
    shown = capsys.readouterr().out
    assert "chart" in shown
    assert "file" in shown


@pytest.mark.parametrize("url", ["charts/app-1.0.0.tgz", "/deep/charts/app-1.0.0.tgz"])
def test_a_repository_gives_the_chart_that_is_named(shelf: Desk, url: str) -> None:
    proof = provenance("app-1.0.0.tgz", APP)
    files = {
        "/deep/index.yaml": index(
            listed(package("app", "1.1.0-rc.1"), "none"),
            listed(APP, url),
            listed(package("app", "0.9.0"), "none"),
        ),
        "/deep/charts/app-1.0.0.tgz": APP,
        "/deep/charts/app-1.0.0.tgz.prov": proof,
    }
    with FileServer(files) as server:
        done = chart(shelf, "-n", "app", f"{server.url}/deep/")

    assert done.status == 0, done.err
    assert names(shelf) == [CHART]
    layers = image(shelf, CHART)["layers"]
    assert layers == [f"sha256:{hashlib.sha256(d).hexdigest()}" for d in (APP, proof)]
    assert server.asked == list(files)


def test_absolute_urls_are_followed_and_told_no_password(shelf: Desk) -> None:
    with (
        FileServer({"/app.tgz": APP}) as elsewhere,
        FileServer(login=ME) as server,
    ):
        server.files["/index.yaml"] = index(listed(APP, f"{elsewhere.url}/app.tgz"))
        flags = ("-u", ME[0], "--password-stdin", "-n", "app")
        done = chart(shelf, *flags, server.url, typed=f"{ME[1]}\n")

    assert done.status == 0, done.err
    assert names(shelf) == [CHART]
    assert server.secrets() == [basic(ME)]
    assert elsewhere.secrets() == ["", ""]
    assert ME[1] not in done.err


@pytest.mark.parametrize("how", ["creds", "url", "kept"])
def test_a_password_can_be_given_in_many_ways_and_is_never_shown(
    shelf: Desk, how: str
) -> None:
    with FileServer({"/app.tgz": APP}, login=ME) as server:
        server.files["/index.yaml"] = index(listed(APP, "app.tgz?token=secret-token"))
        url, flags = server.url, ["-n", "app", "--report", "report.json", "--debug"]
        if how == "creds":
            flags += ["--creds", ":".join(ME)]
        elif how == "url":
            url = f"http://{':'.join(ME)}@{server.address}/?key=secret-key"
        else:
            auth = basic(ME).removeprefix("Basic ")
            auths = {"auths": {server.address: {"auth": auth}}}
            (shelf.folder / "auth.json").write_text(json.dumps(auths))
            flags += ["--authfile", "auth.json", "--tls-verify=false"]
        done = chart(shelf, *flags, url)

    assert done.status == 0, done.err
    everything = done.err + shelf.read("report.json")
    archive = (shelf.folder / "a.zip").read_bytes()
    for secret in (ME[1], "secret-token", "secret-key", basic(ME)):
        assert secret not in everything
        assert secret.encode() not in archive


def test_a_password_is_not_sent_to_several_hosts(shelf: Desk) -> None:
    with FileServer({"/a.txt": b"a"}) as one, FileServer({"/b.txt": b"b"}) as other:
        urls = (f"{one.url}/a.txt", f"{other.url}/b.txt")
        done = file(shelf, "--creds", ":".join(ME), *urls)
        also = chart(shelf, "--creds", ":".join(ME), *urls)
        without = file(shelf, *urls)

    assert (done.status, also.status, without.status) == (2, 2, 0)
    assert "for which host are the credentials" in done.err
    assert one.secrets() == other.secrets() == [""]


def test_where_an_index_names_an_image_it_is_said_how_to_store_that(
    shelf: Desk,
) -> None:
    content = index(listed(APP, "oci://reg.io/charts/app:1.0.0"))
    (shelf.folder / "index.yaml").write_bytes(content)
    with FileServer({"/index.yaml": content}) as server:
        done = chart(shelf, "-n", "app", server.url, str(shelf.folder))

    assert done.status == 1
    assert (
        done.err.count("hangar archive store chart oci://reg.io/charts/app:1.0.0") == 2
    )


def test_a_wrong_password_ends_it(shelf: Desk) -> None:
    with FileServer({"/index.yaml": b""}, login=ME) as server:
        done = chart(shelf, "-n", "app", "--creds", "me:wrong-one", server.url)

    assert done.status == 1
    assert "the user name or password is not accepted" in done.err
    assert "wrong-one" not in done.err
    assert names(shelf) == []


def test_the_digest_in_the_index_has_to_be_that_of_the_package(shelf: Desk) -> None:
    other = package("app", "1.0.0", description="changed")
    with FileServer({"/index.yaml": index(listed(APP, "app.tgz"))}) as server:
        server.files["/app.tgz"] = other
        done = chart(shelf, "-n", "app", server.url)

    assert done.status == 1
    assert hashlib.sha256(other).hexdigest() in done.err
    assert names(shelf) == []


def test_a_package_has_to_be_the_chart_that_the_index_says(shelf: Desk) -> None:
    other = package("app", "1.0.1")
    entry = {**listed(other, "app.tgz"), "version": "1.0.0"}
    with FileServer({"/index.yaml": index(entry), "/app.tgz": other}) as server:
        done = chart(shelf, "-n", "app", server.url)

    assert done.status == 1
    assert "is app 1.0.1, where app 1.0.0 was to be" in done.err


def test_a_chart_that_the_archive_has_is_not_fetched_again(shelf: Desk) -> None:
    files = {"/index.yaml": index(listed(APP, "app.tgz")), "/app.tgz": APP}
    with FileServer(files) as server:
        assert chart(shelf, "-n", "app", server.url).status == 0
        again = chart(shelf, "-n", "app", server.url)

    assert "1 up to date" in again.err
    assert server.asked.count("/app.tgz") == 1


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (404, b"", ""),
        (403, b"", "stored without provenance: "),
        (405, b"", "stored without provenance: "),
        (200, b"<html>welcome</html>", "app.tgz.prov is none"),
        (200, provenance("x", b"other"), "is of another package"),
    ],
)
def test_a_provenance_that_cannot_be_had_is_told(
    shelf: Desk, status: int, body: bytes, told: str
) -> None:
    with FileServer({"/app.tgz": APP}) as server:
        if status == 200:
            server.files["/app.tgz.prov"] = body
        else:
            server.statuses["/app.tgz.prov"] = status
        done = chart(shelf, f"{server.url}/app.tgz?x=1")

    assert done.status == 0, done.err
    assert ("[WARN]" in done.err) is bool(told)
    assert told in done.err
    assert server.asked == ["/app.tgz?x=1", "/app.tgz.prov?x=1"]


def test_a_provenance_that_could_come_later_is_not_given_up(shelf: Desk) -> None:
    with FileServer({"/app.tgz": APP}, statuses={"/app.tgz.prov": 500}) as server:
        done = chart(shelf, "--retry-times", "0", f"{server.url}/app.tgz")

    assert done.status == 1
    assert names(shelf) == []


def test_charts_in_folders_are_found(shelf: Desk) -> None:
    make_folder(shelf.folder / "repo/charts/web/1.0.0", "web", "1.0.0")
    make_folder(shelf.folder / "repo/charts/web/1.1.0", "web", "1.1.0")
    (shelf.folder / "own").mkdir()
    (shelf.folder / "own/app-1.0.0.tgz").write_bytes(APP)
    entry = listed(APP, "app-1.0.0.tgz")
    (shelf.folder / "own/index.yaml").write_bytes(index(entry))

    found = chart(shelf, "-n", "web", "repo")
    other = chart(shelf, "-n", "app", "own")
    nameless = chart(shelf, "own")

    assert found.status == other.status == 0, found.err + other.err
    assert names(shelf) == ["docker.io/hangar-helm/web:1.1.0", CHART]
    assert nameless.status == 1
    assert "chart name not provided" in nameless.err


def test_a_folders_index_may_name_packages_on_a_server(shelf: Desk) -> None:
    with FileServer({"/app.tgz": APP}, login=ME) as server:
        (shelf.folder / "index.yaml").write_bytes(
            index(listed(APP, f"{server.url}/app.tgz"))
        )
        refused = chart(shelf, "-n", "app", "--creds", ":".join(ME), ".")
        server.login = None
        done = chart(shelf, "-n", "app", ".")

    assert refused.status == 1
    assert server.secrets()[0] == ""
    assert done.status == 0, done.err


BAD_CHARTS = {
    "none.tgz": None,
    "text.tgz": b"hello",
    "cut.tgz": APP[:-5],
    "values.tgz": tgz(("app/values.yaml", b"")),
    "broken.tgz": tgz(("app/Chart.yaml", b"a: [")),
    "upper.tgz": package("App"),
    "climbs.tgz": tgz(("app/Chart.yaml", chart_yaml("../app"))),
    "tag.tgz": package("app", "1.0.0-" + "x" * 150),
}


def test_bad_charts_are_told_one_by_one_and_cost_nothing(shelf: Desk) -> None:
    (shelf.folder / "good.tgz").write_bytes(APP)
    for name, content in BAD_CHARTS.items():
        if content is not None:
            (shelf.folder / name).write_bytes(content)

    done = chart(shelf, *list(BAD_CHARTS)[:4], "good.tgz", *list(BAD_CHARTS)[4:])

    assert done.status == 1
    for name in BAD_CHARTS:
        assert f"failed to store [{name}]: " in done.err
    assert 'invalid chart "none.tgz"' in done.err
    assert "no registry accepts 'App'" in done.err
    assert "1 stored, 0 up to date, 8 failed" in done.err
    assert done.err.endswith("some charts failed to be stored\n")
    assert "Traceback" not in done.err
    assert names(shelf) == [CHART]


def test_if_nothing_can_be_stored_the_archive_stays_as_it_is(shelf: Desk) -> None:
    (shelf.folder / "a.tgz").write_bytes(b"x" * 5000)
    before = (shelf.folder / "a.zip").read_bytes()

    assert chart(shelf, "a.tgz").status == 1
    assert file(shelf, "none.txt").status == 1

    assert (shelf.folder / "a.zip").read_bytes() == before
    assert [path.name for path in shelf.folder.glob("a.zip*")] == ["a.zip"]


NO_FILES = {
    ".": ". is a directory",
    "..": ".. is a directory",
    "pipe": "pipe is not a regular file",
    "oci://host/x": "file protocol does not support Helm OCI image",
    "ftp://host/x": 'invalid URL "ftp://host/x"',
    "https://": "not a URL: 'https://'",
    "Upper.txt": "no registry accepts 'Upper.txt'",
    "_first": "no registry accepts '_first'",
    "a b": "no registry accepts 'a b'",
    "a:b": "no registry accepts 'a:b'",
    "x" * 250: "no registry accepts",
    "x" * 5000: "invalid URL",
    "{url}/gone": "/gone: not found",
    "{url}/": "does not say what the file is called",
    "{url}/%2e%2e%2fetc": "does not say what the file is called",
    "{url}/Upper.TXT?x": "no registry accepts 'Upper.TXT'",
}


def test_what_is_no_file_or_has_no_name_is_refused(shelf: Desk) -> None:
    os.mkfifo(shelf.folder / "pipe")
    for name in ("Upper.txt", "_first", "a b", "a:b", "x" * 250):
        (shelf.folder / name).write_text("x")
    with FileServer({"/Upper.TXT": b"x"}) as server:
        done = file(shelf, *(item.format(url=server.url) for item in NO_FILES))

    assert done.status == 1
    told = [line for line in done.err.splitlines() if "[ERRO] [IMG:" in line]
    for line, words in zip(told, NO_FILES.values(), strict=True):
        assert words in line
    assert "Traceback" not in done.err
    assert server.asked == ["/gone"]
    assert names(shelf) == []


def test_a_files_name_is_the_urls_without_its_query(shelf: Desk) -> None:
    with FileServer({"/a/tool-1.0.bin": b"tool", "/": b"page"}) as server:
        done = file(shelf, f"{server.url}/a/tool-1.0.bin?token=secret&x=/y")
        other = file(shelf, "-n", "page", f"{server.url}/")

    assert done.status == other.status == 0, done.err + other.err
    found = names(shelf)
    assert found == [
        "docker.io/hangar-file/tool-1.0.bin:latest",
        "docker.io/hangar-file/page:latest",
    ]
    assert b"secret" not in (shelf.folder / "a.zip").read_bytes()
    description = image(shelf, found[0])["annotations"][
        "org.opencontainers.image.description"
    ]
    assert description == f"{server.url}/a/tool-1.0.bin"


def test_two_things_of_one_name_do_not_replace_each_other_unseen(shelf: Desk) -> None:
    for folder in ("one", "other"):
        (shelf.folder / folder).mkdir()
        (shelf.folder / folder / "notes.txt").write_text(folder)

    twice = file(shelf, "one/notes.txt", "other/notes.txt", "one/notes.txt")
    later = file(shelf, "other/notes.txt")

    assert twice.status == 1
    assert "is what 'one/notes.txt' is called already" in twice.err
    assert later.status == 0
    assert "[WARN] [IMG:1] docker.io/hangar-file/notes.txt:latest was in" in later.err
    export = ("archive", "export", "file", "-f", "a.zip", "-n", "notes.txt")
    assert shelf.hangar(*export).status == 0
    assert shelf.read("notes.txt") == "other"


def test_a_report_says_what_became_of_each(shelf: Desk) -> None:
    (shelf.folder / "app.tgz").write_bytes(APP)

    done = chart(shelf, "app.tgz", "none.tgz", "--report", "report.json")

    assert done.status == 1
    report = json.loads(shelf.read("report.json"))
    assert report["command"] == "archive store chart"
    good, bad = report["images"]
    assert (good["image"], good["destination"]) == ("app.tgz", CHART)
    assert good["status"] == "copied"
    assert good["digest"] == image(shelf, CHART)["digest"]
    assert bad["error"]["type"] == "InvalidInput"


def test_an_archive_of_the_go_program_is_added_to(desk: Desk) -> None:
    old = GoImage([b"old"], "", "", HELM_CONFIG, CHART_LAYER)
    archive = GoArchive().add("docker.io/library/nginx", "1", GoImage([b"x"]))
    archive.add("docker.io/hangar-helm/app", "1.0.0", old, lists=False)
    archive.write(desk.folder / "a.zip")
    (desk.folder / "app.tgz").write_bytes(APP)

    done = chart(desk, "app.tgz")

    assert done.status == 0, done.err
    assert "with other content" in done.err
    assert names(desk) == ["docker.io/library/nginx:1", CHART]


def test_no_policy_is_needed_to_store_files_or_local_charts(shelf: Desk) -> None:
    folder = shelf.folder / "home/.config/containers"
    folder.mkdir(parents=True)
    (shelf.folder / "notes.txt").write_text("x")
    (shelf.folder / "app.tgz").write_bytes(APP)
    (folder / "policy.json").write_text("not JSON")
    assert file(shelf, "notes.txt").status == 0

    (folder / "policy.json").write_text('{"default": [{"type": "reject"}]}')
    assert chart(shelf, "app.tgz").status == 0
    refused = chart(shelf, "oci://127.0.0.1:1/charts/app:1.0.0")
    assert refused.status == 1
    assert "is rejected" in refused.err


def test_registries_of_charts_have_to_be_trusted_like_all_others(
    shelf: Desk, certificates: Certificates
) -> None:
    with docker_registry(certificates=certificates) as registry:
        done = chart(shelf, f"oci://{registry.address}/charts/app:1.0.0")
        insecure = chart(
            shelf, "--tls-verify=false", f"oci://{registry.address}/charts/app:1.0.0"
        )

    assert "certificate verification failed" in done.err
    assert "manifest unknown" in insecure.err


def test_names_of_images_are_looked_at_first(shelf: Desk) -> None:
    bad = ["oci://", "oci://-bad-/app", "oci://host/App", "oci://host/app:1.0.0"]

    done = chart(shelf, *bad, "-v", "2.0.0")

    assert done.status == 1
    told = [line for line in done.err.splitlines() if "[ERRO] [IMG:" in line]
    assert [line.rpartition("]: ")[2].split(":")[0] for line in told] == [
        "invalid reference format",
        "oci",
        "invalid reference format",
        "'oci",
    ]
    assert "names no registry" in told[1]
    assert "--version another one" in told[3]


def test_the_time_can_be_set(shelf: Desk) -> None:
    (shelf.folder / "notes.txt").write_text("x")
    make_folder(shelf.folder / "web", "web")
    shelf.environment["SOURCE_DATE_EPOCH"] = "1600000000"

    assert file(shelf, "notes.txt").status == chart(shelf, "web").status == 0
    for name in names(shelf):
        created = image(shelf, name)["annotations"]["org.opencontainers.image.created"]
        assert created == "2020-09-13T12:26:40Z"

    shelf.environment["SOURCE_DATE_EPOCH"] = "yesterday"
    wrong = file(shelf, "web/values.yaml")
    assert wrong.status == 1
    assert "SOURCE_DATE_EPOCH is 'yesterday'" in wrong.err
    assert len(names(shelf)) == 2


def test_a_link_is_stored_as_what_it_names(shelf: Desk) -> None:
    (shelf.folder / "link.txt").symlink_to("notes.txt")
    (shelf.folder / "notes.txt").write_text("notes")

    assert file(shelf, "link.txt").status == 0
    assert names(shelf) == ["docker.io/hangar-file/link.txt:latest"]
    assert Path(shelf.folder / "link.txt").is_symlink()


@pytest.mark.parametrize("name", ["a.zip", "hard.zip", "soft.zip"])
def test_an_archive_is_not_stored_in_itself(shelf: Desk, name: str) -> None:
    (shelf.folder / "large").write_bytes(bytes(3 << 20))
    assert file(shelf, "large").status == 0
    (shelf.folder / "hard.zip").hardlink_to(shelf.folder / "a.zip")
    (shelf.folder / "soft.zip").symlink_to("a.zip")
    before = (shelf.folder / "a.zip").read_bytes()

    with full_disk(20 << 20):
        done = file(shelf, name)

    assert done.status == 1
    assert f"{name} belongs to the archive" in done.err
    assert (shelf.folder / "a.zip").read_bytes() == before


@pytest.mark.parametrize("ignored", ["", "*.zip", "a.zip*"])
def test_a_chart_does_not_contain_the_archive_that_it_is_stored_in(
    shelf: Desk, ignored: str
) -> None:
    make_folder(shelf.folder / "app")
    (shelf.folder / "app/.helmignore").write_text(ignored)
    (shelf.folder / "a.zip").rename(shelf.folder / "app/a.zip")

    command = ("archive", "store", "chart", "-f", "app/a.zip")
    done = shelf.hangar(*command, "app")

    if ignored == "a.zip*":
        assert done.status == 0, done.err
    else:
        assert done.status == 1
        assert "belongs to the archive" in done.err
        assert "'a.zip*' in .helmignore" in done.err
