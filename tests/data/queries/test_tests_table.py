"""The table of tests: every filter against rows told apart by hand, every order walked block by block."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from data.database import unit_of_work
from data.models import Remediation, TestCampaign, User
from data.queries import tests_board, tests_csv, tests_queue, tests_table
from data.queries.tests_table import Mark
from domain.errors import BadInput
from domain.outcomes import TestState
from domain.roles import Role
from domain.tests_view import Order, TestsView
from tests.conftest import Statements
from tests.data import world

pytestmark = pytest.mark.usefixtures("database", "redis_server")

Counting = Callable[[], AbstractContextManager[Statements]]
ME = UUID(int=7)
TODAY = datetime.now(UTC).date()


def _person(name: str, role: Role = Role.RED_TECH, key: UUID | None = None) -> UUID:
    with unit_of_work() as session:
        made = User(id=key or uuid4(), username=name, display_name=name.title(), role=role)
        session.add(made)
        return made.id


def _titles(**query: str) -> list[str]:
    view = TestsView.of(query, ME)
    count = tests_table.count(view)
    rows = tests_table.block(view, many=count.many).rows
    assert count.total == len(rows)
    return [row["title"] for row in rows]


@pytest.fixture
def mixed() -> dict[str, UUID]:
    """Five tests that differ in everything a filter asks for."""
    world.tactics("execution", "impact")
    shell = world.technique("T1059", under=["execution"])
    power = world.technique("T1059.001", under=["execution"])
    wipe = world.technique("T1485", under=["impact"])
    me, ben = _person("ada", key=ME), _person("ben", Role.BLUE_TECH)
    with unit_of_work() as session:
        campaign = TestCampaign(id=uuid4(), name="Spring")
        session.add(campaign)
    made = {
        "missed": world.security_test(
            shell, "none/missed", days=5, title="Missed one", red_assignee=me, created_by=me, campaign_id=campaign.id
        ),
        "blocked": world.security_test(power, "full/alerted", days=40, title="Blocked one", platform="Linux"),
        "draft": world.security_test(wipe, state="draft", title="=Draft of an encoded command", priority=1),
        "review": world.security_test(
            wipe, state="in_review", title="Encoded in review", blue_assignee=ben, executed_at=world.days_ago(1),
            platform="Linux", prevention="none", detection="logged", outcome="logged",
        ),
        "gap": world.security_test(
            shell, "none/logged", days=90, title="A gap", priority=3, blue_assignee=me, remediation_state="open",
            remediation_due_on=TODAY - timedelta(days=1),
        ),
    }  # fmt: skip
    return made | {"campaign": campaign.id, "ben": ben}


def test_every_filter_finds_what_it_asks_for(mixed: dict[str, UUID]) -> None:
    everything = ["A gap", "Encoded in review", "=Draft of an encoded command", "Blocked one", "Missed one"]
    assert _titles() == everything
    assert _titles(q="encod") == ["Encoded in review", "=Draft of an encoded command"]
    assert _titles(q="draft command") == ["=Draft of an encoded command"]
    assert _titles(q="1") == ["Missed one"]
    assert _titles(state="validated") == ["A gap", "Blocked one", "Missed one"]
    assert _titles(state="draft,in_review") == ["Encoded in review", "=Draft of an encoded command"]
    assert _titles(state="open") == ["Encoded in review", "=Draft of an encoded command"]
    assert _titles(technique="T1059") == ["A gap", "Blocked one", "Missed one"]
    assert _titles(technique="T1059.001") == ["Blocked one"]
    assert _titles(tactic="impact") == ["Encoded in review", "=Draft of an encoded command"]
    assert _titles(platform="Linux") == ["Encoded in review", "Blocked one"]
    assert _titles(platform="Linux,macOS") == ["Encoded in review", "Blocked one"]
    assert _titles(outcome="missed") == ["Missed one"]
    assert _titles(outcome="none,blocked") == ["=Draft of an encoded command", "Blocked one"]
    assert _titles(priority="1,3") == ["A gap", "=Draft of an encoded command"]
    assert _titles(assignee="me") == ["A gap", "Missed one"]
    assert _titles(assignee=str(mixed["ben"])) == ["Encoded in review"]
    assert _titles(assignee="nobody") == ["=Draft of an encoded command"]
    assert _titles(by="me") == ["Missed one"]
    assert _titles(campaign=str(mixed["campaign"])) == ["Missed one"]
    assert _titles(template=str(uuid4())) == []
    assert _titles(remediation="open") == _titles(remediation="overdue") == ["A gap"]
    assert _titles(remediation="done") == []
    week_ago, today = (TODAY - timedelta(days=7)).isoformat(), TODAY.isoformat()
    assert _titles(**{"from": week_ago, "to": today}) == ["Encoded in review", "Missed one"]
    assert _titles(to=week_ago) == ["A gap", "Blocked one"]
    assert _titles(platform="Linux", outcome="logged", state="in_review", tactic="impact") == ["Encoded in review"]


def test_every_order_and_its_reverse(mixed: dict[str, UUID]) -> None:
    assert _titles(sort="-number")[0] == "Missed one"
    assert _titles(sort="priority") == [
        "=Draft of an encoded command", "Missed one", "Blocked one", "Encoded in review", "A gap",
    ]  # fmt: skip
    assert _titles(sort="-priority") == _titles(sort="priority")[::-1]
    assert _titles(sort="technique", state="validated") == ["Missed one", "A gap", "Blocked one"]
    executed = ["Encoded in review", "Missed one", "Blocked one", "A gap"]
    assert _titles(sort="executed") == [*executed, "=Draft of an encoded command"]
    assert _titles(sort="-executed") == [*executed[::-1], "=Draft of an encoded command"]


@pytest.mark.parametrize("sort", [f"{way}{order}" for order in Order for way in ("", "-")])
def test_many_are_walked_block_by_block_in_the_same_order(monkeypatch: pytest.MonkeyPatch, sort: str) -> None:
    world.tactics("execution")
    homes = [world.technique(f"T100{number}", under=["execution"]) for number in range(3)]
    for number in range(23):  # equal keys and tests that were never executed among them
        done = {"days": number % 5} if number % 4 else {"state": "draft"}
        world.security_test(homes[number % 3], priority=number % 3 + 1, **done)  # type: ignore[arg-type]
    view = TestsView.of({"sort": sort}, ME)
    whole = [row["number"] for row in tests_table.block(view, many=False).rows]
    monkeypatch.setattr(tests_table, "MANY", 20)
    assert tests_table.count(view).many
    walked: list[int] = []
    after: Mark | None = None
    while True:
        block = tests_table.block(view, many=True, start=len(walked), size=5, after=after)
        walked += [row["number"] for row in block.rows]
        after = block.end
        if len(block.rows) < 5:
            break
    assert walked == whole
    assert len(whole) == 23


def test_a_block_deep_among_many_needs_to_know_where_it_starts() -> None:
    with pytest.raises(BadInput, match="Too far down"):
        tests_table.block(TestsView(), many=True, start=tests_table.MANY + 1)


def test_many_are_counted_by_the_rollup_where_it_knows(mixed: dict[str, UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tests_table, "MANY", 1)
    count = lambda **query: tests_table.count(TestsView.of(query, ME))  # noqa: E731
    assert (count().total, count().many) == (5, True)
    assert count(state="validated").total == 3
    assert count(technique="T1059", platform="Windows").total == 2
    assert count(tactic="impact", state="draft,in_review").total == 2
    assert (count(priority="2").total, count(priority="2").many) == (None, True)


def test_of_many_in_a_span_of_time_the_order_is_that_of_execution(
    mixed: dict[str, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tests_table, "MANY", 1)
    view = TestsView.of({"to": TODAY.isoformat(), "sort": "priority"}, ME)
    block = tests_table.block(view, many=True)
    assert block.order is Order.EXECUTED
    assert [row["title"] for row in block.rows] == ["Encoded in review", "Missed one", "Blocked one", "A gap"]


def test_a_block_costs_one_statement_whatever_it_holds(mixed: dict[str, UUID], count_statements: Counting) -> None:
    with count_statements() as few:
        tests_table.block(TestsView(), many=False)
    home = world.technique("T1490", under=["impact"])
    for _ in range(20):
        world.security_test(home)
    with count_statements() as many:
        tests_table.block(TestsView(), many=False)
    assert len(few) == len(many) == 1


def test_the_board_has_every_state_with_its_count_and_its_newest(mixed: dict[str, UUID]) -> None:
    columns = {one.state: one for one in tests_board.board(TestsView())}
    assert list(columns) == list(TestState)
    assert {state: column.total for state, column in columns.items() if column.total} == {
        "draft": 1, "in_review": 1, "validated": 3,
    }  # fmt: skip
    assert [row["title"] for row in columns[TestState.VALIDATED].rows] == ["A gap", "Blocked one", "Missed one"]
    filtered = tests_board.board(TestsView.of({"state": "validated", "platform": "Linux"}, ME))
    assert [(one.state, one.total) for one in filtered] == [("validated", 1)]


def _queue(role: Role, me: UUID = ME) -> dict[str, list[str]]:
    return {
        part.key: [row["title"] for row in part.rows] for part in tests_queue.queue(me, role) if part.rows or part.total
    }


def test_a_queue_holds_what_waits_for_this_person_and_role() -> None:
    world.tactics("execution")
    home = world.technique("T1059", under=["execution"])
    me, ben = _person("ada", key=ME), _person("ben", Role.BLUE_TECH)
    draft = {"state": "draft"}
    world.security_test(home, **draft, title="Mine to start", red_assignee=me)
    world.security_test(home, **draft, title="Planned by me", created_by=me)
    world.security_test(home, **draft, title="Not mine", red_assignee=ben)
    world.security_test(home, state="red_executing", title="I run it", red_assignee=me)
    world.security_test(home, state="blue_evaluating", title="I watch it", blue_assignee=me)
    world.security_test(home, state="blue_evaluating", title="Nobody watches it")
    world.security_test(home, state="in_review", title="I ran it", red_submitted_by=me)
    world.security_test(home, state="in_review", title="Approved for red", red_approved_by=ben)
    world.security_test(home, state="rejected", title="Again", red_assignee=me)
    late = world.security_test(home, title="Due", remediation_state="open", remediation_due_on=TODAY)
    soon = world.security_test(home, title="Due later", remediation_state="in_progress")
    with unit_of_work() as session:
        session.add(Remediation(test_id=soon, state="in_progress", owner_id=me, due_on=TODAY + timedelta(days=3)))
        session.add(Remediation(test_id=late, state="open", owner_id=me, due_on=TODAY))

    assert _queue(Role.RED_TECH) == {
        "execute": ["I run it"],
        "start": ["Mine to start"],
        "redo": ["Again"],
        "drafts": ["Planned by me"],
    }
    blue = _queue(Role.BLUE_TECH)
    assert (blue["evaluate"], blue["evaluate_open"]) == (["I watch it"], ["Nobody watches it"])
    assert blue["remediate"] == ["Due", "Due later"]
    assert "approve" not in _queue(Role.RED_LEAD)  # one submitted by this person, one approved already
    assert sorted(_queue(Role.BLUE_LEAD)["approve"]) == ["Approved for red", "I ran it"]
    assert "approve" not in _queue(Role.ADMIN)
    assert len(_queue(Role.ADMIN)["override"]) == 2
    assert tests_queue.queue(ME, Role.VIEWER) == []


def _csv(columns: tuple[str, ...] = (), **query: str) -> str:
    return b"".join(tests_csv.stream(TestsView.of(query, ME), columns)).decode("utf-8-sig")


def test_the_csv_holds_the_view_in_its_order_and_no_formulas(mixed: dict[str, UUID]) -> None:
    text = _csv(("title", "state", "priority"), tactic="impact", sort="priority")
    assert text.splitlines() == [
        "number,title,state,priority",
        "3,'=Draft of an encoded command,draft,1",
        "4,Encoded in review,in_review,2",
    ]
    assert len(_csv().splitlines()) == 6
    assert _csv(("nothing", "password_hash")).splitlines()[0] == "number"


def test_a_value_that_looks_like_a_placeholder_is_a_value(mixed: dict[str, UUID]) -> None:
    assert _csv(q="$1 $2 '").count("\n") == 1
    assert _csv(q="encoded").count("\n") == 3


def test_numbers_and_titles_by_id(mixed: dict[str, UUID]) -> None:
    assert tests_table.named([mixed["gap"], uuid4()]) == {mixed["gap"]: (5, "A gap")}
