"""What people do to a test, as data: one frozen class per action, which is also the payload of its command.

An action checks its own form when it is made (limits, required words, times with a zone, turned to UTC) and raises
BadInput; whether it is allowed is for the test to say. `kind` is the stable name, `label` the verb on the button,
`played_by` the side in whose name it is done. Reading and writing them as JSON: `domain.testing.payload`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, ClassVar
from uuid import UUID

from domain.outcomes import Detection, Prevention
from domain.testing.form import Range, Texts, Words, tidy
from domain.testing.person import Side, Team
from domain.testing.rounds import Verdict

NOTE_MAX = 10_000  # characters, as all the limits here
REASON_MAX = 2_000
PROCEDURE_MAX = 50_000

Title = Annotated[str, Words("The title", 200, missing="Give the test a title.")]
Platform = Annotated[str, Words("The platform", 60, missing="Choose the platform the test runs on.")]
Environment = Annotated[str, Words("The environment", 200)]
Priority = Annotated[int, Range("The priority", 1, 3)]  # 1 high, 2 normal, 3 low
Procedure = Annotated[str, Words("The procedure", PROCEDURE_MAX)]
Arguments = Annotated[Mapping[str, str], Texts("The arguments", 100, 100, 10_000)]
Note = Annotated[str, Words("The note", NOTE_MAX)]
TakenFrom = Mapping[str, UUID]  # which of the times stands in which file of the evidence
Why = Annotated[str, Words("The reason", REASON_MAX, missing="Give a reason; it stays with the test.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    kind: ClassVar[str]
    label: ClassVar[str]
    played_by: ClassVar[Side]
    additive: ClassVar[bool] = False  # adds without changing anything, so that no version can be too old for it

    def __post_init__(self) -> None:
        tidy(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Create(Action):
    """A new test. `id` is made by whoever asks, so that asking twice makes one test."""

    kind, label, played_by = "create", "Plan test", Side.RED

    id: UUID
    title: Title
    technique_id: UUID
    claimed_technique: Annotated[str, Words("The technique", 20, missing="Choose a technique.")]
    procedure_key: Annotated[str, Words("The procedure key", 300, missing="A test needs the key of its procedure.")]
    platform: Platform
    environment: Environment = ""
    priority: Priority = 2
    procedure: Procedure = ""
    arguments: Arguments = field(default_factory=dict)
    template_id: UUID | None = None
    campaign_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPlan(Action):
    """What is None stays as it is."""

    kind, label, played_by = "edit_plan", "Edit plan", Side.RED

    title: Title | None = None
    platform: Platform | None = None
    environment: Environment | None = None
    priority: Priority | None = None
    procedure: Procedure | None = None
    arguments: Arguments | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assign(Action):
    """Who works for `team`; None takes the assignment away."""

    kind, label, played_by = "assign", "Assign", Side.LEAD

    team: Team
    assignee_id: UUID | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment(Action):
    kind, label, played_by, additive = "comment", "Comment", Side.SYSTEM, True

    text: Annotated[str, Words("The comment", NOTE_MAX, missing="Write something first.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cancel(Action):
    kind, label, played_by = "cancel", "Cancel test", Side.LEAD

    reason: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Retest(Action):
    """Asks for a new test of the same procedure on the same platform; `new_id` becomes its id."""

    kind, label, played_by = "retest", "Plan retest", Side.RED

    new_id: UUID
    note: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Start(Action):
    """`reason` is for starting a test before those it waits for are finished; it stays with the test."""

    kind, label, played_by = "start", "Start execution", Side.RED

    reason: Annotated[str, Words("The reason", REASON_MAX)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Action):
    kind, label, played_by = "pause", "Pause timer", Side.RED

    note: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume(Action):
    kind, label, played_by = "resume", "Resume timer", Side.RED


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitRed(Action):
    kind, label, played_by = "submit_red", "Submit red's side", Side.RED

    executed_at: datetime
    attack_succeeded: bool
    notes: Note = ""
    taken_from: TakenFrom = field(default_factory=dict)
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe(Action):
    """What one tool did. Saying it again for the same tool replaces what was said in this round."""

    kind, label, played_by = "observe", "Record observation", Side.BLUE

    tool_id: UUID
    prevention: Prevention
    detection: Detection
    prevented_at: datetime | None = None
    logged_at: datetime | None = None
    detected_at: datetime | None = None
    rule_id: UUID | None = None
    note: Note = ""
    taken_from: TakenFrom = field(default_factory=dict)
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoveObservation(Action):
    kind, label, played_by = "remove_observation", "Remove observation", Side.BLUE

    tool_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitBlue(Action):
    """Either `watched_until` and the observations, or `not_applicable` with its reason."""

    kind, label, played_by = "submit_blue", "Submit blue's side", Side.BLUE

    contained_at: datetime | None = None
    watched_until: datetime | None = None
    notes: Note = ""
    not_applicable: bool = False
    reason: Annotated[str, Words("The reason", REASON_MAX)] = ""
    taken_from: TakenFrom = field(default_factory=dict)
    confirmed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Approve(Action):
    kind, label, played_by = "approve", "Approve", Side.LEAD

    side: Team
    note: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject(Action):
    kind, label, played_by = "reject", "Reject", Side.LEAD

    side: Team
    note: Annotated[str, Words("The note", NOTE_MAX, missing="Say what has to be done again.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Override(Action):
    kind, label, played_by = "override", "Override validation", Side.LEAD

    verdict: Verdict
    reason: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Action):
    kind, label, played_by = "reopen", "Reopen", Side.LEAD

    to: Team
    reason: Why


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRemediation(Action):
    """Owner, due date and note of the remediation as they shall be; None takes owner or date away."""

    kind, label, played_by = "plan_remediation", "Plan remediation", Side.BLUE

    owner_id: UUID | None = None
    due_on: date | None = None
    note: Note = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartRemediation(Action):
    kind, label, played_by = "start_remediation", "Start remediation", Side.BLUE


@dataclass(frozen=True, slots=True, kw_only=True)
class CompleteRemediation(Action):
    kind, label, played_by = "complete_remediation", "Complete remediation", Side.BLUE

    completed_at: datetime
    note: Annotated[str, Words("The note", NOTE_MAX, missing="Say what was done.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptRisk(Action):
    kind, label, played_by = "accept_risk", "Accept risk", Side.LEAD

    reason: Why
    until: date


ACTIONS: Mapping[str, type[Action]] = MappingProxyType(
    {
        action.kind: action
        for action in (
            Create,
            EditPlan,
            Assign,
            Comment,
            Cancel,
            Retest,
            Start,
            Pause,
            Resume,
            SubmitRed,
            Observe,
            RemoveObservation,
            SubmitBlue,
            Approve,
            Reject,
            Override,
            Reopen,
            PlanRemediation,
            StartRemediation,
            CompleteRemediation,
            AcceptRisk,
        )
    }
)
