"""Writing what the made-up organisation has decided; where something real stands already, that stays."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data.demo.answers import Answers
from data.models import (
    Base,
    Countermeasure,
    CountermeasureDecision,
    CountermeasureTechnique,
    LogSource,
    TechniquePriority,
    ThreatGroup,
)
from data.repositories import claims
from data.sources.countermeasure_records import PAGE


def store(session: Session, domain: str, answers: Answers) -> None:
    """All of it in the caller's transaction, marked as the demo's."""
    said = {"author_id": answers.author.id, "author_name": answers.author.name, "is_demo": True}
    groups = [{"domain": domain, "attack_id": ident, "reason": why, **said} for ident, why in answers.groups]
    _add(session, ThreatGroup, groups)
    priorities = [
        {"domain": domain, "attack_id": ident, "priority": priority.value, "reason": why, **said}
        for ident, priority, why in answers.priorities
    ]
    _add(session, TechniquePriority, priorities)
    logs = [
        {"product": key[0], "category": key[1], "service": key[2], "collected": collected, "note": note, **said}
        for key, collected, note in answers.logs
    ]
    _add(session, LogSource, logs)
    _countermeasures(session, answers, said)


def _countermeasures(session: Session, answers: Answers, said: dict[str, Any]) -> None:
    """Those of D3FEND that are not loaded come with the demo, and leave with it."""
    real = set(session.scalars(select(Countermeasure.d3fend_id)))
    facts = [one for one in answers.countermeasures if one.d3fend_id not in real]
    rows = [
        {"d3fend_id": one.d3fend_id, "name": one.name, "tactic": one.tactic, "url": PAGE.format(name=one.ontology_name)}
        | {"content_hash": b"", "is_demo": True}
        for one in facts
    ]
    _add(session, Countermeasure, rows)
    ids = {row.d3fend_id: row.id for row in session.execute(select(Countermeasure.d3fend_id, Countermeasure.id))}
    loaded = claims.index(session)
    links = []
    for one in facts:
        for claimed in one.techniques.split():
            at = loaded.place(claimed)
            link = {"countermeasure_id": ids[one.d3fend_id], "claimed_id": claimed, "technique_id": at.key}
            links.append(link | {"resolution": at.resolution.value})
    _add(session, CountermeasureTechnique, links)
    decided = [
        {"countermeasure_id": ids[one.d3fend_id], "state": one.state, "note": one.note, **said}
        for one in answers.countermeasures
        if one.state
    ]
    _add(session, CountermeasureDecision, decided)


def _add(session: Session, model: type[Base], rows: list[dict[str, Any]]) -> None:
    """In one statement: rollups are brought up to date after each."""
    if rows:
        session.execute(insert(model).values(rows).on_conflict_do_nothing())
