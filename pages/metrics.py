"""How long it takes to detect, contain and remediate. The state of the screen is `domain.durations_view` in its URL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlencode

from dash import html
from dash.development.base_component import Component

from domain.durations import Measure, groupings
from domain.durations_view import PERIOD, PERIODS, View, period_key
from domain.metrics import METRICS
from domain.statistics import TOO_FEW
from pages.components import duration_charts as draw
from pages.components import durations, figure, filters, service_level, states, words
from pages.components.coverage import heading
from pages.components.durations import Curve, Figures, Group, Level
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.status import link

PATH = "/metrics"
TITLE = "Metrics"
NAV = Nav("Proof", "Metrics", "clock", 25, "m")


@dataclass(frozen=True, kw_only=True, slots=True)
class Alike:
    """The procedures that were run in both periods, once each by their latest test in either."""

    procedures: int
    now: Figures
    before: Figures


@dataclass(frozen=True, kw_only=True, slots=True)
class Effort:
    """Seconds of work without pauses; the medians are of the tests that have any."""

    tests: int
    red: int
    red_median: float | None
    blue: int
    blue_median: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Metrics:
    """Everything on the page. `of_groups` is how many groups there are, `groups` those listed; `before` and `alike` are
    None where there is no period before."""

    view: View
    platforms: Sequence[str]
    tactics: Sequence[Sequence[str]]
    figures: Figures
    left_out: int
    first: date
    last: date
    as_of: datetime | None
    curve: Curve
    groups: Sequence[Group]
    of_groups: int
    months: Sequence[Group]
    before: Figures | None
    alike: Alike | None
    effort: Effort
    edges: Sequence[int]
    distribution: Sequence[Mapping[str, int]]
    level: Level | None
    href: str
    may_set_level: bool = False


def answer(data: Metrics) -> str:
    """The one line in the top bar."""
    about, found = data.view.measure.about, data.figures
    if not found.cases:
        return f"nothing to measure: no {about.population} in this period"
    thin = ", too few to say" if found.too_few else ""
    return f"{about.name}, median: {found.median_words}; {found.share.words} {about.happened}{thin}"


def layout(data: Metrics) -> html.Div:
    fields = filter_fields(data)
    value = filters.asked(fields, data.view.query())
    return html.Div(
        [
            FilterLine(id="metrics-filters", fields=fields, value=value),
            html.Div(render_body(data), id="metrics-body", className="stack"),
        ],
        className="stack-small",
    )


def filter_fields(data: Metrics) -> list[dict[str, Any]]:
    measures = [(one.removeprefix("time_to_"), f"To {one.about.short.lower()}") for one in Measure]
    periods = [(period_key(one), f"Last {one} months" if one else "All there is") for one in PERIODS]
    by = [(one.value, one.label) for one in groupings(data.view.measure)]
    return [
        filters.one("measure", "Time", measures, none="detect"),
        filters.one("months", "Period", periods, none=period_key(PERIOD)),
        filters.one("by", "By", by, none="tactic"),
        filters.one("tactic", "Tactic", [("", "Any tactic"), *data.tactics], filters=True),
        filters.many(
            "platform", "Platform", [(one, one) for one in data.platforms], placeholder="Any platform", filters=True
        ),
    ]


def render_body(data: Metrics) -> list[Component]:
    about, measure = data.view.measure.about, data.view.measure
    if not data.figures.cases:
        return [_nothing(data)]
    noun = data.view.by.label
    headline = durations.headline(
        measure, data.figures, data.href, left_out=data.left_out, left_out_href="/tests/contradictions"
    )
    panels = [
        html.Section(
            [
                heading(_finding(data), _subtitle(data)),
                draw.survival_chart(about, data.figures, data.curve, data.level),
            ],
            className="panel is-two-thirds",
        ),
        html.Div([_level(data), _alike(data), _effort(data)], className="is-third stack"),
        _panel(
            _slowest(data),
            f"Median with its 95 % interval (bar) and nine of ten (tick), by {noun.lower()}. "
            "A triangle: not reached. Hollow: fewer than three tests.",
            draw.groups_chart(about, data.groups, data.level, noun),
        ),
        _panel(
            "Month by month",
            "By the month of the attack (UTC). Months differ in what they tested; like for like says how much.",
            draw.months_chart(about, data.months, data.level),
        ),
        _panel(
            "The largest groups against all",
            f"Share {about.open}, each group over the grey curve of all.",
            draw.multiples_chart(about, data.curve, data.groups),
        ),
        _panel(
            "How many took how long",
            f"Those {about.happened}, and beside them those still open, by how long they were watched.",
            draw.distribution_chart(about, data.edges, data.distribution),
        ),
    ]
    return [headline, html.Div([one for one in panels if one is not None], className="grid"), _table(data, noun)]


def _panel(title: str, note: str, drawn: Component | None) -> html.Section | None:
    return None if drawn is None else html.Section([heading(title, note), drawn], className="panel is-half")


def _table(data: Metrics, noun: str) -> html.Section:
    more = (
        f" The {len(data.groups)} with the most tests of {data.of_groups}." if data.of_groups > len(data.groups) else ""
    )
    note = "Every row opens its tests. A test under two tactics counts in both." if data.view.by == "tactic" else (
        "Every row opens its tests."
    )  # fmt: skip
    table = durations.groups_table(data.view.measure.about, data.groups, noun, data.level)
    return html.Section([heading(f"By {noun.lower()}", note + more), table], className="panel")


def _finding(data: Metrics) -> str:
    """What the curve shows, as its title."""
    about, found = data.view.measure.about, data.figures
    if found.too_few:
        return f"{about.name}: too few tests to say"
    if found.median is None:
        return f"Fewer than half are {about.happened} while anybody watches"
    return f"Half are {about.happened} within {words.duration(found.median)}"


def _subtitle(data: Metrics) -> str:
    about = data.view.measure.about
    now = " Open ones count until now." if data.as_of is not None else ""
    return (
        f"Kaplan-Meier with 95 % band; n = {words.number(data.figures.cases)}, {_period(data)}. "
        f"From {about.start} to {about.end}. Marks: no longer watched.{now}"
    )


def _period(data: Metrics) -> str:
    first, last = f"{data.first:%b %Y}", f"{data.last:%b %Y}"
    return f"attacks of {first}" if first == last else f"attacks of {first} to {last}"


def _slowest(data: Metrics) -> str:
    about, noun = data.view.measure.about, data.view.by.label
    enough = [group for group in data.groups if group.named and group.figures.cases >= TOO_FEW]
    known = [group for group in enough if group.figures.mean is not None]
    if len(known) < 2:
        return f"{about.name} by {noun.lower()}"
    slowest = max(known, key=lambda group: group.figures.mean or 0)
    return f"{slowest.label} is where we are slowest"


def _level(data: Metrics) -> html.Section:
    found, level, measure = data.figures, data.level, data.view.measure
    body: list[Component] = []
    if level is None:
        body.append(html.P("No target is set for this time.", className="hint"))
    else:
        share = found.within_share
        met = share is not None and share >= level.share
        reached = "–" if share is None else words.percent(share)
        band = found.within.interval if found.within else ""
        body.append(
            figure.figure(
                METRICS[f"{measure}_within_level"].name,
                reached,
                under=[
                    f"target: {level.words}, {'met' if met else 'not met'}",
                    band,
                    f"“{level.reason}” {level.author}",
                ],
                definition=METRICS[f"{measure}_within_level"].definition,
                hollow=found.too_few,
            )
        )
    if data.may_set_level:
        body.append(service_level.form(level))
    return html.Section(
        [heading("Target", "Read off the curve, so that what is still open counts."), *body], className="panel"
    )


def _alike(data: Metrics) -> html.Section:
    about, alike, before = data.view.measure.about, data.alike, data.before
    head = heading("Against the period before", "Like for like: the same procedures on the same platforms in both.")
    if before is None or alike is None or not before.cases:
        return html.Section(
            [head, html.P("There is nothing before this period to compare with.", className="hint")], className="panel"
        )
    raw = _change(data.figures.mean, before.mean)
    lines: list[Component | str | None] = [
        html.Div(
            [
                figure.figure(
                    "Raw",
                    _signed(raw),
                    under=[f"mean up to {words.duration(about.horizon)}", f"{words.number(before.cases)} tests before"],
                    hollow=before.too_few or data.figures.too_few,
                ),
                figure.figure(
                    "Like for like",
                    _signed(_change(alike.now.mean, alike.before.mean)) if alike.procedures else "–",
                    under=[words.plural(alike.procedures, "procedure"), "run in both periods"],
                    definition=METRICS[f"{data.view.measure}_alike"].definition,
                    hollow=0 < alike.procedures < TOO_FEW,
                ),
            ],
            className="figures",
        ),
        html.P(mix_sentence(data.figures, before, alike), className="hint"),
    ]
    return html.Section([head, *lines], className="panel")


def mix_sentence(now: Figures, before: Figures, alike: Alike) -> str:
    """How much of the raw change is the defence, and how much what was tested."""
    raw, same = _change(now.mean, before.mean), _change(alike.now.mean, alike.before.mean)
    if raw is None or same is None:
        return "No procedure was run in both periods: nothing says whether the defence changed, or what was tested."
    if alike.procedures < TOO_FEW:
        return f"Only {words.plural(alike.procedures, 'procedure')} in both periods: too few to say what changed."
    rest = raw - same
    if abs(rest) < 60:
        return "Both periods tested alike: nearly all of the change is the defence."
    way = "faster" if rest < 0 else "slower"
    return (
        f"On the procedures of both periods the mean changed by {_signed(same)}; the other {words.duration(abs(rest))} "
        f"{way} come from what was tested, not from the defence."
    )


def _change(now: float | None, before: float | None) -> float | None:
    return None if now is None or before is None else now - before


def _signed(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    if abs(seconds) < 1:
        return "no change"
    return f"{'+' if seconds > 0 else '−'}{words.duration(abs(seconds))}"


def _effort(data: Metrics) -> html.Section:
    found = data.effort
    shown = [
        figure.figure(
            METRICS[f"{side}_effort"].name,
            words.number(total / 3600),
            unit="h",
            under=[f"median {words.duration(median)} a test" if median else "none written down"],
            definition=METRICS[f"{side}_effort"].definition,
        )
        for side, total, median in (("red", found.red, found.red_median), ("blue", found.blue, found.blue_median))
    ]
    note = f"Work without pauses, on {words.plural(found.tests, 'test')} of this view."
    return html.Section([heading("Effort", note), html.Div(shown, className="figures")], className="panel")


def _nothing(data: Metrics) -> Component:
    about = data.view.measure.about
    if data.view != View(measure=data.view.measure, by=data.view.by, months=0):
        query = View(measure=data.view.measure, by=data.view.by, months=0).query()
        action = link("Everything there is", f"{PATH}?{urlencode(query)}", "button")
        text = f"No {about.population} in this period and with these filters."
        return states.empty("Nothing to measure here", text, [action])
    text = f"Once there are {about.population}, this page says how long it takes from {about.start} to {about.end}."
    return states.empty("Nothing to measure yet", text, [link("Open tests", "/tests", "button")])
