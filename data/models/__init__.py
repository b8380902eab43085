"""The tables. Importing this package loads every model, so that the metadata is whole."""

from data.models.attack import (
    AttackObject,
    AttackRehearsal,
    AttackRelationship,
    AttackRelease,
    Tactic,
    Technique,
    TechniqueLink,
    TechniqueTactic,
)
from data.models.base import Base
from data.models.compliance import Control, ControlDecision, ControlMapping, Framework
from data.models.countermeasures import (
    Countermeasure,
    CountermeasureDecision,
    CountermeasureRollup,
    CountermeasureTechnique,
)
from data.models.ledger import AuditEntry, DataGeneration, OutboxEvent
from data.models.measures import (
    KeptAnswer,
    NavigatorOverlay,
    ProcedureLatest,
    ScopeDecision,
    ScoreWeights,
    ServiceLevel,
    TechniqueRollup,
    TestMonth,
    TestRollup,
    UnplacedRollup,
)
from data.models.notifications import Notification, NotificationChannel, NotificationDelivery
from data.models.people import User, UserSession
from data.models.rules import (
    DetectionRule,
    LogSource,
    ProvenTechnique,
    RuleCount,
    RuleRollup,
    RuleSummary,
    RuleTechnique,
    TestedPlatform,
)
from data.models.snapshots import Snapshot, SnapshotTechnique
from data.models.sources import Source, SyncItem, SyncRun
from data.models.templates import Adversary, AdversaryStep, TemplateVersion, TestTemplate
from data.models.testing import (
    CampaignDependency,
    DefenceTool,
    Observation,
    Remediation,
    SecurityTest,
    TestCampaign,
    TestRound,
    TimelineEntry,
)
from data.models.threats import TechniquePriority, ThreatGroup
from data.models.workflow import Evidence, SavedView, WorkflowAction

__all__ = [
    "Adversary",
    "AdversaryStep",
    "AttackObject",
    "AttackRehearsal",
    "AttackRelationship",
    "AttackRelease",
    "AuditEntry",
    "Base",
    "CampaignDependency",
    "Control",
    "ControlDecision",
    "ControlMapping",
    "Countermeasure",
    "CountermeasureDecision",
    "CountermeasureRollup",
    "CountermeasureTechnique",
    "DataGeneration",
    "DefenceTool",
    "DetectionRule",
    "Evidence",
    "Framework",
    "KeptAnswer",
    "LogSource",
    "NavigatorOverlay",
    "Notification",
    "NotificationChannel",
    "NotificationDelivery",
    "Observation",
    "OutboxEvent",
    "ProcedureLatest",
    "ProvenTechnique",
    "Remediation",
    "RuleCount",
    "RuleRollup",
    "RuleSummary",
    "RuleTechnique",
    "SavedView",
    "ScopeDecision",
    "ScoreWeights",
    "SecurityTest",
    "ServiceLevel",
    "Snapshot",
    "SnapshotTechnique",
    "Source",
    "SyncItem",
    "SyncRun",
    "Tactic",
    "Technique",
    "TechniqueLink",
    "TechniquePriority",
    "TechniqueRollup",
    "TechniqueTactic",
    "TemplateVersion",
    "TestCampaign",
    "TestMonth",
    "TestRollup",
    "TestRound",
    "TestTemplate",
    "TestedPlatform",
    "ThreatGroup",
    "TimelineEntry",
    "UnplacedRollup",
    "User",
    "UserSession",
    "WorkflowAction",
]
