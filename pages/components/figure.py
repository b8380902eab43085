"""A figure with its truth: value, unit, n of N, interval, what changed, what it means, and the rows behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from domain.metrics import METRICS
from pages.components import words
from pages.components.parts import Bars, Mark, Mix

_SLUGS = {metric.definition: slug for slug, metric in METRICS.items()}
TOO_FEW = 3  # under this many cases a share is drawn hollow


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """`n` of `of`, with the ends (0..1) of its 95 % Wilson interval where the caller has it."""

    n: int
    of: int
    low: float | None = None
    high: float | None = None

    @property
    def value(self) -> float | None:
        """None when there is nothing to divide by: "not tested" is not 0 %."""
        return self.n / self.of if self.of else None

    @property
    def too_few(self) -> bool:
        return 0 < self.of < TOO_FEW

    @property
    def words(self) -> str:
        return f"{words.number(self.n)} of {words.number(self.of)}"

    @property
    def interval(self) -> str:
        """95 % interval 61-75 %, or nothing."""
        if self.low is None or self.high is None or not self.of:
            return ""
        return f"95\u00a0% interval {100 * self.low:.0f}\u2060–\u2060{100 * self.high:.0f}\u00a0%"


def figure(
    label: str,
    value: str,
    *,
    unit: str = "",
    under: Sequence[Component | str | None] = (),
    definition: str = "",
    href: str | None = None,
    hollow: bool = False,
    large: bool = False,
) -> html.Div:
    """`under` are the lines of its truth; `hollow` draws it as uncertain; `large` once a page at most."""
    number = html.Span([value, html.Small(unit)] if unit else value, className="figure-value")
    shown = html.A(number, href=href, className="figure-link", **{"data-go": ""}) if href else number
    lines = [html.Div(line, className="figure-line") for line in under if line]
    if hollow:
        lines.append(html.Div("too few to say", className="figure-line is-thin"))
    head = html.Div([label, define(definition)] if definition else label, className="figure-label")
    state = " is-large" if large else ""
    return html.Div([head, shown, *lines], className=f"figure{state}{' is-hollow' if hollow else ''}")


def share_figure(label: str, share: Share, *, definition: str = "", href: str | None = None) -> html.Div:
    """A share as a figure: the percentage, n of N, and its interval."""
    if share.value is None:
        return figure(label, "–", under=["nothing tested yet"], definition=definition, href=href)
    return figure(
        label,
        words.per_hundred(share.value),
        unit="%",
        under=[share.words, share.interval],
        definition=definition,
        href=href,
        hollow=share.too_few,
    )


def define(text: str) -> html.Details:
    """The "i" beside a label; opens by click and by keyboard. A definition of the glossary leads there."""
    slug = _SLUGS.get(text)
    more = [" ", html.A("Glossary", href=f"/glossary?metric={slug}", **{"data-go": ""})] if slug else []
    return html.Details(
        [html.Summary("i", title="What this means", **{"aria-label": "What this means"}), html.P([text, *more])],
        className="menu define",
    )


def delta(value: float, since: str, digits: int = 0) -> html.Span:
    """A change, named with what it is compared to. No colour: more is not better everywhere."""
    arrow = "is-up" if value > 0 else "is-down" if value < 0 else "is-flat"
    return html.Span([words.signed(value, digits), f" since {since}"], className=f"delta {arrow}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bar:
    """One bar of a row; `colour` is a meaning ("proven", "claimed", "alerted", ...).

    `width` (0..1) draws it against another whole than its own, as the steps of a funnel are. `counted` marks a count
    of all there is, of which few are not too few.
    """

    name: str
    share: Share
    colour: str
    empty: str = "none tested"
    width: float | None = None
    counted: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class BarRow:
    label: str
    bars: Sequence[Bar]
    href: str | None = None
    note: str | None = None


def bars(rows: Sequence[BarRow], caption: str) -> Bars:
    return Bars(caption=caption, rows=[_row(row) for row in rows])


def _row(row: BarRow) -> dict[str, object]:
    drawn = [
        {
            "name": bar.name,
            "n": bar.share.n,
            "of": bar.share.of,
            "low": bar.share.low,
            "high": bar.share.high,
            "colour": bar.colour,
            "empty": bar.empty,
            "width": bar.width,
            "counted": bar.counted,
        }
        for bar in row.bars
    ]
    return {"label": row.label, "href": row.href, "note": row.note, "bars": drawn}


@dataclass(frozen=True, kw_only=True, slots=True)
class MixPart:
    name: str
    n: int
    mark: Mark
    href: str | None = None


def mix(caption: str, parts: Sequence[MixPart]) -> Mix:
    """Parts that add up to their whole, as one bar with its legend."""
    return Mix(
        caption=caption,
        parts=[
            {"name": part.name, "n": part.n, "mark": part.mark, "colour": part.mark, "href": part.href}
            for part in parts
        ],
    )
