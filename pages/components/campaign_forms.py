"""The forms of a campaign: its plan, the order of its tests, its rhythm, a clone of it."""

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from pages.campaign import Campaign, render_next, seen
from pages.components import choosing, status
from pages.components.labelled import labelled
from pages.components.status import link

OWN = "own"
NEVER = ""
# Rhythms that people name, as cron lines; any other is written by hand.
RHYTHMS: tuple[tuple[str, str], ...] = (
    (NEVER, "It does not come again"),
    ("0 9 * * 1", "Every Monday at 9:00"),
    ("0 9 1 * *", "On the 1st of every month at 9:00"),
    ("0 9 1 1,4,7,10 *", "On the 1st of every quarter at 9:00"),
    ("0 9 1 1,7 *", "On 1 January and 1 July at 9:00"),
    ("0 9 1 1 *", "On 1 January at 9:00"),
    (OWN, "By a cron line of our own"),
)


def edit(data: Campaign, actors: Sequence[tuple[str, str]]) -> html.Div:
    """Ids `campaign-<field>`; the button is `campaign-save`."""
    known = [("", "Nobody in particular"), *((ident, f"{name} ({ident})") for ident, name in actors)]
    if data.actor_id and data.actor_id not in dict(known):
        known.append((data.actor_id, data.actor_id))
    goal = dcc.Textarea(id="campaign-goal", value=data.goal, rows=5, maxLength=5_000)
    fields = [
        html.Div(labelled("Name", _text("campaign-name", data.name, 200)), className="is-whole"),
        html.Div(labelled("Goal", goal, "What shall be known afterwards."), className="is-whole"),
        html.Div(
            labelled("In the manner of", choosing.select("campaign-actor", "In the manner of", known, data.actor_id)),
            className="is-whole",
        ),
        labelled("From", choosing.date_field("campaign-starts", "From", _iso(data.starts_on))),
        labelled("To", choosing.date_field("campaign-ends", "To", _iso(data.ends_on))),
    ]
    return _form(data, fields, "Save plan", "campaign-save")


def clone(data: Campaign, key: str) -> html.Div:
    """`key` becomes the id of the copy, so that a double click makes one. The button is `campaign-clone`."""
    number = len(data.tests)
    note = f"{number} tests become drafts of their own, in the same order, for the same people: its next run."
    fields = [
        dcc.Store(id="campaign-clone-key", data=key),
        html.Div(
            labelled("Name of the copy", _text("campaign-clone-name", _again(data), 200), note), className="is-whole"
        ),
        labelled("From", choosing.date_field("campaign-clone-starts", "From")),
        labelled("To", choosing.date_field("campaign-clone-ends", "To")),
    ]
    return _form(data, fields, "Clone campaign", "campaign-clone")


def repeat(data: Campaign, zone: str) -> html.Div:
    """`zone` is the viewer's. Ids `campaign-rhythm`, `-cron`, `-zone`; the button is `campaign-repeat`."""
    cron = data.rhythm.cron
    preset = cron if cron in dict(RHYTHMS) else OWN
    note = (
        "Each time its tests are planned anew, as drafts in a campaign of their own. Of times that were missed, the "
        "latest is made up for."
    )
    fields = [
        html.Div(
            labelled("How often", choosing.select("campaign-rhythm", "How often", RHYTHMS, preset), note),
            className="is-whole",
        ),
        labelled(
            "Cron line",
            _text("campaign-cron", cron, 100),
            "Minute, hour, day of the month, month, day of the week. Used with a cron line of our own.",
        ),
        labelled("Time zone", _text("campaign-zone", data.rhythm.zone if cron else zone, 64), "Such as Europe/Madrid."),
        html.Div(render_next(data.rhythm.next_times), id="campaign-next", className="is-whole", role="status"),
    ]
    return _form(data, fields, "Save rhythm", "campaign-repeat")


def arrange(data: Campaign) -> html.Div:
    """Ids `campaign-order` (the arranger), `campaign-remove`, `campaign-move`, `campaign-target`."""
    rows = [
        {
            "id": test.id,
            "number": test.number,
            "title": test.title,
            "technique": test.attack_id,
            "state": status.TEST_STATE[test.state],
            "waits": [number for number, _ in test.waits_for],
        }
        for test in data.tests
    ]
    order = choosing.arranger("campaign-order", rows, caption="Order and dependencies")
    bulk: list[Component] = [
        html.Button(
            "Take out of the campaign", id="campaign-remove", type="button", className="button is-quiet is-small"
        )
    ]
    if data.others:
        bulk += [
            choosing.select("campaign-target", "Another campaign", data.others, data.others[0][0]),
            html.Button("Move there", id="campaign-move", type="button", className="button is-quiet is-small"),
        ]
    note = (
        "A test that waits for others cannot be started until these are validated, rejected or cancelled. "
        "Write the numbers of the others."
    )
    return html.Div(
        [
            seen(data),
            html.Div([link("Done", data.address, "button")], className="actions"),
            html.P(note, className="hint"),
            order,
            html.Div([html.Span("With the ticked ones:"), *bulk], className="actions is-bulk"),
        ],
        className="stack-small",
    )


def _form(data: Campaign, fields: Sequence[Component], submit: str, button: str) -> html.Div:
    ways = [
        html.Button(submit, id=button, type="button", className="button"),
        link("Leave without saving", data.address, "button is-quiet"),
    ]
    body = [seen(data), html.Div(list(fields), className="form-columns"), html.Div(ways, className="actions")]
    return html.Div(body, className="stack-small campaign-form")


def _again(data: Campaign) -> str:
    """A name for the next run that tells it from this one."""
    first = data.name.rpartition(", run ")[0] or data.name
    last = max((run.run_number for run in data.runs), default=data.run_number)
    return f"{first[:180]}, run {last + 1}"


def _text(ident: str, value: str, most: int) -> dcc.Input:
    return dcc.Input(id=ident, value=value, maxLength=most, autoComplete="off")


def _iso(day: object) -> str:
    return "" if day is None else str(day)
