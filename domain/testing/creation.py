"""How tests come to be: planned anew, as a retest of one that was validated, or as its copy in another campaign."""

from datetime import datetime
from uuid import UUID

from domain.errors import InvalidTransition
from domain.roles import Permission
from domain.testing.actions import Create, Retest
from domain.testing.campaign import CampaignState
from domain.testing.entity import SecurityTest
from domain.testing.events import Event
from domain.testing.person import Person, Side
from domain.testing.rounds import Round
from domain.testing.step import need
from domain.testing.telling import snapshot


def create(
    action: Create, by: Person, at: datetime, *, campaign: CampaignState | None = None
) -> tuple[SecurityTest, list[Event]]:
    """A draft in its first round; `campaign` is how the campaign stands that it goes into.

    Raises PermissionDenied, InvalidTransition when that campaign is over.
    """
    need(by, Permission.PLAN_TEST)
    if campaign is not None and not campaign.unfinished:
        raise InvalidTransition(
            f"This campaign is {campaign}; it takes no more tests.", errors={"campaign_id": campaign}
        )
    test = SecurityTest(
        id=action.id,
        title=action.title,
        technique_id=action.technique_id,
        claimed_technique=action.claimed_technique,
        procedure_key=action.procedure_key,
        procedure=action.procedure,
        arguments=action.arguments,
        template_id=action.template_id,
        platform=action.platform,
        environment=action.environment,
        campaign_id=action.campaign_id,
        priority=action.priority,
        created_by=by.id,
        created_at=at,
        updated_at=at,
        rounds=(Round(number=1, opened_at=at),),
    )
    return test, [_created(test, by, at)]


def retest_of(
    test: SecurityTest, action: Retest, by: Person, at: datetime, *, campaign: CampaignState | None = None
) -> tuple[SecurityTest, list[Event]]:
    """The test that `action` asks for. The caller lets `test` act on it first, which is where it is refused.

    It goes into the campaign of `test`, of which `campaign` is the state, or into none when that is over.
    """
    stays = campaign is not None and campaign.unfinished
    again = SecurityTest(
        id=action.new_id,
        title=test.title,
        technique_id=test.technique_id,
        claimed_technique=test.claimed_technique,
        procedure_key=test.procedure_key,
        procedure=test.procedure,
        arguments=test.arguments,
        template_id=test.template_id,
        platform=test.platform,
        environment=test.environment,
        campaign_id=test.campaign_id if stays else None,
        retest_of_id=test.id,
        priority=test.priority,
        created_by=by.id,
        created_at=at,
        updated_at=at,
        red_assignee=test.red_assignee,
        blue_assignee=test.blue_assignee,
        rounds=(Round(number=1, opened_at=at),),
    )
    return again, [_created(again, by, at, action.note)]


def copy_of(
    test: SecurityTest, new_id: UUID, campaign_id: UUID, by: Person, at: datetime
) -> tuple[SecurityTest, list[Event]]:
    """A draft of the same procedure, for the same people, in another campaign. Raises PermissionDenied."""
    need(by, Permission.PLAN_TEST)
    again = SecurityTest(
        id=new_id,
        title=test.title,
        technique_id=test.technique_id,
        claimed_technique=test.claimed_technique,
        procedure_key=test.procedure_key,
        procedure=test.procedure,
        arguments=test.arguments,
        template_id=test.template_id,
        platform=test.platform,
        environment=test.environment,
        campaign_id=campaign_id,
        priority=test.priority,
        created_by=by.id,
        created_at=at,
        updated_at=at,
        red_assignee=test.red_assignee,
        blue_assignee=test.blue_assignee,
        rounds=(Round(number=1, opened_at=at),),
    )
    return again, [_created(again, by, at)]


def _created(test: SecurityTest, by: Person, at: datetime, note: str = "") -> Event:
    details = {} if test.retest_of_id is None else {"retest_of": str(test.retest_of_id)}
    return Event(
        kind="created",
        test_id=test.id,
        round=1,
        at=at,
        by=by,
        side=Side.LEAD if by.side is Side.LEAD else Side.RED,
        note=note or None,
        red_assignee=test.red_assignee,
        blue_assignee=test.blue_assignee,
        details=details,
        after={name: value for name, value in snapshot(test).items() if value is not None},
    )
