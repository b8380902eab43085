"""Making tests from templates: one, many, or one for every gap of an actor, into a campaign where one is named.

A test keeps which version of its template it was made from, not a copy of its text: what it runs is read there.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid5

from data.database import Actor, reading
from data.repositories import campaigns, templates
from data.repositories.templates import ForTest
from data.repositories.workflow import Asked
from domain.errors import BadInput
from domain.platforms import in_attack_words
from domain.roles import Permission, Role, require
from domain.testing import actions
from domain.testing.campaign_actions import CreateCampaign
from domain.testing.person import Team
from jobs import campaigns as campaign_commands
from jobs import workflow

TESTS_MAX = 300
_TITLE_MAX = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """A test to be made: which template, on which of its platforms."""

    template_id: UUID
    platform: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """`key` is made by whoever asks and names all that is made: asked twice, it is made once.

    `campaign` is one to be planned with its tests, or the id of one that is there, or None.
    """

    key: UUID
    wanted: Sequence[Wanted]
    campaign: CreateCampaign | UUID | None = None
    adversary_id: UUID | None = None
    environment: str = ""
    priority: int = 2
    red: UUID | None = None
    blue: UUID | None = None


@dataclass(frozen=True, slots=True)
class Planned:
    """`batch_id` is what `jobs.workflow.results` answers for; `tests` are being made, in the order wanted."""

    batch_id: UUID
    campaign_id: UUID | None
    tests: tuple[UUID, ...]


def plan(actor: Actor, role: Role, asked: Plan) -> Planned:
    """Accept the tests that `asked` wants, all or none, and the campaign for them; they are made by a worker.

    Raises PermissionDenied, BadInput (nothing or too much wanted, a template out of use or not on the map, a platform
    that is not the template's), what refuses the campaign.
    """
    require(role, Permission.PLAN_TEST)
    if asked.red or asked.blue:
        require(role, Permission.ASSIGN_TEST)
    wanted = list(dict.fromkeys(asked.wanted))
    if not 1 <= len(wanted) <= TESTS_MAX:
        raise BadInput(f"Choose between 1 and {TESTS_MAX} tests.", errors={"wanted": "out of range"})
    with reading() as session:
        found = {one.id: one for one in templates.for_tests(session, list({one.template_id for one in wanted}))}
    made = [_create(asked, one, found[one.template_id]) for one in wanted]
    campaign_id = _campaign(actor, role, asked)
    batch: list[Asked] = []
    for action in made:
        batch += [_asked(replace(action, campaign_id=campaign_id), action.id), *_assigned(asked, action.id)]
    workflow.ask_many(batch, actor, asked.key)
    return Planned(asked.key, campaign_id, tuple(action.id for action in made))


def _create(asked: Plan, wanted: Wanted, template: ForTest) -> actions.Create:
    name = template.value.name
    if template.retired or template.removed:
        raise BadInput(f"The template {name} is not in use any more.", errors={"template": "retired"})
    if template.technique_id is None:
        raise BadInput(f"The template {name} is for {template.claimed_technique}, which is not on the loaded map.")
    if wanted.platform not in map(in_attack_words, template.value.platforms):
        raise BadInput(f"The template {name} is not for {wanted.platform[:40]}.", errors={"platform": "unknown"})
    return actions.Create(
        id=uuid5(asked.key, f"{wanted.template_id}|{wanted.platform}"),
        title=name[:_TITLE_MAX],
        technique_id=template.technique_id,
        claimed_technique=template.claimed_technique,
        procedure_key=template.procedure_key,
        template_id=template.id,
        platform=wanted.platform,
        environment=asked.environment,
        priority=asked.priority,
    )


def _campaign(actor: Actor, role: Role, asked: Plan) -> UUID | None:
    """The campaign they go into, planned where it is not there yet. Raises what refuses more tests in it."""
    if asked.campaign is None:
        return None
    require(role, Permission.MANAGE_CAMPAIGNS)
    if isinstance(asked.campaign, CreateCampaign):
        return campaign_commands.create(actor, role, asked.campaign, adversary_id=asked.adversary_id)
    with reading() as session:
        campaign = campaigns.get(session, asked.campaign)
        refusal = campaign.refusal("add_tests", campaign_commands.person(session, actor))
    if refusal is not None:
        raise refusal
    return campaign.id


def _asked(action: actions.Action, test_id: UUID, what: str = "") -> Asked:
    return workflow.asked(action, test_id, uuid5(test_id, action.kind + what))


def _assigned(asked: Plan, test_id: UUID) -> list[Asked]:
    chosen = ((Team.RED, asked.red), (Team.BLUE, asked.blue))
    return [
        _asked(actions.Assign(team=team, assignee_id=who), test_id, team.value)
        for team, who in chosen
        if who is not None
    ]
