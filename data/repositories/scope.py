"""The declared scope of a map: loading what stands, writing what changed."""

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session, aliased

from data.models import ScopeDecision, Technique
from domain.scope import Changed, Decision, Kind, Placed, Scope, Who

_LOCK = 4715


def load(session: Session, domain: str) -> Scope:
    """The scope of a domain, for this transaction alone to change."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    above = aliased(Technique)
    techniques = session.execute(
        select(Technique.attack_id, above.attack_id.label("parent"), Technique.platforms)
        .outerjoin(above, above.id == Technique.parent_id)
        .where(Technique.domain == domain, Technique.active, Technique.attack_id.is_not(None))
    )
    decided = session.scalars(select(ScopeDecision).where(ScopeDecision.domain == domain))
    return Scope(
        {row.attack_id: Placed(row.parent, frozenset(row.platforms)) for row in techniques},
        {one.key: one for one in map(_decision, decided)},
    )


def _decision(row: ScopeDecision) -> Decision:
    by = Who(row.author_name, row.author_id)
    return Decision(Kind(row.kind), row.ref, row.in_scope, row.reason, by, row.created_at)


def save(session: Session, domain: str, changed: Changed, *, is_demo: bool = False) -> None:
    """Two statements at most: each lets the database sum everything up anew."""
    if changed.drop:
        refs = [one.ref for one in changed.drop]
        kinds = ScopeDecision.kind + ":" + ScopeDecision.ref
        session.execute(
            delete(ScopeDecision).where(
                ScopeDecision.domain == domain,
                ScopeDecision.ref.in_(refs),
                kinds.in_([f"{one.kind}:{one.ref}" for one in changed.drop]),
            )
        )
    if changed.write:
        rows = [
            {
                "domain": domain,
                "kind": one.kind,
                "ref": one.ref,
                "in_scope": one.in_scope,
                "reason": one.reason,
                "author_id": one.by.id,
                "author_name": one.by.name,
                "created_at": one.at,
                "is_demo": is_demo,
            }
            for one in changed.write
        ]
        made = insert(ScopeDecision).values(rows)
        kept = {name: made.excluded[name] for name in rows[0] if name not in ("domain", "kind", "ref")}
        session.execute(made.on_conflict_do_update(index_elements=["domain", "kind", "ref"], set_=kept))


def of_demo(session: Session, domain: str, decision: Decision) -> bool:
    """Decide as the demo organisation does; False where the map lacks it or something was decided on it."""
    scope = load(session, domain)
    known = scope.platforms if decision.kind is Kind.PLATFORM else scope.techniques
    if decision.key in scope.standing or decision.ref not in known:
        return False
    save(session, domain, Changed([(None, decision)]), is_demo=True)
    return True
