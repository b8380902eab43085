"""The test page: all of it in one answer, and its parts filled anew whenever the test has changed."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.queries import evidence
from data.queries import security_test as query
from domain.errors import NotFound
from domain.evidence import refusal_to_add
from domain.roles import Permission, Role
from domain.templates import Template
from domain.testing.entity import SecurityTest
from domain.testing.person import Person, Team
from domain.testing.rounds import Round
from jobs import presence, workflow
from pages import test as page
from pages.components import action_forms
from pages.components.shown_test import Account, Done, Origin, Rule, Run, ShownTest, Tool, Waiting

_PATH = "/test/"


def open(me: Viewer, asked: Mapping[str, str], number: str) -> tuple[object, str, str]:
    data = _shown(me, number, asked)
    return page.layout(data, may_comment=me.may(Permission.COMMENT)), page.title(data), page.answer(data)


def register(app: Dash) -> None:
    def outputs() -> tuple[Output, ...]:
        parts = [*((region, "children") for region in page.REGIONS), (page.ACTIONS, "spec")]
        return tuple(Output(*part, allow_duplicate=True) for part in parts)

    @app.callback(
        *outputs(),
        Input(page.ACTIONS, "asked"),
        Input(page.TOUCHED, "data"),
        State("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def read_again(_asked: int | None, _touched: int | None, search: str | None, path: str | None) -> tuple[Any, ...]:
        return _again(search, path)

    @app.callback(*outputs(), Input("url", "search"), State("url", "pathname"), prevent_initial_call=True)
    def choose_round(search: str | None, path: str | None) -> tuple[Any, ...]:
        return _again(search, path)


def _again(search: str | None, path: str | None) -> tuple[Any, ...]:
    """What is filled anew, for the address as it is now."""
    if not (path or "").startswith(_PATH):
        raise PreventUpdate
    me = viewer.current()
    me.require(Permission.READ)
    data = _shown(me, str(path).removeprefix(_PATH).strip("/"), query_of(search))
    set_props("title", {"children": page.title(data)})
    set_props("answer", {"children": page.answer(data)})
    return *page.regions(data), action_forms.spec(data)


def _shown(me: Viewer, number: str, asked: Mapping[str, str]) -> ShownTest:
    if not (number.isascii() and number.isdecimal() and len(number) < 20):
        raise NotFound("A test is called by its number.")
    found = query.found(int(number))
    test, around = found.test, found.around
    person = Person(me.id, me.display_name, me.role)
    campaign = around["campaign"]
    return ShownTest(
        number=around["number"],
        test=test,
        shown=_round(test, asked.get("round", "")),
        me=person,
        offers=test.actions_for(person),
        attack_id=around["technique"]["attack_id"],
        technique=around["technique"]["name"],
        campaign_id=UUID(campaign["id"]) if campaign else None,
        campaign=campaign["name"] if campaign else "",
        origin=_origin(around["template"]),
        accounts={UUID(one["id"]): _account(one) for one in around["people"] or ()},
        tools={UUID(one["id"]): Tool(**{**one, "id": UUID(one["id"])}) for one in around["tools"] or ()},
        rules={UUID(one["id"]): _rule(one) for one in around["rules"] or ()},
        earlier=[_run(one) for one in around["earlier"] or ()],
        later=[_run(one) for one in around["later"] or ()],
        timeline=[_done(one) for one in around["timeline"] or ()],
        comments=[_comment(one) for one in around["comments"] or ()],
        waiting=[Waiting(kind=one["kind"], who=one["who"], at=_moment(one["at"])) for one in around["waiting"] or ()],
        worker=presence.worker_for(workflow.QUEUE),
        entries=around["entries"],
        files=evidence.of_test(test.id),
        no_files={team: refusal.detail for team in Team if (refusal := refusal_to_add(test, person, team)) is not None},
    )


def _round(test: SecurityTest, wanted: str) -> Round:
    """The round asked for, or the latest."""
    return next((one for one in test.rounds if str(one.number) == wanted), test.current)


def _origin(row: Mapping[str, Any] | None) -> Origin | None:
    if row is None:
        return None
    content = Template.of(row["content"]) if row["content"] else None
    return Origin(id=UUID(row["id"]), name=row["name"], version=row["version"], newest=row["newest"], content=content)


def _account(row: Mapping[str, Any]) -> Account:
    return Account(
        id=UUID(row["id"]),
        username=row["username"],
        name=row["name"],
        role=Role(row["role"]),
        enabled=row["enabled"],
    )


def _rule(row: Mapping[str, Any]) -> Rule:
    return Rule(id=UUID(row["id"]), title=row["title"], attack_id=row["claims"] or "")


def _run(row: Mapping[str, Any]) -> Run:
    return Run(
        number=row["number"],
        title=row["title"],
        state=row["state"],
        outcome=row["outcome"],
        executed_at=_moment(row["at"]) if row["at"] else None,
    )


def _done(row: Mapping[str, Any]) -> Done:
    return Done(
        at=_moment(row["at"]),
        round=row["round"],
        who=row["actor_name"],
        side=row["side"],
        kind=row["action"],
        note=row["note"] or "",
        details=row["details"],
    )


def _comment(row: Mapping[str, Any]) -> Done:
    return Done(at=_moment(row["at"]), round=0, who=row["actor_name"], side="", kind="commented", note=row["note"])


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
