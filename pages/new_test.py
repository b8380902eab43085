"""Planning a test by hand: what, where, and what red does. `?technique=T1059.001&platform=Windows` fills it in."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from dash import dcc, html
from dash.development.base_component import Component

from domain.platforms import PLATFORMS
from domain.testing.actions import PROCEDURE_MAX
from pages.account import labelled
from pages.components import states
from pages.components.status import link

PATH = "/tests/new"
TITLE = "Plan a test"
NAV = None

FIELDS = ("title", "technique", "platform", "environment", "priority", "campaign", "procedure")
_PRIORITIES = {1: "High", 2: "Normal", 3: "Low"}


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTest:
    """`key` becomes the id of the test, so that pressing twice makes one. `techniques` as (id, ATT&CK id, name)."""

    key: UUID
    techniques: Sequence[tuple[str, str, str]]
    campaigns: Sequence[Sequence[str]]
    technique: str = ""
    platform: str = "Windows"


def layout(data: NewTest) -> Component:
    if not data.techniques:
        text = "A test is planned for a technique of ATT&CK, and no map is loaded yet."
        return states.empty("There is nothing to test yet", text, [link("Open sources", "/sources", "button")])
    techniques = [{"label": f"{attack_id}  {name}", "value": key} for key, attack_id, name in data.techniques]
    chosen = next((key for key, attack_id, _ in data.techniques if attack_id == data.technique), None)
    campaigns = [{"label": name, "value": key} for key, name in data.campaigns]
    fields: list[Component] = [
        labelled(
            "Technique",
            dcc.Dropdown(
                id="new-test-technique", options=techniques, value=chosen, placeholder="T1059.001, or part of its name"
            ),
        ),
        labelled(
            "Title",
            dcc.Input(id="new-test-title", value="", maxLength=200, autoComplete="off"),
            "What is done, in a few words: Encoded PowerShell from a macro.",
        ),
        labelled(
            "Platform",
            dcc.Dropdown(
                id="new-test-platform", options=list(PLATFORMS), value=data.platform, clearable=False, searchable=False
            ),
        ),
        labelled(
            "Environment",
            dcc.Input(id="new-test-environment", value="", maxLength=200, autoComplete="off"),
            "Where it runs, if that matters: branch office, test laboratory.",
        ),
        labelled(
            "Priority",
            dcc.Dropdown(
                id="new-test-priority",
                options=[{"label": label, "value": number} for number, label in _PRIORITIES.items()],
                value=2,
                clearable=False,
                searchable=False,
            ),
        ),
        labelled(
            "Campaign",
            dcc.Dropdown(id="new-test-campaign", options=campaigns, value=None, placeholder="None"),
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
