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
    RUN_SYNC = "run_sync"  # start a sync, upload a source file
    MANAGE_USERS = "manage_users"
    MANAGE_DEMO = "manage_demo"
    READ_AUDIT = "read_audit"


_EVERYONE = frozenset(Role)
_OPERATORS = _EVERYONE - {Role.VIEWER}
_LEADS = frozenset({Role.RED_LEAD, Role.BLUE_LEAD, Role.ADMIN})
_BLUE = frozenset({Role.BLUE_TECH, Role.BLUE_LEAD, Role.ADMIN})
_ADMIN = frozenset({Role.ADMIN})

GRANTS: dict[Permission, frozenset[Role]] = {
    Permission.READ: _EVERYONE,
    Permission.OVERLAY: _OPERATORS,
    Permission.REVIEW_TECHNIQUE: _LEADS,
    Permission.MANAGE_RULES: _BLUE,
    Permission.RUN_SYNC: _ADMIN,
    Permission.MANAGE_USERS: _ADMIN,
    Permission.MANAGE_DEMO: _ADMIN,
    Permission.READ_AUDIT: _ADMIN,
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
