"""A database for a module of tests, and syncs into it as a command does them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import text

from data import database as db
from data.queries import sources, stats
from jobs import syncs
from jobs.syncs import Outcome
from tests.conftest import new_database, url_of


@contextmanager
def own_database(postgres: str, migrated: str) -> Iterator[None]:
    with new_database(postgres, migrated) as name:
        db.configure(url_of(postgres, name))
        try:
            yield
        finally:
            db.dispose()


def sync(source: str, path: Path, version: str | None = None) -> Outcome:
    return syncs.sync_in_place(source, input={"kind": "path", "path": str(path)}, version=version)


def counted(domain: str | None = None) -> dict[str, Any]:
    with db.reading() as session:
        return stats.stats(session, domain)


def refs(outcome: Outcome, object_type: str) -> dict[str, set[str | None]]:
    """Kind of change -> references in the run's report, of one type of object."""
    found: dict[str, set[str | None]] = {}
    with db.reading() as session:
        for kind in sources.run(session, outcome.run_id).kinds:
            for item in sources.items(session, outcome.run_id, kind, limit=100_000):
                if item.object_type == object_type:
                    found.setdefault(kind, set()).add(item.ref)
    return found


def rows(statement: str, **parameters: object) -> list[tuple[Any, ...]]:
    with db.reading() as session:
        return [tuple(row) for row in session.execute(text(statement), parameters)]


def execute(statement: str, **parameters: object) -> None:
    with db.unit_of_work() as session:
        session.execute(text(statement), parameters)
