"""Planning tests from templates: what can be planned, and making it."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4, uuid5

from dash import Dash, Input, Output, State, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.campaigns import day_of
from callbacks.templates import source_name
from callbacks.viewer import Viewer
from data.queries import planning as query
from data.queries import templates
from domain.attack_ids import normalise
from domain.roles import Permission, Role, may
from domain.testing.campaign_actions import CreateCampaign
from jobs import planning, workflow
from pages import plan as page
from pages.components import toast

_FILTERS = ("q", "technique", "source", "tool", "use", "state", "platform")


def open(me: Viewer, asked: Mapping[str, str]) -> tuple[object, str, str]:
    data = _plan(me, asked)
    return page.layout(data), page.TITLE, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("plan-filters", "fields"),
        Output("plan-body", "children"),
        Input("plan-filters", "value"),
        State("plan-beside", "data"),
        prevent_initial_call=True,
    )
    def filter_(value: dict[str, str] | None, beside: Any) -> tuple[Any, Any]:
        me = viewer.current()
        me.require(Permission.PLAN_TEST)
        data = _plan(me, _together(value if isinstance(value, dict) else {}, beside))
        set_props("answer", {"children": page.answer(data)})
        return page.filter_fields(data), page.render(data)

    @app.callback(
        Output("plan-made", "children"),
        Input("plan-make", "n_clicks"),
        State("plan-seen", "data"),
        State("plan-chosen", "value"),
        *(
            State(f"plan-{name}", "value")
            for name in ("into", "name", "goal", "starts", "ends", "red", "blue", "priority", "environment")
        ),
        prevent_initial_call=True,
    )
    def make(clicks: int | None, seen: Any, chosen: Any, *given: Any) -> Any:
        if not clicks or not isinstance(seen, dict):
            raise PreventUpdate
        me = viewer.current()
        made = planning.plan(me.actor, me.role, _asked(seen, chosen, given))
        set_props(toast.REGION, {"children": toast.toast("Accepted; the tests are being planned.")})
        return made_of(me, made.batch_id, str(made.campaign_id or ""))

    @app.callback(
        Output("plan-made", "children", allow_duplicate=True),
        Input("plan-poll", "n_intervals"),
        State("plan-batch", "data"),
        prevent_initial_call=True,
    )
    def poll(_count: int | None, batch: Any) -> Any:
        if not isinstance(batch, dict):
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.PLAN_TEST)
        return made_of(me, viewer.key(batch.get("batch")), str(batch.get("campaign") or ""))


def made_of(me: Viewer, batch: UUID, campaign: str) -> Any:
    answers = workflow.results(batch, me.actor)
    created = [one for one in answers if one.kind == "create"]
    left_out = [one for one in answers if one.state in ("refused", "failed", "cancelled")]
    return page.render_made(
        page.Made(
            batch=str(batch),
            campaign=campaign,
            total=len(created),
            done=sum(one.state == "done" for one in created),
            refused=[
                ("Assignment" if one.kind == "assign" else "Test", one.detail or "It could not be made.")
                for one in left_out
            ],
        )
    )


def _asked(seen: Mapping[str, Any], chosen: Any, given: Sequence[Any]) -> planning.Plan:
    into, name, goal, starts, ends, red, blue, priority, environment = given
    key = viewer.key(seen.get("key"))
    campaign: CreateCampaign | UUID | None = None
    if into == page.NEW:
        campaign = CreateCampaign(
            id=uuid5(key, "campaign"),
            name=name or "",
            goal=goal or "",
            actor_attack_id=seen.get("actor") or None,
            starts_on=day_of(starts),
            ends_on=day_of(ends),
        )
    elif into:
        campaign = viewer.key(into)
    return planning.Plan(
        key=key,
        wanted=[_wanted(option) for option in chosen.values()] if isinstance(chosen, dict) else (),
        campaign=campaign,
        adversary_id=viewer.key(seen["adversary"]) if seen.get("adversary") else None,
        environment=environment or "",
        priority=int(priority) if priority in dict(page.PRIORITIES) else 2,
        red=viewer.key(red) if red else None,
        blue=viewer.key(blue) if blue else None,
    )


def _wanted(option: Any) -> planning.Wanted:
    template, _, platform = str(option).partition("|")
    return planning.Wanted(viewer.key(template), platform)


def _plan(me: Viewer, asked: Mapping[str, str]) -> page.Plan:
    said = {name: text for name, text in asked.items() if isinstance(text, str)}
    platform = said.get("platform", "").partition(",")[0]
    what, name, goal, found, rows = _found(said, platform)
    choices = query.choices()
    return page.Plan(
        what=what,
        rows=[_row(row, platform) for row in rows],
        found=found,
        query=said,
        choices=_choices(choices, platform),
        key=str(uuid4()),
        name=name,
        goal=goal,
        actor=normalise(said.get("actor", "")) if not said.get("adversary") else "",
        adversary=said.get("adversary", ""),
        campaign=said.get("campaign", ""),
        framework=said.get("framework", "") if what.startswith("Gaps of ") else "",
        may_campaign=me.may(Permission.MANAGE_CAMPAIGNS),
        may_assign=me.may(Permission.ASSIGN_TEST),
    )


def _together(value: Mapping[str, str], beside: Any) -> dict[str, str]:
    """The fields, and what else the address asked for; templates named there give way to a search for others."""
    kept = dict(beside) if isinstance(beside, dict) else {}
    if any(value.get(name) for name in ("actor", "adversary", "q", "technique")):
        for name in ("template", "framework", "control"):
            kept.pop(name, None)
    return kept | dict(value)


def _found(said: Mapping[str, str], platform: str) -> tuple[str, str, str, int, list[query.Row]]:
    """What is asked for in words, a name and a goal for a campaign of it, how many there are, and the rows."""
    on = f" on {platform}" if platform else ""
    if said.get("adversary"):
        head, rows = query.for_adversary(viewer.key(said["adversary"]), platform)
        return f"Steps of {head['name']}{on}", head["name"], head["description"][:5_000], len(rows), rows
    if said.get("actor"):
        head, rows = query.for_actor(said["actor"], platform)
        goal = f"What of {head['name']} ({head['attack_id']}) we would catch: techniques without fresh proof{on}."
        return f"Gaps of {head['name']}{on}", f"Gaps of {head['name']}{on}", goal, len(rows), rows
    if said.get("framework"):
        return _for_framework(said["framework"], said.get("control", ""), platform)
    if said.get("template"):
        chosen = [viewer.key(one) for one in said["template"].split(",")][: query.ROWS_MAX]
        count, rows = query.for_templates(templates.Asked(), chosen, platform)
        return "Chosen templates", "", "", count, rows
    if any(said.get(name) for name in _FILTERS):
        count, rows = query.for_templates(templates.Asked.of(said), platform=platform)
        return f"Templates that match{on}", "", "", count, rows
    return "", "", "", 0, []


def _for_framework(slug: str, code: str, platform: str) -> tuple[str, str, str, int, list[query.Row]]:
    head, rows = query.for_framework(slug, code, platform)
    of = f"{head['name']} {code}".strip() + (f" on {platform}" if platform else "")
    goal = (
        f"Evidence for {head['name']} {head['version']}".strip() + ": techniques of its controls without fresh proof."
    )
    return f"Gaps of {of}", f"Gaps of {of}", goal, len(rows), rows


def _choices(found: Mapping[str, list[list[Any]]], platform: str) -> page.Choices:
    known = templates.choices()
    platforms = [name for name, _ in known["platforms"]]
    if platform and platform not in platforms:
        platforms.append(platform)  # the address may ask for one that no template is for; the field says so
    people = [(ident, name, Role(role)) for ident, name, role in found["people"]]
    return page.Choices(
        actors=[(ident, f"{name} ({ident})") for ident, name in known["actors"]],
        adversaries=[(one["id"], f"{one['name']} ({one['steps']})") for one in query.adversaries()],
        platforms=[(name, name) for name in platforms],
        campaigns=[(ident, name) for ident, name in found["campaigns"]],
        red=[(ident, name) for ident, name, role in people if may(role, Permission.EXECUTE_TEST)],
        blue=[(ident, name) for ident, name, role in people if may(role, Permission.EVALUATE_TEST)],
    )


def _row(row: query.Row, platform: str) -> page.Row:
    options = [
        (f"{one['template']}|{one['platform']}", _option(one, platform, named=bool(row["status"])))
        for one in row["options"]
    ]
    none = f"no template for {platform}" if platform else "no template"
    return page.Row(
        **{name: row[name] for name in ("key", "attack_id", "technique", "title", "status", "stale")},
        options=options,
        none=none if row["attack_id"] else "not here any more",
    )


def _option(option: Mapping[str, Any], platform: str, *, named: bool) -> str:
    """Words of a choice: where the row is a technique they name the template."""
    if not named:
        return str(option["platform"])
    where = "" if platform else f", {option['platform']}"
    elevated = ", elevated" if option["elevated"] else ""
    return f"{option['name']} ({source_name(option['source'])}{where}{elevated})"
