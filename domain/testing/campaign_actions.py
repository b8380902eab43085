"""What people do to a campaign, as data: one frozen class per action, which is also the payload of its command."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Annotated, ClassVar
from uuid import UUID

from domain.testing.actions import REASON_MAX
from domain.testing.form import Words, tidy

Name = Annotated[str, Words("The name", 200, missing="Give the campaign a name.")]
Goal = Annotated[str, Words("The goal", 5_000)]
Why = Annotated[str, Words("The reason", REASON_MAX, missing="Say why the campaign is cancelled.")]
Actor = Annotated[str, Words("The actor", 20)]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignAction:
    kind: ClassVar[str]
    label: ClassVar[str]

    def __post_init__(self) -> None:
        tidy(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateCampaign(CampaignAction):
    """`id` is made by whoever asks, so that asking twice makes one campaign. `cron` and `zone` as in `Recurrence`."""

    kind, label = "create_campaign", "Plan campaign"

    id: UUID
    name: Name
    goal: Goal = ""
    actor_attack_id: Actor | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    cron: str | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class EditCampaign(CampaignAction):
    """All of it as it shall be: None takes a date, the actor or the schedule away."""

    kind, label = "edit_campaign", "Edit campaign"

    name: Name
    goal: Goal = ""
    actor_attack_id: Actor | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    cron: str | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddTests(CampaignAction):
    """Put at the end, in the order given."""

    kind, label = "add_tests", "Add tests"

    test_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveTest(CampaignAction):
    """The test itself stays. Tests that waited for it no longer do."""

    kind, label = "remove_test", "Remove test"

    test_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTest(CampaignAction):
    """To `position`, 1 being the first; beyond the last is the last."""

    kind, label = "move_test", "Move test"

    test_id: UUID
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SetDependencies(CampaignAction):
    """The tests that have to be finished before `test_id` starts; all of them."""

    kind, label = "set_dependencies", "Set dependencies"

    test_id: UUID
    depends_on: frozenset[UUID]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRecurrence(CampaignAction):
    """When it comes again, `cron` and `zone` as in `Recurrence`; None ends it. A finished campaign may still recur."""

    kind, label = "set_recurrence", "Set recurrence"

    cron: str | None = None
    zone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCampaign(CampaignAction):
    kind, label = "start_campaign", "Start campaign"


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishCampaign(CampaignAction):
    kind, label = "finish_campaign", "Finish campaign"

    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelCampaign(CampaignAction):
    kind, label = "cancel_campaign", "Cancel campaign"

    reason: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class CloneCampaign(CampaignAction):
    """A new campaign `new_id` of copies: `copies` names, for each test of this one, the id of its copy."""

    kind, label = "clone_campaign", "Clone campaign"

    new_id: UUID
    name: Name
    copies: Mapping[UUID, UUID]
    starts_on: date | None = None
    ends_on: date | None = None


CAMPAIGN_ACTIONS: Mapping[str, type[CampaignAction]] = MappingProxyType(
    {
        action.kind: action
        for action in (
            CreateCampaign,
            EditCampaign,
            AddTests,
            RemoveTest,
            MoveTest,
            SetDependencies,
            SetRecurrence,
            StartCampaign,
            FinishCampaign,
            CancelCampaign,
            CloneCampaign,
        )
    }
)
