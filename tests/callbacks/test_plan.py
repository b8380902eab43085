"""Planning from the screen: the gaps of an actor, the steps of an adversary, templates that were found."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from domain.roles import Role
from jobs import syncs, workflow
from tests.callbacks.asking import Answer, Asking, links, said
from tests.conftest import Person
from tests.data import world
from tests.data.sources.templates import atomic_file, atomic_test
from tests.jobs.syncing import at, execute, rows

FORM = {
    f"plan-{name}.value": ""
    for name in ("into", "name", "goal", "starts", "ends", "red", "blue", "priority", "environment")
}


@pytest.fixture
def lead(client_of: Callable[..., FlaskClient], add_person: Callable[..., Person], tmp_path: Path) -> Asking:
    world.release()
    world.tactics("execution", "impact")
    first = world.technique("T1059", under=["impact"])
    second = world.technique("T1003", under=["execution"])
    third = world.technique("T1004", under=["execution"])
    fresh = world.technique("T1005", under=["execution"])
    uses = dict.fromkeys((first, second, third, fresh), "group_uses")
    world.attack_object("group", "G0016", "Bear", uses=uses)
    world.security_test(fresh, "none/alerted")
    for name, technique in (("a", "T1059"), ("b", "T1003"), ("c", "T1005")):
        place = {"a": 1, "b": 4, "c": 7}[name]
        tests = (atomic_test(number, name=f"Atomic {number}") for number in range(place, place + 2))
        (tmp_path / f"{name}.yml").write_text(atomic_file(technique, *tests))
    syncs.sync_in_place("atomic", input=at(tmp_path))
    return Asking(client_of(add_person("rita", Role.RED_LEAD)))


def body(answer: Answer) -> Any:
    return answer.outputs["page.children"]


def prop(node: Any, ident: str, name: str) -> Any:
    """A property of the component with that id."""
    if isinstance(node, list):
        return next((found for one in node if (found := prop(one, ident, name)) is not None), None)
    if not isinstance(node, Mapping):
        return None
    props = node.get("props", {})
    return props.get(name) if props.get("id") == ident else prop(props.get("children"), ident, name)


def make(asking: Asking, page: Any, **more: Any) -> Answer:
    values = {
        "plan-make.n_clicks": 1,
        "plan-seen.data": prop(page, "plan-seen", "data"),
        "plan-chosen.value": prop(page, "plan-chosen", "value"),
        **FORM,
        **{f"plan-{name}.value": value for name, value in more.items()},
    }
    answer = asking.ask("plan-make.n_clicks", values)
    for (batch,) in rows("SELECT DISTINCT batch_id FROM workflow_action"):
        workflow.perform_batch(str(batch))
    return answer


def test_the_gaps_of_an_actor_become_a_campaign_in_one_press(lead: Asking) -> None:
    shown = lead.open("/plan", "?actor=g0016&platform=Windows")
    assert said(shown.outputs["answer.children"]) == "Gaps of Bear on Windows: 2 of 3 can be planned"
    page = body(shown)
    chosen = prop(page, "plan-chosen", "value")
    assert list(chosen) == ["T1003", "T1059"]  # in the order of the tactics
    answer = make(lead, page, into="new", name="Bear", starts="2027-03-01")
    assert "0 of 2 tests planned" in said(answer.outputs["plan-made.children"])
    assert rows("SELECT name, actor_attack_id, starts_on::text FROM test_campaign") == [("Bear", "G0016", "2027-03-01")]
    assert rows("SELECT title, platform FROM security_test WHERE state = 'draft' ORDER BY campaign_position") == [
        ("Atomic 4", "Windows"), ("Atomic 1", "Windows"),
    ]  # fmt: skip


def test_a_platform_without_templates_is_still_the_one_that_is_chosen(lead: Asking) -> None:
    page = body(lead.open("/plan", "?actor=G0016&platform=ESXi"))
    (field,) = [one for one in prop(page, "plan-filters", "fields") if one["key"] == "platform"]
    assert ["ESXi", "ESXi"] in [list(option) for option in field["options"]]
    assert prop(page, "plan-filters", "value")["platform"] == "ESXi"


def test_the_result_is_told_when_it_is_there(lead: Asking) -> None:
    answer = make(lead, body(lead.open("/plan", "?technique=T1059")))
    batch = prop(answer.outputs["plan-made.children"], "plan-batch", "data")
    told = lead.ask("plan-poll.n_intervals", {"plan-poll.n_intervals": 1, "plan-batch.data": batch})
    assert "2 tests planned." in said(told.outputs["plan-made.children"])
    assert links(told.outputs["plan-made.children"])["See the drafts"] == "/tests?state=draft"


def test_the_steps_of_an_adversary_keep_their_order(lead: Asking) -> None:
    execute(
        "INSERT INTO adversary (id, source, source_id, name, content_hash)"
        " VALUES (uuidv7(), 'atomic', 'x', 'Thief', '')"
    )
    execute(
        "INSERT INTO adversary_step (adversary_id, position, template_source_id)"
        " SELECT a.id, place, t.source_id FROM adversary AS a, test_template AS t"
        " JOIN (VALUES (1, 'Atomic 7'), (2, 'Atomic 1')) AS v (place, name) ON t.name = v.name"
    )
    execute("INSERT INTO adversary_step SELECT id, 3, 'gone' FROM adversary")
    ((key,),) = rows("SELECT id::text FROM adversary")
    page = body(lead.open("/plan", f"?adversary={key}"))
    assert "not here any more" in str(page)
    make(lead, page, into="new", name="Thief")
    assert rows("SELECT title FROM security_test WHERE state = 'draft' ORDER BY campaign_position") == [
        ("Atomic 7",), ("Atomic 1",),
    ]  # fmt: skip
    assert rows("SELECT adversary_id::text FROM test_campaign") == [(key,)]


def test_templates_found_on_their_page_and_one_alone(lead: Asking) -> None:
    assert links(body(lead.open("/templates")))["Plan tests of these"] == "/plan"
    assert "Templates that match: 2 of 2" in said(
        lead.open("/plan", "?technique=T1003&page=2").outputs["answer.children"]
    )
    ((key,),) = rows("SELECT id::text FROM test_template WHERE name = 'Atomic 5'")
    assert links(body(lead.open(f"/template/{key}")))["Plan a test"] == f"/plan?template={key}"
    make(lead, body(lead.open("/plan", f"?template={key}")))
    assert rows("SELECT title FROM security_test WHERE state = 'draft'") == [("Atomic 5",)]


def test_another_filter_keeps_what_else_the_address_asked_for(lead: Asking) -> None:
    values = {"plan-filters.value": {"platform": "IaaS"}, "plan-beside.data": {"source": "atomic"}}
    found = lead.ask("plan-filters.value", values)
    assert said(found.beside["answer.children"]) == "Templates that match on IaaS: 6 of 6 can be planned"


def test_nothing_asked_for_says_how_to_ask(lead: Asking) -> None:
    assert "What shall be tested?" in said(body(lead.open("/plan")))


def test_who_may_not_plan_gets_no_page(
    lead: Asking, client_of: Callable[..., FlaskClient], add_person: Callable[..., Person]
) -> None:
    blue = Asking(client_of(add_person("ben", Role.BLUE_TECH)))
    assert "does not include" in said(body(blue.open("/plan", "?technique=T1003")))
    assert "Plan tests of these" not in links(body(blue.open("/templates")))
