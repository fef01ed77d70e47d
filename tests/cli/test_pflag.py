"""The syntax of options, as users of the Go program know it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hangar.cli.pflag import (
    BOOLEAN,
    DURATION,
    LIST,
    FileList,
    Option,
    first_positional,
    normalised,
    waiting,
)


def options() -> list[Option]:
    return [
        Option(["-f", "--file"]),
        Option(["-a", "--arch"], type=LIST, default="amd64,arm64"),
        Option(["-y", "--auto-yes"], type=BOOLEAN),
        Option(["-j", "--jobs"], type=click.INT, default="16"),
        Option(["--tls-verify"], type=BOOLEAN, default=None),
        Option(["--timeout"], type=DURATION, default="10m"),
    ]


def parsed(*arguments: str) -> dict[str, Any]:
    """The values of a command with these options and any number of arguments."""
    words = click.Argument(["words"], nargs=-1)
    command = click.Command("test", params=[*options(), words])
    with command.make_context("test", normalised(arguments, options())) as context:
        return context.params


@pytest.mark.parametrize(
    "spelling",
    [
        ["--file", "x"],
        ["--file=x"],
        ["-f", "x"],
        ["-f=x"],
        ["-fx"],
        ["-yfx"],
        ["-yf", "x"],
        ["-f", "other", "--file=x"],
    ],
)
def test_a_value_is_given_in_any_of_the_spellings(spelling: Sequence[str]) -> None:
    assert parsed(*spelling)["file"] == "x"


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ([], False),
        (["--auto-yes"], True),
        (["-y"], True),
        (["-y=false"], False),
        (["--auto-yes=false"], False),
        (["--auto-yes=T"], True),
        (["--auto-yes=1"], True),
        (["--auto-yes", "--auto-yes=0"], False),
    ],
)
def test_a_boolean_needs_no_value(spelling: Sequence[str], value: bool) -> None:
    assert parsed(*spelling)["auto_yes"] is value


def test_a_boolean_takes_no_separate_value() -> None:
    values = parsed("--auto-yes", "false")

    assert values["auto_yes"] is True
    assert values["words"] == ("false",)


@pytest.mark.parametrize(
    ("spelling", "value"),
    [([], None), (["--tls-verify"], True), (["--tls-verify=false"], False)],
)
def test_a_boolean_may_be_neither_true_nor_false(
    spelling: Sequence[str], value: bool | None
) -> None:
    assert parsed(*spelling)["tls_verify"] is value


@pytest.mark.parametrize(
    ("spelling", "value"),
    [
        ([], ("amd64", "arm64")),
        (["--arch", ""], ()),
        (["-a="], ()),
        (["--arch=arm"], ("arm",)),
        (["-a", "arm,s390x"], ("arm", "s390x")),
        (["-a", "arm", "--arch=s390x,amd64"], ("arm", "s390x", "amd64")),
        (["-a", "", "-a", "arm"], ("arm",)),
    ],
)
def test_the_first_use_of_a_list_replaces_the_default(
    spelling: Sequence[str], value: tuple[str, ...]
) -> None:
    assert parsed(*spelling)["arch"] == value


def test_a_file_may_have_a_comma_in_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.zip", "b.zip", "a,c.zip", " d.zip"):
        (tmp_path / name).touch()
    convert = FileList(".zip").convert

    assert convert("a.zip,b.zip", None, None) == ("a.zip", "b.zip")
    assert convert("a,c.zip", None, None) == ("a,c.zip",)
    assert convert(" d.zip", None, None) == (" d.zip",)
    assert convert("", None, None) == ()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0),
        ("10m", 600),
        ("1h30m", 5400),
        ("90s", 90),
        ("1.5s", 1.5),
        (".5m", 30),
        ("250ms", 0.25),
        ("+1s", 1),
    ],
)
def test_durations_are_written_as_in_go(text: str, seconds: float) -> None:
    assert parsed("--timeout", text)["timeout"] == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["10", "", "m", "1h30", "-5m", "1 h", "1d", "\uff15m"])
def test_a_duration_without_a_unit_is_refused(text: str) -> None:
    with pytest.raises(click.UsageError, match='for "--timeout" flag'):
        parsed("--timeout", text)


def test_options_and_arguments_stand_in_any_order() -> None:
    values = parsed("one", "-f", "x", "two", "-y", "-", "--", "-j", "three")

    assert values["file"] == "x"
    assert values["jobs"] == 16
    assert values["words"] == ("one", "two", "-", "-j", "three")


def test_a_value_may_look_like_an_option() -> None:
    assert parsed("--file", "--jobs")["file"] == "--jobs"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--foo"], "unknown flag: --foo"),
        (["--foo=1"], "unknown flag: --foo"),
        (["--fil", "x"], "unknown flag: --fil"),
        (["-x"], "unknown shorthand flag: 'x' in -x"),
        (["-yx"], "unknown shorthand flag: 'x' in -yx"),
        (["--file"], "flag needs an argument: --file"),
        (["-f"], "flag needs an argument: 'f' in -f"),
        (["-yj"], "flag needs an argument: 'j' in -yj"),
        (["-j", "many"], 'invalid argument "many" for "-j, --jobs" flag: '),
        (["-y=perhaps"], 'invalid argument "perhaps" for "-y, --auto-yes" flag: '),
    ],
)
def test_wrong_usage_is_named(arguments: Sequence[str], message: str) -> None:
    with pytest.raises(click.UsageError) as caught:
        parsed(*arguments)

    assert caught.value.message.startswith(message)


@pytest.mark.parametrize("kind", [click.STRING, LIST])
@pytest.mark.parametrize("words", [[], ["--file="], ["-f", ""], ["-f", "", "-f="]])
def test_an_empty_value_is_not_what_is_required(
    kind: click.ParamType[Any], words: list[str]
) -> None:
    option = Option(["-f", "--file"], type=kind, required=True)
    command = click.Command("test", params=[option])

    with pytest.raises(click.UsageError, match="file not provided, use '--file'"):
        command.make_context("test", normalised(words, [option]))


def test_a_secret_that_is_refused_is_not_shown() -> None:
    secret = Option(["--pin"], type=click.INT, hide_input=True)
    command = click.Command("test", params=[secret])

    with pytest.raises(click.UsageError) as caught:
        command.make_context("test", ["--pin=hunter2"])

    assert caught.value.message == 'invalid argument for "--pin" flag'


@pytest.mark.parametrize(
    ("arguments", "position"),
    [
        (["validate"], 0),
        (["-f", "x", "validate"], 2),
        (["--file=x", "-y", "validate"], 2),
        (["-fx", "--arch", "validate"], -1),
        (["--unknown", "validate"], -1),
        (["--", "validate"], -1),
        ([], -1),
    ],
)
def test_a_sub_command_is_found_behind_options(
    arguments: Sequence[str], position: int
) -> None:
    assert first_positional(arguments, options()) == position


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        (["--file"], "--file"),
        (["x", "-a"], "--arch"),
        (["-f", "--arch"], None),
        (["-y"], None),
        (["--file=x"], None),
        (["--", "--file"], None),
    ],
)
def test_shells_are_told_which_value_comes_next(
    arguments: Sequence[str], name: str | None
) -> None:
    option = waiting(arguments, options())

    assert (option and option.long) == name


@given(st.lists(st.text(max_size=5) | st.sampled_from(["-f", "-y", "--arch", "--"])))
def test_any_words_are_parsed_or_refused(words: list[str]) -> None:
    try:
        written = normalised(words, options())
    except click.UsageError:
        return
    assert normalised(written, options()) == written
