"""Writing imported tests: all of a file by a handful of statements, in the caller's transaction.

What is there under its import key stays as it is. Rollups and generations follow by the database's own triggers.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from sqlalchemy import TableClause, func, select, text
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from data import bulk
from data.database import Actor
from data.models import DefenceTool, SecurityTest
from data.repositories import claims
from domain.outcomes import Outcome, TestState
from domain.test_imports.rows import ImportRow, Place
from domain.testing.rounds import RoundResult

_LOCK = 4714

_PLACES = "SELECT id, name, platforms FROM technique WHERE attack_id IS NOT NULL AND vanished_at IS NULL"
_TEST = (
    "id", "title", "technique_id", "claimed_technique", "procedure", "procedure_key", "platform", "environment",
    "import_key", "state", "priority", "created_by", "created_at", "updated_at", "executed_at", "attack_succeeded",
    "red_submitted_at", "red_submitted_by", "prevention", "detection", "outcome", "prevented_at", "logged_at",
    "detected_at", "contained_at", "watched_until", "blue_submitted_at", "validated_at",
)  # fmt: skip
_ROUND = (
    "test_id", "number", "opened_at", "closed_at", "result", "executed_at", "attack_succeeded", "red_notes",
    "red_submitted_at", "red_submitted_by", "blue_notes", "contained_at", "watched_until", "blue_submitted_at",
)  # fmt: skip
_OBSERVATION = (
    "test_id", "round", "tool_id", "prevention", "detection", "prevented_at", "logged_at", "detected_at", "source",
    "note", "recorded_by", "recorded_at",
)  # fmt: skip
_TIMELINE = ("test_id", "round", "at", "actor_id", "actor_name", "side", "action", "note", "details")
_SHARED = "The file gives one result for all the tools it names."


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where the rows come from, and who brought them."""

    file: str
    kind: str
    actor: Actor
    at: datetime


def lock(session: Session) -> None:
    """One import at a time, and none while the map changes, until the transaction ends."""
    session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    claims.lock(session)


def lookup(session: Session) -> Callable[[str], Place | None]:
    """Where claimed ids lie on the loaded maps: as they are, through revoked-by, through known successors."""
    index = claims.index(session)
    known = {row.id: Place(row.id, row.name, tuple(row.platforms)) for row in session.execute(text(_PLACES))}
    found: dict[str, Place | None] = {}

    def place(claimed: str) -> Place | None:
        if claimed not in found:
            key = index.place(claimed).key
            found[claimed] = None if key is None else known.get(key)
        return found[claimed]

    return place


def there(session: Session, keys: Sequence[str]) -> set[str]:
    """Those of these import keys under which a test is there already."""
    held = select(SecurityTest.import_key).where(bulk.among(SecurityTest.import_key, keys))
    return {key for key in session.scalars(held) if key is not None}


def tools(session: Session, names: Iterable[str]) -> dict[str, UUID | None]:
    """Name in lower case -> the defence tool that has it (or its slug), None where there is none."""
    wanted = {name.casefold(): slug(name) for name in names}
    if not wanted:
        return {}
    rows = session.execute(
        select(DefenceTool.id, func.lower(DefenceTool.name).label("name"), DefenceTool.slug)
        .where(bulk.among(func.lower(DefenceTool.name), wanted) | bulk.among(DefenceTool.slug, [*wanted.values()]))
        .order_by(DefenceTool.created_at, DefenceTool.id)
    ).all()
    by_name = {row.name: row.id for row in reversed(rows)}
    by_slug = {row.slug: row.id for row in rows}
    return {name: by_name.get(name) or by_slug.get(called) for name, called in wanted.items()}


def slug(name: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
    return plain[:60] or f"tool-{sha256(name.encode()).hexdigest()[:8]}"


def store(session: Session, rows: Sequence[ImportRow], origin: Origin) -> int:
    """Add the rows as tests; returns how many were added. Nothing is added for keys that are there already."""
    ids = {row.import_key: uuid7() for row in rows}
    tool_ids = _all_tools(session, {name.casefold(): name for row in rows for name in row.tools})
    tests = bulk.stage(
        session, "imported_test", "security_test", _TEST, (_test(ids[row.import_key], row, origin) for row in rows)
    )
    added = session.execute(
        text(f"""
            INSERT INTO security_test ({_listed(_TEST)}, template_id)
            SELECT {_listed(_TEST)}, (SELECT id FROM test_template WHERE procedure_key = one.procedure_key)
            FROM {tests.name} AS one ORDER BY one.id
            ON CONFLICT (import_key) WHERE import_key IS NOT NULL DO NOTHING""")  # noqa: S608 - our own names
    )
    for name, like, columns, values in (
        ("imported_round", "test_round", _ROUND, _round),
        ("imported_timeline", "test_timeline", _TIMELINE, _told),
    ):
        made = (values(ids[row.import_key], row, origin) for row in rows)
        _insert_of_added(session, like, columns, bulk.stage(session, name, like, columns, made))
    seen = (one for row in rows for one in _observations(ids[row.import_key], row, origin, tool_ids))
    staged = bulk.stage(session, "imported_observation", "observation", _OBSERVATION, seen)
    _insert_of_added(session, "observation", _OBSERVATION, staged)
    return int(getattr(added, "rowcount", 0))


def _all_tools(session: Session, names: Mapping[str, str]) -> dict[str, UUID]:
    held = tools(session, names.values())
    missing = {slug(names[name]): names[name] for name, found in held.items() if found is None}
    if missing:
        session.add_all(DefenceTool(slug=called, name=name, kind="other") for called, name in missing.items())
        session.flush()
        held = tools(session, names.values())
    return {name: found for name, found in held.items() if found is not None}


def _insert_of_added(session: Session, target: str, columns: Sequence[str], staged: TableClause) -> None:
    session.execute(
        text(f"""
            INSERT INTO {target} ({_listed(columns)}) SELECT {_listed(columns)} FROM {staged.name} AS one
            WHERE EXISTS (SELECT FROM security_test AS test WHERE test.id = one.test_id)""")  # noqa: S608
    )


def _listed(columns: Sequence[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _test(test_id: UUID, row: ImportRow, origin: Origin) -> tuple[object, ...]:
    """A finished test was validated elsewhere, when its evaluation ended; who approved it is not known here."""
    outcome = Outcome.of(row.prevention, row.detection) if row.prevention and row.detection else None
    values: dict[str, Any] = {
        "id": test_id,
        "title": row.title,
        "technique_id": row.technique_id,
        "claimed_technique": row.technique,
        "procedure": row.procedure,
        "procedure_key": row.procedure_key,
        "platform": row.platform,
        "environment": row.environment,
        "import_key": row.import_key,
        "state": row.state,
        "priority": row.priority,
        "created_by": origin.actor.id,
        "created_at": origin.at,
        "updated_at": origin.at,
        "prevention": row.prevention,
        "detection": row.detection,
        "outcome": outcome,
        "prevented_at": row.prevented_at,
        "logged_at": row.logged_at,
        "detected_at": row.detected_at,
        "validated_at": row.watched_until,
        **_sides(row, origin),
    }
    return tuple(values[name] for name in _TEST)


def _sides(row: ImportRow, origin: Origin) -> dict[str, Any]:
    """What the test and its round share. Of what blue has yet to evaluate, red's side is the word of who brought it."""
    return {
        "executed_at": row.executed_at,
        "attack_succeeded": row.attack_succeeded,
        "red_submitted_at": row.executed_at,
        "red_submitted_by": origin.actor.id if row.state is TestState.BLUE_EVALUATING else None,
        "contained_at": row.contained_at,
        "watched_until": row.watched_until,
        "blue_submitted_at": row.watched_until,
    }


def _round(test_id: UUID, row: ImportRow, origin: Origin) -> tuple[object, ...]:
    values: dict[str, Any] = {
        "test_id": test_id,
        "number": 1,
        "opened_at": row.executed_at or origin.at,
        "closed_at": row.watched_until,
        "result": RoundResult.VALIDATED if row.state is TestState.VALIDATED else None,
        "red_notes": row.red_notes or None,
        "blue_notes": row.blue_notes or None,
        **_sides(row, origin),
    }
    return tuple(values[name] for name in _ROUND)


def _observations(
    test_id: UUID, row: ImportRow, origin: Origin, tool_ids: Mapping[str, UUID]
) -> Iterable[tuple[object, ...]]:
    used = dict.fromkeys(tool_ids[name.casefold()] for name in row.tools)
    note = _SHARED if len(used) > 1 else None
    for tool_id in used:
        values: dict[str, Any] = {
            "test_id": test_id,
            "round": 1,
            "tool_id": tool_id,
            "prevention": row.prevention,
            "detection": row.detection,
            "prevented_at": row.prevented_at,
            "logged_at": row.logged_at,
            "detected_at": row.detected_at,
            "source": "import",
            "note": note,
            "recorded_by": origin.actor.id,
            "recorded_at": origin.at,
        }
        yield tuple(values[name] for name in _OBSERVATION)


def _told(test_id: UUID, row: ImportRow, origin: Origin) -> tuple[object, ...]:
    note = f"From {origin.file}, row {row.number}."
    if row.said:
        note += " It also says: " + "; ".join(f"{label}: {said}" for label, said in row.said.items())
    values: dict[str, Any] = {
        "test_id": test_id,
        "round": 1,
        "at": origin.at,
        "actor_id": origin.actor.id,
        "actor_name": origin.actor.name,
        "side": "lead",
        "action": "imported",
        "note": note,
        "details": {"file": origin.file, "kind": origin.kind, "row": row.number},
    }
    return tuple(values[name] for name in _TIMELINE)
