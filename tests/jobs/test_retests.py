"""What goes stale until a day, and a campaign of what to repeat: whole, once, linked to what it repeats."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import UUID, uuid4

import pytest

from data.database import Actor
from data.queries import retests as query
from domain.errors import BadInput, InvalidTransition, PermissionDenied
from domain.roles import Role
from domain.testing.campaign_actions import CreateCampaign
from jobs import campaigns, retests
from tests.conftest import Statements
from tests.data import world
from tests.jobs.acting import person
from tests.jobs.syncing import execute, rows

TODAY = datetime.now(UTC).date()


@pytest.fixture
def tests(database: object, redis_server: None) -> list[UUID]:
    world.release()
    world.tactics("execution")
    old, mixed, fresh = (world.technique(f"T100{n}", under=["execution"], groups=n) for n in range(3))
    return [
        world.security_test(old, "none/missed", days=200),
        world.security_test(mixed, "none/alerted", days=120, procedure_key="a"),
        world.security_test(mixed, "none/logged", days=170, procedure_key="b"),
        world.security_test(fresh, "none/alerted", days=3),
    ]


@pytest.fixture
def lead() -> Actor:
    return person("rita", Role.RED_LEAD)


def listed(days: int) -> list[tuple[str, str]]:
    found = query.plan(world.ENTERPRISE, TODAY + timedelta(days=days))
    return [(row["attack_id"], row["test"]) for row in found["rows"]]


def test_what_goes_stale_in_the_order_in_which_it_goes(tests: list[UUID]) -> None:
    old, first, second, _ = map(str, tests)
    assert listed(0) == [("T1000", old)]
    assert listed(60) == [("T1000", old)]  # the newest evidence of T1001 is 120 days old: stale in 61 days
    assert listed(61) == [("T1000", old), ("T1001", first), ("T1001", second)]
    found = query.plan(world.ENTERPRISE, TODAY + timedelta(days=61))
    assert (found["techniques"], found["already"], found["tested"], found["tests"]) == (2, 1, 3, 3)
    assert [row["stale_on"] for row in found["rows"]][1] == TODAY + timedelta(days=61)
    execute("INSERT INTO scope_decision (domain, kind, ref, in_scope, reason, author_name)"
            " VALUES ('enterprise-attack', 'technique', 'T1000', false, 'why', 'ana')")  # fmt: skip
    assert [one for one, _ in listed(61)] == ["T1001", "T1001"]


def test_asked_at_the_same_moment_it_is_made_once(tests: list[UUID], lead: Actor) -> None:
    wanted = retests.Wanted(key=uuid4(), name="Spring retests", test_ids=tests[:3])
    campaign = CreateCampaign(id=uuid4(), name="Spring", goal="")
    at_once = Barrier(6)

    def ask(_: int) -> tuple[UUID, UUID]:
        at_once.wait()
        return retests.plan(lead, Role.RED_LEAD, wanted), campaigns.create(lead, Role.RED_LEAD, campaign)

    with ThreadPoolExecutor(6) as threads:
        answers = set(threads.map(ask, range(6)))
    assert len(answers) == 1
    assert sorted(rows("SELECT name FROM test_campaign")) == [("Spring",), ("Spring retests",)]
    assert rows("SELECT count(*) FROM security_test WHERE campaign_id IS NOT NULL") == [(3,)]


def test_a_campaign_of_retests_is_made_once(tests: list[UUID], lead: Actor) -> None:
    wanted = retests.Wanted(key=uuid4(), name="Spring retests", test_ids=tests[:3])
    campaign = retests.plan(lead, Role.RED_LEAD, wanted)
    assert retests.plan(lead, Role.RED_LEAD, wanted) == campaign
    made = rows(
        "SELECT retest_of_id, state, campaign_position FROM security_test WHERE campaign_id = :id ORDER BY 3",
        id=campaign,
    )
    assert made == [(test, "draft", place) for place, test in enumerate(tests[:3], 1)]
    assert rows("SELECT name, state FROM test_campaign") == [("Spring retests", "planned")]
    told = rows("SELECT action, count(*) FROM test_timeline GROUP BY 1 ORDER BY 1")
    assert told == [("created", 3), ("retest_planned", 3)]
    assert rows("SELECT min(version), max(version) FROM security_test WHERE id = ANY(:ids)", ids=tests[:3]) == [(2, 2)]
    found = query.plan(world.ENTERPRISE, TODAY)
    assert [row["planned"] for row in found["rows"]] == [True]


def test_all_or_none(tests: list[UUID], lead: Actor) -> None:
    draft = world.security_test(rows("SELECT id FROM technique LIMIT 1")[0][0], state="draft")
    with pytest.raises(InvalidTransition):
        retests.plan(lead, Role.RED_LEAD, retests.Wanted(key=uuid4(), name="x", test_ids=[*tests, draft]))
    with pytest.raises(BadInput):
        retests.plan(lead, Role.RED_LEAD, retests.Wanted(key=uuid4(), name="x", test_ids=[]))
    with pytest.raises(PermissionDenied):
        retests.plan(lead, Role.RED_TECH, retests.Wanted(key=uuid4(), name="x", test_ids=tests))
    assert rows("SELECT count(*) FROM test_campaign") == [(0,)]
    assert rows("SELECT count(*) FROM security_test WHERE retest_of_id IS NOT NULL") == [(0,)]


def test_what_it_costs_does_not_grow(
    tests: list[UUID], lead: Actor, count_statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    costs = []
    for some in (tests[:1], tests):
        with count_statements() as seen:
            retests.plan(lead, Role.RED_LEAD, retests.Wanted(key=uuid4(), name="x", test_ids=some))
        costs.append(len(seen))
    assert costs[0] == costs[1]
