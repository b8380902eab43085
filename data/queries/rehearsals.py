"""Rehearsals of ATT&CK versions, their reports, and the versions that were loaded over time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.errors import NotFound
from domain.rehearsal import State

# `stale`: the loaded map is no longer the one it was compared with. Of a list the reports stay where they are.
_REHEARSALS = """
SELECT r.id, r.domain, r.version, r.from_version, r.state, r.origin, coalesce(r.phase, '') AS phase,
  coalesce(r.error, '') AS error, r.requested_by_name AS by, r.created_at, r.finished_at,
  r.bundle_key IS NOT NULL AS kept,
  r.state = 'ready' AND r.report ->> 'base' IS DISTINCT FROM (
    SELECT id::text FROM attack_release AS held WHERE held.domain = r.domain AND held.state = 'adopted') AS stale,
  {report} AS report
FROM attack_rehearsal AS r WHERE CAST(:id AS uuid) IS NULL OR r.id = :id
ORDER BY r.created_at DESC, r.id DESC LIMIT :limit
"""
# What a line of the list says, taken out of the report.
_SHORT = """jsonb_build_object('changes', r.report -> 'changes', 'added', r.report -> 'added',
  'retired', r.report -> 'retired',
  'numbers', r.report -> 'numbers', 'before', r.report -> 'before' -> 'score',
  'after', r.report -> 'after' -> 'score')"""
_RELEASES = """
SELECT domain, version, state, origin, loaded_at, sync_run_id AS run, shortened FROM attack_release
ORDER BY loaded_at DESC, id DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalRow:
    """`report` is whole for one, short in a list (see docs/rehearsal.md)."""

    id: UUID
    domain: str
    version: str | None
    from_version: str | None
    state: State
    origin: str
    phase: str
    error: str
    by: str
    created_at: datetime
    finished_at: datetime | None
    kept: bool
    stale: bool
    report: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    domain: str
    version: str
    state: str
    origin: str
    loaded_at: datetime
    run: UUID | None
    shortened: bool


def rehearsals(session: Session, *, limit: int = 50) -> list[RehearsalRow]:
    """Newest first."""
    found = session.execute(text(_REHEARSALS.format(report=_SHORT)), {"id": None, "limit": limit})
    return [_row(row) for row in found]


def rehearsal(session: Session, rehearsal_id: UUID) -> RehearsalRow:
    """One with its report. Raises NotFound."""
    found = session.execute(text(_REHEARSALS.format(report="r.report")), {"id": rehearsal_id, "limit": 1}).first()
    if found is None:
        raise NotFound("There is no such rehearsal.")
    return _row(found)


def releases(session: Session, *, limit: int = 50) -> list[ReleaseRow]:
    """The versions that were loaded, newest first."""
    return [ReleaseRow(**row._mapping) for row in session.execute(text(_RELEASES), {"limit": limit})]


def _row(row: Any) -> RehearsalRow:
    values = dict(row._mapping)
    return RehearsalRow(**values | {"state": State(row.state)})
