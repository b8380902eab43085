"""Every figure on screen in words: what it is, in which unit, where its definition comes from, how periods add up.

`?metric=<slug>` shows one first.
"""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from domain.metrics import METRICS, Metric
from pages.components import words
from pages.components.frame import Nav
from pages.components.status import link

PATH = "/glossary"
TITLE = "Glossary"
NAV = Nav("You", "Glossary", "info", 95, "i")


def answer() -> str:
    return f"{words.plural(len(METRICS), 'figure')} defined"


def layout(chosen: str = "") -> html.Div:
    """`chosen` is a slug; one that is none is ignored."""
    metrics = list(METRICS.values())
    first = METRICS.get(chosen)
    shown: list[Component] = []
    if first is not None:
        shown = [
            html.Section([html.Header(html.H2("Asked for")), _terms([first])], className="panel"),
            html.Div(link("All figures", PATH, "button is-quiet is-small")),
        ]
    head = html.Header([html.H2("All figures"), html.P("The same words stand behind every “i” and in every export.")])
    rest = [metric for metric in metrics if metric is not first]
    return html.Div([*shown, html.Section([head, _terms(rest)], className="panel")], className="stack glossary")


def _terms(metrics: Sequence[Metric]) -> html.Dl:
    """One term a metric; its anchor is the slug."""
    parts: list[Component] = []
    for metric in metrics:
        parts.append(html.Dt([metric.name, html.Span(metric.unit, className="beside")], id=metric.slug))
        parts.append(
            html.Dd([metric.definition, html.Br(), html.Small(f"{metric.adding.words} Source: {metric.source}.")])
        )
    return html.Dl(parts, className="terms")
