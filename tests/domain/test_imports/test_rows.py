"""The rules a row of another tool's file has to keep, each broken once, and what good rows become."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.outcomes import Detection, Prevention, TestState
from domain.test_imports.fields import FIELDS, proposed
from domain.test_imports.rows import Asked, ImportRow, Place, Problem, rows

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ASKED = Asked(kind="csv", mapping={}, zone=ZoneInfo("UTC"), platform="Windows")
GOOD = {
    "technique": "T1059",
    "title": "A test",
    "executed_at": "2026-01-15 09:30",
    "outcome": "alerted",
    "detected_at": "2026-01-15 09:42",
}
AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)


def lookup(claimed: str) -> Place | None:
    return Place(UUID(int=1), "Name of it", ("Windows", "Linux")) if claimed.startswith("T10") else None


def one(asked: Asked = ASKED, **texts: str) -> ImportRow | Problem:
    (made,) = rows([(2, {**GOOD, **texts})], asked, NOW, lookup)
    return made


def good(asked: Asked = ASKED, **texts: str) -> ImportRow:
    made = one(asked, **texts)
    assert isinstance(made, ImportRow), made
    return made


def sentence(**texts: str) -> str:
    made = one(**texts)
    assert isinstance(made, Problem), made
    return made.sentence


def test_a_finished_row() -> None:
    made = good(tools="EDR, edr , SIEM", attack_succeeded="no", priority="high", red_notes=" As a user ")
    assert made.state is TestState.VALIDATED
    assert (made.prevention, made.detection) == (Prevention.NONE, Detection.ALERTED)
    assert (made.executed_at, made.detected_at, made.watched_until) == (AT, *[AT + timedelta(minutes=12)] * 2)
    assert (made.tools, made.attack_succeeded, made.priority) == (("EDR", "SIEM"), False, 1)
    assert (made.platform, made.red_notes, made.number) == ("Windows", "As a user", 2)


@pytest.mark.parametrize(
    ("texts", "prevention", "detection"),
    [
        ({"outcome": "Blocked"}, "full", "missed"),
        ({"outcome": "blocked", "alerted": "Yes"}, "full", "alerted"),
        ({"outcome": "blocked", "logged": "yes"}, "full", "logged"),
        ({"outcome": "Detected"}, "none", "alerted"),
        ({"outcome": "DETECTED", "alerted": "No"}, "none", "logged"),
        ({"outcome": "Detected", "alerted": "TBD", "logged": "TBD"}, "none", "alerted"),
        ({"outcome": "Logged – Centrally Logged"}, "none", "logged"),
        ({"outcome": "Alerted - High"}, "none", "alerted"),
        ({"outcome": "", "prevention": "Partial", "alerted": "no", "logged": "no"}, "partial", "missed"),
        ({"outcome": "", "prevention": "yes", "detection": "alerted"}, "full", "alerted"),
    ],
)
def test_one_scale_as_two_axes(texts: dict[str, str], prevention: str, detection: str) -> None:
    made = good(**texts)
    assert (made.prevention, made.detection) == (prevention, detection)


@pytest.mark.parametrize("outcome", ["NotDetected", "Not Detected", "NOTDETECTED", "None", "missed"])
def test_the_ways_to_say_missed(outcome: str) -> None:
    assert good(outcome=outcome, detected_at="").detection is Detection.MISSED


def test_a_time_of_detection_means_the_best_that_happened() -> None:
    assert good(outcome="logged").logged_at == AT + timedelta(minutes=12)
    assert good(outcome="blocked").prevented_at == AT + timedelta(minutes=12)


@pytest.mark.parametrize(
    "texts",
    [
        {"outcome": "", "executed_at": "", "detected_at": ""},
        {"status": "In Progress"},
        {"status": "in_progress"},
        {"status": "Not Performed"},
        {"executed_at": "", "detected_at": ""},
    ],
)
def test_what_is_not_finished_is_a_draft(texts: dict[str, str]) -> None:
    made = good(**texts)
    assert made.state is TestState.DRAFT
    assert (made.executed_at, made.detection, made.tools) == (None, None, ())
    left = {**GOOD, **texts}
    assert made.said.get("Executed", "") == left["executed_at"]


@pytest.mark.parametrize(
    "texts", [{"outcome": "TBD"}, {"outcome": ""}, {"outcome": "N/A"}, {"outcome": "tbd", "status": "completed"}]
)
def test_what_was_executed_and_has_no_result_is_for_blue(texts: dict[str, str]) -> None:
    made = good(**texts, red_notes="Ran", blue_notes="Looks odd")
    assert made.state is TestState.BLUE_EVALUATING
    assert (made.executed_at, made.detected_at, made.detection, made.tools) == (AT, None, None, ())
    assert made.red_notes == "Ran"
    assert made.said["Detected at"] == GOOD["detected_at"]
    assert made.said["Blue's notes"] == "Looks odd"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-15 09:30", AT),
        ("2026-01-15T09:30:00Z", AT),
        ("2026-01-15 09:30:00.000 UTC", AT),
        ("2026-01-15T10:30:00+01:00", AT),
        ("1768469400", AT),
        ("1768469400000", AT),
        ("1768469400000.0", AT),
    ],
)
def test_ways_to_write_a_moment(text: str, moment: datetime) -> None:
    assert good(executed_at=text).executed_at == moment


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        ({"technique": ""}, "It names no technique."),
        ({"technique": "Phishing"}, "The technique is “Phishing”, which is no id such as T1059.001."),
        ({"technique": "T9999"}, "T9999 is not on the loaded ATT&CK map."),
        ({"platform": "BeOS"}, "“BeOS” is not a platform of ATT&CK."),
        ({"outcome": "banana"}, "The outcome is “banana”; it is blocked, alerted, logged or missed."),
        ({"prevention": "7"}, "The prevention is “7”; it is one of full, partial, none."),
        ({"alerted": "maybe"}, "Alert raised is “maybe”; it is yes or no."),
        ({"priority": "9"}, "The priority is “9”; it is high, normal or low."),
        ({"status": "Complet"}, "The status is “Complet”; use completed, in progress or pending."),
        ({"executed_at": "03/04/2026"}, "Executed is “03/04/2026”; write a day and time such as 2026-11-24 09:30."),
        ({"executed_at": "2026-01-15"}, "Executed is “2026-01-15”; write a day and time such as 2026-11-24 09:30."),
        ({"executed_at": "2026-13-45 99:99"}, "Executed is “2026-13-45 99:99”; write a day and time such as"),
        ({"executed_at": "2027-01-01 00:00"}, "Executed at 2027-01-01 00:00:00 UTC lies in the future."),
        ({"executed_at": "1926-01-01 00:00"}, "Executed at 1926-01-01 00:00:00 UTC is before 1990."),
        ({"status": "pending", "executed_at": "2027-01-01 00:00"}, "Executed at 2027-01-01 00:00:00 UTC lies in"),
        ({"detected_at": "2026-01-15 09:29"}, "Detected at 2026-01-15 09:29:00 UTC is before the execution at"),
        ({"contained_at": "2026-01-15 09:41"}, "Contained at 2026-01-15 09:41:00 UTC is before the detection at"),
        ({"watched_until": "2026-01-15 09:41"}, "The end of watching at 2026-01-15 09:41:00 UTC is before the last"),
        ({"detected_at": ""}, "It was alerted, but the time of the alert is missing."),
        ({"outcome": "missed"}, "It was missed, and has a time of detection: one of them is wrong."),
        ({"prevented_at": "2026-01-15 09:42"}, "Nothing was prevented, and there is a time of it"),
        ({"outcome": "blocked", "prevention": "none"}, "The outcome is blocked, and the prevention is not full"),
        ({"status": "completed", "executed_at": ""}, "It has a result, but not the time of the attack."),
        ({"title": "=HYPERLINK(\"http://x\")"}, "Title starts like a formula of a spreadsheet"),
        ({"tools": "@SUM(1+1)*cmd|' /C calc'!A0"}, "Defence tools starts like a formula of a spreadsheet"),
        ({"red_notes": "=1+1"}, "Red's notes starts like a formula of a spreadsheet"),
        ({"title": "x" * 201}, "Title has 201 characters, and 200 are the limit."),
        ({"title": "a\x00b"}, "The text holds a character that cannot be stored."),
        ({"tools": ",".join(map(str, range(51)))}, "It names 51 defence tools, and 50 are the limit."),
    ],
)  # fmt: skip
def test_one_clear_sentence(texts: dict[str, str], said: str) -> None:
    assert sentence(**texts).startswith(said)


def test_notes_and_commands_may_start_with_a_dash() -> None:
    assert good(procedure="-enc SQBFAFgA", red_notes="- first\n- second").procedure == "-enc SQBFAFgA"


def test_what_our_own_export_made_harmless_is_read_back() -> None:
    assert good(title="'=1+1").title == "=1+1"


def test_a_technique_without_a_title_lends_its_name() -> None:
    assert good(title="").title == "Name of it"


def test_the_same_row_twice_is_said() -> None:
    first, second = rows([(2, GOOD), (3, GOOD)], ASKED, NOW, lookup)
    assert isinstance(first, ImportRow)
    assert second == Problem(3, "This is row 2 once more.")


def test_a_row_that_could_not_be_read_keeps_its_place() -> None:
    assert list(rows([(7, "It has 9 cells.")], ASKED, NOW, lookup)) == [Problem(7, "It has 9 cells.")]


class TestKeys:
    def test_the_id_of_the_other_tool_is_the_key(self) -> None:
        assert good(external_id="42").import_key == good(external_id="42", title="Renamed").import_key == "csv:42"

    def test_what_was_chosen_for_the_import_does_not_change_it(self) -> None:
        chosen = Asked(kind="csv", mapping={}, zone=ZoneInfo("Europe/Berlin"), platform="Linux")
        assert good().import_key == good(chosen).import_key

    @pytest.mark.parametrize("field", ["campaign", "title", "environment", "procedure", "executed_at"])
    def test_what_identifies_a_row(self, field: str) -> None:
        changed = {"executed_at": "2026-01-15 09:31"}.get(field, "Another")
        assert good(**{field: changed}).import_key != good().import_key

    def test_runs_of_one_procedure_share_their_key(self) -> None:
        assert good(title="A  Test", executed_at="2026-01-15 09:31").procedure_key == good().procedure_key
        assert good(technique="T1053").procedure_key != good().procedure_key


class TestHeadings:
    @pytest.mark.parametrize("field", [field.key for field in FIELDS])
    def test_our_own(self, field: str) -> None:
        assert proposed([field])[field] == field
        assert proposed([field.replace("_", " ").title()])[field] == field.replace("_", " ").title()

    def test_the_first_known_name_wins(self) -> None:
        assert proposed(["Start Time", "Start Time Epoch"])["executed_at"] == "Start Time Epoch"
        assert proposed(["Colour", "Shape"]) == {}


@given(st.dictionaries(st.sampled_from([field.key for field in FIELDS]), st.text(max_size=40)))
def test_whatever_is_in_the_cells_it_is_a_test_or_a_sentence(texts: Mapping[str, str]) -> None:
    (made,) = rows([(2, texts)], ASKED, NOW, lookup)
    if isinstance(made, Problem):
        assert made.sentence.endswith((".", ")"))
        assert "\n" not in made.sentence.split("“")[0]
