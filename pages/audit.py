"""The audit log: who did what to what and when, what it changed, and whether the log itself is whole.

Filters, `?before=` (the page) and `?entry=` (one entry beside the page) are in the address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from domain.audit_changes import Change, summary
from domain.audit_view import FILTERS, SYSTEM
from domain.roles import Permission
from pages.components import filters, frame, states, status, words
from pages.components.filters import FilterLine
from pages.components.frame import Nav
from pages.components.parts import Cell, cell, column, listing, moment_cell, when
from pages.components.status import link

PATH = "/admin/audit"
TITLE = "Audit"
NAV = Nav("Admin", "Audit", "audit", 80, "l", Permission.READ_AUDIT)
CSV = "/export/audit.csv"
JSON_LINES = "/export/audit.jsonl"
POLL_MS = 1_000

_ENTITIES = {
    "test": "Test",
    "user": "Person",
    "session": "Session",
    "technique": "Technique",
    "rule": "Detection rule",
    "campaign": "Campaign",
    "template": "Template",
    "tool": "Defence tool",
    "source": "Source",
    "channel": "Notification channel",
    "saved_view": "Saved view",
    "navigator_overlay": "Overlay",
    "audit_log": "Audit log",
}
# Kind of thing -> the address of its page; the place of the entity comes after it.
_PLACES = {
    "test": "/test/",
    "user": "/admin/users?user=",
    "technique": "/technique/",
    "campaign": "/campaign/",
    "template": "/template/",
    "tool": "/tools?tool=",
    "source": "/sources?source=",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """`name` and `place` are those of what it speaks of, where that is still there; `person` is an id or empty."""

    seq: int
    at: datetime
    person: str
    person_name: str
    ip: str
    request_id: str
    action: str
    entity: str
    entity_id: str
    name: str
    place: str
    changes: Sequence[Change]
    prev_hash: str
    hash: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Chain:
    """The last verification: `checked_at` is None before the first; `entries` were walked, `head` is the last hash.

    `running`: "queued", "started" (`done` of `total`), "failed" or empty. `served`: whether a worker is there.
    """

    whole: int
    checked_at: datetime | None = None
    checked_by: str = ""
    entries: int = 0
    broken_at: int | None = None
    head: str = ""
    running: str = ""
    done: int = 0
    total: int = 0
    served: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Audit:
    """`total` match (`many`: more than that); `further`: there are entries older than these. `query` is the address."""

    query: Mapping[str, str]
    entries: Sequence[Entry]
    further: bool
    total: int
    many: bool
    chain: Chain
    people: Sequence[tuple[str, str]]
    actions: Sequence[str]
    entities: Sequence[str]

    @property
    def filtered(self) -> bool:
        return any(self.query.get(name) for name in FILTERS)


def polling(chain: Chain) -> bool:
    return chain.running in ("queued", "started")


def answer(data: Audit) -> str:
    """The one line in the top bar."""
    whole = words.plural(data.chain.whole, "entry", "entries")
    if not data.filtered:
        return whole
    found = f"more than {words.number(data.total)}" if data.many else words.number(data.total)
    return f"{found} of {whole}"


def layout(data: Audit, panel: Component | None = None) -> html.Div:
    fields = filter_fields(data)
    exports = html.Div(
        [_export("CSV", CSV), _export("JSON lines", JSON_LINES), html.Span("All that match.", className="hint")],
        className="actions",
    )
    chain = html.Div(render_chain(data.chain), id="audit-chain", className="stack-small")
    line = FilterLine(id="audit-filters", fields=fields, value=filters.asked(fields, data.query))
    return html.Div(
        [
            dcc.Interval(id="audit-poll", interval=POLL_MS, disabled=not polling(data.chain)),
            html.Section(chain, className="section", **{"aria-label": "The chain"}),
            html.Div([line, exports, html.Div(render_entries(data), id="audit-list")], className="stack-small"),
            html.Div(panel, id="audit-panel"),
        ],
        className="stack",
    )


def _export(text: str, href: str) -> html.A:
    return html.A(text, href=href, className="button is-quiet is-small", download="", **{"data-with-query": ""})


def filter_fields(data: Audit) -> list[dict[str, Any]]:
    more: dict[str, Any] = {"filters": True, "clears": ("before", "entry")}
    quiet = {**more, "quiet": True}
    kinds = dict.fromkeys(action.split(".")[0] + "." for action in data.actions)
    actions = [*((kind, f"All of {kind[:-1].replace('_', ' ')}") for kind in kinds)]
    actions += [(action, _action(action)) for action in data.actions]
    entities = sorted((_entity(one), one) for one in data.entities)
    return [
        filters.one("person", "Person", [("", "Anybody"), (SYSTEM, "No person"), *data.people], **more),
        filters.many("action", "Action", actions, placeholder="Any action", **more),
        filters.one("entity", "Kind", [("", "Anything"), *((one, label) for label, one in entities)], **more),
        filters.search("id", "Which", "Number or id", **quiet),
        filters.day("from", "From", **quiet),
        filters.day("to", "To", **quiet),
    ]


def render_chain(chain: Chain) -> list[Component]:
    """What stands in `audit-chain`: how the last verification ended, and the way to the next."""
    button = html.Button(
        "Verify the log", id="audit-verify", type="button", className="button is-small", disabled=polling(chain)
    )
    return [
        html.Header([html.H2("Is the log whole?"), html.P("Every entry carries the hash of the one before it.")]),
        *_checked(chain),
        html.Div([button, *_running(chain)], className="actions"),
    ]


def _checked(chain: Chain) -> list[Component]:
    if chain.checked_at is None:
        return [html.P("Nobody has verified it yet.", className="hint")]
    by = [" ", when(chain.checked_at, "ago"), f" by {chain.checked_by}."]
    if chain.broken_at is not None:
        text = f"Entry {words.number(chain.broken_at)} does not fit the chain"
        here = link("Open it", f"{PATH}?entry={chain.broken_at}")
        return [
            html.P([status.mark("missed", text), ": found", *by, " ", here]),
            html.P(
                "It, or one before it, was changed or removed from outside of Aegis. Those before it are whole.",
                className="hint",
            ),
        ]
    later = chain.whole - chain.entries
    since = f" {words.plural(later, 'entry', 'entries')} since then." if later > 0 else ""
    fit = f"{words.plural(chain.entries, 'entry fits', 'entries fit')} the chain"
    return [
        html.P([status.mark("covered", fit), ": verified", *by, since]),
        html.P(["Head ", html.Code(chain.head)], className="references"),
        html.P(
            "Entries cut off at the end leave a chain that is whole. So keep this number and head outside of Aegis: "
            f"as long as entry {words.number(chain.entries)} has this hash, nothing up to it was changed or cut off.",
            className="hint",
        ),
    ]


def _running(chain: Chain) -> list[Component]:
    if chain.running == "failed":
        return [html.Span("The last verification broke off; its reason is on the jobs page. Try again.", role="status")]
    if chain.running == "queued":
        text = "Waits for a worker." if chain.served else "Waits: no worker serves this queue just now."
        return [html.Span(text, role="status")]
    if chain.running == "started":
        text = f"{words.number(chain.done)} of {words.number(chain.total)}" if chain.total else "Under way"
        bar = html.Progress(value=str(chain.done), max=str(chain.total or 1), **{"aria-label": "Verified"})
        return [bar, html.Span(text, role="status")]
    return []


def render_entries(data: Audit) -> list[Component]:
    """What stands in `audit-list`."""
    if not data.entries:
        if data.query.get("before"):
            text = "No older entries match."
            return [
                states.empty(
                    "Nothing older", text, [link("The newest", _address(data.query, before=""), "button is-quiet")]
                )
            ]
        text = (
            "Take a filter away, or a longer span of time."
            if data.filtered
            else "Whatever anybody changes is kept here."
        )
        return [states.empty("No entry matches" if data.filtered else "No entries yet", text)]
    columns = [
        column("Entry", "num"),
        column("When", "when"),
        column("Person"),
        column("Action"),
        column("What"),
        column("Change"),
    ]
    table = listing(
        columns,
        [_row(data, entry) for entry in data.entries],
        caption="Audit log",
        noun="entries shown",
        limit=len(data.entries),
        file="audit-page",
    )
    return [table, html.Nav(_pages(data), className="actions", **{"aria-label": "Pages"})]


def _pages(data: Audit) -> list[Component]:
    shown = []
    if data.query.get("before"):
        shown.append(link("The newest", _address(data.query, before=""), "button is-quiet is-small"))
    if data.further:
        older = _address(data.query, before=str(data.entries[-1].seq))
        shown.append(link("Older", older, "button is-quiet is-small"))
    return shown


def _row(data: Audit, entry: Entry) -> list[Cell]:
    said = summary(entry.changes)
    return [
        cell(words.number(entry.seq), href=_address(data.query, entry=str(entry.seq)), order=entry.seq),
        moment_cell(entry.at),
        entry.person_name,
        _action(entry.action),
        _what(entry),
        cell(said, hover="; ".join(map(str, entry.changes))) if said else None,
    ]


def _what(entry: Entry) -> Cell:
    if not entry.entity:
        return None
    href = _href(entry)
    if entry.name:
        return cell(entry.name, href=href, beside=_entity(entry.entity) if entry.entity != "test" else None)
    return cell(_entity(entry.entity), beside=_short(entry.entity_id), hover=entry.entity_id)


def _href(entry: Entry) -> str | None:
    return _PLACES[entry.entity] + entry.place if entry.place and entry.entity in _PLACES else None


def entry_panel(entry: Entry, query: Mapping[str, str]) -> html.Aside:
    """What `?entry=` opens: the whole entry, before and after field by field, and the ways on from it."""
    facts: list[tuple[str, Component | str]] = [("When", when(entry.at, "second")), ("Person", entry.person_name)]
    if entry.entity:
        href, name = _href(entry), entry.name or entry.entity_id
        kind = _entity(entry.entity)
        facts.append((kind, link(name, href) if href else name))
    facts += [("Address", entry.ip)] if entry.ip else []
    facts += [("Request", entry.request_id)] if entry.request_id else []
    ways = []
    if entry.entity_id:
        about = urlencode({"entity": entry.entity, "id": entry.entity_id})
        ways.append(link("All about this", f"{PATH}?{about}", "button is-quiet is-small"))
    person = urlencode({"person": entry.person or SYSTEM})
    name = f"All by {entry.person_name}" if entry.person else "All that no person did"
    ways.append(link(name, f"{PATH}?{person}", "button is-quiet is-small"))
    chain = [
        ("Number", words.number(entry.seq)),
        ("Hash", html.Code(entry.hash)),
        ("Before it", html.Code(entry.prev_hash)),
    ]
    shown = [
        _facts(facts),
        html.Div(_changes(entry.changes)),
        html.Div(ways, className="actions"),
        html.Details([html.Summary("Its place in the chain"), _facts(chain)], className="fold"),
    ]
    close = _address(query, entry="", before=query.get("before", ""))
    return frame.side(_action(entry.action), shown, close_href=close, note=f"Entry {words.number(entry.seq)}")


def _facts(facts: Sequence[tuple[str, Component | str]]) -> html.Dl:
    return html.Dl([part for name, value in facts for part in (html.Dt(name), html.Dd(value))], className="facts")


def _changes(found: Sequence[Change]) -> list[Component]:
    if not found:
        return [html.H3("Change"), html.P("It names no fields.", className="hint")]
    columns = [column("Field"), column("Before"), column("After")]
    rows: list[list[Cell]] = [[one.field, one.before, one.after] for one in found]
    return [html.H3("Change"), listing(columns, rows, caption="What changed", noun="fields", limit=40, file="change")]


def _address(query: Mapping[str, str], **changed: str) -> str:
    """This view with parameters changed; "" takes one away."""
    kept = {name: query.get(name, "") for name in (*FILTERS, "before")} | changed
    text = urlencode({name: value for name, value in kept.items() if value}, safe=",:")
    return f"{PATH}?{text}" if text else PATH


def _action(action: str) -> str:
    """test.red_submitted -> Test: red submitted"""
    noun, _, verb = action.partition(".")
    return f"{noun[:1].upper()}{noun[1:].replace('_', ' ')}: {verb.replace('_', ' ')}"


def _entity(kind: str) -> str:
    return _ENTITIES.get(kind) or kind[:1].upper() + kind[1:].replace("_", " ")


def _short(text: str) -> str:
    return text if len(text) <= 16 else f"…{text[-8:]}"
