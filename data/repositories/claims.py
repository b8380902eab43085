"""Placing claimed technique ids on the loaded maps: what content says, and what tests were planned under.

Rules, templates, mappings of controls and countermeasures that cannot be placed stay, with `not_placed`; a test always
keeps the technique it last had.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.attack_ids import KnownTechnique, Placement, TechniqueIndex

# Placing new claims and changing the map exclude each other, or a claim could be placed on a map just superseded.
_LOCK = 4711

_TECHNIQUES = """
SELECT id, attack_id, active, revoked, successor_id FROM technique
WHERE attack_id IS NOT NULL AND vanished_at IS NULL
ORDER BY array_position(ARRAY['enterprise-attack', 'mobile-attack', 'ics-attack'], domain), id
"""
_HELD_CLAIMS = "SELECT DISTINCT {claimed} AS claimed_id, technique_id, resolution FROM {table}"
_MOVE_CLAIMS = """
UPDATE {table} AS claim SET technique_id = moved.technique_id, resolution = moved.resolution
FROM unnest(CAST(:claimed AS text[]), CAST(:techniques AS uuid[]), CAST(:resolutions AS text[]))
  AS moved (claimed_id, technique_id, resolution)
WHERE claim.{claimed} = moved.claimed_id
  AND (claim.technique_id, claim.resolution) IS DISTINCT FROM (moved.technique_id, moved.resolution)
"""
_MOVE_TESTS = """
WITH moved AS (
  UPDATE security_test AS test SET technique_id = pair.new, updated_at = now()
  FROM unnest(CAST(:claimed AS text[]), CAST(:old AS uuid[]), CAST(:new AS uuid[])) AS pair (claimed, old, new)
  WHERE test.claimed_technique = pair.claimed AND test.technique_id = pair.old
  RETURNING test.id, test.round, pair.old, pair.new
)
INSERT INTO test_timeline (test_id, round, actor_name, side, action, note)
SELECT moved.id, moved.round, 'Aegis', 'system', 'technique_moved',
       CAST(:why AS text) || ': ' || before.attack_id || ' is now ' || after.attack_id
FROM moved JOIN technique AS before ON before.id = moved.old JOIN technique AS after ON after.id = moved.new
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """How many claims of each kind of content were placed anew, and how many tests followed their technique."""

    claims: int
    tests: int
    templates: int
    mappings: int
    countermeasures: int


def lock(session: Session) -> None:
    """Until the end of the transaction nobody else changes the map or places claims."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def index(session: Session) -> TechniqueIndex[UUID]:
    """The techniques of all loaded maps; Enterprise wins where an id stands on two."""
    return TechniqueIndex(
        KnownTechnique(row.id, row.attack_id, active=row.active, revoked=row.revoked, successor=row.successor_id)
        for row in session.execute(text(_TECHNIQUES))
    )


def place_again(session: Session, why: str) -> Moved:
    """After the map changed: place every claimed id anew. Only what moves is touched."""
    loaded = index(session)
    return Moved(
        claims=_move_claims(session, loaded, "rule_technique", "claimed_id"),
        tests=_move_tests(session, loaded, why),
        templates=_move_claims(session, loaded, "test_template", "claimed_technique"),
        mappings=_move_claims(session, loaded, "control_mapping", "claimed_id"),
        countermeasures=_move_claims(session, loaded, "countermeasure_technique", "claimed_id"),
    )


def _move_claims(session: Session, loaded: TechniqueIndex[UUID], table: str, claimed: str) -> int:
    held = session.execute(text(_HELD_CLAIMS.format(table=table, claimed=claimed))).all()
    moved: dict[str, Placement[UUID]] = {}
    for row in held:
        placed = loaded.place(row.claimed_id)
        if (placed.key, placed.resolution.value) != (row.technique_id, row.resolution):
            moved[row.claimed_id] = placed
    if not moved:
        return 0
    result = session.execute(
        text(_MOVE_CLAIMS.format(table=table, claimed=claimed)),
        {
            "claimed": list(moved),
            "techniques": [placed.key for placed in moved.values()],
            "resolutions": [placed.resolution.value for placed in moved.values()],
        },
    )
    return _count(result)


def _move_tests(session: Session, loaded: TechniqueIndex[UUID], why: str) -> int:
    held = session.execute(text("SELECT DISTINCT claimed_technique, technique_id FROM security_test")).all()
    moved = [
        (row.claimed_technique, row.technique_id, placed.key)
        for row in held
        if (placed := loaded.place(row.claimed_technique)).key not in (None, row.technique_id)
    ]
    if not moved:
        return 0
    claimed, old, new = (list(column) for column in _columns(moved))
    result = session.execute(text(_MOVE_TESTS), {"claimed": claimed, "old": old, "new": new, "why": why})
    return _count(result)


def _columns(rows: Iterable[tuple[object, ...]]) -> Iterable[tuple[object, ...]]:
    return zip(*rows, strict=True)


def _count(result: object) -> int:
    return int(getattr(result, "rowcount", 0))
