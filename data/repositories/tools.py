"""Defence tools: what observations speak of."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.models import DefenceTool, Observation
from domain.defence_tools import ToolKind, slug_of
from domain.errors import Duplicate, NotFound


@dataclass(frozen=True, slots=True)
class Tool:
    """`observations` in which it was ever named."""

    slug: str
    name: str
    kind: ToolKind
    active: bool
    observations: int
    demo: bool


def everything(session: Session) -> list[Tool]:
    """All tools by name, those in use first."""
    named = select(Observation.tool_id, func.count().label("n")).group_by(Observation.tool_id).subquery()
    rows = session.execute(
        select(DefenceTool, func.coalesce(named.c.n, 0))
        .outerjoin(named, named.c.tool_id == DefenceTool.id)
        .order_by(DefenceTool.active.desc(), func.lower(DefenceTool.name))
    ).all()
    return [_tool(tool, count) for tool, count in rows]


def _tool(row: DefenceTool, observations: int) -> Tool:
    return Tool(row.slug, row.name, ToolKind(row.kind), row.active, observations, row.is_demo)


def by_slug(session: Session, slug: str) -> DefenceTool:
    """Locked until the transaction ends."""
    found = session.scalars(select(DefenceTool).where(DefenceTool.slug == slug).with_for_update()).first()
    if found is None:
        raise NotFound("There is no such defence tool.")
    return found


def add(session: Session, name: str, kind: ToolKind) -> DefenceTool:
    """Raises Duplicate when a tool goes by this name, in whatever spelling."""
    _free(session, slug_of(name), but=None)
    made = DefenceTool(slug=slug_of(name), name=name, kind=kind)
    session.add(made)
    session.flush()
    return made


def rename(session: Session, tool: DefenceTool, name: str) -> None:
    """The slug stays: addresses and imports go on finding the tool."""
    _free(session, slug_of(name), but=tool)
    tool.name = name


def _free(session: Session, slug: str, but: DefenceTool | None) -> None:
    taken: Sequence[DefenceTool] = session.scalars(select(DefenceTool)).all()
    for one in taken:
        if one is not but and slug in (one.slug, slug_of(one.name)):
            raise Duplicate(f"There is a tool called {one.name} already.")
