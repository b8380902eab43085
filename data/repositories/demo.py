"""The made-up organisation in the database: the map it is invented on, writing it by COPY, removing it."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any
from uuid import UUID

import psycopg
from sqlalchemy import ColumnElement, delete, func, literal, select, text, update
from sqlalchemy.orm import Session

from data.demo.catalogue import Adversary, Catalogue, Subject
from data.demo.records import TABLES, columns
from data.models import (
    AttackObject,
    Base,
    Countermeasure,
    CountermeasureDecision,
    DefenceTool,
    DetectionRule,
    Framework,
    LogSource,
    Observation,
    ScopeDecision,
    SecurityTest,
    ServiceLevel,
    Snapshot,
    Technique,
    TechniqueLink,
    TechniquePriority,
    TestCampaign,
    ThreatGroup,
    User,
)
from data.models.attack import DOMAINS
from domain.errors import Duplicate

_LOCK = 4706
# have `is_demo`; in the order of removal
_MARKED = (
    SecurityTest,
    TestCampaign,
    DetectionRule,
    Framework,
    DefenceTool,
    User,
    Snapshot,
    ScopeDecision,
    ServiceLevel,
    ThreatGroup,
    TechniquePriority,
    LogSource,
    CountermeasureDecision,
    Countermeasure,
)


@dataclass(frozen=True, slots=True)
class Cleared:
    """Rows removed by table, and how many defence tools stayed because tests of real people use them."""

    removed: Mapping[str, int]
    tools_kept: int

    @property
    def anything(self) -> bool:
        return any(self.removed.values())


def lock(session: Session) -> None:
    """One loading or clearing at a time, until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))


def is_loaded(session: Session) -> bool:
    return bool(session.scalar(select(select(User.id).where(User.is_demo).exists())))


def catalogue(session: Session) -> Catalogue | None:
    """The first loaded domain (Enterprise before Mobile before ICS); None when no map is loaded."""
    for domain in DOMAINS:
        found = Catalogue(domain, _subjects(session, domain), _adversaries(session, domain))
        if found.testable:
            return found
    return None


def _subjects(session: Session, domain: str) -> list[Subject]:
    query = select(
        Technique.id,
        Technique.attack_id,
        Technique.name,
        Technique.tactics,
        Technique.platforms,
        Technique.group_count,
    ).where(Technique.domain == domain, Technique.active, Technique.attack_id.is_not(None))
    return [
        Subject(row.id, row.attack_id or "", row.name, tuple(row.tactics), tuple(row.platforms), row.group_count)
        for row in session.execute(query)
        if row.tactics
    ]


def _adversaries(session: Session, domain: str) -> list[Adversary]:
    query = (
        select(AttackObject.attack_id, AttackObject.name, Technique.attack_id.label("technique"))
        .join(TechniqueLink, TechniqueLink.object_id == AttackObject.id)
        .join(Technique, Technique.id == TechniqueLink.technique_id)
        .where(
            AttackObject.domain == domain,
            AttackObject.active,
            AttackObject.attack_id.is_not(None),
            TechniqueLink.kind == "group_uses",
            Technique.active,
        )
    )
    uses: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in session.execute(query):
        uses[row.attack_id or "", row.name].add(row.technique or "")
    return [Adversary(attack_id, name, frozenset(techniques)) for (attack_id, name), techniques in uses.items()]


def copy_rows(connection: psycopg.Connection[Any], row_type: type[Any], rows: Iterable[Any]) -> int:
    """COPY rows of one type (see `data.demo.records`) into their table; returns how many."""
    names = columns(row_type)
    values = attrgetter(*names)
    listed = ", ".join(f'"{name}"' for name in names)
    count = 0
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY {TABLES[row_type]} ({listed}) FROM STDIN") as copy,
    ):
        write = copy.write_row
        for row in rows:
            write(values(row))
            count += 1
    return count


def store(session: Session, rows: Mapping[type[Any], Iterable[Any]]) -> dict[str, int]:
    """COPY in the session's transaction, in the order that references ask for; returns rows by table.

    Raises Duplicate when a name is taken by something real.
    """
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):  # pragma: no cover - the engine speaks psycopg
        raise TypeError("The demo organisation is loaded by COPY, which needs psycopg.")
    try:
        return {table: copy_rows(connection, row_type, rows.get(row_type, ())) for row_type, table in TABLES.items()}
    except psycopg.errors.UniqueViolation as error:
        taken = re.search(r"=\((.*)\)", error.diag.message_detail or "")
        raise Duplicate(
            f"The demo organisation was not loaded: it needs the name {taken.group(1) if taken else ''}, "
            "which something of yours has; rename that first."
        ) from error


def clear(session: Session) -> Cleared:
    """Remove every row of the demo organisation and what hangs on it; what real people made stays, detached from it."""
    kept = _keep_used_tools(session)
    removed: dict[str, int] = {}
    for model in _MARKED:
        if model is TestCampaign:  # the demo's own tests are gone now: whoever still refers to the demo is real
            _detach(session)
        removed[model.__tablename__] = len(
            session.execute(delete(model).where(model.is_demo).returning(literal(1))).all()
        )
    if removed["security_test"]:
        _restart_numbers(session)
    return Cleared(removed, kept)


def _keep_used_tools(session: Session) -> int:
    """A defence tool of the demo that real people observed becomes theirs, under a new identity."""
    in_use = session.scalars(
        select(DefenceTool.id).where(
            DefenceTool.is_demo,
            DefenceTool.id.in_(
                select(Observation.tool_id)
                .join(SecurityTest, SecurityTest.id == Observation.test_id)
                .where(~SecurityTest.is_demo)
            ),
        )
    ).all()
    for tool_id in in_use:
        _adopt_tool(session, tool_id)
    return len(in_use)


def _adopt_tool(session: Session, tool_id: UUID) -> None:
    session.execute(
        text("""
            WITH adopted AS (
              INSERT INTO defence_tool (id, slug, name, kind, active)
              SELECT fresh.id, regexp_replace(slug, '^demo-', '') || '-' || right(fresh.id::text, 6), name, kind, active
              FROM defence_tool, (SELECT uuidv7() AS id) AS fresh WHERE defence_tool.id = :tool
              RETURNING id)
            UPDATE observation SET tool_id = adopted.id
            FROM adopted, security_test AS t
            WHERE observation.tool_id = :tool AND t.id = observation.test_id AND NOT t.is_demo
        """),
        {"tool": tool_id},
    )


def _detach(session: Session) -> None:
    """Empty every reference to a row of the demo, in whichever table, that its removal would stumble over."""
    for table in Base.metadata.sorted_tables:
        for reference in table.foreign_keys:
            marked: ColumnElement[bool] | None = reference.column.table.c.get("is_demo")
            if marked is None or reference.ondelete is not None or not reference.parent.nullable:
                continue
            session.execute(
                update(table)
                .where(reference.parent.in_(select(reference.column).where(marked)))
                .values({reference.parent: None})
            )


def _restart_numbers(session: Session) -> None:
    """Test numbers go on as if the demo had never been: after the highest that is left."""
    highest = session.scalar(select(func.coalesce(func.max(SecurityTest.number), 0))) or 0
    sequence = session.scalar(select(func.pg_get_serial_sequence("security_test", "number")))
    session.execute(text(f"ALTER SEQUENCE {sequence} RESTART WITH {int(highest) + 1}"))
