"""Where the content comes from: what is loaded, in which version, under which licence, and what every sync did.

`?run=<id>&kind=<kind>` opens a run's report beside the page; `?source=<slug>&kind=<kind>` that of a source's last run.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from dash import dcc, html
from dash.development.base_component import Component

from pages.components import states, words
from pages.components.frame import Nav
from pages.components.parts import upload_form, when
from pages.components.runs import Run, render_outcome, render_progress, render_runs
from pages.components.status import link, outside

PATH = "/sources"
TITLE = "Sources"
NAV = Nav("Content", "Sources", "sources", 40, "s")
POLL_MS = 1_000
_NAMED = 2  # a line has room for this many names


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """One source. `loaded` says what is in use ("Enterprise 18.1"), `counts` what of it (("rules", 3754), ...).

    `shortened_from` names the built-in baseline where its shortened texts are in use. `last` is the last finished run,
    `active` the one under way.
    """

    slug: str
    name: str
    what: str
    licence: str
    licence_url: str
    attribution: str
    home_url: str
    accepts: Sequence[str]
    max_bytes: int
    may_download: bool
    asks_version: bool
    loaded: Sequence[str]
    counts: Sequence[tuple[str, int]]
    schedule_minutes: int | None
    next_run_at: datetime | None
    last: Run | None
    active: Run | None = None
    shortened_from: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    sources: Sequence[Source]
    runs: Sequence[Run]
    may_sync: bool


def polling(data: Sources) -> bool:
    """Whether anything is under way that the page should follow."""
    return any(source.active for source in data.sources)


def answer(data: Sources) -> str:
    """The one line in the top bar."""
    active = [source.name for source in data.sources if source.active]
    failed = [source.name for source in data.sources if source.last and source.last.state == "failed"]
    never = [one.name for one in data.sources if one.last is None and one.active is None and not one.loaded]
    said = [
        f"{words.sentence(active)} under way" if active else "",
        f"{words.sentence(failed)} failed last time" if failed else "",
        f"{_few(never, len(data.sources))} not loaded" if never else "",
    ]
    return "; ".join(part for part in said if part) or f"{words.plural(len(data.sources), 'source')} loaded"


def _few(names: list[str], of: int) -> str:
    """The names while they fit on one line, else how many they are."""
    return words.sentence(names) if len(names) <= _NAMED else f"{len(names)} of {words.plural(of, 'source')}"


def layout(data: Sources, panel: Component | None = None) -> html.Div:
    """The page. `sources-poll` ticks only while something runs; `sources-touched` changes after an upload."""
    return html.Div(
        [
            dcc.Interval(id="sources-poll", interval=POLL_MS, disabled=not polling(data)),
            dcc.Store(id="sources-touched"),
            html.Div(render_sources(data), id="sources-body", className="stack"),
            html.Div(panel, id="run-panel"),
        ]
    )


def render_sources(data: Sources) -> list[Component]:
    """What stands in `sources-body`."""
    if not data.sources:
        return [states.empty("No sources", "This instance has no source registered.")]
    cards = [_card(source, may_sync=data.may_sync) for source in data.sources]
    history = html.Section(
        [
            html.Header([html.H2("Runs"), html.P("Newest first; each opens its report.")]),
            render_runs(data.runs) if data.runs else html.P("Nothing has run yet.", className="hint"),
        ],
        className="section",
    )
    return [*cards, history]


def render_state(source: Source) -> Component:
    """What stands in `{"type": "source-state", "source": slug}`: the part that moves while a run is under way."""
    return render_progress(source.active) if source.active else render_outcome(source.last)


def _card(source: Source, *, may_sync: bool) -> html.Section:
    head = html.Header([html.H2(source.name), html.P(source.what)])
    state_id = {"type": "source-state", "source": source.slug}
    columns = [
        html.Div([html.H3("Loaded"), *_loaded(source)]),
        html.Div([html.H3("Last run"), html.Div(render_state(source), id=state_id), _next(source)]),
        html.Div(_actions(source)) if may_sync else html.Div(html.P("An administrator can sync it.", className="hint")),
    ]
    return html.Section([head, html.Div(columns, className="source-columns"), _terms(source)], className="panel source")


def _loaded(source: Source) -> list[Component]:
    if not source.loaded:
        return [html.P("Nothing yet", className="hint")]
    shown: list[Component] = [html.P(html.Strong(words.sentence(list(source.loaded))))]
    if source.counts:
        shown.append(
            html.Ul(
                [html.Li([html.Span(words.number(n)), f" {label}"]) for label, n in source.counts], className="tally"
            )
        )
    if source.shortened_from:
        text = f"Texts are shortened: {source.shortened_from}. Load the full bundle to read them whole."
        shown.append(html.P(text, className="notice is-warn"))
    return shown


def _next(source: Source) -> html.P:
    if source.next_run_at is None:
        return html.P("Runs only on demand.", className="hint")
    return html.P(["Next run ", when(source.next_run_at, "ago"), "."], className="hint")


SCHEDULES: Sequence[tuple[int, str]] = (
    (0, "Only on demand"),
    (1440, "Daily"),
    (10080, "Weekly"),
    (43200, "Every 30 days"),
)


def _schedule(source: Source) -> html.Details:
    """Choosing keeps it at once; a schedule set elsewhere to another length is listed as it is."""
    now = source.schedule_minutes or 0
    known = list(SCHEDULES)
    if now not in dict(known):
        known.append((now, f"Every {words.duration(60 * now)}"))
    choice = dcc.RadioItems(
        id={"type": "source-schedule", "source": source.slug},
        options=[{"label": label, "value": minutes} for minutes, label in known],
        value=now,
        className="choices",
    )
    return html.Details([html.Summary("Schedule"), html.Div(choice)], className="fold")


def _actions(source: Source) -> list[Component]:
    shown: list[Component] = []
    if source.may_download:
        shown.append(
            html.Button(
                "Sync now",
                id={"type": "sync-now", "source": source.slug},
                type="button",
                className="button",
                disabled=source.active is not None,
            )
        )
    accepted = f"{words.sentence(list(source.accepts))}, up to {words.size(source.max_bytes)}"
    fields = [{"name": "file", "label": "File", "type": "file", "hint": accepted, "accept": ",".join(source.accepts)}]
    if source.asks_version:
        shown.append(html.P(link("Rehearse a version before adopting it", "/sources/rehearsal", "")))
        hint = "Needed where the file does not say it, as in STIX 2.0 bundles."
        fields.append({"name": "version", "label": "Version", "placeholder": "18.1", "hint": hint})
    form = upload_form(
        f"/sources/{source.slug}/upload", "Upload and sync", fields, limit=source.max_bytes, touches="sources-touched"
    )
    shown.append(
        html.Details([html.Summary("Use a file instead" if shown else "Use a file"), html.Div(form)], className="fold")
    )
    if source.may_download:
        shown.append(_schedule(source))
    return shown


def _terms(source: Source) -> html.P:
    if not source.licence_url:  # our own
        return html.P(f"Licence: {source.licence}.", className="terms")
    parts: list[Component | str] = [outside(source.licence, source.licence_url)]
    if source.attribution:
        parts.append(f" {source.attribution} ")
    parts.append(outside("Home", source.home_url))
    return html.P(parts, className="terms")
