"""Figures and charts of the three times: said with what they leave open, never as a bare mean."""

from collections.abc import Sequence
from dataclasses import dataclass

from dash import html
from dash.development.base_component import Component

from domain.durations import About, Measure
from domain.metrics import METRICS
from pages.components import figure, words
from pages.components.figure import Share
from pages.components.parts import Cell, Listing, cell, column, listing

NOT_REACHED = "not reached"


@dataclass(frozen=True, kw_only=True, slots=True)
class Figures:
    """Seconds; None is "not reached", or nothing to say. `share` is of those to whom it happened."""

    cases: int
    share: Share
    median: float | None
    median_low: float | None
    median_high: float | None
    p90: float | None
    mean: float | None
    mean_low: float | None
    mean_high: float | None
    naive_mean: float | None
    within: Share | None = None  # not a count: `low` and `high` of the band around it
    within_share: float | None = None

    @property
    def too_few(self) -> bool:
        return 0 < self.cases < figure.TOO_FEW

    @property
    def median_words(self) -> str:
        return reached(self.median) if self.cases else "–"

    @property
    def median_interval(self) -> str:
        return interval(self.median_low, self.median_high)


@dataclass(frozen=True, kw_only=True, slots=True)
class Curve:
    """Steps of the share still open, with its band; marks of censored cases; numbers at risk at `ticks`."""

    seconds: Sequence[float]
    open: Sequence[float]
    low: Sequence[float | None]
    high: Sequence[float | None]
    censored_at: Sequence[float] = ()
    censored_open: Sequence[float] = ()
    ticks: Sequence[int] = ()
    at_risk: Sequence[int] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One row of the table; `href` leads to its tests, `curve` where it has one to draw. `named` is false of those
    that belong to no group."""

    label: str
    href: str
    figures: Figures
    curve: Curve | None = None
    named: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Level:
    """The promise that stands: `share` (0..1) within `seconds`, by whom and why."""

    seconds: int
    share: float
    reason: str
    author: str

    @property
    def words(self) -> str:
        return f"{words.percent(self.share)} within {words.duration(self.seconds)}"


def reached(seconds: float | None) -> str:
    return NOT_REACHED if seconds is None else words.duration(seconds)


def interval(low: float | None, high: float | None) -> str:
    """95 % interval 12 min to 40 min; an end that is not reached is said so."""
    if low is None and high is None:
        return ""
    end = f"to {words.duration(high)}" if high is not None else "with no upper end"
    return f"95\u00a0% interval {words.duration(low or 0)} {end}"


def headline(measure: Measure, figures: Figures, href: str, *, left_out: int, left_out_href: str) -> html.Div:
    """The figures over the page, each with what it says of those to whom it has not happened."""
    about = measure.about
    slug = measure.value
    open_cases = figures.cases - figures.share.n
    hollow = figures.too_few
    shown = [
        figure.figure(
            METRICS[f"{slug}_median"].name,
            figures.median_words,
            under=[figures.median_interval, f"{words.number(figures.cases)} {about.population}"],
            definition=METRICS[f"{slug}_median"].definition,
            href=href,
            hollow=hollow,
            large=True,
        ),
        figure.figure(
            METRICS[f"{slug}_p90"].name,
            reached(figures.p90) if figures.cases else "–",
            under=[
                "nine of ten took no longer" if figures.p90 is not None else f"not for nine of ten {about.happened}"
            ],
            definition=METRICS[f"{slug}_p90"].definition,
            href=href,
            hollow=hollow,
        ),
        figure.figure(
            METRICS[f"{slug}_restricted_mean"].name,
            "–" if figures.mean is None else words.duration(figures.mean),
            under=[interval(figures.mean_low, figures.mean_high)],
            definition=METRICS[f"{slug}_restricted_mean"].definition,
            href=href,
            hollow=hollow,
        ),
        figure.share_figure(
            METRICS[f"{slug}_share"].name,
            figures.share,
            definition=METRICS[f"{slug}_share"].definition,
            href=href,
        ),
        figure.figure(
            METRICS[f"{slug}_naive_mean"].name,
            "–" if figures.naive_mean is None else words.duration(figures.naive_mean),
            under=[
                f"leaves out {words.number(open_cases)} of {words.number(figures.cases)}"
                + (f" ({words.percent(open_cases / figures.cases)})" if figures.cases else ""),
                "the figure usually quoted",
            ],
            definition=METRICS[f"{slug}_naive_mean"].definition,
            href=href,
            hollow=hollow,
        ),
    ]
    parts: list[Component] = [html.Div(shown, className="figures headline-figures")]
    if left_out:
        said = (
            f"{words.plural(left_out, 'test')} left out: a time it takes is missing or comes before the one it follows."
        )
        parts.append(
            html.P([said, " ", html.A("Contradictions", href=left_out_href, **{"data-go": ""})], className="hint")
        )
    return html.Div(parts, className="stack-small")


def groups_table(about: About, groups: Sequence[Group], noun: str, level: Level | None) -> Listing:
    return listing(
        columns(about, noun, level),
        [group_row(group, level) for group in groups],
        caption=f"{about.name} by {noun}",
        noun="groups",
        limit=20,
        file=f"aegis-{about.short.lower()}-by-{noun.lower().replace(' ', '-')}",
    )


def columns(about: About, noun: str, level: Level | None) -> list[dict[str, str]]:
    names = [
        column(noun), column("Tests", "num"), column(about.happened.capitalize(), "num"), column("Share"),
        column("Median"), column("Median, 95 % interval"), column("Nine of ten"),
        column(f"Mean up to {words.duration(about.horizon)}"), column(f"Mean of {about.happened} only"),
    ]  # fmt: skip
    return [*names, column(f"Within {words.duration(level.seconds)}")] if level else names


def group_row(group: Group, level: Level | None) -> list[Cell]:
    found = group.figures
    thin = "too few" if found.too_few else None
    row: list[Cell] = [
        cell(group.label, href=group.href),
        found.cases,
        found.share.n,
        cell(
            words.percent(found.share.value), bar=found.share.value, order=found.share.value, hover=found.share.interval
        )
        if found.share.value is not None
        else None,
        cell(found.median_words, beside=thin, order=_order(found.median)),
        found.median_interval.removeprefix("95\u00a0% interval ") or None,
        cell(reached(found.p90), order=_order(found.p90)),
        None if found.mean is None else cell(words.duration(found.mean), order=found.mean),
        None if found.naive_mean is None else cell(words.duration(found.naive_mean), order=found.naive_mean),
    ]
    if level is not None:
        share = found.within_share
        row.append(None if share is None else cell(words.percent(share), order=share))
    return row


def _order(seconds: float | None) -> float:
    return 1e12 if seconds is None else seconds  # what is not reached takes longest
