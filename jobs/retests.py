"""A campaign of retests: each test chosen is planned anew, linked to the one it repeats, all of them or none."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID, uuid5

from data.database import Actor, unit_of_work
from data.repositories import campaigns, security_tests
from domain.errors import BadInput
from domain.roles import Permission, Role, require
from domain.testing import campaign_actions as do
from domain.testing.actions import Retest
from domain.testing.campaign import create_campaign
from domain.testing.creation import retest_of
from jobs.campaigns import person

TESTS_MAX = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """`key` is made by whoever asks and names all that is made: asked twice, it is made once."""

    key: UUID
    name: str
    test_ids: Sequence[UUID]
    goal: str = ""


def plan(actor: Actor, role: Role, wanted: Wanted) -> UUID:
    """Plan the campaign and its retests; returns the campaign's id.

    Raises PermissionDenied, BadInput, NotFound, and InvalidTransition when one of the tests is not validated any more.
    """
    require(role, Permission.MANAGE_CAMPAIGNS)
    ids = list(dict.fromkeys(wanted.test_ids))
    if not 1 <= len(ids) <= TESTS_MAX:
        raise BadInput(f"Choose between 1 and {TESTS_MAX} tests.", errors={"tests": "out of range"})
    campaign_id, now = uuid5(wanted.key, "campaign"), datetime.now(UTC)
    with unit_of_work() as session:
        if campaigns.is_made(session, campaign_id):
            return campaign_id
        by = person(session, actor)
        asked = do.CreateCampaign(id=campaign_id, name=wanted.name, goal=wanted.goal)
        campaign, events = create_campaign(asked, by, now)
        campaigns.add(session, campaign, events, actor)
        security_tests.lock_many(session, ids)
        acted, made = [], []
        for test in security_tests.get_many(session, ids):
            action = Retest(new_id=uuid5(wanted.key, str(test.id)), note=f"Part of {asked.name}")
            acted.append((test, test.act(action, by, now)))
            again, told = retest_of(replace(test, campaign_id=campaign_id), action, by, now, campaign=campaign.state)
            made.append((again, told))
        security_tests.tell_of_many(session, acted, actor)
        security_tests.add_many(session, made, actor)
        placed = campaign.act(do.AddTests(test_ids=tuple(again.id for again, _ in made)), by, now)
        campaigns.store(session, campaign, placed, actor)
    return campaign_id
