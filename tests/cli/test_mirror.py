"""What ``hangar mirror`` says and writes; that it copies well is proved elsewhere."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.support.content import put_image, put_index
from tests.support.registries import DockerRegistry
from tests.support.running import Desk, Ran
from tests.support.seeding import draft, push

SCHEMA = Path(__file__).parents[2] / "docs" / "report.schema.json"
HANGAR = (sys.executable, "-m", "hangar")
HEX = r"sha256:[0-9a-f]{64}"


@pytest.fixture
def image(source: DockerRegistry) -> str:
    """An image at the source."""
    store = draft()
    put_index(store, "1", put_image(store, b"layer"))
    push(source.http, "team/app", store)
    return f"{source.address}/team/app:1"


class Mirroring:
    """Runs ``hangar mirror`` over a list of lines.

    The time of log lines is hidden.
    """

    def __init__(self, desk: Desk, target: DockerRegistry) -> None:
        self.desk = desk
        self.to = target.address

    def run(self, *lines: str, command: str = "mirror", flags: str = "") -> Ran:
        """Run it to its end."""
        listed = self.desk.write("list", *lines)
        where = ("-f", listed, "-d", self.to, "--tls-verify=false", "--hide-log-time")
        return self.desk.hangar(*command.split(), *where, *flags.split())

    def report(self, *lines: str, flags: str = "") -> Any:
        """Run it; return its report, which agrees with the schema."""
        self.run(*lines, flags=f"--report report.json {flags}")
        value = json.loads(self.desk.read("report.json"))
        jsonschema.validate(
            value,
            json.loads(SCHEMA.read_text()),
            format_checker=jsonschema.FormatChecker(),
        )
        return value


@pytest.fixture
def mirroring(desk: Desk, target: DockerRegistry) -> Mirroring:
    return Mirroring(desk, target)


def test_a_run_is_told_as_the_go_program_tells_it(
    mirroring: Mirroring, image: str
) -> None:
    copy = f"[{image}] => [{mirroring.to}/team/app:1]"

    ran = mirroring.run("# a comment", image)

    assert ran.status == 0
    assert not ran.out
    *lines, summary, done = ran.err.splitlines()
    assert lines[:3] == [
        "- [INFO] Arch List: [amd64,arm64]",
        "- [INFO] OS List: [linux]",
        f"- [INFO] [IMG:1] Copying {copy}",
    ]
    assert re.fullmatch(
        re.escape(f"- [INFO] [IMG:1] Copied {copy} ") + r"\(\d+ B sent; [\d.]+ s\)",
        lines[3],
    )
    assert summary.startswith(
        "- [INFO] Summary: 1 copied, 0 up to date, 0 skipped, 0 failed; "
    )
    assert done == "- [INFO] Done"


def test_validate_passes_what_arrived_and_fails_what_did_not(
    mirroring: Mirroring, image: str, target: DockerRegistry
) -> None:
    there = f"{mirroring.to}/team/app:1"

    before = mirroring.run(image, command="mirror validate")
    mirroring.run(image)
    after = mirroring.run(image, command="mirror validate", flags="--deep")

    assert before.status == 1
    assert f"- [ERRO] [IMG:1] FAILED: [{image}] != [{there}]: " in before.err
    assert after.status == 0
    assert f"- [INFO] [IMG:1] PASS: [{image}] == [{there}]\n" in after.err
    assert "Summary: 1 passed, 0 skipped, 0 failed; " in after.err
    assert target.http.tags("team/app") == {"1"}


def test_flags_stand_before_or_behind_validate(desk: Desk, image: str) -> None:
    flags = ("-f", desk.write("list", image), "-d", "127.0.0.1:1", "--tls-verify=false")

    for arguments in (
        ("mirror", "validate", *flags),
        ("mirror", *flags, "validate"),
        ("m", *flags[:2], "validate", *flags[2:]),
        ("--debug", "mirror", *flags, "validate", "--debug=false"),
    ):
        ran = desk.hangar(*arguments)
        assert f"FAILED: [{image}] != [127.0.0.1:1/team/app:1]" in ran.err
        assert ran.status == 1


def test_failed_lines_are_listed_word_for_word_and_in_order(
    mirroring: Mirroring, image: str
) -> None:
    gone = image.replace(":1", ":gone")
    apart = image.rpartition(":")[0] + "   127.0.0.1:1/x/y   no"
    bad = "UPPER/case:1"

    ran = mirroring.run(gone, image, "a b", f"{apart} ", bad)

    assert ran.status == 1
    failed = [gone, apart, bad]
    assert mirroring.desk.read("mirror-failed.txt").splitlines() == failed
    assert ran.err.endswith(
        "- [ERRO] Copy failed image list: \n"
        + "".join(f"{line}\n" for line in failed)
        + '- [INFO] Failed image list exported to "mirror-failed.txt"\n'
        "- [FATA] some images failed to copy\n"
    )
    assert '- [WARN] Ignore image list line "a b": invalid format\n' in ran.err
    assert "1 copied, 0 up to date, 0 skipped, 3 failed, 1 line ignored; " in ran.err


def test_an_image_that_fails_says_why_and_what_to_do(
    mirroring: Mirroring, image: str
) -> None:
    gone = image.replace(":1", ":gone")

    ran = mirroring.run(gone)

    there = f"{mirroring.to}/team/app:gone"
    assert (
        f"- [ERRO] [IMG:1] error occurred when copy [{gone}] to [{there}]: " in ran.err
    )
    assert "manifest unknown" in ran.err
    assert "Traceback" not in ran.err


def test_debug_adds_where_an_error_comes_from(mirroring: Mirroring, image: str) -> None:
    ran = mirroring.run(image.replace(":1", ":gone"), flags="--debug")

    assert "Traceback" in ran.err
    assert "hangar.errors.NotFound" in ran.err


def test_a_stale_failed_list_goes_when_nothing_failed(
    mirroring: Mirroring, image: str
) -> None:
    stale = mirroring.desk.folder / "mirror-failed.txt"
    stale.write_text("old\n")

    mirroring.run(image)

    assert not stale.exists()


def test_a_failed_list_that_was_read_stays(mirroring: Mirroring, image: str) -> None:
    ran = mirroring.run(image, flags="-o list")

    assert ran.status == 0
    assert mirroring.desk.read("list") == f"{image}\n"


def test_nothing_is_listed_where_no_list_is_wanted(mirroring: Mirroring) -> None:
    mirroring.run("UPPER:1", flags="--failed=")

    assert {p.name for p in mirroring.desk.folder.iterdir()} == {"home", "list"}


def test_a_skipped_image_is_no_failure(mirroring: Mirroring, image: str) -> None:
    ran = mirroring.run(image, flags="--arch riscv64")

    assert ran.status == 0
    assert (
        f"- [WARN] [IMG:1] Skip copy image [{image}]: "
        "no available image for specified arch and os" in ran.err
    )
    assert "0 copied, 0 up to date, 1 skipped, 0 failed; " in ran.err


def test_a_dry_run_prints_what_would_be_copied_and_copies_nothing(
    mirroring: Mirroring, image: str, target: DockerRegistry
) -> None:
    (mirroring.desk.folder / "mirror-failed.txt").write_text("kept\n")
    before = len(target.requests)

    first = mirroring.run(image, flags="--dry-run")
    asked = {request.method for request in target.requests[before:]}
    mirroring.run(image, flags="-o other")
    second = mirroring.run(image, flags="--dry-run")

    ends = f"{image} => {mirroring.to}/team/app:1"
    assert re.fullmatch(rf"to copy  \d+ B sent  {re.escape(ends)}\n", first.out)
    assert asked <= {"GET", "HEAD"}
    assert second.out == f"up to date    {ends}\n"
    assert mirroring.desk.read("mirror-failed.txt") == "kept\n"


def test_the_report_tells_everything_of_every_image(
    mirroring: Mirroring, image: str
) -> None:
    gone = image.replace(":1", ":gone")

    first = mirroring.report(image, "a b", gone)
    second = mirroring.report(image)

    assert first["schema"] == "hangar-report/1"
    assert (first["command"], first["dry_run"]) == ("mirror", False)
    copied, failed = first["images"]
    assert (copied["number"], copied["image"], copied["status"]) == (1, image, "copied")
    assert copied["destination"] == f"{mirroring.to}/team/app:1"
    assert re.fullmatch(HEX, copied["digest"])
    assert copied["digest"] == copied["source_digest"]
    assert copied["bytes"]["sent"] > 0
    assert (failed["number"], failed["status"]) == (3, "failed")
    assert failed["error"]["type"] == "NotFound"
    assert "manifest unknown" in failed["error"]["message"]
    assert first["ignored"] == [{"number": 2, "line": "a b"}]
    assert first["totals"]["bytes"] == copied["bytes"]
    assert (first["totals"]["copied"], first["totals"]["failed"]) == (1, 1)
    assert second["images"][0]["status"] == "up_to_date"


def test_a_dry_run_has_a_report_too(mirroring: Mirroring, image: str) -> None:
    report = mirroring.report(image, flags="--dry-run")

    assert report["dry_run"] is True
    assert report["totals"]["copied"] == 1


def test_quiet_says_nothing_when_all_is_well(mirroring: Mirroring, image: str) -> None:
    well = mirroring.run(image, flags="--quiet")
    ill = mirroring.run("UPPER:1", flags="--quiet")

    assert (well.out, well.err) == ("", "")
    assert "- [ERRO] [IMG:1] " in ill.err
    assert "[INFO]" not in ill.err


def test_a_json_log_has_one_object_a_line(mirroring: Mirroring, image: str) -> None:
    ran = mirroring.run(image, "UPPER:1", flags="--log-format json")

    values = [json.loads(line) for line in ran.err.splitlines()]
    outcomes = {v["image"]: v["outcome"]["status"] for v in values if "outcome" in v}
    assert outcomes == {1: "copied", 2: "failed"}
    assert values[-1] == {"level": "fatal", "message": "some images failed to copy"}


def test_the_list_is_read_from_standard_input(mirroring: Mirroring, image: str) -> None:
    ran = subprocess.run(
        [*HANGAR, "mirror", "-f", "-", "-d", mirroring.to, "--tls-verify=false"],
        check=False,
        capture_output=True,
        cwd=mirroring.desk.folder,
        env=mirroring.desk.environment,
        input=f"{image}\n".encode(),
    )

    assert ran.returncode == 0
    assert b"1 copied" in ran.stderr


def test_jobs_out_of_range_are_the_usual_ones(mirroring: Mirroring, image: str) -> None:
    for jobs in ("0", "65"):
        ran = mirroring.run(image, flags=f"-j {jobs}")

        assert ran.status == 0
        assert f"- [WARN] Invalid worker num: {jobs}, set to 16\n" in ran.err


def test_options_come_from_the_environment_in_the_same_syntax(
    mirroring: Mirroring, image: str
) -> None:
    mirroring.desk.environment.update(
        HANGAR_MIRROR_ARCH="",
        HANGAR_MIRROR_OS="linux,windows",
        HANGAR_MIRROR_DRY_RUN="true",
        HANGAR_QUIET="false",
    )

    ran = mirroring.run(image)

    assert "- [INFO] Arch List: []\n- [INFO] OS List: [linux,windows]\n" in ran.err
    assert ran.out.startswith("to copy  ")


def test_a_list_without_images_is_warned_of(mirroring: Mirroring) -> None:
    ran = mirroring.run("# nothing", "")

    assert ran.status == 0
    assert '- [WARN] No images in "list"\n' in ran.err


def test_a_line_without_a_destination_fails_with_the_way_to_go(
    desk: Desk, image: str
) -> None:
    ran = desk.hangar("mirror", "-f", desk.write("list", image))

    assert ran.status == 1
    assert "no destination registry" in ran.err
    assert "--destination" in ran.err


def test_a_run_leaves_nothing_behind_but_what_it_says(
    mirroring: Mirroring, image: str
) -> None:
    mirroring.run(image)
    mirroring.desk.hangar("--help")

    left = sorted(path.name for path in mirroring.desk.folder.rglob("*"))
    assert left == ["home", "list"]


def test_hostile_lines_fail_alone_and_reach_no_registry(
    mirroring: Mirroring, image: str, source: DockerRegistry, target: DockerRegistry
) -> None:
    registry = source.address
    hostile = [
        "../../etc/passwd:1",
        f"{registry}/a/../b:1",
        f"{registry}//b:1",
        f"{registry}/team/app:ta\x01g",
        f"{registry}/team/app:1?x=y",
        f"{registry}/team/app@sha256:abc",
        f"{registry}/team/app:{'x' * 129}",
        f"{registry}/{'x' * 300}:1",
        f"{registry}:0x1/team/app:1",
    ]

    ran = mirroring.run(*hostile, image)

    assert ran.status == 1
    assert ran.err.count("invalid reference format") == len(hostile)
    failed = mirroring.desk.read("mirror-failed.txt").splitlines()
    assert failed == hostile
    assert target.http.tags("team/app") == {"1"}
    assert {
        request.path for request in target.requests if "/team/app/" not in request.path
    } <= {"/v2/", "/api/v2.0/ping"}


def test_names_from_a_list_cannot_write_on_the_terminal(mirroring: Mirroring) -> None:
    ran = mirroring.run("evil\x1b[2J\u202e:1", "two \x1b]0;words")

    assert "\x1b" not in ran.err
    assert "\u202e" not in ran.err
    assert "evil\\x1b[2J\\u202e:1" in ran.err


def test_a_failed_list_that_cannot_be_written_is_an_error(
    mirroring: Mirroring,
) -> None:
    ran = mirroring.run("UPPER:1", flags="-o /dev/full --report report.json")

    assert ran.status == 1
    assert '[FATA] failed to create file "/dev/full": No space left' in ran.err
    assert mirroring.desk.read("report.json")


@pytest.mark.parametrize("flag", ["-o", "--report"])
@pytest.mark.parametrize(
    ("name", "reason"), [("no/such/folder", "No such file"), (".", "Is a directory")]
)
def test_a_file_that_cannot_be_written_is_told_before_anything_is_copied(
    mirroring: Mirroring,
    image: str,
    target: DockerRegistry,
    flag: str,
    name: str,
    reason: str,
) -> None:
    ran = mirroring.run(image, flags=f"{flag} {name}")

    assert ran.status == 1
    assert f'[FATA] failed to create file "{name}": {reason}' in ran.err
    assert "Copying" not in ran.err
    assert target.http.tags("team/app") == set()


@pytest.mark.parametrize(
    "flags",
    [
        "-d registry.example.com/UPPER",
        "-d https://registry.example.com",
        "--destination-project ../up",
        "--source a:b:c",
        "--source-project x/../y",
    ],
)
def test_a_place_that_no_image_can_be_in_is_wrong_usage(
    mirroring: Mirroring, image: str, flags: str
) -> None:
    ran = mirroring.run(image, flags=flags)

    assert ran.status == 2
    assert "[FATA] no image can be in" in ran.err
    assert not (mirroring.desk.folder / "mirror-failed.txt").exists()


def test_the_time_of_an_image_is_limited(mirroring: Mirroring) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = f"127.0.0.1:{mute.getsockname()[1]}/never/answers:1"
        ran = mirroring.run(silent, flags="--timeout 500ms")

    assert ran.status == 1
    assert "not finished within 0.5 s (allow more with --timeout" in ran.err
    assert mirroring.desk.read("mirror-failed.txt") == f"{silent}\n"


def test_a_run_that_is_ended_lists_and_reports_what_was_not_finished(
    mirroring: Mirroring, image: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        silent = f"127.0.0.1:{mute.getsockname()[1]}/never/answers"
        lines = [f"{silent}:1", image, f"{silent}:2"]
        listed = mirroring.desk.write("list", *lines)
        flags = ("-d", mirroring.to, "--tls-verify=false", "--report", "report.json")
        with mirroring.desk.start("mirror", "-f", listed, *flags, "-j1") as process:
            assert process.stderr is not None
            while "answers:1" not in process.stderr.readline():
                pass
            process.terminate()
            _, err = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "[WARN] Abort: [terminated] received, cleaning up resources\n" in err
    assert "[FATA] interrupted: 3 images not finished (run the same command" in err
    assert mirroring.desk.read("mirror-failed.txt").splitlines() == lines
    report = json.loads(mirroring.desk.read("report.json"))
    assert [i["error"]["type"] for i in report["images"]] == ["Interrupted"] * 3


@pytest.mark.parametrize("lines", [[], ["# a comment alone"], ["an invalid line x"]])
def test_a_validation_that_checked_nothing_fails(desk: Desk, lines: list[str]) -> None:
    listed = desk.write("list", *lines)

    ran = desk.hangar("mirror", "validate", "-f", listed, "-d", "127.0.0.1:9")

    assert ran.status == 1
    assert "nothing was checked" in ran.err
    assert "Done" not in ran.err
