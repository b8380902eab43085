"""What was promised and kept in the database before it became a job: what of it waits, runs or failed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from data.queries import reader
from data.queries.reader import Prepared

SHOWN = 200
COUNT_MAX = 10_000

# States are written out, so that the partial index of each is used. A source's failed run counts while it is the last.
_PROMISED = Prepared(f"""
(SELECT 'action' AS kind, action.id::text AS id, 'failed' AS state, action.kind AS name, action.actor_name AS by,
   action.accepted_at AS at, action.attempts, coalesce(action.detail, '') AS reason, test.number
 FROM (SELECT * FROM workflow_action WHERE state = 'failed' ORDER BY finished_at DESC LIMIT {SHOWN}) AS action
 LEFT JOIN security_test AS test ON test.id = action.test_id)
UNION ALL
(SELECT 'action', action.id::text, 'queued', action.kind, action.actor_name, action.accepted_at, action.attempts,
   coalesce(action.detail, ''), test.number
 FROM (SELECT * FROM workflow_action WHERE state = 'queued' ORDER BY available_at LIMIT {SHOWN}) AS action
 LEFT JOIN security_test AS test ON test.id = action.test_id)
UNION ALL
(SELECT 'event', id::text, 'failed', topic, '', created_at, attempts, coalesce(last_error, ''), NULL
 FROM outbox_event WHERE failed_at IS NOT NULL ORDER BY failed_at DESC LIMIT {SHOWN})
UNION ALL
(SELECT 'sync', id::text, state, source, requested_by_name, coalesce(started_at, queued_at), 0, coalesce(phase, ''),
   NULL
 FROM sync_run WHERE state IN ('queued', 'running'))
UNION ALL
(SELECT 'sync', id::text, 'failed', source, requested_by_name, coalesce(finished_at, queued_at), 1,
   coalesce(error, ''), NULL
 FROM (SELECT DISTINCT ON (source) * FROM sync_run WHERE state NOT IN ('queued', 'running')
   ORDER BY source, queued_at DESC) AS last
 WHERE state IN ('failed', 'interrupted'))
""")
_COUNTS = Prepared(
    "SELECT "
    + ", ".join(
        f"(SELECT count(*) FROM (SELECT FROM {some} LIMIT {COUNT_MAX}) AS found) AS {name}"
        for name, some in {
            "actions_waiting": "workflow_action WHERE state = 'queued'",
            "actions_failed": "workflow_action WHERE state = 'failed'",
            "events_failed": "outbox_event WHERE failed_at IS NOT NULL",
            "events_waiting": "outbox_event WHERE delivered_at IS NULL AND failed_at IS NULL",
        }.items()
    )
)


@dataclass(frozen=True, slots=True)
class Promise:
    """`kind`: action (on a test), sync or event (something still to be told); `name`: its action, source or topic.

    `state`: queued, running or failed; `number` that of the test, where there is one; of a running sync `reason`
    is what it is doing.
    """

    kind: str
    id: UUID
    state: str
    name: str
    by: str
    at: datetime
    attempts: int
    reason: str
    number: int | None


@dataclass(frozen=True, slots=True)
class Counts:
    """Each is counted up to `COUNT_MAX`."""

    actions_waiting: int
    actions_failed: int
    events_failed: int
    events_waiting: int


def promised() -> list[Promise]:
    """Up to `SHOWN` of each kind and state."""
    return [Promise(**row | {"id": UUID(row["id"])}) for row in reader.rows(_PROMISED)]


def counts() -> Counts:
    return Counts(**reader.rows(_COUNTS)[0])
