"""Taking snapshots: every night by itself, on request under a name, and afterwards of days nobody took one of.

The unique day in the database makes a daily snapshot happen once, however many schedulers and workers there are.
"""

import logging
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import orjson

from data import redis as redis_connection
from data.database import SYSTEM, Actor, reading, unit_of_work
from data.repositories import audit, demo, snapshots
from data.repositories.snapshots import Head
from domain.errors import NotFound
from domain.roles import Permission, Role, require
from domain.snapshots import Kind, checked_label, history_days, is_prompt, missing, weights_kept

if TYPE_CHECKING:
    from data.queries.map_columns import Measured

log = logging.getLogger(__name__)

QUEUE = "reports"
_PLANNED = "aegis:snapshots:planned:{day}"
_AGAIN_SECONDS = 600  # a day that still has none is asked for again after this long
_JOB_SECONDS = 3_600


def plan(now: datetime) -> int:
    """Queue the snapshots that the day that ended lacks; returns how many. Raises what Redis raises."""
    from rq import Queue

    day = now.astimezone(UTC).date() - timedelta(days=1)
    client = redis_connection.client()
    if not client.set(_PLANNED.format(day=day), b"1", nx=True, ex=_AGAIN_SECONDS):
        return 0
    with reading() as session:
        due = snapshots.without(session, day)
    for domain in due:
        Queue(QUEUE, connection=client).enqueue(
            "jobs.snapshots.catch_up", domain, job_timeout=_JOB_SECONDS, result_ttl=0
        )
    return len(due)


def catch_up(domain: str, now: datetime | None = None) -> int:
    """The job: a snapshot of the day that ended, and of the days before that were missed. Returns how many."""
    moment = now or datetime.now(UTC)
    with reading() as session:
        days = missing(snapshots.kept_days(session, domain), moment.date())
    done = 0
    for day in days:
        kind = Kind.DAILY if is_prompt(day, moment) else Kind.RECONSTRUCTED
        done += _take(domain, day, kind) is not None
    if done:
        log.info("%d snapshots of %s", done, domain)
    return done


def ask(actor: Actor, role: Role, domain: str, label: str = "") -> UUID:
    """Keep this moment under a name; returns the snapshot's id. Raises PermissionDenied, BadInput, NotFound."""
    require(role, Permission.TAKE_SNAPSHOT)
    made = _take(domain, datetime.now(UTC).date(), Kind.ASKED, label=checked_label(label), actor=actor)
    if made is None:  # pragma: no cover - of those asked for a day may have any number
        raise NotFound("The snapshot was not kept.")
    return made


def reconstruct(domain: str, days: Iterable[date], *, is_demo: bool | None = None) -> int:
    """Snapshots of days gone by that have none, oldest first; returns how many were made."""
    return sum(_take(domain, day, Kind.RECONSTRUCTED, is_demo=is_demo) is not None for day in sorted(days))


def look_back(domain: str, *, since: date | None = None, is_demo: bool | None = None) -> int:
    """Reconstruct ends of months and the last weeks, since the first test (or a later day); returns how many."""
    with reading() as session:
        first = snapshots.first_test(session, domain)
        kept = set(snapshots.kept_days(session, domain))
    if first is None:
        return 0
    days = history_days(max(first, since or first), datetime.now(UTC).date(), months=12 * 20 if since else 24)
    return reconstruct(domain, [day for day in days if day not in kept], is_demo=is_demo)


def _take(
    domain: str,
    day: date,
    kind: Kind,
    *,
    label: str = "",
    actor: Actor = SYSTEM,
    is_demo: bool | None = None,
) -> UUID | None:
    """None when the day has one already."""
    from data.queries import compliance, heatmap, measured, past

    read = past.reconstruct if kind is Kind.RECONSTRUCTED else measured.read_now
    found = read(domain, as_of=day)
    if not found.techniques:
        raise NotFound("Nothing is loaded that a snapshot could be taken of.")
    weights = found.scorer.weights
    controls = compliance.control_states(found, day)
    with unit_of_work() as session:
        head = Head(
            domain=domain,
            day=day,
            taken_at=datetime.now(UTC),
            kind=kind,
            label=label,
            attack_version=found.version,
            weights_version=weights.version,
            weights=weights_kept(weights),
            totals=heatmap.totals(found),
            controls=controls,
            notes=found.notes,
            author_name=actor.name,
            is_demo=demo.is_loaded(session) if is_demo is None else is_demo,
            platforms_out=sorted(found.platforms_out),
        )
        made = snapshots.add(session, head, _rows(found.techniques))
        if made is not None and kind is Kind.ASKED:
            after = {"domain": domain, "day": day.isoformat(), "label": label}
            audit.record(session, actor, "snapshot.taken", entity=("snapshot", str(made)), after=after)
        return made


def _rows(techniques: Sequence["Measured"]) -> Iterator[tuple[object, ...]]:
    """In the order of `data.repositories.snapshots.COLUMNS`."""
    for one in techniques:
        threat, inputs = one.threat, one.inputs
        yield (
            one.attack_id,
            one.name,
            one.parent,
            " ".join(one.tactics),
            "|".join(one.platforms),
            one.in_scope,
            one.review,
            *threat,
            one.relevance,
            one.status.value,
            one.stale,
            one.share,
            one.procedures,
            one.newest_on,
            one.rules,
            one.not_counted_rules,
            orjson.dumps(one.mix).decode(),
            orjson.dumps(list(one.tests)).decode(),
            inputs.tests,
            inputs.rules,
            one.rule_total,
            inputs.freshness,
            inputs.platforms,
            inputs.countermeasures,
            sum(one.points),
            "|".join(one.tested),
        )
