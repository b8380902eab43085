"""Planning a test by hand: what, where, and what red does. `?technique=T1059.001&platform=Windows` fills it in."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from dash import dcc, html
from dash.development.base_component import Component

from domain.platforms import PLATFORMS
from domain.testing.actions import PROCEDURE_MAX
from pages.components import choosing, states
from pages.components.labelled import labelled
from pages.components.status import link

PATH = "/tests/new"
TITLE = "Plan a test"
NAV = None

FIELDS = ("title", "technique", "platform", "environment", "priority", "campaign", "procedure")
_PRIORITIES = (("1", "High"), ("2", "Normal"), ("3", "Low"))


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTest:
    """`key` becomes the id of the test, so that pressing twice makes one. `techniques` as (ATT&CK id, name)."""

    key: UUID
    techniques: Sequence[tuple[str, str]]
    campaigns: Sequence[Sequence[str]]
    technique: str = ""
    platform: str = "Windows"


def layout(data: NewTest) -> Component:
    if not data.techniques:
        text = "A test is planned for a technique of ATT&CK, and no map is loaded yet."
        return states.empty("There is nothing to test yet", text, [link("Open sources", "/sources", "button")])
    techniques = [(attack_id, name) for attack_id, name in data.techniques]
    campaigns = [("", "None"), *((key, name) for key, name in data.campaigns)]
    chosen = data.technique if data.technique in dict(techniques) else ""
    fields: list[Component] = [
        labelled(
            "Technique",
            choosing.suggest("new-test-technique", "Technique", techniques, chosen),
            "Its id, T1059.001; part of its name finds it.",
        ),
        labelled(
            "Title",
            dcc.Input(id="new-test-title", value="", maxLength=200, autoComplete="off"),
            "What is done, in a few words: Encoded PowerShell from a macro.",
        ),
        labelled(
            "Platform",
            choosing.select("new-test-platform", "Platform", [(one, one) for one in PLATFORMS], data.platform),
        ),
        labelled(
            "Environment",
            dcc.Input(id="new-test-environment", value="", maxLength=200, autoComplete="off"),
            "Where it runs, if that matters: branch office, test laboratory.",
        ),
        labelled(
            "Priority",
            choosing.select("new-test-priority", "Priority", _PRIORITIES, "2"),
        ),
        labelled(
            "Campaign",
            choosing.select("new-test-campaign", "Campaign", campaigns),
        ),
        labelled(
            "Procedure",
            dcc.Textarea(id="new-test-procedure", value="", rows=8, maxLength=PROCEDURE_MAX),
            "What red does, in words or commands. Nothing is run from here.",
        ),
        html.Div(
            [
                html.Button("Plan test", id="new-test-save", type="button", className="button"),
                link("Leave without planning", "/tests", "button is-quiet"),
            ],
            className="actions",
        ),
    ]
    return html.Div(
        [
            dcc.Store(id="new-test-key", data=str(data.key)),
            html.P(["Is there a template for it? ", link("Look among the templates", "/templates"), "."]),
            html.Div(fields, className="form new-test"),
        ],
        className="stack-small",
    )
