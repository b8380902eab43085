"""What waits for one person: their queue, in parts, with how many there are of each."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from data.queries import reader
from data.queries.tests_table import ROW, ROW_OF
from domain.outcomes import TestState
from domain.roles import Permission, Role, may

EACH_MAX = 50
_COUNT_MAX = 1_000

# $1 is the person. What is due comes first, then what is pressing, then what has waited longest.
_WAITING = "s.priority, s.updated_at, s.number"
_MINE_TO_DO = f"s.state = '{TestState.REJECTED}' AND $1::uuid IN (s.red_assignee, s.blue_assignee)"


@dataclass(frozen=True, slots=True)
class Part:
    """`key` names it; `total` is capped at 1,000."""

    key: str
    total: int
    rows: list[dict[str, Any]]


def queue(me: UUID, role: Role) -> list[Part]:
    """Only the parts that this role has, in the order in which they matter; empty ones too."""
    parts = _parts(role)
    if not parts:
        return []
    picked = " UNION ALL ".join(
        f"(SELECT '{key}' AS part, s.number FROM {source} WHERE {condition} ORDER BY {order} LIMIT {EACH_MAX})"
        for key, (source, condition, order) in parts.items()
    )
    counts = ", ".join(
        f"'{key}', (SELECT count(*) FROM (SELECT FROM {source} WHERE {condition} LIMIT {_COUNT_MAX}) AS found)"
        for key, (source, condition, _) in parts.items()
    )
    rows = reader.rows(
        f"""SELECT picked.part, {ROW}
FROM ({picked}) AS picked JOIN security_test AS s ON s.number = picked.number {ROW_OF}
ORDER BY s.remediation_due_on, {_WAITING}""",
        str(me),
    )
    (totals,) = reader.rows(f"SELECT json_build_object({counts})::text AS totals", str(me))
    known = orjson.loads(totals["totals"])
    return [Part(key, known[key], [row for row in rows if row["part"] == key]) for key in parts]


def _parts(role: Role) -> dict[str, tuple[str, str, str]]:
    """Key -> where from, which of them, in which order."""
    tests = "security_test AS s"
    made: dict[str, tuple[str, str, str]] = {}
    if may(role, Permission.EXECUTE_TEST):
        mine = "s.red_assignee = $1::uuid"
        made["execute"] = (tests, f"s.state = '{TestState.RED_EXECUTING}' AND {mine}", _WAITING)
        made["start"] = (tests, f"s.state = '{TestState.DRAFT}' AND {mine}", _WAITING)
    if may(role, Permission.EVALUATE_TEST):
        mine = "s.blue_assignee = $1::uuid"
        made["evaluate"] = (tests, f"s.state = '{TestState.BLUE_EVALUATING}' AND {mine}", _WAITING)
        open_ = f"s.state = '{TestState.BLUE_EVALUATING}' AND s.blue_assignee IS NULL"
        made["evaluate_open"] = (tests, open_, _WAITING)
    for side, permission in (("red", Permission.APPROVE_RED), ("blue", Permission.APPROVE_BLUE)):
        if may(role, permission):
            mine = f"s.{side}_approved_by IS NULL AND s.{side}_submitted_by IS DISTINCT FROM $1::uuid"
            made["approve"] = (tests, f"s.state = '{TestState.IN_REVIEW}' AND {mine}", _WAITING)
    if may(role, Permission.OVERRIDE_VALIDATION):
        made["override"] = (tests, f"s.state = '{TestState.IN_REVIEW}'", _WAITING)
    if may(role, Permission.EXECUTE_TEST) or may(role, Permission.EVALUATE_TEST):
        made["redo"] = (tests, _MINE_TO_DO, _WAITING)
    if may(role, Permission.REMEDIATE):
        open_gaps = "security_test AS s JOIN remediation ON remediation.test_id = s.id"
        mine = "remediation.state IN ('open', 'in_progress') AND remediation.owner_id = $1::uuid"
        made["remediate"] = (open_gaps, mine, f"remediation.due_on, {_WAITING}")
    if may(role, Permission.PLAN_TEST):
        made["drafts"] = (
            tests,
            f"s.state = '{TestState.DRAFT}' AND s.created_by = $1::uuid AND s.red_assignee IS DISTINCT FROM $1::uuid",
            _WAITING,
        )
    return made
