"""What snapshots tell: the trend of a domain and of one technique, and why the score changed between two days."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache as cache_of
from typing import Any
from uuid import UUID

import orjson

from data import cache
from data.queries import heatmap, measured, reader
from data.queries.measured import Map
from domain import score_change
from domain.score import PartName
from domain.score_change import Cause, Change, Moment, Moved, Standing, Step
from domain.snapshots import Kind, TrendPoint
from domain.statistics import Share

_TREND = """
SELECT id::text AS id, day, kind, label, attack_version, weights_version,
  (totals -> 'score' ->> 'weighted')::double precision AS weighted,
  (totals -> 'score' ->> 'plain')::double precision AS plain, (totals -> 'score' -> 'parts')::text AS parts,
  (totals ->> 'techniques')::integer AS techniques, (totals ->> 'tested')::integer AS tested,
  (totals ->> 'stale')::integer AS stale, (totals -> 'proven' ->> 'n')::integer AS proven,
  (totals -> 'claimed' ->> 'n')::integer AS claimed
FROM snapshot WHERE domain = $1 ORDER BY day, kind = 'asked', taken_at
"""
_OF_TECHNIQUE = """
SELECT head.day, head.kind, kept.points, kept.tests_value IS NOT NULL OR kept.rules > 0 AS known, kept.status,
  (kept.tests ->> 3)::integer AS evaluated, head.weights_version
FROM snapshot_technique AS kept JOIN snapshot AS head ON head.id = kept.snapshot_id
WHERE kept.attack_id = $1 AND head.domain = $2 AND head.kind IN ('daily', 'reconstructed')
ORDER BY head.day
"""


_CAUSES = {cause.value: cause for cause in Cause}  # looking one up is much quicker than making it of its word
_PARTS = {part.value: part for part in PartName}


def trend(domain: str) -> Sequence[TrendPoint]:
    """Every snapshot of a domain in order of its day, those asked for after the day's own; without the present."""
    found: Sequence[TrendPoint] = cache.answer(
        "trend",
        {"domain": domain},
        ("snapshots",),
        lambda: _trend(domain),
        read=lambda rows: [_point(row) for row in rows],
    )
    return found


def now(domain: str) -> TrendPoint:
    """The present as a point of the trend."""
    return at(heatmap.matrix(domain))


def kept_day(domain: str, wanted: date) -> date | None:
    """The last day up to `wanted` that a snapshot of its own is kept of; None where there is none.

    Such a day is read at once. Any other has to be put together from all tests.
    """
    days = [point.day for point in trend(domain) if point.kind is not Kind.ASKED and point.day <= wanted]
    return days[-1] if days else None


def at(found: Mapping[str, Any]) -> TrendPoint:
    """A day as the matrix has it, as a point of the trend."""
    totals = found["totals"]
    return TrendPoint(
        id=None,
        day=date.fromisoformat(found["as_of"]),
        kind=None,
        label="",
        weighted=totals["score"]["weighted"],
        plain=totals["score"]["plain"],
        parts={PartName(part["name"]): part["points"] for part in totals["score"]["parts"]},
        techniques=totals["techniques"],
        tested=totals["tested"],
        stale=totals["stale"],
        proven=Share(**totals["proven"]),
        claimed=Share(**totals["claimed"]),
        weights_version=found["weights_version"],
        attack_version=found["version"],
    )


def of_technique(attack_id: str, domain: str) -> Sequence[Mapping[str, Any]]:
    """One technique by day: `{day, kind, score 0..100|None, status, evaluated (tests), weights_version}`."""

    def compute() -> list[dict[str, Any]]:
        rows = reader.rows(_OF_TECHNIQUE, attack_id, domain)
        for row in rows:
            row["score"] = round(row.pop("points"), 1) if row.pop("known") else None
        return rows

    found: Sequence[Mapping[str, Any]] = cache.answer(
        "technique_trend",
        {"id": attack_id, "domain": domain},
        ("snapshots",),
        compute,
        read=lambda rows: [{**row, "day": date.fromisoformat(row["day"])} for row in rows],
    )
    return found


def change(domain: str, from_day: date, to_day: date) -> tuple[Change, Sequence[str]]:
    """Why the score of `to_day` is another than that of `from_day`, and what of these days was not known.

    Either may be the earlier; today is as of now. The change comes with names of its techniques by `names`.
    """
    params = {"domain": domain, "from": from_day, "to": to_day, "day": measured.today()}
    found: tuple[Change, Sequence[str]] = cache.answer(
        "score_change",
        params,
        heatmap.TOPICS,
        lambda: _explained(domain, from_day, to_day),
        read=lambda kept: (_change(kept["change"]), kept["notes"]),
    )
    return found


def names(domain: str) -> dict[str, str]:
    """ATT&CK id -> name of the techniques on the map now."""
    cells = heatmap.matrix(domain)["cells"]
    return dict(zip(cells["id"], cells["name"], strict=True))


def moment(found: Map) -> Moment:
    """A map as what its score is made of."""
    of = found.columns
    some = cache_of(frozenset[str])  # a map has few distinct lists of platforms
    columns = {
        "mix": of.mix,
        "newest_on": of.newest_on,
        "rule_total": of.rule_total,
        "rule_count": of.rules,
        "platforms": map(some, of.platforms),
        "tested": map(some, of.tested),
        "countermeasures": of.countermeasures,
        "threat": of.threat,
        "in_scope": of.in_scope,
    }
    standings = map(Standing._make, zip(*(columns[name] for name in Standing._fields), strict=True))
    techniques = dict(zip(of.attack_id, standings, strict=True))
    return Moment(found.as_of, found.scorer.weights, found.platforms_out, techniques)


def _explained(domain: str, from_day: date, to_day: date) -> orjson.Fragment:
    maps = [measured.read(domain, as_of=day) for day in (from_day, to_day)]
    found = score_change.explain(*map(moment, maps))
    notes = [f"{one.as_of.day} {one.as_of:%b %Y}: {note}" for one in maps for note in one.notes]
    return orjson.Fragment(orjson.dumps({"change": found, "notes": notes}, option=orjson.OPT_NON_STR_KEYS))


def _change(kept: dict[str, Any]) -> Change:
    return Change(
        kept["before"],
        kept["after"],
        [Step(Cause(one["cause"]), one["points"], one["tenths"]) for one in kept["steps"]],
        [
            Moved(one["attack_id"], one["before"], one["after"], _by(one["pulls"]), _by(one["own"]))
            for one in kept["moved"]
        ],
    )


def _by(values: dict[str, float]) -> dict[Cause, float]:
    return {_CAUSES[name]: points for name, points in values.items()}


def _trend(domain: str) -> list[dict[str, Any]]:
    rows = reader.rows(_TREND, domain)
    for row in rows:
        row["parts"] = {part["name"]: part["points"] for part in orjson.loads(row["parts"])}
    return rows


def _point(row: dict[str, Any]) -> TrendPoint:
    return TrendPoint(
        id=UUID(row["id"]),
        day=date.fromisoformat(row["day"]),
        kind=Kind(row["kind"]),
        label=row["label"],
        weighted=row["weighted"],
        plain=row["plain"],
        parts={_PARTS[name]: points for name, points in row["parts"].items()},
        techniques=row["techniques"],
        tested=row["tested"],
        stale=row["stale"],
        proven=Share.count(row["proven"], row["techniques"]),
        claimed=Share.count(row["claimed"], row["techniques"]),
        weights_version=row["weights_version"],
        attack_version=row["attack_version"],
    )
