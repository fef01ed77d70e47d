"""How records look in a log, in JSON, and to a person."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hangar.cli import figures
from hangar.cli.console import Console, Settings, failure
from hangar.cli.lines import as_json, as_log, as_shown
from hangar.cli.records import Level, Record, printable
from hangar.errors import NotFound
from hangar.events import Outcome, Status

NOON = datetime(2026, 3, 9, 12, 3, 20, tzinfo=UTC)
DENIED = NotFound("manifest unknown", hint="check the tag")


def outcome(status: Status, error: Exception | None = None) -> Outcome:
    return Outcome(1, "app:1", "hub/app:1", "here/app:1", status, error=error)


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (Record(Level.INFO, "Done"), "[12:03:20] [INFO] Done"),
        (Record(Level.WARN, "x", image=7), "[12:03:20] [WARN] [IMG:7] x"),
        (Record(Level.ERROR, "x", hint="do y"), "[12:03:20] [ERRO] x (do y)"),
        (Record(Level.FATAL, "x:", lines=("a", "b")), "[12:03:20] [FATA] x:\na\nb"),
        (Record(Level.DEBUG, "x"), "[12:03:20] [DEBU] x"),
    ],
)
def test_log_lines_have_the_form_of_the_go_program(record: Record, line: str) -> None:
    assert as_log(record, NOON, colour=False) == line


def test_the_time_can_be_hidden() -> None:
    assert as_log(Record(Level.INFO, "Done"), None, colour=False) == "- [INFO] Done"


def test_the_fields_of_a_log_line_are_coloured_as_in_the_go_program() -> None:
    line = as_log(Record(Level.INFO, "message", image=1), NOON, colour=True)

    assert line == "[12:03:20]\033[36m [INFO] [IMG:1] \033[0mmessage"


def test_json_lines_leave_out_what_says_nothing() -> None:
    line = as_json(Record(Level.INFO, "Done"), NOON)

    assert json.loads(line) == {
        "time": "2026-03-09T12:03:20.000+00:00",
        "level": "info",
        "message": "Done",
    }


def test_json_lines_hold_the_outcome_of_an_image() -> None:
    ended = outcome(Status.FAILED, DENIED)
    record = Record(Level.ERROR, "x", 1, "check the tag", ("a",), ended)

    value = json.loads(as_json(record, None))

    assert value["outcome"]["status"] == "failed"
    assert value["outcome"]["error"] == {
        "type": "NotFound",
        "message": "manifest unknown",
        "hint": "check the tag",
    }
    assert (value["image"], value["hint"], value["lines"]) == (
        1,
        "check the tag",
        ["a"],
    )


@pytest.mark.parametrize(
    ("record", "text"),
    [
        (Record(Level.INFO, "Done"), "Done"),
        (Record(Level.WARN, "hm", hint="do y"), "warning: hm\n  do y"),
        (Record(Level.FATAL, "no:", lines=("a",)), "error: no:\n  a"),
        (
            Record(Level.INFO, "m", 1, outcome=outcome(Status.COPIED), note="1 kB"),
            "✓ hub/app:1  1 kB",
        ),
        (
            Record(Level.INFO, "m", 1, outcome=outcome(Status.UP_TO_DATE), note="same"),
            "✓ hub/app:1  same",
        ),
        (
            Record(
                Level.ERROR,
                "m",
                1,
                "check the tag",
                outcome=outcome(Status.FAILED, DENIED),
                note="manifest unknown",
            ),
            "✗ hub/app:1\n  manifest unknown\n  check the tag",
        ),
    ],
)
def test_a_person_sees_a_mark_what_happened_and_what_to_do(
    record: Record, text: str
) -> None:
    assert as_shown(record, colour=False) == text


@given(st.text())
def test_no_text_moves_the_cursor(text: str) -> None:
    record = Record(Level.ERROR, text, hint=text, lines=(text,), note=text)
    for line in (
        as_log(record, None, colour=False),
        as_shown(record, colour=False),
        as_json(record, None),
    ):
        assert all(part.isprintable() for part in line.split("\n"))
    assert "\n" not in printable(text)


def test_an_escape_sequence_is_shown_not_obeyed() -> None:
    line = as_log(Record(Level.INFO, "a\x1b[31mb\r\nc\u202e"), None, colour=False)

    assert line == "- [INFO] a\\x1b[31mb\\r\\nc\\u202e"


def test_an_error_of_ours_shows_no_traceback_unless_asked_for() -> None:
    try:
        raise DENIED
    except NotFound as error:
        plain = failure(error, Level.ERROR, "copying x")
        traced = failure(error, Level.ERROR, "copying x", tracebacks=True)

    assert plain == Record(
        Level.ERROR, "copying x: manifest unknown", hint="check the tag"
    )
    assert any("test_lines.py" in line for line in traced.lines)


class Terminal(io.StringIO):
    """Standard error that claims to be a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("settings", "variables", "line"),
    [
        (Settings(), {}, "\033[33mwarning: \033[0mhm"),
        (Settings(), {"NO_COLOR": "1"}, "warning: hm"),
        (Settings(quiet=True), {"NO_COLOR": "1"}, "warning: hm"),
        (Settings(debug=True, times=False), {"NO_COLOR": "1"}, "- [WARN] hm"),
        (Settings(times=False), {"TERM": "dumb", "NO_COLOR": "1"}, "- [WARN] hm"),
        (
            Settings(form="json", times=False),
            {},
            '{"level": "warn", "message": "hm"}',
        ),
    ],
)
def test_a_terminal_gets_lines_for_people_unless_told_otherwise(
    settings: Settings,
    variables: dict[str, str],
    line: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)

    Console(settings).warn("hm")

    assert terminal.getvalue() == f"{line}\n"


@pytest.mark.parametrize(
    ("settings", "shown"),
    [
        (Settings(), ["info", "warn"]),
        (Settings(quiet=True), ["warn"]),
        (Settings(debug=True), ["debug", "info", "warn"]),
    ],
)
def test_the_settings_choose_how_grave_a_record_has_to_be(
    settings: Settings, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(settings)

    console.log(Record(Level.DEBUG, "debug"))
    console.info("info")
    console.warn("warn")

    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == shown


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1.0 MB"),
        (142_003_757, "142.0 MB"),
        (2_000_000_000, "2.0 GB"),
        (3_200_000_000_000, "3.2 TB"),
    ],
)
def test_bytes_are_told_in_decimal_units(count: int, text: str) -> None:
    assert figures.size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.04, "0.0 s"), (59.94, "59.9 s"), (200, "3:20"), (3723, "1:02:03")],
)
def test_times_are_told_as_clocks_do(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text
