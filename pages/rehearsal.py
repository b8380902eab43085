"""What adopting one version of ATT&CK does: first in a sentence, then figure by figure, then row by row.

`?kind=` chooses which changes of the map are listed (added, renamed, ...).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from dash import dcc, html
from dash.development.base_component import Component

from domain.rehearsal import State
from pages.components import before_after, figure, states, status, words
from pages.components.before_after import Line
from pages.components.coverage import heading
from pages.components.parts import Cell, cell, column, listing
from pages.components.runs import KINDS
from pages.components.status import link
from pages.rehearsals import CONTENT, POLL_MS, Rehearsal, render_progress, render_state, sentence
from pages.rehearsals import PATH as LIST

PATH = f"{LIST}/<key>"
TITLE = "Rehearsal"
NAV = None

# Turn -> title, what it means, what the ids before and after are called.
_TURNS: Mapping[str, tuple[str, str, str, str]] = {
    "new": ("New", "Nothing stands on it yet but what names it already.", "", ""),
    "parents": ("Became a parent", "What stands on it may belong to a sub-technique.", "", "Sub-techniques"),
    "split": ("Split", "Revoked in favour of several; what stands on it goes to the first of them.", "", "Into"),
    "merged": ("Takes in others", "Two that were told apart count as one.", "Takes in", ""),
    "replaced": ("Goes on under another id", "What stands on it follows.", "", "Now"),
    "lost": ("Gone without a successor", "What stands on it counts nowhere.", "", ""),
    "tactics": ("Under another tactic", "Its column changes, its tests do not.", "Leaves", "Joins"),
    "platforms": ("On other platforms", "Tests on a platform it leaves are kept.", "Leaves", "Joins"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """`lines`: figures before and after. `kind`: the changes of the map that are listed."""

    rehearsal: Rehearsal
    lines: Sequence[Line]
    kind: str
    may_decide: bool


def title(data: Report) -> str:
    return f"Rehearsal of {data.rehearsal.name}"


def answer(data: Report) -> str:
    """The one line in the top bar."""
    one = data.rehearsal
    return sentence(one) if one.report else one.error or one.phase or "Waiting for a worker"


def layout(data: Report) -> html.Div:
    under_way = data.rehearsal.state.under_way
    return html.Div(
        [
            dcc.Interval(id="rehearsal-poll", interval=POLL_MS, disabled=not under_way),
            dcc.Store(id="rehearsal-key", data=data.rehearsal.id),
            html.P(link("All rehearsals", LIST, ""), className="hint"),
            html.Div(render(data), id="rehearsal-body", className="stack"),
        ],
        className="stack",
    )


def render(data: Report) -> list[Component]:
    """What stands in `rehearsal-body`."""
    one = data.rehearsal
    parts: list[Component] = [html.Section(_head(data), className="panel stack-small")]
    if not one.report or not one.report.get("changes"):
        return parts
    parts += [
        html.Section(_numbers(one.report), className="panel"),
        html.Section(_figures(data), className="panel"),
        html.Section(_turns(one.report), className="panel"),
        html.Section(_moves(one.report), className="panel"),
        html.Section(_controls(one.report), className="panel"),
        html.Section(_scores(one.report), className="panel"),
        html.Section(render_items(data), className="panel", id="rehearsal-items"),
    ]
    return parts


def _head(data: Report) -> list[Component]:
    one = data.rehearsal
    shown: list[Component] = [html.Header([html.H2(answer(data)), html.P(one.origin)]), render_state(one)]
    if one.state.under_way:
        shown.append(render_progress(one))
    if one.error:
        shown.append(states.notice(one.error, kind="warn"))
    if one.stale:
        text = "The loaded map has changed since: this says what was true then. Rehearse it again before adopting it."
        shown.append(states.notice(text, kind="stale"))
    if one.report and not one.report.get("texts_compared", True):
        shown.append(states.notice("Texts of one of the two are shortened: only what is not text was compared."))
    if data.may_decide:
        shown += _actions(one)
    return shown


def _actions(one: Rehearsal) -> list[Component]:
    buttons = []
    if one.state is State.READY and not one.stale and one.report.get("changes"):
        buttons.append(html.Button(f"Adopt {one.version}", id="rehearsal-adopt", type="button", className="button"))
    if one.state in (State.READY, State.FAILED) and one.kept:
        again = html.Button("Rehearse again", id="rehearsal-again", type="button", className="button is-quiet")
        buttons.append(again)
    if one.state in (State.READY, State.FAILED):
        buttons.append(html.Button("Discard", id="rehearsal-discard", type="button", className="button is-quiet"))
    if not buttons:
        return []
    said = "Adopting makes it the map everybody sees. Discarding forgets the file and keeps this report."
    return [html.Div(buttons, className="actions"), html.P(said, className="hint")]


def _numbers(report: Mapping[str, Any]) -> list[Component]:
    """The primary visual: of each kind of content, what moves, what lands nowhere, and what finds its place."""
    numbers = report["numbers"]
    figures = []
    for content, (_, many) in CONTENT.items():
        each = numbers[content]
        under = [f"{words.number(each['lost'])} land nowhere" if each["lost"] else "none lands nowhere"]
        under += [f"{words.number(each['found'])} find a place" if each["found"] else ""]
        name = f"{many[0].upper()}{many[1:]} that move"
        figures.append(figure.figure(name, words.number(each["moved"]), under=under, href="#moves"))
    text = "Nowhere is what lies on no active technique: it is kept, and counts in no total."
    return [heading("What moves", text), html.Div(figures, className="figures")]


def _figures(data: Report) -> list[Component]:
    text = "Measured with the version in place, then undone: evidence, weights and scope as they are now."
    table = before_after.table(data.lines, caption="What adopting does to each figure", file="rehearsal-figures")
    return [heading("Figures now and then", text), table]


def _turns(report: Mapping[str, Any]) -> list[Component]:
    rows: list[list[Cell]] = []
    for kind, (name, meaning, before, after) in _TURNS.items():
        for attack_id, of, old, new in report["turns"][kind]:
            said = [f"{before.lower()} {_ids(old)}" if old else "", f"{after.lower()} {_ids(new)}" if new else ""]
            rows.append(
                [
                    cell(attack_id, href=f"/technique/{attack_id}", beside=of),
                    cell(name, hover=meaning),
                    "; ".join(part for part in said if part) or ("" if kind == "new" else meaning),
                ]
            )
    counted = Counter(kind for kind in _TURNS for _ in report["turns"][kind])
    head = heading(
        "Techniques that come, go and change",
        "; ".join(f"{_TURNS[kind][0].lower()}: {words.number(n)}" for kind, n in counted.items())
        or "No technique splits, merges, moves or goes.",
    )
    if not rows:
        return [head]
    columns = [column("Technique"), column("What happens"), column("In detail", "prose")]
    table = listing(
        columns, rows, caption="Techniques that need a look", noun="techniques", limit=15, file="rehearsal-turns"
    )
    return [head, table]


def _ids(ids: Sequence[str]) -> str:
    shown = list(ids) if len(ids) <= 6 else [*ids[:5], f"{words.number(len(ids) - 5)} more"]
    return words.sentence(shown)


def _moves(report: Mapping[str, Any]) -> list[Component]:
    head = heading("What lands elsewhere", "Claimed ids are kept as they were written; where they lie follows the map.")
    if not report["moves"]:
        return [head, html.P("Everything stays where it is.", className="hint")]
    rows: list[list[Cell]] = []
    for content, claimed, before, after, number in report["moves"]:
        rows.append(
            [
                cell(words.plural(number, *CONTENT[content]), order=number, href=_content_href(content, before)),
                claimed,
                cell(before, href=f"/technique/{before}") if before else cell("nowhere", mark="untested"),
                cell(after, href=f"/technique/{after}") if after else cell("nowhere", mark="missed"),
            ]
        )
    columns = [column("What"), column("Claims", "mono"), column("Lies on now"), column("Then")]
    table = listing(columns, rows, caption="What lands elsewhere", noun="claims", limit=20, file="rehearsal-moves")
    return [html.A(id="moves"), head, table]


def _content_href(content: str, technique: str | None) -> str | None:
    """The rows behind a number, where they can be found by their technique."""
    if technique is None:
        return None
    if content == "tests":
        return f"/tests?{urlencode({'technique': technique, 'subs': 'no'})}"
    if content == "rules":
        return f"/rules?{urlencode({'technique': technique})}"
    return f"/technique/{technique}"


def _controls(report: Mapping[str, Any]) -> list[Component]:
    head = heading("Compliance", "Controls whose state would differ, by the mappings that are loaded.")
    if not report["frameworks"]:
        return [head, html.P("No framework is mapped to this map.", className="hint")]
    if not report["controls"]:
        text = f"Every control of {words.plural(len(report['frameworks']), 'framework')} keeps its state."
        return [head, html.P(text, className="hint")]
    rows: list[list[Cell]] = [
        [
            framework,
            cell(code, href=f"/compliance/{framework}?{urlencode({'control': code})}"),
            _state(old),
            _state(new),
        ]
        for framework, code, old, new in report["controls"]
    ]
    columns = [column("Framework"), column("Control", "mono"), column("Now"), column("Then")]
    table = listing(columns, rows, caption="Controls", noun="controls", limit=15, file="rehearsal-controls")
    return [head, table]


def _state(state: str | None) -> str:
    return state.replace("_", " ").capitalize() if state else "Not there"


def _scores(report: Mapping[str, Any]) -> list[Component]:
    head = heading("Scores that change most", "Techniques in scope, in points; a technique that is not there has none.")
    if not report["scores"]:
        return [head, html.P("No technique's score changes.", className="hint")]
    rows: list[list[Cell]] = [
        [
            cell(attack_id, href=f"/technique/{attack_id}", beside=name),
            "–" if old is None else cell(words.number(old, 1), order=old),
            "–" if new is None else cell(words.number(new, 1), order=new),
            _score_change(old, new),
        ]
        for attack_id, name, old, new in report["scores"]
    ]
    columns = [column("Technique"), column("Now", "num"), column("Then", "num"), column("Change", "num")]
    return [head, listing(columns, rows, caption="Scores", noun="techniques", limit=10, file="rehearsal-scores")]


def _score_change(old: float | None, new: float | None) -> Cell:
    """What is new or gone has no change of its own: it moves the mean by being there or not."""
    if old is None or new is None:
        return cell("new" if old is None else "gone", order=(new or 0.0) - (old or 0.0))
    return cell(words.signed(new - old, 1), order=new - old)


def kinds(report: Mapping[str, Any]) -> dict[str, int]:
    """How many objects of the map change in each way, in the order in which they are read."""
    counted = Counter(row[0] for row in report.get("items", ()))
    return {kind: counted[kind] for kind in KINDS if counted[kind]}


def render_items(data: Report) -> list[Component]:
    """What stands in `rehearsal-items`: the objects of the map that change in one way."""
    one, counted = data.rehearsal, kinds(data.rehearsal.report)
    text = "Tactics, techniques, groups, software, mitigations and what else ATT&CK publishes; analytics are counted."
    head = heading("Objects of the map", text)
    if not counted:
        said = "A first load is counted, not listed." if not one.from_version else "No object changes."
        return [head, html.P(said, className="hint")]
    chips = []
    for kind, number in counted.items():
        chip = status.chip(f"{KINDS[kind]} {words.number(number)}", href=f"{LIST}/{one.id}?kind={kind}")
        if kind == data.kind:
            setattr(chip, "aria-current", "true")
        chips.append(chip)
    rows: list[list[Cell]] = [
        [kind.replace("_", " "), ref, name, detail]
        for change, kind, ref, name, detail in one.report["items"]
        if change == data.kind
    ]
    columns = [column("What"), column("Id", "mono"), column("Name"), column("In detail", "prose")]
    file = f"rehearsal-{data.kind}"
    table = listing(columns, rows, caption=KINDS[data.kind], noun="objects", limit=15, file=file)
    return [head, html.Div(chips, className="chips"), table]
