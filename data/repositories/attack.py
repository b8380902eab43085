"""Adopting an ATT&CK bundle: everything in the caller's transaction, in a fixed number of statements."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import literal, select, text
from sqlalchemy.orm import Session

from data.bulk import among
from data.models import AttackRelease
from data.repositories import attack_derive, claims, frameworks
from data.repositories.attack_tables import OBJECT, RELATIONSHIP, TABLES, TECHNIQUE, Table, write
from data.repositories.sync_runs import Item
from data.sources.attack_records import AttackBundle
from domain.attack_ids import DOMAINS
from domain.sync import Change, Plan, State, asks_for_review, changed_fields, plan

# Analytics are numbered, not named, and come by the thousand: they are counted, and listed with their strategy.
_NOT_LISTED = frozenset({"analytic"})
_FIELD_WORDS = {"is_subtechnique": "sub-technique", "attack_id": "ATT&CK id"}


@dataclass(slots=True)
class Adopted:
    """What adopting a bundle did. `counts` is what the run keeps; `items` its lines."""

    changed: bool
    counts: dict[str, Any]
    items: list[Item] = field(default_factory=list)


@dataclass(slots=True)
class _Comparison:
    """One table's plan, with the fields that differ for objects active before and after."""

    table: Table
    plan: Plan
    records: Mapping[str, Any]
    known: Mapping[str, State]
    fields: dict[str, tuple[str, ...]] = field(default_factory=dict)
    old: dict[str, Mapping[str, Any]] = field(default_factory=dict)


def adopted_releases(session: Session) -> list[AttackRelease]:
    """The adopted release of every loaded domain: Enterprise, Mobile, ICS."""
    found = session.scalars(select(AttackRelease).where(AttackRelease.state == "adopted")).all()
    return sorted(found, key=lambda release: DOMAINS.index(release.domain))


def adopted_release(session: Session, domain: str) -> AttackRelease | None:
    found = select(AttackRelease).where(AttackRelease.domain == domain, AttackRelease.state == "adopted")
    return session.scalars(found).one_or_none()


def adopt(
    session: Session,
    bundle: AttackBundle,
    *,
    run_id: UUID,
    sha256: str,
    origin: str,
    now: datetime,
    say: Callable[[str], None],
) -> Adopted:
    """Make `bundle` the map of its domain. Nothing is written when nothing differs."""
    claims.lock(session)
    say("Comparing")
    before = adopted_release(session, bundle.domain)
    # Against or after shortened texts only what is not text can be compared.
    texts = not bundle.shortened and not (before is not None and before.shortened)
    compared = [_compare(session, table, bundle, texts=texts) for table in TABLES]
    counts: dict[str, Any] = {
        "domain": bundle.domain,
        "from_version": before.version if before else None,
        "version": bundle.version,
        "shortened": bundle.shortened,
        "texts_compared": texts,
        "rejected": len(bundle.rejected),
    }
    same = before is not None and (before.version, before.shortened) == (bundle.version, bundle.shortened)
    if same and all(one.plan.empty for one in compared):
        return Adopted(changed=False, counts=counts)
    say("Writing")
    for one in compared:
        write(session, one.table, bundle.domain, records=_rows(one), vanish=one.plan.vanish, now=now)
    attack_derive.derive(session, bundle.domain)
    review = _flag_for_review(session, compared[1], bundle.domain, now) if before is not None and texts else 0
    _supersede(session, bundle, run_id, sha256, origin)
    say("Placing")
    moved = claims.place_again(session, f"ATT&CK {bundle.version}")
    frameworks.take_in_mitigations(session, bundle.domain, bundle.version, now=now)
    counts |= {
        "objects": _object_counts(compared, texts=texts),
        "review": review,
        "claims_moved": moved.claims,
        "tests_moved": moved.tests,
        "templates_moved": moved.templates,
        "mappings_moved": moved.mappings,
        "countermeasures_moved": moved.countermeasures,
    }
    items = [] if before is None else _items(session, compared, bundle.domain, texts=texts)
    return Adopted(changed=True, counts=counts, items=items)


def _compare(session: Session, table: Table, bundle: AttackBundle, *, texts: bool) -> _Comparison:
    records = {record.stix_id: record for record in table.records(bundle)}
    incoming = {
        key: State(record.content_hash, getattr(record, "name", ""), record.revoked, record.deprecated)
        for key, record in records.items()
    }
    model = table.model
    name = model.name if table is not RELATIONSHIP else literal("")
    rows = session.execute(
        select(
            model.stix_id, model.content_hash, name, model.revoked, model.deprecated, model.vanished_at.is_not(None)
        ).where(model.domain == bundle.domain)
    )
    known = {row[0]: State(bytes(row[1]), row[2], row[3], row[4], row[5]) for row in rows}
    made = _Comparison(table, plan(known, incoming), records, known)
    if made.plan.compare and table is not RELATIONSHIP:
        made.old = _old_values(session, table, bundle.domain, sorted(made.plan.compare))
        fields = table.compared if texts else table.compared_without_texts
        for key, old in made.old.items():
            record = records[key]
            new = {name: getattr(record, name) for name in table.compared}
            made.fields[key] = changed_fields(old, new, fields)
    return made


def _old_values(session: Session, table: Table, domain: str, keys: Sequence[str]) -> dict[str, Mapping[str, Any]]:
    model = table.model
    columns = [getattr(model, name) for name in ("stix_id", "name", *table.compared)]
    rows = session.execute(select(*columns).where(model.domain == domain, among(model.stix_id, keys)))
    return {row.stix_id: dict(row._mapping) for row in rows}


def _rows(one: _Comparison) -> list[Any]:
    return [one.records[key] for key in sorted(one.plan.write)]


def _flag_for_review(session: Session, techniques: _Comparison, domain: str, now: datetime) -> int:
    """Mark active techniques whose content changed, or that came back to life; returns how many."""
    keys = [event.key for event in techniques.plan.events if event.change is Change.REACTIVATED]
    for key, old in techniques.old.items():
        record = techniques.records[key]
        if asks_for_review(old, {name: getattr(record, name) for name in ("name", *TECHNIQUE.compared)}):
            keys.append(key)
    if keys:
        session.execute(
            text(
                "UPDATE technique SET review_since = coalesce(review_since, :now)"
                " WHERE domain = :domain AND stix_id = ANY(:keys)"
            ),
            {"domain": domain, "keys": keys, "now": now},
        )
    return len(keys)


def _supersede(session: Session, bundle: AttackBundle, run_id: UUID, sha256: str, origin: str) -> None:
    session.execute(
        text("UPDATE attack_release SET state = 'superseded' WHERE domain = :domain AND state = 'adopted'"),
        {"domain": bundle.domain},
    )
    session.add(
        AttackRelease(
            domain=bundle.domain,
            version=bundle.version,
            origin=origin,
            bundle_sha256=sha256,
            shortened=bundle.shortened,
            sync_run_id=run_id,
        )
    )
    session.flush()


def _changed(one: _Comparison, *, texts: bool) -> set[str]:
    """Objects of which something people read changed; relationships by their content as a whole."""
    if one.table is RELATIONSHIP:
        return set(one.plan.compare) if texts else set()
    return {key for key, fields in one.fields.items() if fields}


def _counts(one: _Comparison, keys: set[str], *, texts: bool) -> dict[str, int]:
    """How many of each change among `keys`, leaving out the zeros."""
    among = [event for event in one.plan.events if event.key in keys]
    counted = {change.value: number for change, number in Counter(event.change for event in among).items()}
    counted["changed"] = len(_changed(one, texts=texts) & keys)
    added = [one.records[event.key] for event in among if event.change is Change.ADDED]
    counted["added_retired"] = sum(record.revoked or record.deprecated for record in added)
    return {name: number for name, number in counted.items() if number}


def _object_counts(compared: Sequence[_Comparison], *, texts: bool) -> dict[str, dict[str, int]]:
    """The counts by kind: tactic, technique, group, software, ..., relationship; kinds without any are left out."""
    counted: dict[str, dict[str, int]] = {}
    for one in compared:
        by_kind: dict[str, set[str]] = {}
        for key in {event.key for event in one.plan.events} | one.plan.compare:
            by_kind.setdefault(_kind(one, key), set()).add(key)
        counted |= {kind: _counts(one, keys, texts=texts) for kind, keys in sorted(by_kind.items())}
    return {kind: counts for kind, counts in counted.items() if counts}


def _kind(one: _Comparison, key: str) -> str:
    if one.table is not OBJECT:
        return one.table.label
    record = one.records.get(key)
    return record.kind if record is not None else OBJECT.kind_of(key)


def _items(session: Session, compared: Sequence[_Comparison], domain: str, *, texts: bool) -> list[Item]:
    """What a person reads about: one line for each object and change, most telling first."""
    successors = attack_derive.successors(session, domain)
    items: list[Item] = []
    for one in compared:
        if one.table is RELATIONSHIP:
            continue
        vanished = _old_names(session, one, domain)
        for event in one.plan.events:
            kind = _kind(one, event.key)
            if kind in _NOT_LISTED:
                continue
            record = one.records.get(event.key)
            ref, name = (record.attack_id, record.name) if record is not None else vanished[event.key]
            detail = _detail(one, event.key, event.change, successors)
            items.append(Item(event.change.value, kind, ref, name, detail))
        items.extend(
            Item(
                Change.CHANGED.value,
                _kind(one, key),
                one.records[key].attack_id,
                one.records[key].name,
                ", ".join(_FIELD_WORDS.get(name, name) for name in one.fields[key]),
            )
            for key in sorted(_changed(one, texts=texts))
            if _kind(one, key) not in _NOT_LISTED
        )
    return items


def _old_names(session: Session, one: _Comparison, domain: str) -> dict[str, tuple[str | None, str]]:
    if not one.plan.vanish:
        return {}
    model = one.table.model
    rows = session.execute(
        select(model.stix_id, model.attack_id, model.name).where(
            model.domain == domain, among(model.stix_id, one.plan.vanish)
        )
    )
    return {row.stix_id: (row.attack_id, row.name) for row in rows}


def _detail(one: _Comparison, key: str, change: Change, successors: Mapping[str, str]) -> str | None:
    old, record = one.known.get(key), one.records.get(key)
    if change is Change.RENAMED and old is not None:
        return f"was: {old.name}"
    if change is Change.REVOKED and key in successors:
        return f"now: {successors[key]}"
    if change is Change.ADDED and record is not None and (record.revoked or record.deprecated):
        return "already revoked" if record.revoked else "already deprecated"
    if change is Change.REACTIVATED and old is not None:
        was = "revoked" if old.revoked else "deprecated" if old.deprecated else "gone"
        return f"was {was}"
    return None
