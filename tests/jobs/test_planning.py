"""Tests made from templates: one or many, with their version, into a campaign, and once however often asked for."""

from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine

from data.database import Actor, reading
from data.repositories import campaigns
from domain.errors import BadInput, InvalidTransition, NotFound, PermissionDenied
from domain.roles import Role
from domain.testing.campaign_actions import CancelCampaign, CreateCampaign
from jobs import campaigns as campaign_commands
from jobs import planning, syncs, workflow
from jobs.planning import Plan, Wanted
from tests.data import world
from tests.data.sources.templates import atomic_file, atomic_test
from tests.jobs.acting import person
from tests.jobs.syncing import at, execute, rows

pytestmark = pytest.mark.usefixtures("database", "redis_server")


@pytest.fixture(autouse=True)
def _templates(database: Engine, tmp_path: Path) -> None:
    world.release()
    world.tactics("execution")
    world.technique("T1059", under=["execution"])
    (tmp_path / "a.yml").write_text(atomic_file("T1059", *(atomic_test(n, name=f"Atomic {n}") for n in range(1, 4))))
    (tmp_path / "b.yml").write_text(atomic_file("T9999", atomic_test(9, name="Elsewhere")))
    syncs.sync_in_place("atomic", input=at(tmp_path))


@pytest.fixture
def lead() -> Actor:
    return person("rita", Role.RED_LEAD)


def template(name: str) -> UUID:
    (ident,) = rows("SELECT id FROM test_template WHERE name = :name", name=name)[0]
    return UUID(str(ident))


def asked(*names: str, platform: str = "Windows", **more: Any) -> Plan:
    return Plan(**{"key": uuid4(), "wanted": [Wanted(template(name), platform) for name in names], **more})


def make(by: Actor, role: Role, plan: Plan) -> planning.Planned:
    made = planning.plan(by, role, plan)
    workflow.perform_batch(str(made.batch_id))
    return made


def test_a_test_takes_what_its_template_is_and_keeps_which_version(lead: Actor) -> None:
    execute("UPDATE test_template SET version = 3 WHERE name = 'Atomic 1'")
    execute(
        "INSERT INTO template_version (template_id, version, content, made_by_name)"
        " SELECT id, 3, content, '' FROM test_template JOIN template_version AS v ON template_id = id AND v.version = 1"
        " WHERE name = 'Atomic 1'"
    )
    made = make(lead, Role.RED_LEAD, asked("Atomic 1", environment="Lab", priority=1))
    assert rows(
        "SELECT id, title, platform, state, template_id, template_version, environment, priority, campaign_id,"
        " procedure_key = (SELECT procedure_key FROM test_template WHERE id = template_id) FROM security_test"
    ) == [(made.tests[0], "Atomic 1", "Windows", "draft", template("Atomic 1"), 3, "Lab", 1, None, True)]


def test_many_go_into_a_new_campaign_in_their_order_for_those_assigned(lead: Actor) -> None:
    ruth, ben = person("ruth", Role.RED_TECH), person("ben", Role.BLUE_TECH)
    campaign = CreateCampaign(id=uuid4(), name="Gaps")
    wanted = asked("Atomic 3", "Atomic 1", "Atomic 2", campaign=campaign, red=ruth.id, blue=ben.id)
    for _ in range(2):  # a double click
        made = make(lead, Role.RED_LEAD, wanted)
    assert made.campaign_id == campaign.id
    assert rows(
        "SELECT title, campaign_position, red_assignee, blue_assignee FROM security_test ORDER BY campaign_position"
    ) == [(f"Atomic {n}", place, ruth.id, ben.id) for place, n in enumerate((3, 1, 2), start=1)]
    with reading() as session:
        assert tuple(one.test_id for one in campaigns.get(session, campaign.id).members) == made.tests
    assert {one.state for one in workflow.results(made.batch_id, lead)} == {"done"}


def test_more_of_them_follow_in_a_campaign_that_is_there(lead: Actor) -> None:
    campaign = CreateCampaign(id=uuid4(), name="Gaps")
    make(lead, Role.RED_LEAD, asked("Atomic 1", campaign=campaign))
    make(lead, Role.RED_LEAD, asked("Atomic 2", platform="IaaS", campaign=campaign.id))
    assert rows("SELECT title, platform FROM security_test ORDER BY campaign_position") == [
        ("Atomic 1", "Windows"), ("Atomic 2", "IaaS"),
    ]  # fmt: skip
    campaign_commands.act(lead, Role.RED_LEAD, campaign.id, CancelCampaign(reason="no"))
    with pytest.raises(InvalidTransition, match="cancelled"):
        planning.plan(lead, Role.RED_LEAD, asked("Atomic 3", campaign=campaign.id))


def test_operators_plan_tests_but_no_campaigns_and_assign_nobody(lead: Actor) -> None:
    ruth = person("ruth", Role.RED_TECH)
    assert len(make(ruth, Role.RED_TECH, asked("Atomic 1")).tests) == 1
    with pytest.raises(PermissionDenied):
        planning.plan(ruth, Role.RED_TECH, asked("Atomic 1", campaign=CreateCampaign(id=uuid4(), name="Mine")))
    with pytest.raises(PermissionDenied):
        planning.plan(ruth, Role.RED_TECH, asked("Atomic 1", red=ruth.id))
    with pytest.raises(PermissionDenied):
        planning.plan(person("ben", Role.BLUE_TECH), Role.BLUE_TECH, asked("Atomic 1"))


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ({"wanted": []}, "Choose between 1 and 300"),
        ({"names": ["Elsewhere"]}, "T9999, which is not on the loaded map"),
        ({"names": ["Atomic 1"], "platform": "Linux"}, "is not for Linux"),
        ({"names": ["Atomic 2"], "retire": True}, "not in use any more"),
        ({"names": ["Atomic 1"], "priority": 9}, "1 to 3"),
    ],
)
def test_what_cannot_be_made_is_refused_whole(lead: Actor, plan: dict[str, Any], said: str) -> None:
    if plan.pop("retire", False):
        execute("UPDATE test_template SET retired_at = now() WHERE name = 'Atomic 2'")
    names = ["Atomic 3", *plan.pop("names", [])]
    with pytest.raises(BadInput, match=said):
        planning.plan(lead, Role.RED_LEAD, asked(*names, campaign=CreateCampaign(id=uuid4(), name="Gaps"), **plan))
    assert rows("SELECT (SELECT count(*) FROM workflow_action), (SELECT count(*) FROM test_campaign)") == [(0, 0)]


def test_an_unknown_template_is_not_found(lead: Actor) -> None:
    with pytest.raises(NotFound):
        planning.plan(lead, Role.RED_LEAD, Plan(key=uuid4(), wanted=[Wanted(uuid4(), "Windows")]))
