"""The lists of a framework's page: what changed, why each control stands as it does, what to test, where it is from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import quote, urlencode

from dash import html
from dash.development.base_component import Component

from domain.compliance import ControlState
from pages.components import compliance as parts
from pages.components import states, words
from pages.components.compliance import Decided
from pages.components.figure import Share
from pages.components.parts import Cell, cell, column, listing, when
from pages.components.status import COVERAGE, link

NAMED = 4  # techniques that a reason names


@dataclass(frozen=True, kw_only=True, slots=True)
class Control:
    """`techniques` are ids with what fails first in front; `templates` would test those that lack fresh proof."""

    code: str
    shown: str
    name: str
    group: str
    state: str
    none_fits: bool
    tally: Mapping[str, int]
    techniques: Sequence[str]
    not_placed: Sequence[str]
    templates: int
    decided: Decided | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """A technique without fresh full proof, and how many controls it holds back."""

    attack_id: str
    name: str
    status: str
    stale: bool
    controls: int
    tests: int
    templates: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    code: str
    shown: str
    name: str
    before: str
    after: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What has changed between two days."""

    since: date
    until: date
    changes: Sequence[Change]


@dataclass(frozen=True, kw_only=True, slots=True)
class Framework:
    """`controls` are all of them; `query` says which are listed. `groups` are (code, name) in their order.

    `unaddressed` are (id, name, comment) of techniques that no control addresses, by the source's own word; `proven` is
    of the techniques that are mapped and in scope. `notes` are what is not known of the day.
    """

    slug: str
    name: str
    version: str
    kind: str
    origin: str
    domain: str
    attack_version: str
    map_version: str
    published_on: date | None
    updated_at: datetime
    is_demo: bool
    note: str
    as_of: date
    today: date
    states: Mapping[str, int]
    demonstrated: Share
    proven: Share
    groups: Sequence[tuple[str, str]]
    controls: Sequence[Control]
    gaps: Sequence[Gap]
    not_placed: Sequence[tuple[str, int]]
    elsewhere: Sequence[tuple[str, int]]
    unaddressed: Sequence[tuple[str, str, str]]
    accepted: int
    expired: int
    query: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    compared: Compared | None = None
    may_plan: bool = False
    may_manage: bool = False

    @property
    def path(self) -> str:
        return f"/compliance/{self.slug}"

    @property
    def listed(self) -> list[Control]:
        """The controls that the address asks for."""
        state, group = self.query.get("state", ""), self.query.get("group", "")
        return [one for one in self.controls if state in ("", one.state) and group in ("", one.group)]

    def href(self, **changes: str) -> str:
        """This view with another parameter; an empty one is left out."""
        kept = {name: text for name, text in {**self.query, **changes}.items() if text}
        return f"{self.path}?{urlencode(kept, safe=',')}" if kept else self.path


def why(one: Control) -> str:
    return parts.why(one.state, one.tally, none_fits=one.none_fits, not_placed=len(one.not_placed))


def render_changes(data: Framework) -> list[Component]:
    found = data.compared
    if found is None:
        return []
    rows: list[list[Cell]] = [
        [
            cell(one.shown, href=data.href(control=one.code)),
            one.name,
            parts.state_cell(one.before, data.kind),
            parts.state_cell(one.after, data.kind),
        ]
        for one in found.changes
    ]
    span = f"{words.day(found.since)} to {words.day(found.until)}"
    title_of = f"{words.plural(len(rows), *parts.NOUNS[data.kind])} changed" if rows else "Nothing changed"
    head = html.Header([html.H2(title_of), html.P(f"{span}; the mapping is today's on both days.")])
    columns = [column("Code", "mono"), column("Name"), column("Before"), column("After")]
    table = listing(columns, rows, caption="Changed", noun="changes", file=f"{data.slug}-changes")
    return [html.Section([head, *([table] if rows else [])], className="section", id="changes")]


def render_gaps(data: Framework) -> html.Section:
    listed = sorted(data.listed, key=_worst_first)
    columns = [
        column("Code", "mono"),
        column("Name"),
        column("State"),
        column("Why"),
        column("Fails or lacks proof"),
        column("Techniques covered", "tight"),
        column("Tests that would close it", "num"),
        column("Decided"),
    ]
    whole = f"/export/compliance/{data.slug}.csv"
    ways = [
        html.A(
            "Everything as CSV",
            href=f"{whole}?as_of={data.as_of.isoformat()}" if data.as_of != data.today else whole,
            className="button is-quiet is-small",
            download="",
        )
    ]
    if data.may_plan and data.gaps:
        ways.insert(0, link("Plan a campaign from the gaps", f"/plan?framework={data.slug}", "button is-small"))
    head = html.Header(
        [
            html.H2("Why, one by one"),
            html.P("With each, the techniques behind its state and the tests that would close it."),
        ]
    )
    body: Component = (
        listing(
            columns,
            [_row(data, one) for one in listed],
            caption=f"{data.name}, why",
            noun=parts.nouns(data.kind),
            limit=25,
            file=f"{data.slug}-gaps",
        )
        if listed
        else states.empty("None is in this state", "Take a filter away.", [link("All", data.path, "button is-quiet")])
    )
    return html.Section([head, html.Div(ways, className="actions"), body], className="section stack-small", id="gaps")


def _worst_first(one: Control) -> tuple[int, int]:
    """What tests contradict first, and there what they contradict in most techniques."""
    return parts.ORDER.index(ControlState(one.state)), -one.tally["uncovered"]


def _row(data: Framework, one: Control) -> list[Cell]:
    href = data.href(control=one.code)
    scope = sum(one.tally.values()) - one.tally["out_of_scope"]
    covered = one.tally["covered"]
    share = cell(f"{covered} of {scope}", bar=covered / scope, order=covered / scope) if scope else cell("–")
    return [
        cell(one.shown, href=href, hover=None if one.shown == one.code else f"{one.code} in its source"),
        cell(one.name or "–", href=href),
        parts.state_cell(one.state, data.kind),
        why(one),
        _named(one, covered, scope),
        share,
        _closing(data, one),
        _decision(one),
    ]


def _named(one: Control, covered: int, scope: int) -> Cell:
    """The techniques that hold it back; those that fail stand first."""
    lacking = list(one.techniques[: scope - covered]) if ControlState(one.state).gap else []
    more = f" and {words.number(len(lacking) - NAMED)} more" if len(lacking) > NAMED else ""
    return cell(", ".join(lacking[:NAMED]) + more, hover=", ".join(lacking[:60])) if lacking else None


def _closing(data: Framework, one: Control) -> Cell:
    if not ControlState(one.state).gap:
        return None
    if not one.templates:
        return cell("0", beside="needs one of your own", order=0)
    href = f"/plan?framework={data.slug}&control={quote(one.code, safe='')}" if data.may_plan else None
    return cell(words.number(one.templates), href=href, order=one.templates)


def _decision(one: Control) -> Cell:
    if one.decided is None:
        return None
    until = one.decided.expires_on
    return cell(
        parts.decided_words(one.decided),
        mark="review" if one.decided.holds else "uncovered",
        hover=f"{one.decided.author}: {one.decided.reason}",
        order=until.toordinal() if until else 0,
    )


def render_first(data: Framework) -> Component | None:
    if not data.gaps:
        return None
    columns = [
        column("Technique", "mono"),
        column("Name"),
        column("Stands"),
        column("Holds back", "num"),
        column("Tests so far", "num"),
        column("Templates", "num"),
    ]
    rows: list[list[Cell]] = [
        [
            cell(one.attack_id, href=f"/technique/{one.attack_id}"),
            cell(one.name, href=f"/technique/{one.attack_id}"),
            cell(
                COVERAGE[one.status][0],
                mark=COVERAGE[one.status][1],
                beside="stale" if one.stale else None,
                order=list(COVERAGE).index(one.status),
            ),
            one.controls,
            cell(words.number(one.tests), href=f"/tests?technique={one.attack_id}&state=validated", order=one.tests)
            if one.tests
            else 0,
            cell(words.number(one.templates), href=f"/templates?technique={one.attack_id}", order=one.templates)
            if one.templates
            else 0,
        ]
        for one in data.gaps
    ]
    many = parts.nouns(data.kind)
    head = html.Header(
        [html.H2("What to test first"), html.P(f"Techniques without fresh proof, by how many {many} each holds back.")]
    )
    table = listing(
        columns, rows, caption="What to test first", noun="techniques", limit=10, file=f"{data.slug}-techniques"
    )
    return html.Section([head, table], className="section")


def render_provenance(data: Framework) -> html.Section:
    origin = {
        "attack": "MITRE ATT&CK's own mitigations, derived with every load of ATT&CK",
        "mappings": "the Mappings Explorer of the Center for Threat-Informed Defense",
        "own": "a table of your own",
    }[data.origin]
    spoken = f"It speaks ATT&CK {data.attack_version}; the" if data.attack_version else "The"
    said = f"From {origin}. {spoken} loaded map is {data.map_version or 'none'}. Taken in on "
    facts = [html.P([said, when(data.updated_at, "day"), "."])]
    if data.published_on:
        facts.append(html.P(f"Published {words.day(data.published_on)}."))
    shown: list[Component] = [
        html.Header([html.H2("Where it comes from"), html.P("The model, the source and what could not be placed.")]),
        html.Div([*facts, parts.model(data.kind)], className="stack-small"),
    ]
    for name, ids, text in (
        ("Not placed", data.not_placed, "Ids that lie nowhere on the loaded maps; kept, counted, and no gap."),
        ("Retired or on another map", data.elsewhere, "Placed, but retired by ATT&CK or on the map of another domain."),
    ):
        if ids:
            rows: list[list[Cell]] = [
                [cell(ident, href=f"/technique/{ident}" if name != "Not placed" else None), number]
                for ident, number in ids
            ]
            table = listing([column("Id", "mono"), column("Named by", "num")], rows, caption=name, noun="ids")
            shown.append(
                html.Details(
                    [html.Summary(f"{name}: {len(ids)}"), html.P(text, className="hint"), table], className="fold"
                )
            )
    if data.unaddressed:
        lines: list[list[Cell]] = [
            [cell(ident, href=f"/technique/{ident}"), name, comment or None]
            for ident, name, comment in data.unaddressed
        ]
        columns = [column("Technique", "mono"), column("Name"), column("Its source says")]
        table = listing(columns, lines, caption="Addressed by no control", noun="techniques")
        summary = html.Summary(f"Techniques that no control addresses: {len(lines)}")
        shown.append(html.Details([summary, table], className="fold"))
    if data.may_manage and data.origin != "attack":
        shown.append(
            html.Details(
                [
                    html.Summary("Remove this framework"),
                    html.P("It disappears for everyone; what was decided waits for its return.", className="hint"),
                    html.Button("Remove", id="framework-remove", type="button", className="button is-quiet"),
                ],
                className="fold",
            )
        )
    return html.Section(shown, className="section stack-small", id="provenance")
