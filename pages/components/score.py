"""The score drawn: over time with its band, and as the steps between two days. Other half: `assets/score.js`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from domain.sensitivity import Band
from domain.snapshots import Kind, TrendPoint
from pages.components import words
from pages.components.parts import Part


class Trend(Part):
    """A line of points. Use `trend()`."""

    _names = ("points", "low", "high", "caption", "height")


class Waterfall(Part):
    """Steps from one value to another. Use `waterfall()`."""

    _names = ("starts", "ends", "steps", "caption")


def band_words(band: tuple[float, float]) -> str:
    """How much of a score hangs on the weights, as one line under it."""
    return f"90\u00a0% band {band[0]:.0f}\u2060–\u2060{band[1]:.0f} under plausible weights"


@dataclass(frozen=True, slots=True)
class Point:
    """A value on a day, what else is said of it, and how it is known: by a snapshot of a kind, or (None) by now."""

    day: date
    value: float
    said: str
    kind: Kind | None = None
    label: str = ""

    @property
    def words(self) -> str:
        made = f", {self.kind.label.lower()}" if self.kind else ", now"
        name = f" ({self.label})" if self.label else ""
        return f"{words.day(self.day)}{name}: {self.value:.1f} of 100; {self.said}{made}"


def trend(points: Sequence[TrendPoint], band: Band | None = None) -> Trend:
    """The threat-weighted score of each point that has one, oldest first; `band` is that of the last."""
    return line(
        [
            Point(
                one.day,
                one.weighted,
                f"n = {words.number(one.techniques)} in scope, {words.number(one.tested)} tested",
                one.kind,
                one.label,
            )
            for one in points
            if one.weighted is not None
        ],
        band,
    )


def line(points: Sequence[Point], band: Band | None = None, *, height: int = 220) -> Trend:
    """At least one point, oldest first."""
    return Trend(
        points=[
            {
                "day": one.day.isoformat(),
                "value": one.value,
                "said": one.words,
                "made": one.kind.value if one.kind else "daily",
            }
            for one in points
        ],
        low=band.low if band else None,
        high=band.high if band else None,
        height=height,
        caption=f"Score over time, {words.plural(len(points), 'point')}; {points[-1].words}",
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
