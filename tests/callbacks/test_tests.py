"""The tests page: what it opens with, rows for the grid, many at once, views under a name, planning by hand."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from data.queries import tests_table
from domain.roles import Role
from jobs import workflow
from tests.callbacks.asking import Answer, Asking, links, said
from tests.conftest import Person
from tests.data import world
from tests.jobs.syncing import execute, rows

AskingOf = Callable[[Role], Asking]


@pytest.fixture
def asking_of(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> AskingOf:
    world.release()
    world.tactics("execution")
    home = world.technique("T1059", under=["execution"])
    for number in range(3):
        world.security_test(home, state="draft", title=f"Draft {number}")
    world.security_test(home, title="Validated", platform="Linux")
    return lambda role: Asking(client_of(add_person(f"ana-{role}", role)))


@pytest.fixture
def lead(asking_of: AskingOf) -> Asking:
    return asking_of(Role.RED_LEAD)


def block(asking: Asking, start: int = 0, sort: Any = None, marks: Any = None, **query: Any) -> Answer:
    request = {"startRow": start, "endRow": start + 100, "sortModel": sort or []}
    values = {"tests-grid.getRowsRequest": request, "tests-filters.value": query, "tests-marks.data": marks}
    return asking.ask("tests-grid.getRowsRequest", values)


def titles(answer: Answer) -> list[str]:
    return [row["title"] for row in answer.outputs["tests-grid.getRowsResponse"]["rowData"]]


class TestRows:
    def test_the_grid_gets_what_the_filters_ask_for(self, lead: Asking) -> None:
        answer = block(lead, state="draft")
        assert titles(answer) == ["Draft 2", "Draft 1", "Draft 0"]
        assert answer.outputs["tests-grid.getRowsResponse"]["rowCount"] == 3
        assert answer.outputs["tests-table.count"] == {"total": 3, "many": False, "order": None}
        assert answer.beside["answer.children"] == "3 tests match"

    def test_in_the_order_of_the_header(self, lead: Asking) -> None:
        assert titles(block(lead, sort=[{"colId": "number", "sort": "asc"}]))[0] == "Draft 0"
        assert titles(block(lead, sort=[{"colId": "password", "sort": "asc"}]))[0] == "Validated"

    def test_many_are_walked_with_what_the_browser_kept(self, lead: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tests_table, "MANY", 1)
        monkeypatch.setattr(tests_table, "BLOCK", 2)
        monkeypatch.setattr(tests_table.block, "__kwdefaults__", {**tests_table.block.__kwdefaults__, "size": 2})
        first = block(lead)
        assert titles(first) == ["Validated", "Draft 2"]
        assert first.outputs["tests-grid.getRowsResponse"]["rowCount"] is None
        assert first.outputs["tests-table.count"] == {"total": 4, "many": True, "order": None}
        second = block(lead, start=2, marks=first.outputs["tests-marks.data"])
        assert titles(second) == ["Draft 1", "Draft 0"]
        third = block(lead, start=4, marks=second.outputs["tests-marks.data"])
        assert (titles(third), third.outputs["tests-grid.getRowsResponse"]["rowCount"]) == ([], 4)
        for broken in ({"query": {"sort": ""}}, {"query": {"sort": ""}, "total": "x", "marks": [[1]]}, 7):
            lost = block(lead, start=2, marks=broken)
            assert "Too far down" in lost.toast
            assert titles(lost) == []

    @pytest.mark.parametrize("request_", [None, [], {}, {"startRow": "x", "sortModel": "x"}, {"startRow": -5}])
    def test_what_no_grid_sends_is_answered_with_rows_or_nothing(self, lead: Asking, request_: Any) -> None:
        values = {"tests-grid.getRowsRequest": request_, "tests-filters.value": {"q": 5}, "tests-marks.data": "x"}
        assert lead.ask("tests-grid.getRowsRequest", values).status in (200, 204)


class TestTeams:
    def test_the_filter_is_there_when_there_are_teams_and_names_each_once(self, lead: Asking) -> None:
        def offered(search: str = "") -> list[list[str]]:
            fields = _find(lead.open("/tests", search).outputs["page.children"], "FilterLine")["fields"]
            return [option for field in fields if field["key"] == "team" for option in field["options"]]

        assert offered() == []
        for name, team in (("bo", "North, east"), ("eve", "North, east"), ("kim", "")):
            execute(
                "INSERT INTO user_account (id, username, display_name, role, team) VALUES"
                " (uuidv7(), :name, :name, 'blue_tech', :team)",
                name=name, team=team,
            )  # fmt: skip
        north, none = ["North, east", "North, east"], ["none", "No team"]
        assert offered() == [["", "Any team"], north, none]
        assert offered("?team=Gone") == [["", "Any team"], north, ["Gone", "Gone"], none]
        assert offered("?team=none") == [["", "Any team"], north, none]

    def test_it_finds_what_people_of_the_team_evaluated(self, lead: Asking) -> None:
        for name, team, title in (
            ("bo", "North, east", "Draft 0"),
            ("eve", "South", "Draft 1"),
            ("kim", "", "Draft 2"),
        ):
            execute(
                "WITH made AS (INSERT INTO user_account (id, username, display_name, role, team) VALUES"
                " (uuidv7(), :name, :name, 'blue_tech', :team) RETURNING id)"
                " UPDATE security_test SET blue_submitted_by = made.id FROM made WHERE title = :title",
                name=name, team=team, title=title,
            )  # fmt: skip
        assert titles(block(lead, team="North, east")) == ["Draft 0"]
        assert titles(block(lead, team="none")) == ["Validated", "Draft 2"]
        assert titles(block(lead, team="north")) == []
        csv = lead.client.get("/export/tests.csv?team=South&columns=title").get_data(as_text=True)
        assert csv == "\ufeffnumber,title\n2,Draft 1\n"
        asked = {"do": "save", "name": "East", "query": "?team=North%2C+east", "shared": False}
        (kept,) = lead.ask("tests-views.asked", {"tests-views.asked": asked}).outputs["tests-views.views"]
        assert block(lead, **dict(parse_qsl(kept["query"]))).outputs["tests-table.count"]["total"] == 1


class TestViews:
    def test_the_board_counts_by_state_and_leads_to_the_table(self, lead: Asking) -> None:
        shown = lead.open("/tests", "?view=board&platform=Linux")
        assert said(shown.outputs["answer.children"]).endswith("match")
        columns = _find(shown.outputs["page.children"], "Board")["columns"]
        assert [(one["state"], one["total"]) for one in columns if one["total"] != "0"] == [("validated", "1")]
        assert columns[4]["href"] == "/tests?platform=Linux&state=validated"
        assert [card["title"] for card in columns[4]["cards"]] == ["Validated"]

    def test_an_empty_queue_says_so_and_a_full_one_what_to_do(self, lead: Asking) -> None:
        assert "Your queue is empty" in said(lead.open("/tests", "?view=mine").outputs["page.children"])
        execute("UPDATE security_test SET red_assignee = (SELECT id FROM user_account) WHERE title = 'Draft 1'")
        shown = lead.open("/tests", "?view=mine")
        assert "Yours to execute (1)" in said(shown.outputs["page.children"])
        assert shown.outputs["answer.children"] == "1 test waits for you"

    def test_a_change_of_the_view_is_one_round_trip(self, lead: Asking) -> None:
        values = {"tests-filters.value": {"view": "board"}, "tests-view.data": "table"}
        answer = lead.ask("tests-filters.value", values)
        assert _find(answer.outputs["tests-body.children"], "Board")
        assert answer.outputs["tests-view.data"] == "board"
        stays = lead.ask("tests-filters.value", {"tests-filters.value": {"q": "x"}, "tests-view.data": "table"})
        assert "tests-body.children" not in stays.outputs

    def test_the_offers_are_those_of_the_role(self, asking_of: AskingOf) -> None:
        offers = {}
        for role in (Role.VIEWER, Role.BLUE_TECH, Role.RED_TECH, Role.RED_LEAD):
            page = asking_of(role).open("/tests").outputs["page.children"]
            offers[role] = (_find(page, "TestsTable")["actions"], "Plan a test" in links(page))
        assert offers[Role.VIEWER] == offers[Role.BLUE_TECH] == ([], False)
        assert offers[Role.RED_TECH] == (["start", "retest", "cancel"], True)
        assert offers[Role.RED_LEAD] == (["assign", "start", "retest", "cancel"], True)

    def test_views_are_kept_and_removed(self, lead: Asking) -> None:
        asked = {"do": "save", "name": "Drafts", "query": "?state=draft&columns=title", "shared": True}
        (kept,) = lead.ask("tests-views.asked", {"tests-views.asked": asked}).outputs["tests-views.views"]
        assert (kept["name"], kept["query"], kept["mine"]) == ("Drafts", "state=draft&columns=title", True)
        assert _find(lead.open("/tests").outputs["page.children"], "SavedViews")["views"] == [kept]
        gone = lead.ask("tests-views.asked", {"tests-views.asked": {"do": "remove", "id": kept["id"]}})
        assert gone.outputs["tests-views.views"] == []
        assert "id" in lead.ask("tests-views.asked", {"tests-views.asked": {"do": "remove", "id": "x"}}).toast


class TestManyAtOnce:
    def _ask(self, asking: Asking, tests: Any, query: Any = None, **asked: Any) -> Answer:
        asked = {"kind": "cancel", "reason": "Old", "key": str(uuid4()), "tests": tests, **asked}
        return asking.ask("tests-table.asked", {"tests-table.asked": asked, "tests-filters.value": query or {}})

    def test_each_has_its_result_beside_it(self, lead: Asking) -> None:
        chosen = [[str(key), 1] for (key,) in rows("SELECT id FROM security_test ORDER BY number")]
        answer = self._ask(lead, chosen)
        batch = answer.outputs["tests-batch.data"]
        assert answer.outputs["tests-poll.disabled"] is False
        workflow.perform_batch(batch["id"])
        values = {"tests-poll.n_intervals": 1, "tests-batch.data": batch}
        over = lead.ask("tests-poll.n_intervals", values)
        text = said(over.outputs["tests-results.children"])
        assert "4 of 4 tests answered; 1 could not be done." in text
        assert "This test is validated; it can no longer be cancelled." in text
        assert over.outputs["tests-poll.disabled"] is True
        assert over.outputs["tests-table.done"] == batch["id"]

    def test_all_that_match(self, lead: Asking) -> None:
        batch = self._ask(lead, None, {"state": "draft"}).outputs["tests-batch.data"]
        assert rows("SELECT count(*) FROM workflow_action WHERE batch_id = :id", id=batch["id"])[0][0] == 3

    def test_more_than_a_thousand_are_too_many(self, lead: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workflow, "BATCH_MAX", 2)
        assert "narrow the filters. Nothing was changed." in self._ask(lead, None, {"state": "draft"}).toast
        assert rows("SELECT count(*) FROM workflow_action")[0][0] == 0

    @pytest.mark.parametrize("tests", ["x", [["x", 1]], [[1]], [[str(uuid4()), "x"]], []])
    def test_what_no_browser_sends_is_refused_in_words(self, lead: Asking, tests: Any) -> None:
        answer = self._ask(lead, tests)
        assert answer.toast
        assert "our fault" not in answer.toast

    def test_the_results_of_others_are_not_shown(self, asking_of: AskingOf) -> None:
        batch = self._ask(asking_of(Role.RED_LEAD), None, {"state": "draft"}).outputs["tests-batch.data"]
        values = {"tests-poll.n_intervals": 1, "tests-batch.data": batch}
        seen = asking_of(Role.BLUE_LEAD).ask("tests-poll.n_intervals", values)
        assert "Draft 1" not in said(seen.outputs["tests-results.children"])


class TestPlanning:
    def _plan(self, asking: Asking, key: str, **said_: Any) -> Answer:
        form = {"title": "By hand", "technique": "t1059 PowerShell", "platform": "Linux", "environment": "Lab"} | said_
        values = {f"new-test-{name}.value": value for name, value in form.items()}
        values |= {"new-test-priority.value": "1", "new-test-campaign.value": None, "new-test-procedure.value": "id"}
        return asking.ask("new-test-save.n_clicks", {**values, "new-test-save.n_clicks": 1, "new-test-key.data": key})

    def test_a_test_is_planned_and_opened(self, lead: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workflow, "_hand_over", lambda waiting: [workflow.perform(str(key)) for key, _ in waiting])
        key = str(uuid4())
        for _ in range(2):  # pressed twice
            answer = self._plan(lead, key)
            assert answer.beside["url.pathname"] == "/test/5"
        planned = rows("SELECT title, platform, environment, priority, procedure, claimed_technique, state"
                       " FROM security_test WHERE number > 4")  # fmt: skip
        assert planned == [("By hand", "Linux", "Lab", 1, "id", "T1059", "draft")]

    def test_without_a_worker_it_is_accepted(self, lead: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(workflow.ask, "__kwdefaults__", {"patience": 0})
        assert "Accepted." in self._plan(lead, str(uuid4())).toast

    def test_what_is_missing_is_said(self, lead: Asking) -> None:
        assert "Choose a technique by its id" in self._plan(lead, str(uuid4()), technique=None).toast
        assert "Choose a technique by its id" in self._plan(lead, str(uuid4()), technique="T9999").toast
        assert "Give the test a title." in self._plan(lead, str(uuid4()), title=" ").toast
        assert rows("SELECT count(*) FROM workflow_action")[0][0] == 0

    def test_it_is_for_those_who_plan(self, asking_of: AskingOf) -> None:
        viewer = asking_of(Role.VIEWER)
        assert "Your role does not include this page" in said(viewer.open("/tests/new").outputs["page.children"])
        assert "needs the role" in self._plan(viewer, str(uuid4())).toast

    def test_the_address_fills_it_in(self, lead: Asking) -> None:
        form = lead.open("/tests/new", "?technique=t1059&platform=macOS").outputs["page.children"]
        assert [one["value"] for one in _all(form, "Field")][:2] == ["T1059", "macOS"]

    def test_without_a_map_it_says_what_is_missing(self, lead: Asking) -> None:
        execute("DELETE FROM security_test")
        execute("DELETE FROM technique")
        assert "no map is loaded yet" in said(lead.open("/tests/new").outputs["page.children"])


def test_the_csv_is_sent_as_a_file_of_the_view(
    asking_of: AskingOf, client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]
) -> None:
    client = client_of(add_person("vera", Role.VIEWER))
    answer = client.get("/export/tests.csv?state=draft&sort=-number&columns=title")
    assert answer.headers["Content-Disposition"].startswith('attachment; filename="aegis-tests-')
    assert answer.get_data(as_text=True) == "\ufeffnumber,title\n1,Draft 0\n2,Draft 1\n3,Draft 2\n"
    assert client_of(None).get("/export/tests.csv").status_code == 401


def _all(node: Any, kind: str) -> list[dict[str, Any]]:
    """Properties of every component of this kind, in the order of the page."""
    if isinstance(node, list):
        return [found for one in node for found in _all(one, kind)]
    if not isinstance(node, dict):
        return []
    own = [node["props"]] if node.get("type") == kind else []
    return own + _all(node.get("props", {}).get("children"), kind)


def _find(node: Any, kind: str) -> dict[str, Any]:
    (found,) = _all(node, kind)
    return found
