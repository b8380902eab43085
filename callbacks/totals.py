"""The totals of a map (`data.queries.heatmap.totals`, fresh or as kept) as figures before and after."""

from collections.abc import Mapping
from typing import Any

from pages.components.before_after import Line, Value
from pages.components.figure import Share


def lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Line]:
    old, new = _figures(before), _figures(after)
    return [Line(name=name, before=old[name], after=new[name]) for name in old]


def _figures(totals: Mapping[str, Any]) -> dict[str, Value]:
    techniques, tests, score = totals["techniques"], totals["tests"], totals["score"]
    return {
        "Techniques in scope": techniques,
        "Organisation score, weighted": score["weighted"],
        "Organisation score, plain mean": score["plain"],
        "Proven by tests": _share(totals["proven"]),
        "Claimed by rules": _share(totals["claimed"]),
        "Tested": Share(n=totals["tested"], of=techniques),
        "Evaluated tests that count": tests["evaluated"],
        "Alerted, of evaluated tests": Share(n=tests["alerted"], of=tests["evaluated"]),
    }


def _share(found: Any) -> Share:
    return Share(n=found["n"], of=found["of"]) if isinstance(found, Mapping) else Share(n=found.n, of=found.of)
