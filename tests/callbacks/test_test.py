"""The test page over HTTP: what each role may press, both sides, the procedure filled in, rounds, what is new."""

import io
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient

from data import objects
from domain.errors import BadInput
from domain.outcomes import Detection, Prevention
from domain.roles import Role
from domain.templates import Argument, Executor, Template
from domain.testing import actions
from domain.testing import campaign_actions as do_campaign
from domain.testing.person import Team
from jobs import campaigns, evidence, templates, workflow
from tests.callbacks.asking import Answer, Asking, links, said
from tests.conftest import Person
from tests.data import world
from tests.jobs import acting
from tests.jobs.acting import do, person
from tests.jobs.syncing import rows

AskingOf = Callable[[Role], Asking]


@pytest.fixture
def asking_of(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]) -> AskingOf:
    world.release()
    world.tactics("execution")
    world.technique("T1059", under=["execution"])
    return lambda role: Asking(client_of(add_person(f"me-{role}", role)))


def nodes(tree: Any, kind: str) -> list[dict[str, Any]]:
    """Props of every component of this type."""
    found: list[dict[str, Any]] = []
    if isinstance(tree, list):
        for one in tree:
            found += nodes(one, kind)
    elif isinstance(tree, dict) and "props" in tree:
        found += [tree["props"]] if tree.get("type") == kind else []
        found += nodes(tree["props"].get("children"), kind)
    return found


def shown(answer: Answer) -> Any:
    return answer.outputs["page.children"]


def spec(answer: Answer) -> dict[str, Any]:
    (bar,) = nodes(shown(answer), "TestActions")
    made: dict[str, Any] = bar["spec"]
    return made


def offered(answer: Answer) -> dict[str, str | None]:
    """Buttons by kind, with why they cannot be pressed."""
    return {one["kind"]: one["refusal"] for one in spec(answer)["actions"]}


def submitted(*, alerted: bool = True) -> tuple[UUID, datetime]:
    """A test that red and blue have submitted, executed ten minutes ago."""
    red, blue = person("ruth", Role.RED_LEAD), person("ben", Role.BLUE_TECH)
    test, ran = acting.planned(red), datetime.now(UTC) - timedelta(minutes=10)
    do(test, red, actions.Start())
    do(test, red, actions.SubmitRed(executed_at=ran, attack_succeeded=True, notes="ran it", confirmed=True))
    detection = Detection.ALERTED if alerted else Detection.MISSED
    seen = actions.Observe(
        tool_id=acting.tool(),
        prevention=Prevention.NONE,
        detection=detection,
        detected_at=ran + timedelta(minutes=4) if alerted else None,
        rule_id=world.rule({"T1059": acting.home()}, title="Encoded command line") if alerted else None,
        confirmed=True,
    )
    do(test, blue, seen)
    do(test, blue, actions.SubmitBlue(watched_until=ran + timedelta(minutes=9), notes="seen", confirmed=True))
    return test, ran


def address() -> str:
    return f"/test/{rows('SELECT max(number) FROM security_test')[0][0]}"


def test_a_draft_shows_what_to_press_and_who_is_next(asking_of: AskingOf) -> None:
    red = asking_of(Role.RED_TECH)
    acting.planned(person("rosa", Role.RED_LEAD))
    answer = red.open(address())
    assert answer.outputs["title.children"] == "Encoded command"
    assert offered(answer) == {"start": None, "edit_plan": None}
    (start,) = (one for one in spec(answer)["actions"] if one["primary"])
    assert (start["kind"], start["fields"]) == ("start", None)
    assert spec(answer)["next"] == "Waits for red to start the execution."
    assert links(shown(answer))["T1059 Name of T1059"] == "/technique/T1059"


def test_where_no_tool_is_in_use_leads_are_led_to_adding_one(asking_of: AskingOf) -> None:
    red = person("ruth", Role.RED_TECH)
    test = acting.planned(red)
    do(test, red, actions.Start())
    do(test, red, actions.SubmitRed(executed_at=datetime.now(UTC), attack_succeeded=True, confirmed=True))
    lead, blue = asking_of(Role.BLUE_LEAD), asking_of(Role.BLUE_TECH)
    assert links(shown(lead.open(address())))["Add a defence tool"] == "/tools"
    seen = blue.open(address())
    assert "Blue lead or Administrator adds them." in said(shown(seen))
    (observe,) = (one for one in spec(seen)["actions"] if one["kind"] == "observe")
    assert observe["note"].startswith("No defence tool is in use yet.")
    acting.tool()
    assert "Add a defence tool" not in links(shown(lead.open(address())))


def test_a_time_says_which_file_it_was_taken_from(asking_of: AskingOf, tmp_path: Path) -> None:
    objects.configure((tmp_path / "objects").as_uri())
    viewer, red, blue = asking_of(Role.VIEWER), person("ruth", Role.RED_TECH), person("ben", Role.BLUE_TECH)
    test, ran = acting.planned(red), datetime.now(UTC) - timedelta(minutes=10)
    number = rows("SELECT max(number) FROM security_test")[0][0]
    log = evidence.attach(number, Team.RED, "run.log", io.BytesIO(b"2026-03-02T09:05:00Z started\n"), red).id
    alert = evidence.attach(number, Team.BLUE, "alert.log", io.BytesIO(b"2026-03-02T09:09:00Z alert\n"), blue).id
    do(test, red, actions.Start())
    submit = {"executed_at": ran, "attack_succeeded": True, "confirmed": True}
    with pytest.raises(BadInput, match="not among the evidence"):
        do(test, red, actions.SubmitRed(**submit, taken_from={"executed_at": uuid4()}))
    do(test, red, actions.SubmitRed(**submit, taken_from={"executed_at": log}))
    seen = actions.Observe(
        tool_id=acting.tool(),
        prevention=Prevention.NONE,
        detection=Detection.ALERTED,
        detected_at=ran + timedelta(minutes=4),
        taken_from={"detected_at": alert},
    )
    do(test, blue, seen)
    answer = viewer.open(address())
    assert links(shown(answer))["run.log"] == f"/api/evidence/{log}"
    assert links(shown(answer))["alert.log"] == f"/api/evidence/{alert}"
    (tools,) = (one for one in nodes(shown(answer), "Listing") if one["caption"] == "What each defence tool did")
    assert tools["rows"][0][3]["s"] == "4 min after, from alert.log"
    (story,) = nodes(shown(answer), "Timeline")
    assert story["entries"][0][2] == "Observation recorded: EDR, time from alert.log"
    assert "time from run.log" in next(one[2] for one in story["entries"] if "Red's side" in one[2])
    evidence.delete(log, "Wrong file.", person("lea", Role.BLUE_LEAD))
    answer = viewer.open(address())
    assert "run.log (deleted)" in said(shown(answer))
    assert "run.log" not in links(shown(answer))


def test_out_of_its_turn_the_start_is_dimmed_and_a_red_lead_is_asked_why(asking_of: AskingOf) -> None:
    lead = person("rosa", Role.RED_LEAD)
    first, test = acting.planned(lead, title="Open the door"), acting.planned(lead)
    made = campaigns.create(lead, Role.RED_LEAD, do_campaign.CreateCampaign(id=uuid4(), name="Spring"))
    campaigns.add_tests(lead, Role.RED_LEAD, made, [first, test])
    order = do_campaign.SetDependencies(test_id=test, depends_on=frozenset({first}))
    campaigns.act(lead, Role.RED_LEAD, made, order)
    number = rows("SELECT min(number) FROM security_test")[0][0]
    waits = f"This test waits for test {number} (Open the door), which is not finished."
    seen = asking_of(Role.RED_TECH).open(address())
    assert offered(seen)["start"] == f"{waits} Red lead or Administrator may start it anyway."
    assert (spec(seen)["next"], spec(seen)["ahead"]) == (waits, 1)
    (start,) = (one for one in spec(asking_of(Role.RED_LEAD).open(address()))["actions"] if one["kind"] == "start")
    assert (start["refusal"], start["note"]) == (None, waits)
    assert [(one["name"], one["required"]) for one in start["fields"]] == [("reason", True)]
    do(test, lead, actions.Start(reason="The host is free today."))
    (story,) = nodes(shown(asking_of(Role.VIEWER).open(address())), "Timeline")
    assert story["entries"][0][2] == f"Execution started: before test {number}"


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        (Role.VIEWER, {}),
        (Role.RED_TECH, {"edit_plan": None}),
        (Role.BLUE_TECH, {}),
        (Role.RED_LEAD, {"approve": None, "reject": None, "edit_plan": None, "assign": None, "cancel": None}),
        (Role.BLUE_LEAD, {"approve": None, "reject": None, "edit_plan": None, "assign": None, "cancel": None}),
        (Role.ADMIN, {"override": None, "edit_plan": None, "assign": None, "cancel": None}),
    ],
)
def test_in_review_each_role_has_its_own_buttons(
    asking_of: AskingOf, role: Role, expected: dict[str, str | None]
) -> None:
    asking = asking_of(role)
    submitted()
    answer = asking.open(address())
    assert offered(answer) == expected
    assert bool(nodes(shown(answer), "CommentBox")) == (role is not Role.VIEWER)


def test_a_button_that_a_rule_forbids_says_why(
    client_of: Callable[..., FlaskClient], add_person: Callable[..., Person], asking_of: AskingOf
) -> None:
    asking_of(Role.VIEWER)
    ruth = Asking(client_of(add_person("ruth", Role.RED_LEAD)))
    submitted()
    answer = ruth.open(address())
    assert offered(answer)["approve"] == "You submitted this yourself; another red lead has to approve it."
    assert not any(one["primary"] for one in spec(answer)["actions"])


def test_both_sides_the_tool_and_the_times_between(asking_of: AskingOf) -> None:
    viewer = asking_of(Role.VIEWER)
    submitted()
    answer = viewer.open(address())
    text = said(shown(answer))
    assert "Not prevented Alerted Counts as alerted. Time to detect 4 min" in text
    assert "Attack succeeded" in text
    assert "by Ruth" in text
    assert "ran it" in text
    tools, *_ = nodes(shown(answer), "Listing")
    names = [one["name"] for one in tools["columns"]]
    assert names == ["Tool", "Prevention", "Detection", "Alerted", "Rule that fired", "Said by"]
    (row,) = tools["rows"]
    assert row[0] == "EDR"
    assert row[3]["s"] == "4 min after"
    assert row[4]["t"] == "Encoded command line"
    assert row[4]["h"].startswith("/technique/T1059?rule=")
    assert row[5]["t"] == "Ben"
    (story,) = nodes(shown(answer), "Timeline")
    said_last, said_before = [entry[2] for entry in story["entries"]][:2]
    assert re.fullmatch(r"Blue's side submitted(: \d s of work)?", said_last)
    assert said_before == "Observation recorded: EDR"


def test_the_procedure_of_the_template_with_its_arguments(asking_of: AskingOf) -> None:
    red = asking_of(Role.RED_TECH)
    lead = person("rosa", Role.RED_LEAD)
    value = Template(
        name="Copy a file",
        description="",
        technique="T1059",
        platforms=("Windows",),
        executors=(
            Executor(tool="powershell", platforms=("Windows",), command="copy #{file} #{to}", cleanup="del #{to}"),
        ),
        arguments=(
            Argument(name="file", placeholder="#{file}", default="a.txt"),
            Argument(name="to", placeholder="#{to}"),
        ),
    )
    template = templates.create_own(lead, Role.RED_LEAD, value, note="")
    acting.planned(lead, template_id=template, arguments={"to": "C:/x"})
    answer = red.open(address())
    texts = [one["children"] for one in nodes(shown(answer), "Pre")]
    assert texts == ["copy a.txt C:/x", "del C:/x"]
    (plan,) = (one for one in spec(answer)["actions"] if one["kind"] == "edit_plan")
    (pairs,) = (one for one in plan["fields"] if one["name"] == "arguments")
    assert pairs["value"] == [["file", "", "a.txt"], ["to", "C:/x", ""]]


def test_an_older_round_is_shown_as_it_was(asking_of: AskingOf) -> None:
    lead = asking_of(Role.BLUE_LEAD)
    test, _ = submitted(alerted=False)
    do(test, person("bo", Role.BLUE_LEAD), actions.Reject(side=Team.BLUE, note="look again"))
    do(test, person("bo", Role.BLUE_LEAD), actions.Reopen(to=Team.BLUE, reason="look again"))
    latest = lead.open(address())
    assert "No outcome yet" in said(shown(latest))
    assert offered(latest)["observe"] is None
    older = lead.open(address(), "?round=1")
    assert "Not prevented Missed Counts as missed." in said(shown(older))
    assert "This is round 1 of 2, as it was." in said(shown(older))
    assert offered(older) == {}


def test_what_waits_and_that_nobody_is_there_to_do_it(asking_of: AskingOf) -> None:
    red = asking_of(Role.RED_TECH)
    by = person("rosa", Role.RED_LEAD)
    test = acting.planned(by)
    workflow.ask(workflow.asked(actions.Start(), test, uuid4(), seen_version=1), by, patience=0)
    made = spec(red.open(address()))
    assert [one[:2] for one in made["waiting"]] == [["Start execution", "rosa"]]
    assert made["worker"] is False


def test_the_parts_are_read_again_and_the_title_with_them(asking_of: AskingOf) -> None:
    red = asking_of(Role.RED_TECH)
    by = person("rosa", Role.RED_LEAD)
    test = acting.planned(by)
    path = address()
    do(test, by, actions.EditPlan(title="Another title"))
    do(test, by, actions.Comment(text="@me-red_tech look at <b>this</b>"))
    values = {"test-actions.asked": 1, "url.pathname": path, "url.search": ""}
    answer = red.ask("test-actions.asked", values, of="test-head")
    outputs = {name.split("@")[0]: value for name, value in answer.outputs.items()}
    assert outputs["test-actions.spec"]["version"] == 2
    assert answer.beside["title.children"] == "Another title"
    (comments,) = nodes([outputs["test-comments.children"]], "Comments")
    assert comments["entries"][0][1:] == ["Rosa", "@me-red_tech look at <b>this</b>"]
    assert "me-red_tech" in comments["known"]


def test_elsewhere_nothing_is_read_again(asking_of: AskingOf) -> None:
    red = asking_of(Role.RED_TECH)
    answer = red.ask("url.search", {"url.pathname": "/tests", "url.search": "?round=1"}, of="test-head")
    assert (answer.status, dict(answer.outputs)) == (204, {})


@pytest.mark.parametrize("number", ["0", "99", "x", "٣", "9" * 30, "-1"])
def test_a_number_that_is_no_test(asking_of: AskingOf, number: str) -> None:
    answer = asking_of(Role.VIEWER).open(f"/test/{number}")
    assert answer.outputs["title.children"] == "Nothing here"


def chain(answer: Answer) -> list[tuple[str, str]]:
    """The other tests of the chain of retests, and whether they come before or after."""
    (table,) = (one for one in nodes(shown(answer), "Listing") if one["caption"] == "Retests")
    return [(row[0]["h"], row[0]["s"]) for row in table["rows"]]


def test_a_retest_and_its_first_run_lead_to_each_other(asking_of: AskingOf) -> None:
    viewer = asking_of(Role.VIEWER)
    test, _ = submitted()
    do(test, person("rita", Role.RED_LEAD), actions.Approve(side=Team.RED))
    do(test, person("bo", Role.BLUE_LEAD), actions.Approve(side=Team.BLUE))
    do(test, person("rita", Role.RED_LEAD), actions.Retest(new_id=uuid4()))
    first, again = (number for (number,) in rows("SELECT number FROM security_test ORDER BY number"))
    assert chain(viewer.open(f"/test/{first}")) == [(f"/test/{again}", "after")]
    assert chain(viewer.open(f"/test/{again}")) == [(f"/test/{first}", "before")]
