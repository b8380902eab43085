"""One press from the best next tests to a campaign of them."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID, uuid5

from data.database import Actor
from domain.errors import BadInput
from domain.roles import Role
from domain.testing.campaign_actions import CreateCampaign
from jobs import planning
from jobs.planning import Plan, Planned, Wanted


def plan_campaign(
    actor: Actor, role: Role, *, key: UUID, tests: Sequence[tuple[UUID, str]], on: date, about: str
) -> Planned:
    """A campaign of `tests` (template, platform), named after the day and what they are about; made once for a `key`.

    Raises what `planning.plan` raises.
    """
    if not tests:
        raise BadInput("There are no tests to plan here.")
    name = f"Best next tests, {on.day} {on:%b %Y}"
    campaign = CreateCampaign(
        id=uuid5(key, "campaign"),
        name=name,
        goal=f"The {len(tests)} tests expected to raise the organisation's score most{about}.",
    )
    wanted = [Wanted(template, platform) for template, platform in tests]
    return planning.plan(actor, role, Plan(key=key, wanted=wanted, campaign=campaign))
