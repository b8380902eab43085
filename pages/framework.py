"""One framework: its controls by group and state, what changed, the gaps with the tests that would close them.

`?state=` and `?group=` narrow the list, `?control=` opens one control beside it, `?as_of=` looks from another day and
`?compare=` says what has changed since one.
"""

from collections.abc import Sequence
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from domain.compliance import ControlState
from pages.components import compliance as parts
from pages.components import filters, states, words
from pages.components import framework_lists as lists
from pages.components.compliance import Group, Tile
from pages.components.figure import figure, share_figure
from pages.components.filters import FilterLine
from pages.components.framework_lists import Control, Framework
from pages.components.parts import Mix
from pages.components.status import link

PATH = "/compliance/<slug>"
TITLE = "Framework"
NAV = None
STATE_ALL, GROUP_ALL = "", ""


def title(data: Framework) -> str:
    return f"{data.name} {data.version}".strip()


def answer(data: Framework) -> str:
    """The one line in the top bar."""
    share = data.demonstrated
    if not share.of:
        return "nothing here can be judged by tests"
    done = parts.label(ControlState.DEMONSTRATED, data.kind).lower()
    number = words.number(data.states[ControlState.CONTRADICTED])
    return f"{share.words} {done}, {number} {'get through' if _attacked(data) else 'contradicted'}"


def layout(data: Framework, panel: Component | None = None) -> html.Div:
    """`panel` is what `?control=` opens; the region `control-panel` holds it."""
    fields = filter_fields(data)
    line = FilterLine(id="framework-filters", fields=fields, value=filters.asked(fields, data.query))
    return html.Div(
        [
            line,
            dcc.Store(id="framework-slug", data=data.slug),
            html.Div(render(data), id="framework-body", className="stack"),
            html.Div(panel, id="control-panel"),
        ],
        className="stack",
    )


def filter_fields(data: Framework) -> list[dict[str, Any]]:
    every = [(STATE_ALL, "Any state"), *((state.value, parts.label(state, data.kind)) for state in parts.ORDER)]
    groups = [(GROUP_ALL, "Any group"), *((code, _group(code, name)) for code, name in data.groups)]
    fields = [filters.one("state", "State", every, filters=True)]
    if len(data.groups) > 1:
        fields.append(filters.one("group", "Group", groups, filters=True))
    return [
        *fields,
        filters.day("as_of", "As of", quiet=True, filters=True),
        filters.day("compare", "Changed since", quiet=True, filters=True),
    ]


def render(data: Framework) -> list[Component]:
    """What stands in `framework-body`."""
    shown = [_notices(data), _figures(data), _wall(data), *lists.render_changes(data), lists.render_gaps(data)]
    shown += [lists.render_first(data), lists.render_provenance(data)]
    return [part for part in shown if part is not None]


def _notices(data: Framework) -> Component | None:
    said: list[Component] = []
    if data.as_of != data.today:
        text = f"As of {words.day(data.as_of)}: tests and decisions as they stood; the mapping is today's."
        more = html.Details([html.Summary("What is not known of that day"), *map(html.P, data.notes)])
        today = link("Today", data.href(as_of=""), "button is-quiet is-small")
        said.append(states.notice(html.Span(text), today, *([more] if data.notes else [])))
    if data.expired:
        many = words.plural(data.expired, "accepted risk")
        said.append(states.notice(f"{many} expired: time to look again.", kind="warn"))
    if data.note:
        said.append(states.notice(data.note))
    return html.Div(said, className="stack-small") if said else None


def _figures(data: Framework) -> html.Div:
    done, model = parts.label(ControlState.DEMONSTRATED, data.kind), parts.MODEL_OF[data.kind]
    against, untested = ControlState.CONTRADICTED, ControlState.NOT_DEMONSTRATED
    many = parts.nouns(data.kind)
    pairs = sum(number for _, number in data.not_placed)
    placed = "id of a control, not on the loaded map" if pairs == 1 else "ids of controls, not on the loaded map"
    risks = "none expired" if not data.expired else f"{words.number(data.expired)} expired"
    return html.Div(
        [
            share_figure(done, data.demonstrated, definition=model, href=data.href(state="demonstrated")),
            figure(
                parts.label(against, data.kind),
                words.number(data.states[against]),
                unit=many,
                under=[f"of {words.number(data.demonstrated.of)} that can be judged"],
                href=data.href(state=against),
            ),
            figure(
                parts.label(untested, data.kind),
                words.number(data.states[untested]),
                unit=many,
                under=["no validated test of any technique"],
                href=data.href(state=untested),
            ),
            share_figure("Mapped techniques proven", data.proven, definition="Of the techniques that its rows name, on "
                         "the loaded map and in scope: those covered by fresh tests."),
            figure("Risks accepted", words.number(data.accepted), under=[risks]),
            figure("Not placed", words.number(pairs), under=[placed], href=f"{data.path}#provenance"),
        ],
        className="figures",
    )  # fmt: skip


def _wall(data: Framework) -> html.Section:
    mix = Mix(
        caption=f"{words.plural(len(data.controls), *parts.NOUNS[data.kind])} by state",
        parts=[
            {
                "name": parts.label(state, data.kind),
                "n": data.states[state],
                "mark": parts.MARKS[state],
                "colour": parts.fill(state),
                "href": data.href(state=state),
            }
            for state in parts.ORDER
            if data.states[state]
        ],
    )
    by_group: dict[str, list[Control]] = {code: [] for code, _ in data.groups}
    for one in data.listed:
        by_group[one.group].append(one)
    groups = [
        Group(
            code=code,
            label=_group(code, name) or "Controls",
            href=data.href(group=code),
            note=_demonstrated_of(by_group[code]),
            tiles=[_tile(data, one) for one in by_group[code]],
        )
        for code, name in data.groups
        if by_group[code]
    ]
    wall = parts.control_wall(groups, caption="Controls by group", chosen=data.query.get("control", ""))
    head = html.Header([html.H2(_finding(data)), html.P("Each tile is one; it opens what stands behind it.")])
    return html.Section([head, html.Div([mix, wall], className="stack")], className="panel")


def _finding(data: Framework) -> str:
    """The title says where tests contradict most."""
    counts: dict[str, list[int]] = {code: [0, 0] for code, _ in data.groups}
    for one in data.controls:
        if ControlState(one.state).judged:
            counts[one.group][0] += one.state == ControlState.CONTRADICTED
            counts[one.group][1] += 1
    worst, (against, of) = max(counts.items(), key=lambda item: item[1][0], default=("", (0, 0)))
    many = parts.nouns(data.kind).capitalize()
    if not against:
        return f"{many} by state: no test contradicts one"
    share = f"{words.number(against)} of {words.number(of)}"
    if len(counts) == 1:
        return f"{share} get through" if _attacked(data) else f"Tests contradict {share}"
    name = _group(worst, dict(data.groups)[worst])
    return f"{name} {'gets through' if _attacked(data) else 'is contradicted'} most: {share}"


def _attacked(data: Framework) -> bool:
    """Whether it is read from the attackers' side."""
    return data.kind == "vulnerabilities"


def _demonstrated_of(controls: Sequence[Control]) -> str:
    judged = [one for one in controls if ControlState(one.state).judged]
    if not judged:
        return "nothing to judge"
    done = sum(one.state == ControlState.DEMONSTRATED for one in judged)
    return f"{words.number(done)} of {words.number(len(judged))}"


def _tile(data: Framework, one: Control) -> Tile:
    said = f"{one.shown} {one.name}: {parts.label(one.state, data.kind).lower()}, {lists.why(one)}"
    flag = one.decided is not None and one.decided.kind == "risk_accepted"
    if one.decided is not None:
        said += f". {parts.decided_words(one.decided)}"
    return Tile(
        code=one.code, state=one.state, href=data.href(control=one.code), words=said, flag=flag, shown=one.shown
    )


def _group(code: str, name: str) -> str:
    """AC Access Control; a code that only machines read (unrestricted_upload) gives way to its name."""
    return name if name and code == code.lower() else f"{code} {name}".strip()
