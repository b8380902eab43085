"""What the large organisation knows besides its tests: obligations, countermeasures, templates, what it decided,
and how it stood in the last month.
"""

from collections.abc import Callable
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

from bench import data as bench_data
from data import database
from data.database import reading, unit_of_work
from data.demo import answers
from data.demo.catalogue import Catalogue
from data.demo.organisation import Organisation
from data.queries import reader
from data.repositories import demo_answers, scope, snapshots
from jobs import snapshots as taking
from jobs import syncs

_FILES = {
    "mappings": "mappings",
    "d3fend": "d3fend/d3fend-protege.ttl.gz",
    "atomic": "atomic/atomic-red-team-master.zip",
    "caldera": "caldera/stockpile-master.zip",
}
_DAYS = 31  # with a snapshot, yesterday the last
_RULES_LOOKED_AT = 5_000  # for the kinds of log there are


def add(files: Path, today: date, say: Callable[[str], None]) -> None:
    """Sync the real files and decide as the demo organisation does; what is there already is left alone."""
    for source, name in _FILES.items():
        if (files / name).exists() and not _has(source):
            say(f"sync {source}")
            syncs.sync_in_place(source, input={"kind": "path", "path": str(files / name)})
    found = bench_data.catalogue(database.url())
    if not reader.rows("SELECT 1 FROM threat_group LIMIT 1"):
        say("own groups, priorities, scope and countermeasures in place")
        _decide(found, today)
    with reading() as session:
        kept = set(snapshots.kept_days(session, found.domain))
    days = {today - timedelta(days=n) for n in range(1, _DAYS + 1)} - kept
    say(f"snapshots of {len(days)} days")
    taking.reconstruct(found.domain, days)


def _decide(found: Catalogue, today: date) -> None:
    made = Organisation(found, today)
    with unit_of_work() as session:
        rules = list(islice(made.rules(), _RULES_LOOKED_AT))
        demo_answers.store(session, found.domain, answers.decide(found, made.staff, rules))
        scope.of_demo(session, found.domain, made.out_of_scope())


def _has(source: str) -> bool:
    return bool(reader.rows("SELECT 1 FROM sync_run WHERE source = $1 AND state = 'succeeded' LIMIT 1", source))
