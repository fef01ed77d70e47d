"""The frame around all commands: help, names, statuses, what starting costs."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

from hangar.cli.main import invoke
from hangar.cli.tree import Entry, every_path, path_to
from tests.support.running import Desk

PATHS = [path[1:] for path in every_path()]


def names(path: tuple[Entry, ...]) -> str:
    return " ".join(entry.name for entry in path)


def shown(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Standard output of a command that succeeds."""
    assert invoke(arguments) == 0
    captured = capsys.readouterr()
    assert not captured.err
    return captured.out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Standard error of a command line that is refused."""
    assert invoke(arguments) == 2
    captured = capsys.readouterr()
    assert not captured.out
    return captured.err


def test_help_is_the_same_however_it_is_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    texts = {shown(capsys, *asked) for asked in ([], ["help"], ["-h"], ["--help"])}

    (text,) = texts
    assert "Usage:\n  hangar [flags]\n" in text
    assert re.search(r"^  mirror +Copy images from registries", text, re.MULTILINE)
    assert "__complete" not in text
    assert "--hide-log-time" not in text


@pytest.mark.parametrize("path", PATHS[1:], ids=names)
def test_a_commands_help_begins_with_what_lists_say_of_it(
    path: tuple[Entry, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    words = names(path).split()
    entry = path_to(words)[-1]
    docstring = entry.load().help or ""

    text = shown(capsys, *words, "--help")

    assert text.splitlines()[0] == entry.summary == docstring.splitlines()[0]
    assert text == shown(capsys, "help", *words)


@pytest.mark.parametrize("path", [p for p in PATHS[1:] if p[-1].aliases], ids=names)
def test_aliases_are_the_same_commands(
    path: tuple[Entry, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    *above, entry = path
    words = [other.name for other in above]
    text = shown(capsys, *words, entry.name, "-h")

    for alias in entry.aliases:
        assert shown(capsys, *words, alias, "-h") == text
        assert shown(capsys, "help", *words, alias) == text
        assert alias in text.partition("Aliases:\n")[2].splitlines()[0]


def test_aliases_may_follow_each_other(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "a", "e", "f", "-h") == shown(
        capsys, "archive", "export", "file", "-h"
    )


@pytest.mark.parametrize("asked", ["version", "-v", "--version"])
def test_the_version_is_told(asked: str, capsys: pytest.CaptureFixture[str]) -> None:
    version = metadata.version("hangar-oci")

    assert shown(capsys, asked) == f"hangar version {version}\n"


def test_an_unknown_command_is_answered_with_a_near_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = refused(capsys, "miror")

    assert '[FATA] unknown command "miror" for "hangar"\n' in text
    assert "Did you mean this?\n    mirror\n" in text
    assert text.endswith("Run 'hangar --help' for usage.\n")


@pytest.mark.parametrize(
    ("arguments", "message", "usage"),
    [
        (["foo"], 'unknown command "foo" for "hangar"', "hangar"),
        (
            ["mirror", "foo"],
            'unknown command "foo" for "hangar mirror"',
            "hangar mirror",
        ),
        (["version", "foo"], 'unexpected argument "foo"', "hangar version"),
        (["help", "mirror", "foo"], 'unknown command "mirror foo"', "hangar help"),
        (["--foo"], "unknown flag: --foo", "hangar"),
        (["m", "--foo"], "unknown flag: --foo", "hangar mirror"),
        (["mirror"], "file not provided, use '--file'", "hangar mirror"),
        (["completion"], "Missing argument 'SHELL'", "hangar completion"),
    ],
)
def test_wrong_usage_says_what_and_where_to_read_on(
    arguments: list[str],
    message: str,
    usage: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = refused(capsys, *arguments)

    assert f"[FATA] {message}" in text
    assert text.endswith(f"Run '{usage} --help' for usage.\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--log-format", "xml", "mirror"],
        ["mirror", "--log-format=xml"],
        ["mirror", "--arch", "x", "validate", "--log-format=xml"],
    ],
)
def test_flags_of_all_commands_stand_before_or_behind_the_command(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert 'invalid argument "xml"' in refused(capsys, *arguments)


def test_a_list_that_is_not_there_is_wrong_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    text = refused(capsys, "mirror", "-f", "no-such-list", "--hide-log-time")

    assert text.splitlines()[-1] == (
        '- [FATA] failed to open "no-such-list": No such file or directory'
    )


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"HANGAR_MIRROR_FILE": "x", "HANGAR_MIRROR_JOBS": "x"},
            'invalid argument "x" for HANGAR_MIRROR_JOBS',
        ),
        (
            {"HANGAR_MIRROR_FILE": "x", "HANGAR_LOG_FORMAT": "x"},
            'invalid argument "x" for HANGAR_LOG_FORMAT',
        ),
        (
            {"HANGAR_MIRROR_FILE": "x", "HANGAR_MIRROR_TIMEOUT": ""},
            'invalid argument "" for HANGAR_MIRROR_TIMEOUT',
        ),
        ({"HANGAR_MIRROR_FILE": "from-variable"}, 'failed to open "from-variable"'),
        (
            {
                "HANGAR_MIRROR_FILE": "general",
                "HANGAR_MIRROR_VALIDATE_FILE": "particular",
            },
            'failed to open "particular"',
        ),
    ],
)
def test_options_are_read_from_the_environment(
    variables: dict[str, str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert message in refused(capsys, "mirror", "validate")


def test_the_command_line_wins_over_the_environment(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HANGAR_MIRROR_FILE", "from-variable")

    assert '"from-line"' in refused(capsys, "mirror", "-f", "from-line")


def test_signing_during_a_copy_is_refused_with_the_way_to_go(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert invoke(["mirror", "-f", "x", "--sigstore-private-key", "key"]) == 1

    text = capsys.readouterr().err
    assert "signing during a copy is not supported" in text
    assert "hangar sign" in text


def test_starting_imports_nothing_heavy() -> None:
    for arguments in (["--help"], ["mirror", "--help"], ["__complete", "--", ""]):
        script = (
            "import sys; from hangar.cli.main import invoke;"
            f"invoke({arguments!r});"
            "heavy = {'urllib3', 'rich', 'yaml', 'ssl', 'importlib.metadata'};"
            "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
        )
        ran = subprocess.run(
            [sys.executable, "-c", script], check=False, capture_output=True, text=True
        )
        assert ran.returncode == 0, ran.stderr


def test_results_go_to_standard_output_and_logs_to_standard_error(desk: Desk) -> None:
    ran = desk.hangar("--debug", "version", "--hide-log-time")

    assert ran.out.startswith("hangar version ")
    assert ran.err == "- [DEBU] Debug output enabled\n"


def test_whoever_reads_our_output_may_stop_reading(desk: Desk) -> None:
    with desk.start("mirror", "--help") as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        assert not process.stderr.read()


def test_a_bug_shows_where_it_is_and_asks_for_a_report(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(path_to(["version"])[-1].load(), "invoke", broken)

    assert invoke(["version"]) == 1
    text = capsys.readouterr().err
    assert "[FATA] ZeroDivisionError" in text
    assert "please report it" in text
    assert "in broken" in text


@pytest.mark.parametrize(
    "words",
    [
        ["archive", "ls", "{}"],
        ["archive", "repair", "{}"],
        ["archive", "merge", "-f", "{},{}", "-o", "x"],
        ["save", "-f", "{}", "-d", "x"],
        ["load", "-s", "{}", "-d", "127.0.0.1:1"],
        ["load", "-s", "oci:{}", "-d", "127.0.0.1:1"],
    ],
)
def test_a_name_that_is_too_long_is_no_bug(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    name = "n" * 300

    assert invoke([word.format(name, name) for word in words]) == 1
    text = capsys.readouterr().err
    assert name in text
    assert "File name too long" in text
    assert "Traceback" not in text


def test_ctrl_c_outside_a_run_ends_with_130(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(path_to(["version"])[-1].load(), "invoke", interrupted)

    assert invoke(["version"]) == 130
    assert "[FATA] interrupted\n" in capsys.readouterr().err


def test_a_result_that_cannot_be_written_is_a_failure(desk: Desk) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "hangar", "version", "--hide-log-time"],
            check=False,
            env=desk.environment,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )

    assert ran.returncode == 1
    assert ran.stderr == (
        "- [FATA] failed to write to standard output: No space left on device\n"
    )


def test_a_log_that_cannot_be_written_stops_nothing(desk: Desk) -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-m", "hangar", "--debug", "version"],
            check=False,
            env=desk.environment,
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
        )

    assert ran.returncode == 0
    assert ran.stdout.startswith("hangar version ")
