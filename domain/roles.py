"""Who may do what: the one table of roles and permissions.

Pages, callbacks, HTTP endpoints and commands all ask `require(role, permission)`; nobody compares role names.
"""

from enum import StrEnum

from domain.errors import PermissionDenied


class Role(StrEnum):
    VIEWER = "viewer"
    RED_TECH = "red_tech"
    BLUE_TECH = "blue_tech"
    RED_LEAD = "red_lead"
    BLUE_LEAD = "blue_lead"
    ADMIN = "admin"

    @property
    def label(self) -> str:
        return {
            Role.VIEWER: "Viewer",
            Role.RED_TECH: "Red operator",
            Role.BLUE_TECH: "Blue operator",
            Role.RED_LEAD: "Red lead",
            Role.BLUE_LEAD: "Blue lead",
            Role.ADMIN: "Administrator",
        }[self]


class Permission(StrEnum):
    READ = "read"  # every screen and export of content and results
    OVERLAY = "overlay"  # keep an imported Navigator layer
    REVIEW_TECHNIQUE = "review_technique"  # mark a changed technique as reviewed
    MANAGE_RULES = "manage_rules"  # enable and disable detection rules
    MANAGE_LOG_SOURCES = "manage_log_sources"  # say which logs are collected here
    MANAGE_COUNTERMEASURES = "manage_countermeasures"  # say which D3FEND countermeasures are in place
    MANAGE_THREATS = "manage_threats"  # own groups, priorities of techniques
    RUN_SYNC = "run_sync"  # start a sync, upload a source file
    MANAGE_USERS = "manage_users"
    MANAGE_DEMO = "manage_demo"
    READ_AUDIT = "read_audit"
    MANAGE_JOBS = "manage_jobs"  # retry and stop background work
    MANAGE_TOOLS = "manage_tools"  # the defence tools that observations speak of
    MANAGE_CHANNELS = "manage_channels"  # where notifications are delivered
    TAKE_SNAPSHOT = "take_snapshot"  # keep the state of this moment under a name
    MANAGE_WEIGHTS = "manage_weights"  # what the score is made of
    MANAGE_FRAMEWORKS = "manage_frameworks"  # frameworks of our own, and which controls are in scope

    PLAN_TEST = "plan_test"  # create a test, change its plan, ask for a retest
    IMPORT_TESTS = "import_tests"  # bring in results of other tools
    ASSIGN_TEST = "assign_test"  # say who runs and who evaluates it
    CANCEL_TEST = "cancel_test"  # a draft may also be cancelled by the person who created it
    EXECUTE_TEST = "execute_test"  # red's side: start, pause, submit
    START_EARLY = "start_early"  # before the tests it waits for are finished, with a reason
    EVALUATE_TEST = "evaluate_test"  # blue's side: observations, submit
    APPROVE_RED = "approve_red"
    APPROVE_BLUE = "approve_blue"
    OVERRIDE_VALIDATION = "override_validation"  # decide in place of the leads, with a reason
    REOPEN_TEST = "reopen_test"  # a rejected one may also be reopened by those who worked on it
    REMEDIATE = "remediate"  # plan, start and complete the remediation of a gap
    ACCEPT_RISK = "accept_risk"
    COMMENT = "comment"
    ADD_EVIDENCE = "add_evidence"
    MANAGE_EVIDENCE = "manage_evidence"  # remove a file
    MANAGE_TEMPLATES = "manage_templates"
    MANAGE_CAMPAIGNS = "manage_campaigns"
    SET_SERVICE_LEVEL = "set_service_level"  # the target of a time, with a reason
    MANAGE_SCOPE = "manage_scope"  # what counts in every total, with a reason


_EVERYONE = frozenset(Role)
_OPERATORS = _EVERYONE - {Role.VIEWER}
_LEADS = frozenset({Role.RED_LEAD, Role.BLUE_LEAD, Role.ADMIN})
_RED = frozenset({Role.RED_TECH, Role.RED_LEAD, Role.ADMIN})
_BLUE = frozenset({Role.BLUE_TECH, Role.BLUE_LEAD, Role.ADMIN})
_ADMIN = frozenset({Role.ADMIN})

GRANTS: dict[Permission, frozenset[Role]] = {
    Permission.READ: _EVERYONE,
    Permission.OVERLAY: _OPERATORS,
    Permission.REVIEW_TECHNIQUE: _LEADS,
    Permission.MANAGE_RULES: _BLUE,
    Permission.MANAGE_LOG_SOURCES: _LEADS,
    Permission.MANAGE_COUNTERMEASURES: _LEADS,
    Permission.MANAGE_THREATS: _LEADS,
    Permission.RUN_SYNC: _ADMIN,
    Permission.MANAGE_USERS: _ADMIN,
    Permission.MANAGE_DEMO: _ADMIN,
    Permission.READ_AUDIT: _ADMIN,
    Permission.MANAGE_JOBS: _ADMIN,
    Permission.MANAGE_TOOLS: _LEADS,
    Permission.MANAGE_CHANNELS: _ADMIN,
    Permission.TAKE_SNAPSHOT: _LEADS,
    Permission.MANAGE_WEIGHTS: _ADMIN,
    Permission.MANAGE_FRAMEWORKS: _LEADS,
    Permission.PLAN_TEST: _RED | _LEADS,
    Permission.IMPORT_TESTS: _LEADS,
    Permission.ASSIGN_TEST: _LEADS,
    Permission.CANCEL_TEST: _LEADS,
    Permission.EXECUTE_TEST: _RED,
    Permission.START_EARLY: frozenset({Role.RED_LEAD, Role.ADMIN}),
    Permission.EVALUATE_TEST: _BLUE,
    # Not the administrator's: they step in by an override, which asks for a reason and is named as one.
    Permission.APPROVE_RED: frozenset({Role.RED_LEAD}),
    Permission.APPROVE_BLUE: frozenset({Role.BLUE_LEAD}),
    Permission.OVERRIDE_VALIDATION: _ADMIN,
    Permission.REOPEN_TEST: _LEADS,
    Permission.REMEDIATE: _BLUE,
    Permission.ACCEPT_RISK: _LEADS,
    Permission.COMMENT: _OPERATORS,
    Permission.ADD_EVIDENCE: _OPERATORS,
    Permission.MANAGE_EVIDENCE: _LEADS,
    Permission.MANAGE_TEMPLATES: _RED | _LEADS,
    Permission.MANAGE_CAMPAIGNS: _LEADS,
    Permission.SET_SERVICE_LEVEL: _LEADS,
    Permission.MANAGE_SCOPE: _LEADS,
}


def may(role: Role, permission: Permission) -> bool:
    return role in GRANTS[permission]


def who_may(permission: Permission) -> str:
    """The roles that hold `permission`, in words: "Red lead, Blue lead or Administrator"."""
    names = [role.label for role in Role if may(role, permission)]
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " or " + names[-1]


def require(role: Role, permission: Permission) -> None:
    if not may(role, permission):
        raise PermissionDenied(f"This needs the role {who_may(permission)}; yours is {role.label}.")
