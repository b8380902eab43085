"""The tables. Importing this package loads every model, so that the metadata is whole."""

from data.models.attack import (
    AttackObject,
    AttackRelationship,
    AttackRelease,
    Tactic,
    Technique,
    TechniqueLink,
    TechniqueTactic,
)
from data.models.base import Base
from data.models.ledger import AuditEntry, DataGeneration, OutboxEvent
from data.models.measures import (
    NavigatorOverlay,
    ProcedureLatest,
    ScopeDecision,
    ScoreWeights,
    TechniqueRollup,
    TestRollup,
    UnplacedRollup,
)
from data.models.notifications import Notification, NotificationChannel, NotificationDelivery
from data.models.people import User, UserSession
from data.models.rules import DetectionRule, RuleRollup, RuleTechnique
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
from data.models.workflow import Evidence, SavedView, WorkflowAction

__all__ = [
    "Adversary",
    "AdversaryStep",
    "AttackObject",
    "AttackRelationship",
    "AttackRelease",
    "AuditEntry",
    "Base",
    "CampaignDependency",
    "DataGeneration",
    "DefenceTool",
    "DetectionRule",
    "Evidence",
    "NavigatorOverlay",
    "Notification",
    "NotificationChannel",
    "NotificationDelivery",
    "Observation",
    "OutboxEvent",
    "ProcedureLatest",
    "Remediation",
    "RuleRollup",
    "RuleTechnique",
    "SavedView",
    "ScopeDecision",
    "ScoreWeights",
    "SecurityTest",
    "Source",
    "SyncItem",
    "SyncRun",
    "Tactic",
    "Technique",
    "TechniqueLink",
    "TechniqueRollup",
    "TechniqueTactic",
    "TemplateVersion",
    "TestCampaign",
    "TestRollup",
    "TestRound",
    "TestTemplate",
    "TimelineEntry",
    "UnplacedRollup",
    "User",
    "UserSession",
    "WorkflowAction",
]
