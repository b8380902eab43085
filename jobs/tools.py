"""What leads decide about defence tools. A tool that was ever observed is never removed, only put out of use."""

from data.database import Actor, unit_of_work
from data.repositories import audit, tools
from domain.defence_tools import ToolKind, check_name
from domain.errors import BadInput
from domain.roles import Permission, Role, require


def add(actor: Actor, role: Role, name: str, kind: str) -> str:
    """A new tool; returns its slug."""
    require(role, Permission.MANAGE_TOOLS)
    with unit_of_work() as session:
        made = tools.add(session, check_name(name), _kind(kind))
        audit.record(
            session,
            actor,
            "tool.added",
            entity=("tool", str(made.id)),
            after={"name": made.name, "kind": made.kind},
        )
        return made.slug


def change(actor: Actor, role: Role, slug: str, *, name: str, kind: str) -> None:
    """Another name or kind. Doing it twice changes nothing."""
    require(role, Permission.MANAGE_TOOLS)
    with unit_of_work() as session:
        tool = tools.by_slug(session, slug)
        before = {"name": tool.name, "kind": tool.kind}
        tools.rename(session, tool, check_name(name))
        tool.kind = _kind(kind)
        after = {"name": tool.name, "kind": str(tool.kind)}
        if after != before:
            audit.record(session, actor, "tool.changed", entity=("tool", str(tool.id)), before=before, after=after)


def set_active(actor: Actor, role: Role, slug: str, *, active: bool) -> None:
    """Whether it is offered for new observations; what was observed stays."""
    require(role, Permission.MANAGE_TOOLS)
    with unit_of_work() as session:
        tool = tools.by_slug(session, slug)
        if tool.active == active:
            return
        tool.active = active
        action = "tool.put_in_use" if active else "tool.put_out_of_use"
        audit.record(session, actor, action, entity=("tool", str(tool.id)), after={"name": tool.name})


def _kind(kind: str) -> ToolKind:
    try:
        return ToolKind(kind)
    except ValueError as error:
        raise BadInput("Choose what kind of tool it is.", errors={"kind": "unknown"}) from error
