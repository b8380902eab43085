"""A domain as it stood at the end of a day gone by (UTC).

A snapshot of that day is read as it is. Without one the tests are put back to where they stood: a test counts with the
round that was under way or validated then, so that one reopened since still shows what it showed. What is not dated
(rules, scope, countermeasures, threats, weights, the map itself) is taken from the nearest snapshot before the day, or
as it is now where none is older; the notes of the map say which.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Any

import orjson
import polars as pl

from data import cache as answers
from data.queries import map_context, measured, reader
from data.queries.map_columns import MIX, RESULTS, Columns, Reading, Tests
from data.queries.measured import Map, Tactic
from data.queries.reader import Prepared
from domain.attack_ids import KNOWN_SUCCESSORS
from domain.relevance import Priority
from domain.score import Scorer
from domain.snapshots import end_of, weights_of

# A day that is kept stays as it is, whatever is tested since; its techniques are looked up on the map.
KEPT_TOPICS = ("snapshots", "techniques")

# $2 are the platforms out of scope, $3 those asked for. Every test of the domain as it stood before the moment $4:
# whether it was validated, closed otherwise, executed; what was seen. Tests of one round stand in their row; of the
# others the round counts that was the latest then, and what its observations said, the best over the tools, as when it
# was submitted.
_KNOWN = """(CASE WHEN t.import_key IS NULL THEN t.created_at
            ELSE least(t.created_at, t.executed_at, t.validated_at) END) < $4"""
_STOOD = f"""
  SELECT t.id, t.technique_id, t.platform, t.procedure_key,
    t.state = 'validated' AND t.validated_at < $4 AS validated,
    t.state IN ('rejected', 'cancelled') AND coalesce(
      (SELECT r.closed_at FROM test_round AS r WHERE r.test_id = t.id AND r.number = t.round), t.updated_at) < $4
      AS closed,
    t.executed_at IS NOT NULL AND coalesce(t.red_submitted_at, t.executed_at) < $4 AS executed,
    t.not_applicable, t.prevention, t.detection, t.executed_at, t.validated_at
  FROM security_test AS t JOIN technique ON technique.id = t.technique_id AND technique.domain = $1
  WHERE t.round = 1 AND {_KNOWN}
  UNION ALL
  SELECT t.id, t.technique_id, t.platform, t.procedure_key,
    CASE WHEN before.number IS NULL THEN t.state = 'validated' AND t.validated_at < $4
      ELSE before.result = 'validated' AND before.closed_at < $4 END,
    CASE WHEN before.number IS NULL THEN t.state IN ('rejected', 'cancelled')
        AND coalesce(latest.closed_at, t.updated_at) < $4
      ELSE before.result IN ('rejected', 'cancelled') AND before.closed_at < $4 END,
    CASE WHEN before.number IS NULL
      THEN t.executed_at IS NOT NULL AND coalesce(t.red_submitted_at, t.executed_at) < $4
      ELSE before.executed_at IS NOT NULL AND coalesce(before.red_submitted_at, before.executed_at) < $4 END,
    CASE WHEN before.number IS NULL THEN t.not_applicable ELSE seen.prevention IS NULL END,
    CASE WHEN before.number IS NULL THEN t.prevention ELSE seen.prevention END,
    CASE WHEN before.number IS NULL THEN t.detection ELSE seen.detection END,
    CASE WHEN before.number IS NULL THEN t.executed_at ELSE before.executed_at END,
    CASE WHEN before.number IS NULL THEN t.validated_at ELSE before.closed_at END
  FROM security_test AS t JOIN technique ON technique.id = t.technique_id AND technique.domain = $1
  LEFT JOIN test_round AS latest ON latest.test_id = t.id AND latest.number = t.round
  LEFT JOIN LATERAL (
    SELECT r.number, r.result, r.executed_at, r.red_submitted_at, r.closed_at FROM test_round AS r
    WHERE r.test_id = t.id AND r.number < t.round AND r.opened_at < $4 AND latest.opened_at >= $4
    ORDER BY r.number DESC LIMIT 1) AS before ON true
  LEFT JOIN LATERAL (
    SELECT
      CASE WHEN bool_or(o.prevention = 'full') THEN 'full' WHEN bool_or(o.prevention = 'partial') THEN 'partial'
        WHEN count(*) > 0 THEN 'none' END AS prevention,
      CASE WHEN bool_or(o.detection = 'alerted') THEN 'alerted' WHEN bool_or(o.detection = 'logged') THEN 'logged'
        WHEN count(*) > 0 THEN 'missed' END AS detection
    FROM observation AS o WHERE o.test_id = t.id AND o.round = before.number) AS seen ON before.number IS NOT NULL
  WHERE t.round > 1 AND {_KNOWN}
"""
_SEEN = "validated AND NOT not_applicable"
_SUMS = {
    "planned": "count(*)",
    "unfinished": "count(*) FILTER (WHERE NOT validated AND NOT closed)",
    "executed": f"greatest(count(*) FILTER (WHERE executed), count(*) FILTER (WHERE {_SEEN}))",
    "evaluated": f"count(*) FILTER (WHERE {_SEEN})",
    "validated": "count(*) FILTER (WHERE validated)",
    "not_applicable": "count(*) FILTER (WHERE validated AND not_applicable)",
    "prevented": f"count(*) FILTER (WHERE {_SEEN} AND prevention = 'full')",
    "partly_prevented": f"count(*) FILTER (WHERE {_SEEN} AND prevention = 'partial')",
    "not_prevented": f"count(*) FILTER (WHERE {_SEEN} AND prevention = 'none')",
    "alerted": f"count(*) FILTER (WHERE {_SEEN} AND detection = 'alerted')",
    "logged": f"count(*) FILTER (WHERE {_SEEN} AND detection = 'logged')",
    "missed": f"count(*) FILTER (WHERE {_SEEN} AND detection = 'missed')",
}
_FRACTIONS = ", ".join(
    f"count(*) FILTER (WHERE prevention = '{p}' AND detection = '{d}')::double precision / count(*) AS {name}"
    for (p, d), name in zip(RESULTS, MIX, strict=True)
)
_MEANS = ", ".join(f"avg({name}) AS {name}" for name in MIX)
# As `technique_evidence` has it: within a procedure the mean over platforms, then the mean over procedures.
_CELLS = f"""(
  WITH stood AS MATERIALIZED (
    SELECT * FROM ({_STOOD}) AS every
    WHERE platform <> ALL ({reader.split("$2")}) AND ($3 = '' OR platform = ANY ({reader.split("$3")}))
  ), latest AS (
    SELECT DISTINCT ON (technique_id, procedure_key, platform) technique_id, procedure_key, platform,
      prevention, detection, coalesce(executed_at, validated_at) AS at
    FROM stood WHERE {_SEEN}
    ORDER BY technique_id, procedure_key, platform, validated_at DESC, id DESC
  ), ran AS (
    SELECT technique_id, string_agg(DISTINCT platform, chr(31)) AS tested FROM latest GROUP BY 1
  ), evidence AS (
    SELECT technique_id, count(*)::integer AS procedures, {_MEANS}, max(at)::date AS newest_on
    FROM (SELECT technique_id, {_FRACTIONS}, max(at) AS at FROM latest GROUP BY technique_id, procedure_key) AS of_it
    GROUP BY 1
  )
  SELECT summed.*, evidence.procedures, {", ".join(f"evidence.{name}" for name in MIX)}, evidence.newest_on, ran.tested
  FROM (SELECT technique_id, {", ".join(f"({sql})::integer AS {name}" for name, sql in _SUMS.items())}
        FROM stood GROUP BY 1) AS summed
  LEFT JOIN evidence USING (technique_id) LEFT JOIN ran USING (technique_id)
)"""
_TESTS = f"""
SELECT cell.technique_id::text AS key, technique.attack_id, {{columns}}
FROM {_CELLS} AS cell
JOIN technique ON technique.id = cell.technique_id AND technique.attack_id IS NOT NULL
ORDER BY technique.active
""".format(columns=", ".join(f"cell.{name}" for name in (*Tests._fields, "procedures", *MIX, "newest_on", "tested")))
_IMPORTED = """
SELECT count(*) AS n FROM security_test AS t JOIN technique ON technique.id = t.technique_id AND technique.domain = $1
WHERE t.import_key IS NOT NULL AND t.created_at >= $2 AND least(t.executed_at, t.validated_at) < $2
"""

_HEADS = """
SELECT id::text AS id, day, kind, label, attack_version, weights::text AS weights, notes::text AS notes,
  (totals -> 'tactics')::text AS tactics, array_to_string(platforms_out, chr(31)) AS platforms_out
FROM snapshot WHERE {which} ORDER BY {order} LIMIT 1
"""
_OF_DAY = Prepared(_HEADS.format(which="domain = $1 AND day = $2 AND kind IN ('daily', 'reconstructed')", order="day"))
_DAYS = "SELECT DISTINCT day FROM snapshot WHERE domain = $1 AND kind IN ('daily', 'reconstructed')"
_BEFORE = _HEADS.format(
    which="domain = $1 AND day <= $2 AND kind IN ('daily', 'asked')",
    order="day DESC, kind = 'daily' DESC, taken_at DESC",
)
_BY_ID = _HEADS.format(which="domain = $1 AND id = $2::uuid", order="day")
_ROWS = Prepared(
    """
SELECT coalesce(technique.id::text, kept.attack_id) AS key, kept.attack_id, kept.name, kept.parent,
  replace(kept.tactics, ' ', chr(31)) AS tactics, replace(kept.platforms, '|', chr(31)) AS platforms, kept.in_scope,
  kept.review, kept.groups, kept.own_groups, kept.exploited, kept.priority,
  replace(kept.tested, '|', chr(31)) AS tested, kept.rules,
  kept.rule_total AS rule_value, kept.not_counted_rules, kept.countermeasures_value AS in_place,
  kept.procedures, {tests}, {mix}, kept.newest_on
FROM snapshot_technique AS kept
LEFT JOIN (SELECT DISTINCT ON (attack_id) attack_id, id FROM technique WHERE domain = $2
           ORDER BY attack_id, active DESC) AS technique USING (attack_id)
WHERE kept.snapshot_id = $1::uuid ORDER BY kept.attack_id
""".format(
        tests=", ".join(f"(kept.tests ->> {place})::integer AS {name}" for place, name in enumerate(Tests._fields)),
        mix=", ".join(f"(kept.mix ->> {place})::double precision AS {name}" for place, name in enumerate(MIX)),
    )
)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A snapshot: its head, and a row a technique with the columns of a map."""

    head: dict[str, Any]
    rows: pl.DataFrame

    @property
    def day(self) -> date:
        day: date = self.head["day"]
        return day

    @property
    def platforms_out(self) -> frozenset[str]:
        return frozenset(self.head["platforms_out"].split("\x1f")) - {""}


def read(domain: str, *, as_of: date, platforms: Sequence[str] = (), family_of: str = "") -> Map:
    """The map at the end of a day gone by; the arguments of `measured.read`."""
    params = {"domain": domain, "day": as_of}
    stored = None if platforms else answers.held("map of a day", params, KEPT_TOPICS, lambda: _of_day(domain, as_of))
    found = stored or reconstruct(domain, as_of=as_of, platforms=platforms)
    return replace(found, columns=found.columns.kin_of(family_of)) if family_of else found


def is_kept(domain: str, day: date) -> bool:
    """Whether a snapshot of its own tells of that day."""
    days: Set[str] = answers.answer(
        "kept days",
        {"domain": domain},
        ("snapshots",),
        lambda: [row["day"] for row in reader.rows(_DAYS, domain)],
        read=frozenset,
    )
    return day.isoformat() in days


def _of_day(domain: str, day: date) -> Map | None:
    kept = _kept(_OF_DAY, domain, day)
    return _stored(domain, kept, day) if kept else None


def read_snapshot(domain: str, snapshot_id: str) -> Map | None:
    """One snapshot as it was taken, whatever its kind; None when there is none of that name."""
    kept = _kept(_BY_ID, domain, snapshot_id)
    return _stored(domain, kept, kept.day) if kept else None


def reconstruct(domain: str, *, as_of: date, platforms: Sequence[str] = ()) -> Map:
    """The map at the end of that day from the tests themselves, even where a snapshot of the day is kept."""
    kept = _kept(_BEFORE, domain, as_of)
    notes = [_context_note(as_of, kept), *_import_notes(domain, as_of)]
    if kept is None:
        context = map_context.read(domain)
        tests = _tests(domain, context.head["platforms_out"] or (), platforms, as_of)
        return measured.map_of(context, tests.drop("attack_id"), as_of, platforms, notes)
    tests = _tests(domain, kept.platforms_out, platforms, as_of)
    tests = tests.drop("key").unique("attack_id", keep="last")  # the technique may be another by now, of the same id
    rows = kept.rows.drop(*Tests._fields, *MIX, "procedures", "newest_on", "tested")
    rows = measured.with_tests(rows, tests, on="attack_id")
    return _map(domain, replace(kept, rows=rows), as_of, notes, platforms)


def _tests(domain: str, out: Iterable[str], platforms: Sequence[str], as_of: date) -> pl.DataFrame:
    return reader.frame(_TESTS, domain, reader.joined(out), reader.joined(platforms), end_of(as_of))


def _kept(statement: str, domain: str, what: date | str) -> _Kept | None:
    heads = reader.rows(statement, domain, what)
    if not heads:
        return None
    return _Kept(heads[0], reader.frame(_ROWS, heads[0]["id"], domain))


def _stored(domain: str, kept: _Kept, day: date) -> Map:
    return _map(domain, kept, day, orjson.loads(kept.head["notes"]))


def _map(domain: str, kept: _Kept, as_of: date, notes: Sequence[str], platforms: Sequence[str] = ()) -> Map:
    """A snapshot read by the same rules as the present state."""
    head = kept.head
    names = ("key", "attack_id", "parent", "in_scope", "own_groups", "priority", "not_counted_rules")
    keys, ids, parents, decided, own_groups, priorities, not_counted = (kept.rows[name].to_list() for name in names)
    reading = Reading(
        scorer=Scorer(weights_of(orjson.loads(head["weights"]))),
        as_of=as_of,
        platforms_out=kept.platforms_out,
        decided=dict(zip(ids, decided, strict=True)),
        not_placed={
            KNOWN_SUCCESSORS[one]: n for one, n in zip(ids, not_counted, strict=True) if n and one in KNOWN_SUCCESSORS
        },
        own_groups={key: n for key, n in zip(keys, own_groups, strict=True) if n},
        priorities={one: Priority(word) for one, word in zip(ids, priorities, strict=True) if word},
        wanted=frozenset(platforms),
    )
    applicable = pl.col("in_place").is_not_null().cast(pl.Float64).alias("applicable")
    key_of = dict(zip(ids, keys, strict=True))
    parent = pl.Series("parent", list(map(key_of.get, parents)), dtype=pl.String)
    tactics = [Tactic(one["id"], one["key"], one["name"]) for one in orjson.loads(head["tactics"]) or ()]
    return Map(
        domain=domain,
        version=head["attack_version"],
        shortened=False,
        tactics=tactics,
        scorer=reading.scorer,
        columns=Columns(reading, kept.rows.with_columns(applicable, parent)),
        as_of=as_of,
        platforms_out=reading.platforms_out,
        notes=list(notes),
    )


def _context_note(as_of: date, kept: _Kept | None) -> str:
    tests = "Tests as they stood at the end of the day (UTC); "
    rest = "rules, scope, countermeasures, threats, weights and ATT&CK "
    if kept is None:
        return f"{tests}{rest}as they are now, because no snapshot is older."
    if kept.day == as_of:
        return f"{tests}{rest}as a snapshot of that day has them."
    return f"{tests}{rest}as of {kept.day.day} {kept.day:%b %Y}, the nearest snapshot before it."


def _import_notes(domain: str, as_of: date) -> list[str]:
    n = reader.rows(_IMPORTED, domain, end_of(as_of).astimezone(UTC))[0]["n"]
    if not n:
        return []
    return [f"{n:,} {'test' if n == 1 else 'tests'} imported since count from when they were run."]
