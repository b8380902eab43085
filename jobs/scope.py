"""Declaring the scope of a map: seeing beforehand what it does to every figure, and doing it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from data.database import Actor, limit, reading, unit_of_work
from data.queries import heatmap, measured, reader
from data.repositories import audit, scope
from domain.errors import Busy
from domain.roles import Permission, Role, require
from domain.scope import Asked, Changed, Decision, Who

_LOCK_MS = 4_000
_NO_LOCK = "55P03"


@dataclass(frozen=True, slots=True)
class Preview:
    """`before` and `after` are the totals of the matrix (`data.queries.heatmap.totals`)."""

    decisions: int
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def preview(actor: Actor, role: Role, domain: str, asked: Asked) -> Preview:
    """What doing it would make of the totals: it is done, measured, and undone. Raises what `decide` raises."""
    require(role, Permission.MANAGE_SCOPE)
    with _not_waiting(), reading() as session, reader.within(session):
        limit(session, lock_ms=_LOCK_MS)
        before = _totals(domain)
        changed = _decide(session, actor, domain, asked)
        return Preview(len(changed.pairs), before, _totals(domain))


def decide(actor: Actor, role: Role, domain: str, asked: Asked) -> Changed:
    """Take platforms and techniques out of scope or put them back, all for one reason.

    Raises what `Scope.decide` raises, and Busy when others hold what it needs for longer than a few seconds.
    """
    require(role, Permission.MANAGE_SCOPE)
    with _not_waiting(), unit_of_work() as session:
        limit(session, lock_ms=_LOCK_MS)
        changed = _decide(session, actor, domain, asked)
        audit.record(
            session,
            actor,
            "scope.changed",
            entity=("scope", domain),
            before={_name(old or new): _said(old) for old, new in changed.pairs},
            after={_name(old or new): _said(new) for old, new in changed.pairs},
        )
    return changed


def _decide(session: Session, actor: Actor, domain: str, asked: Asked) -> Changed:
    changed = scope.load(session, domain).decide(asked, Who(actor.name, actor.id), datetime.now(UTC))
    scope.save(session, domain, changed)
    return changed


def _totals(domain: str) -> Mapping[str, Any]:
    return heatmap.totals(measured.read(domain, as_of=measured.today()))


def _name(one: Decision | None) -> str:
    return f"{one.kind} {one.ref}" if one else ""


def _said(one: Decision | None) -> str:
    return "in scope" if one is None else f"{'in scope' if one.in_scope else 'out of scope'}: {one.reason}"


@contextmanager
def _not_waiting() -> Iterator[None]:
    try:
        yield
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) == _NO_LOCK:
            raise Busy("Somebody is changing the same just now. Nothing was changed; try again in a moment.") from error
        raise
