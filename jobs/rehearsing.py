"""What adopting an ATT&CK bundle would do: it is adopted in a transaction, measured in it, and undone.

The ordinary adoption does the work, so that the report is what adopting will do, not a guess at it. Others read on as
ever; what they change waits only from when content is placed anew to the end, and nobody waits longer than a few
seconds: then the rehearsal gives up.
"""

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from data.database import limit, reading
from data.queries import compliance, heatmap, measured, reader
from data.queries.measured import Map
from data.repositories import attack, attack_comparing
from data.repositories.attack import Adopted
from data.sources.attack_records import AttackBundle
from domain.errors import Busy
from domain.rehearsal import Turns, turns

_SCORES_MAX = 200  # techniques whose score changes most
_SHOWN = 0.05  # points: less does not show at one decimal
_LOCK_MS = 5_000
_STATEMENT_MS = 300_000
_GIVEN_UP = ("40P01", "55P03")  # SQLSTATE: a deadlock, a lock not granted in time


def rehearse(bundle: AttackBundle, rehearsal_id: UUID, origin: str, say: Callable[[str], None]) -> dict[str, Any]:
    """The report, as it is kept (see docs/rehearsal.md). Nothing of it is committed. Raises Busy."""
    try:
        with reading() as session, reader.within(session):
            limit(session, statement_ms=_STATEMENT_MS, lock_ms=_LOCK_MS, jit=False)
            return _rehearse(session, bundle, partial(_adopt, session, bundle, rehearsal_id, origin, say), say)
    except OperationalError as error:
        if getattr(error.orig, "sqlstate", None) in _GIVEN_UP:
            raise Busy("Others are changing the same now. Nothing was changed; rehearse it again later.") from error
        raise


def _adopt(session: Session, bundle: AttackBundle, run_id: UUID, origin: str, say: Callable[[str], None]) -> Adopted:
    return attack.adopt(session, bundle, run_id=run_id, sha256="", origin=origin, now=datetime.now(UTC), say=say)


def _rehearse(
    session: Session, bundle: AttackBundle, adopt: Callable[[], Adopted], say: Callable[[str], None]
) -> dict[str, Any]:
    base = attack.adopted_release(session, bundle.domain)
    base_id = str(base.id) if base else None
    say("Measuring the loaded map")
    maps, content = attack_comparing.techniques(session), attack_comparing.held(session)
    before = _measure(bundle.domain)
    begun = time.monotonic()
    done = adopt()
    say("Measuring the new map")
    after = _measure(bundle.domain)
    changed = attack_comparing.techniques(session)
    moves = attack_comparing.moved(session, content, maps, changed)
    numbers = attack_comparing.numbers(session, moves)
    session.rollback()  # from here on nobody waits
    seconds = time.monotonic() - begun
    old, new = maps.get(bundle.domain, {}), changed.get(bundle.domain, {})
    report = {
        "base": base_id,
        "changes": done.changed,
        **_said(done, bundle),
        "added": sum(one.active and not (key in old and old[key].active) for key, one in new.items()),
        "retired": sum(one.active and not (key in new and new[key].active) for key, one in old.items()),
        "turns": _turns(turns(old, new)),
        "moves": [[one.content, one.claimed, one.before, one.after, one.number] for one in moves],
        "numbers": numbers,
        **_compared(before, after),
        "seconds": round(seconds, 2),
    }
    plain: dict[str, Any] = orjson.loads(orjson.dumps(report, option=orjson.OPT_NON_STR_KEYS))
    return plain


def _said(done: Adopted, bundle: AttackBundle) -> Mapping[str, Any]:
    """What the ordinary adoption reports."""
    return {
        "domain": bundle.domain,
        "version": bundle.version,
        "shortened": bundle.shortened,
        "from_version": done.counts["from_version"],
        "texts_compared": done.counts["texts_compared"],
        "rejected": done.counts["rejected"],
        "review": done.counts.get("review", 0),
        "objects": done.counts.get("objects", {}),
        "items": [[one.kind, one.object_type, one.ref, one.name, one.detail] for one in done.items],
    }


def _turns(found: Turns) -> Mapping[str, Any]:
    kinds = asdict(found)
    return {
        kind: [[one["attack_id"], one["name"], one["before"], one["after"]] for one in ones]
        for kind, ones in kinds.items()
    }


def _measure(domain: str) -> tuple[Map, Mapping[str, Mapping[str, str]]]:
    found = measured.read_now(domain, as_of=measured.today())
    return found, compliance.control_states(found)


def _compared(
    before: tuple[Map, Mapping[str, Mapping[str, str]]], after: tuple[Map, Mapping[str, Mapping[str, str]]]
) -> Mapping[str, Any]:
    (old_map, old_states), (new_map, new_states) = before, after
    names = sorted({*old_states, *new_states})
    return {
        "before": heatmap.totals(old_map),
        "after": heatmap.totals(new_map),
        "scores": _scores(old_map, new_map),
        "controls": [
            [name, code, old_states.get(name, {}).get(code), new_states.get(name, {}).get(code)]
            for name in names
            for code in {**old_states.get(name, {}), **new_states.get(name, {})}
            if old_states.get(name, {}).get(code) != new_states.get(name, {}).get(code)
        ],
        "frameworks": {
            name: [Counter(old_states.get(name, {}).values()), Counter(new_states.get(name, {}).values())]
            for name in names
        },
    }


def _scores(before: Map, after: Map) -> list[list[Any]]:
    """Techniques in scope whose score differs: id, name, points before and after (None: not there)."""
    old, new = ({one.attack_id: sum(one.points) for one in each.techniques if one.in_scope} for each in (before, after))
    names = {one.attack_id: one.name for each in (before, after) for one in each.techniques}
    found: list[list[Any]] = []
    for key in {**old, **new}:
        was, now = old.get(key), new.get(key)
        if was is None or now is None or abs(was - now) >= _SHOWN:
            found.append([key, names[key], was and round(was, 1), now and round(now, 1)])
    found.sort(key=lambda row: (-abs((row[3] or 0.0) - (row[2] or 0.0)), row[0]))
    return found[:_SCORES_MAX]
