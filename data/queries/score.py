"""The organisation's score: where it stands, how much hangs on the weights, and what other weights would make of it."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from datetime import date
from itertools import compress
from typing import Any

import orjson

from data import cache
from data.queries import heatmap, measured, reader, snapshots
from data.queries.measured import Map
from domain import score_change
from domain.score import Weights
from domain.sensitivity import Weighed, sensitivity

PREVIEWED_MAX = 15

_VERSIONS = """
SELECT version, tests, rules, countermeasures, freshness, platforms, parameters::text AS parameters, author_name,
  reason, created_at
FROM score_weights ORDER BY version DESC LIMIT 200
"""


def standing(domain: str, as_of: date | None = None) -> Mapping[str, Any]:
    """`{version, weights_version, techniques, score (as in the matrix's totals), notes [sentence],
    band {low, score, high}|null, draws, tactics [{key, name, low, score, high}] (lowest score first),
    last {name, share}|null}`; points.
    """
    day = as_of or measured.today()
    answer: Mapping[str, Any] = cache.answer(
        "score",
        {"domain": domain, "day": day, "now": measured.today()},
        heatmap.topics_of(domain, day),
        lambda: _standing(measured.read(domain, as_of=day)),
    )
    return answer


def _standing(found: Map) -> dict[str, Any]:
    names = {tactic.shortname: tactic.name for tactic in found.tactics}
    made = sensitivity(_weighed(found), found.scorer.weights)
    tactics = (
        [{"key": key, "name": names[key], **asdict(band)} for key, band in made.tactics.items() if key in names]
        if made
        else []
    )
    return {
        "version": found.version,
        "weights_version": found.scorer.weights.version,
        "techniques": sum(found.columns.in_scope),
        "score": heatmap.score(found),
        "notes": list(found.notes),
        "band": asdict(made.band) if made else None,
        "draws": made.draws if made else 0,
        "tactics": sorted(tactics, key=lambda one: one["score"]),
        "last": {"name": names.get(made.last, made.last), "share": made.last_share} if made and made.last else None,
    }


def _weighed(found: Map) -> Iterable[Weighed]:
    of = found.columns
    return compress(map(Weighed._make, zip(of.relevance, of.inputs, of.tactics, strict=True)), of.in_scope)


def band(domain: str) -> tuple[float, float] | None:
    """The middle 90 % of the present score under plausible weights, in points; None with nothing in scope."""
    found = standing(domain)["band"]
    return (found["low"], found["high"]) if found else None


def versions() -> list[dict[str, Any]]:
    """Versions of the weights, newest first: `{weights Weights, author, reason, at}`."""
    return [
        {
            "weights": measured.weights_of({**row, "parameters": orjson.loads(row["parameters"])}),
            "author": row["author_name"],
            "reason": row["reason"],
            "at": row["created_at"],
        }
        for row in reader.rows(_VERSIONS)
    ]


def preview(domain: str, proposed: Weights) -> dict[str, Any]:
    """What these weights would make of the present: `{before, after (points|None), band {low, high}|None,
    moved [{attack_id, name, before, after, rank_before, rank_after}] (those that move most), of (techniques ranked)}`.

    Ranks count from the highest score among techniques in scope.
    """
    found = measured.read(domain, as_of=measured.today())
    now = snapshots.moment(found)
    change = score_change.explain(now, replace(now, weights=proposed))
    names = {one.attack_id: one.name for one in found.techniques}
    inside = [one for one in change.moved if one.before is not None and one.after is not None]
    before = _ranks({one.attack_id: one.before or 0.0 for one in inside})
    after = _ranks({one.attack_id: one.after or 0.0 for one in inside})
    inside.sort(key=lambda one: (-abs((one.after or 0.0) - (one.before or 0.0)), one.attack_id))
    made = sensitivity(_weighed(found), proposed)
    return {
        "before": None if change.before is None else change.before / 10,
        "after": None if change.after is None else change.after / 10,
        "band": asdict(made.band) if made else None,
        "of": len(inside),
        "moved": [
            {
                "attack_id": one.attack_id,
                "name": names[one.attack_id],
                "before": one.before,
                "after": one.after,
                "rank_before": before[one.attack_id],
                "rank_after": after[one.attack_id],
            }
            for one in inside[:PREVIEWED_MAX]
            if one.before != one.after
        ],
    }


def _ranks(scores: Mapping[str, float]) -> dict[str, int]:
    """1 for the highest; equals share the better rank."""
    ordered = sorted(scores.values(), reverse=True)
    first: dict[float, int] = {}
    for place, score in enumerate(ordered, 1):
        first.setdefault(score, place)
    return {key: first[score] for key, score in scores.items()}
