"""What docs/interop.md says is what happened."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from scripts.interop import FILES, PAGE, results_of

RESULTS = """
<testsuites><testsuite>
<testcase classname="tests.interop.test_carrying" name="test_it_moves[a to b]">
  <system-out>words</system-out>
</testcase>
<testcase classname="tests.interop.test_carrying" name="test_it_moves[b to a]">
  <system-out>words</system-out><failure message="no">lost</failure>
</testcase>
<testcase classname="tests.interop.test_carrying" name="test_it_moves[b to b]">
  <error message="no">the registry does not start</error>
</testcase>
<testcase classname="tests.interop.test_carrying" name="test_it_moves[a to a]">
  <skipped message="no">cannot</skipped>
</testcase>
<testcase classname="tests.interop.test_serving" name="test_it_serves" />
</testsuite></testsuites>
"""


def test_only_what_has_passed_counts_as_passed() -> None:
    cases = ET.fromstring(RESULTS).iter("testcase")  # noqa: S314 - our own words

    rows = results_of(cases)

    moves = "1 of 4 | 1 skipped; error: b to b; failure: b to a |"
    assert f"| it moves | {moves}" in rows
    assert "| it serves | 1 of 1 |  |" in rows


def test_every_file_of_tests_has_its_place_in_the_record() -> None:
    names = {
        path.stem for path in (PAGE.parent.parent / "tests/interop").glob("test_*")
    }

    assert names - {"test_record"} == set(FILES)
