"""Which event tells whom what, as the documentation says it; and what other happenings say."""

import re
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID, uuid4

from domain import notifications as rules
from domain.notifications import BODY_MAX, TELLING, TITLE_MAX, Happened, Kind, Notice, Overdue, Subject, of_test
from domain.roles import Role
from tests.conftest import ROOT

RED, BLUE, LEAD = uuid4(), uuid4(), uuid4()
PAGE = ROOT / "docs" / "notifications.md"


def told(kind: str, *, by: UUID = LEAD, note: str = "", title: str = "Mimikatz", **details: object) -> list[Notice]:
    event = {
        "kind": kind, "test": str(uuid4()), "at": "2026-11-24T09:00:00+00:00", "by": str(by), "by_name": "Rita",
        "note": note, "red_assignee": str(RED), "blue_assignee": str(BLUE), "details": details,
    }  # fmt: skip
    return of_test(Happened.read(event), Subject(number=7, title=title, red_submitted_by=RED, blue_submitted_by=BLUE))


def test_the_documentation_names_every_kind_and_its_recipients() -> None:
    table = re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", Path(PAGE).read_text(), re.MULTILINE)
    assert table == [(kind.value, kind.label, kind.recipients) for kind in Kind]


def test_events_that_tell_nobody_are_left_alone() -> None:
    for kind in ("execution_started", "paused", "observed", "red_approved", "validated", "plan_edited", "anything"):
        assert told(kind) == []
        assert kind not in TELLING


def test_every_event_that_tells_does() -> None:
    details: dict[str, object] = {
        "team": "blue", "assignee": str(BLUE), "to": "red", "owner": str(BLUE), "verdict": "rejected",
        "mentions": ["ben"], "due_on": "2026-12-01",
    }  # fmt: skip
    for kind in TELLING:
        for notice in told(kind, **details):
            assert notice.link == "/test/7"
            assert "7" in notice.title
            assert LEAD in notice.to.but, "not the one who did it"
        assert told(kind, **details)


def test_leads_are_asked_about_their_side_but_not_about_their_own_work() -> None:
    red, blue = told("blue_submitted", by=BLUE)
    assert (red.to.roles, red.to.but) == ({Role.RED_LEAD}, {BLUE, RED})
    assert (blue.to.roles, blue.to.but) == ({Role.BLUE_LEAD}, {BLUE})
    assert [one.kind for one in told("not_applicable", by=BLUE)] == [Kind.AWAITING] * 2


def test_a_verdict_of_an_administrator_is_told_only_when_it_rejects() -> None:
    (notice,) = told("overridden", verdict="rejected", note="no evidence")
    assert notice.to.ids == {RED, BLUE}
    assert notice.body == "By Rita.\nno evidence"
    assert told("overridden", verdict="approved") == []


def test_taking_somebody_off_tells_nobody() -> None:
    (notice,) = told("assigned", team="red", assignee=None)
    assert notice.to.ids == frozenset()


def test_an_event_has_one_key_however_often_it_comes() -> None:
    test = str(uuid4())
    event = {"kind": "commented", "test": test, "at": "2026-11-24T09:00:00+00:00", "by": str(LEAD), "by_name": "Rita"}
    first, second = (of_test(Happened.read(event), Subject(number=1, title="x"))[0].key for _ in range(2))
    assert first == second == f"commented:{test}:2026-11-24T09:00:00+00:00"


def test_what_is_long_is_cut() -> None:
    (notice,) = told("commented", title="word " * 100, note="word " * 1_000, mentions=["ben"])
    assert len(notice.title) <= TITLE_MAX
    assert len(notice.body) <= BODY_MAX
    assert notice.title.endswith("…")
    assert notice.body.endswith("…")
    failed = rules.of_failed_sync("r", "sigma", "Sigma", "x" * 5_000, datetime(2026, 11, 24, tzinfo=UTC))
    assert len(failed.body) == BODY_MAX


def test_overdue_once_for_a_due_date() -> None:
    late = Overdue(test_id=uuid4(), number=7, title="Mimikatz", due_on=date(2026, 11, 20), owner_id=None)
    notice = rules.of_overdue(late)
    assert notice.key == f"overdue:{late.test_id}:2026-11-20"
    assert notice.to.roles == {Role.BLUE_LEAD}


def test_a_source_that_fails_is_news_once_a_day() -> None:
    morning, evening, next_day = (
        datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in ((24, 1), (24, 23), (25, 0))
    )
    keys = [rules.of_failed_sync("r", "sigma", "Sigma", "x", at).key for at in (morning, evening, next_day)]
    assert keys[0] == keys[1] != keys[2]


def test_many_changed_techniques_are_counted_and_one_is_linked() -> None:
    person = uuid4()
    one = rules.of_attack_change(person, "run", "19.0", ["T1059"])
    assert (one.title, one.link) == ("ATT&CK 19.0 changed T1059 you have tests of", "/technique/T1059")
    many = rules.of_attack_change(person, "run", "19.0", [f"T{number}" for number in range(1000, 1020)])
    assert many.title == "ATT&CK 19.0 changed 20 techniques you have tests of"
    assert (
        many.body
        == f"{', '.join(f'T{number}' for number in range(1000, 1012))} and 8 more. See whether the tests still fit."
    )
    assert many.link == "/sources?run=run&kind=changed"
