"""What is due: asked every few seconds by any number of schedulers, each thing done once."""

import logging
from datetime import UTC, datetime, timedelta
from uuid import UUID

from data import sync_lock
from data.database import Actor, unit_of_work
from data.repositories import sync_runs
from data.repositories.sync_runs import Request
from domain.errors import Busy
from jobs import (
    campaigns,
    deliveries,
    evidence,
    notifications,
    outbox,
    rehearsals,
    snapshots,
    syncs,
    test_imports,
    workflow,
)

log = logging.getLogger(__name__)

# A run that says it is running gets this long to be seen holding its source's lock.
_SILENT = timedelta(seconds=10)
# A queued run without a job is looked at again after this long.
_FORGOTTEN = timedelta(seconds=20)
_SCHEDULER = Actor(name="Schedule")


def tick(now: datetime | None = None) -> int:
    """Do what is due; returns how many things were. Raises what the database or Redis raise."""
    moment = now or datetime.now(UTC)
    done = _end_interrupted_runs(moment)
    promised = _promise_due_runs(moment)
    waiting = _forgotten_runs(moment)
    for run_id in [*promised, *waiting]:
        syncs.enqueue(run_id)
    done += campaigns.spawn_due(moment) + workflow.relay(moment) + outbox.deliver()
    evidence.plan_sweep()
    test_imports.plan_sweep()
    done += deliveries.digests(moment) + deliveries.hand_out(moment)
    notifications.daily(moment)
    done += snapshots.plan(moment) + rehearsals.relay(moment)
    return done + len(promised) + len(waiting)


def _end_interrupted_runs(now: datetime) -> int:
    """Runs whose worker was killed: nobody holds the lock that they would hold."""
    with unit_of_work() as session:
        silent = sync_runs.running(session, now - _SILENT)
    ended = 0
    for run in silent:
        with sync_lock.held(run.source) as free:
            if free:
                syncs.end_interrupted(run)
                ended += 1
    return ended


def _promise_due_runs(now: datetime) -> list[UUID]:
    """A run for every source whose time has come. Next time and promise are one transaction."""
    promised = []
    with unit_of_work() as session:
        for slug in sync_runs.take_due(session, now):
            try:
                promised.append(
                    sync_runs.create(session, Request(slug, {"kind": "upstream"}, None, "schedule"), _SCHEDULER)
                )
            except Busy:
                log.info("The sync of %s is due, and one is under way already", slug)
    return promised


def _forgotten_runs(now: datetime) -> list[UUID]:
    """Queued runs whose job was not made or was lost, because Redis was away."""
    with unit_of_work() as session:
        return sync_runs.forgotten(session, now, wait=_FORGOTTEN)
