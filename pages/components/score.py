"""The score drawn: over time with its band, and as the steps between two days. Other half: `assets/score.js`."""

from collections.abc import Sequence

from domain.sensitivity import Band
from domain.snapshots import TrendPoint
from pages.components import words
from pages.components.parts import Part


class Trend(Part):
    """A line of points. Use `trend()`."""

    _names = ("points", "low", "high", "caption", "height")


class Waterfall(Part):
    """Steps from one value to another. Use `waterfall()`."""

    _names = ("starts", "ends", "steps", "caption")


def trend(points: Sequence[TrendPoint], band: Band | None = None, *, height: int = 220) -> Trend:
    """The threat-weighted score of each point that has one, oldest first; `band` is that of the last."""
    shown = [
        {
            "day": point.day.isoformat(),
            "value": point.weighted,
            "said": _said(point),
            "made": point.kind.value if point.kind else "daily",
        }
        for point in points
        if point.weighted is not None
    ]
    return Trend(
        points=shown,
        low=band.low if band else None,
        high=band.high if band else None,
        height=height,
        caption=f"Score over time, {words.plural(len(shown), 'point')}: {_said(points[-1])}",
    )


def _said(point: TrendPoint) -> str:
    made = f", {point.kind.label.lower()}" if point.kind else ", now"
    name = f" ({point.label})" if point.label else ""
    return (
        f"{words.day(point.day)}{name}: {point.weighted or 0:.1f} of 100; "
        f"n = {words.number(point.techniques)} in scope, {words.number(point.tested)} tested{made}"
    )


def waterfall(
    ends: tuple[tuple[str, float], tuple[str, float]],
    steps: Sequence[tuple[str, float, str, str, bool]],
) -> Waterfall:
    """`ends` are (words, points) of both sides; `steps` (words, points, note, href, whether it is the chosen one)."""
    first, last = ends
    return Waterfall(
        starts={"label": first[0], "value": first[1]},
        ends={"label": last[0], "value": last[1]},
        steps=[
            {"label": label, "value": value, "note": note, "href": href, "chosen": chosen}
            for label, value, note, href, chosen in steps
        ],
        caption=f"What moved the score from {first[1]:.1f} to {last[1]:.1f}",
    )
