"""The campaign page: its state, and what leads do with it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from dash import ALL, Dash, Input, Output, State, ctx, html, set_props
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.campaign_telling import entry
from callbacks.campaigns import actors, day_of, progress
from callbacks.navigating import query_of
from callbacks.viewer import Viewer
from data.queries import campaigns as query
from domain.errors import BadInput
from domain.outcomes import Detection, Outcome, TestState
from domain.roles import Permission
from domain.statistics import Share as Counted
from domain.testing import campaign_actions as do
from domain.testing.campaign import CampaignState
from domain.testing.like_for_like import Result, change, compare
from domain.testing.recurrence import Recurrence
from jobs import campaigns
from pages import campaign as page
from pages.components import campaign_forms as forms
from pages.components import toast, words
from pages.components.coverage import Funnel
from pages.components.figure import Share

_PATH = "/campaign/"
_OPEN_ACTIONS = ("edit_campaign", "start_campaign", "finish_campaign", "cancel_campaign")
_NEXT_TIMES = 3


def open(me: Viewer, asked: Mapping[str, str], key: str) -> tuple[object, str, str]:
    content, title, answer = _open(me, asked, viewer.key_in_path(key))
    return html.Div(content, id="campaign-body"), title, answer


def _open(me: Viewer, asked: Mapping[str, str], key: UUID) -> tuple[Component, str, str]:
    data = _campaign(me, key)
    shown: Component = page.layout(data)
    if asked.get("edit") and "edit_campaign" in data.may:
        shown = forms.edit(data, actors())
    elif asked.get("arrange") and "edit_campaign" in data.may:
        shown = forms.arrange(data)
    elif asked.get("repeat") and "set_recurrence" in data.may:
        shown = forms.repeat(data, me.time_zone)
    elif asked.get("clone") and "clone_campaign" in data.may:
        shown = forms.clone(data, str(uuid4()))
    return shown, data.name, page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("campaign-body", "children"),
        Input("url", "search"),
        State("url", "pathname"),
        prevent_initial_call=True,
    )
    def choose(search: str | None, path: str | None) -> Any:
        if not (path or "").startswith(_PATH):
            raise PreventUpdate
        me = viewer.current()
        me.require(Permission.READ)
        return _shown(me, viewer.key(str(path).removeprefix(_PATH).strip("/")), query_of(search))

    @app.callback(
        Output("campaign-body", "children", allow_duplicate=True),
        Input({"type": "campaign-act", "act": ALL}, "n_clicks"),
        State("campaign-seen", "data"),
        State("campaign-reason", "value", allow_optional=True),
        prevent_initial_call=True,
    )
    def act(clicks: list[int | None], seen: Any, reason: str | None) -> Any:
        if not any(clicks) or not isinstance(ctx.triggered_id, dict):
            raise PreventUpdate
        action, said = _action(ctx.triggered_id["act"], reason or "")
        return _done(viewer.current(), seen, action, said)

    @app.callback(
        Output("campaign-body", "children", allow_duplicate=True),
        Input("campaign-save", "n_clicks"),
        State("campaign-seen", "data"),
        *(State(f"campaign-{name}", "value") for name in ("name", "goal", "actor", "starts", "ends")),
        prevent_initial_call=True,
    )
    def save(clicks: int | None, seen: Any, *given: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        name, goal, actor, starts, ends = given
        rhythm = _campaign(me, _key(seen)).rhythm
        action = do.EditCampaign(
            name=name or "",
            goal=goal or "",
            actor_attack_id=actor or None,
            starts_on=day_of(starts),
            ends_on=day_of(ends),
            cron=rhythm.cron or None,
            zone=rhythm.zone,
        )
        return _done(me, seen, action, "The plan is saved.", leave=True)

    _register_rhythm(app)
    _register_order(app)

    @app.callback(
        Output("campaign-clone-name", "value"),
        Input("campaign-clone", "n_clicks"),
        State("campaign-seen", "data"),
        *(
            State(f"campaign-clone-{name}", "data" if name == "key" else "value")
            for name in ("key", "name", "starts", "ends")
        ),
        prevent_initial_call=True,
    )
    def clone(clicks: int | None, seen: Any, key: Any, name: str | None, *days: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        action = do.CloneCampaign(
            new_id=viewer.key(key), name=name or "", copies={}, starts_on=day_of(days[0]), ends_on=day_of(days[1])
        )
        made = campaigns.clone(me.actor, me.role, _key(seen), action)
        set_props(toast.REGION, {"children": toast.toast("The copy is planned.")})
        set_props("url", {"pathname": f"{_PATH}{made}", "search": ""})
        return name


def _register_rhythm(app: Dash) -> None:
    fields = [("campaign-rhythm", "value"), ("campaign-cron", "value"), ("campaign-zone", "value")]

    @app.callback(Output("campaign-next", "children"), *(Input(*each) for each in fields), prevent_initial_call=True)
    def preview(preset: str | None, cron: str | None, zone: str | None) -> Any:
        viewer.current().require(Permission.READ)
        try:
            found = _recurrence(preset, cron, zone)
            return page.render_next(_times(found)) if found else None
        except BadInput as error:  # said where it is typed, not as something that failed
            return html.P(error.detail, className="hint")

    @app.callback(
        Output("campaign-body", "children", allow_duplicate=True),
        Input("campaign-repeat", "n_clicks"),
        State("campaign-seen", "data"),
        *(State(*each) for each in fields),
        prevent_initial_call=True,
    )
    def repeat(clicks: int | None, seen: Any, preset: str | None, cron: str | None, zone: str | None) -> Any:
        if not clicks:
            raise PreventUpdate
        found = _recurrence(preset, cron, zone)
        action = do.SetRecurrence(cron=found.cron, zone=found.zone) if found else do.SetRecurrence()
        said = f"It comes again: {_times(found)[0]}." if found else "It does not come again."
        return _done(viewer.current(), seen, action, said, leave=True)


def _register_order(app: Dash) -> None:
    @app.callback(
        Output("campaign-body", "children", allow_duplicate=True),
        Input("campaign-order", "asked"),
        State("campaign-seen", "data"),
        prevent_initial_call=True,
    )
    def order(asked: Any, seen: Any) -> Any:
        if not isinstance(asked, dict):
            raise PreventUpdate
        me, key = viewer.current(), _key(seen)
        test = viewer.key(asked.get("test"))
        if asked.get("kind") == "move":
            position = asked.get("position")
            action: do.CampaignAction = do.MoveTest(test_id=test, position=position if isinstance(position, int) else 0)
            said = "Moved."
        else:
            wanted = _numbers(str(asked.get("text", "")))
            ids = {one["number"]: UUID(one["id"]) for one in query.campaign(key)["tests"]}
            if missing := [number for number in wanted if number not in ids]:
                raise BadInput(f"Test {missing[0]} is not part of this campaign.")
            action = do.SetDependencies(test_id=test, depends_on=frozenset(ids[number] for number in wanted))
            said = "The dependencies are kept."
        return _done(me, seen, action, said, arrange=True)

    @app.callback(
        Output("campaign-body", "children", allow_duplicate=True),
        Input("campaign-remove", "n_clicks"),
        State("campaign-seen", "data"),
        State("campaign-order", "chosen"),
        prevent_initial_call=True,
    )
    def remove(clicks: int | None, seen: Any, chosen: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        me, key, ids = viewer.current(), _key(seen), _chosen(chosen)
        campaigns.remove_tests(me.actor, me.role, key, ids, seen_version=_version(seen))
        return _after(me, key, f"{words.plural(len(ids), 'test')} taken out of the campaign.", {"arrange": "1"})

    @app.callback(
        Output("campaign-body", "children", allow_duplicate=True),
        Input("campaign-move", "n_clicks"),
        State("campaign-seen", "data"),
        State("campaign-order", "chosen"),
        State("campaign-target", "value"),
        prevent_initial_call=True,
    )
    def move(clicks: int | None, seen: Any, chosen: Any, target: Any) -> Any:
        if not clicks:
            raise PreventUpdate
        me, ids = viewer.current(), _chosen(chosen)
        campaigns.add_tests(me.actor, me.role, viewer.key(target), ids)
        return _after(me, _key(seen), f"{words.plural(len(ids), 'test')} moved.", {"arrange": "1"})


def _action(act: str, reason: str) -> tuple[do.CampaignAction, str]:
    if act == "start":
        return do.StartCampaign(), "The campaign is running."
    if act == "cancel":
        return do.CancelCampaign(reason=reason), "The campaign is cancelled."
    if act in ("finish", "finish-anyway"):
        return do.FinishCampaign(confirmed=act == "finish-anyway"), "The campaign is finished."
    raise BadInput("There is no such action on a campaign.")


def _done(
    me: Viewer, seen: Any, action: do.CampaignAction, said: str, *, leave: bool = False, arrange: bool = False
) -> Component:
    """Do it to the version that was seen, say so, and show what is there now; `leave` closes the form."""
    key = _key(seen)
    campaigns.act(me.actor, me.role, key, action, seen_version=_version(seen))
    if leave:
        set_props("url", {"search": ""})
    return _after(me, key, said, {"arrange": "1"} if arrange else {})


def _after(me: Viewer, key: UUID, said: str, asked: Mapping[str, str]) -> Component:
    set_props(toast.REGION, {"children": toast.toast(said)})
    return _shown(me, key, asked)


def _shown(me: Viewer, key: UUID, asked: Mapping[str, str]) -> Component:
    content, title, answer = _open(me, asked, key)
    set_props("title", {"children": title})
    set_props("answer", {"children": answer})
    return content


def _key(seen: Any) -> UUID:
    return viewer.key(seen.get("id") if isinstance(seen, dict) else None)


def _version(seen: Any) -> int:
    version = seen.get("version") if isinstance(seen, dict) else None
    return version if isinstance(version, int) else 0


def _chosen(chosen: Any) -> list[UUID]:
    ids = [viewer.key(one) for one in chosen] if isinstance(chosen, list) else []
    if not ids:
        raise BadInput("Tick the tests first.")
    return ids


def _numbers(text: str) -> list[int]:
    parts = [part for part in text.replace(",", " ").split() if part]
    if not all(part.isdecimal() and len(part) < 19 for part in parts):
        raise BadInput("Write the numbers of the tests it waits for, with commas between them.")
    return [int(part) for part in parts]


def _recurrence(preset: str | None, cron: str | None, zone: str | None) -> Recurrence | None:
    if not preset:
        return None
    return Recurrence((cron or "").strip() if preset == forms.OWN else preset, (zone or "").strip() or "UTC")


def _times(found: Recurrence) -> list[str]:
    """The next times in words, on the clock of the zone: Mon 1 Mar 2027, 9:00 in Europe/Madrid."""
    times, at = [], datetime.now(ZoneInfo("UTC"))
    for _ in range(_NEXT_TIMES):
        at = found.next_after(at)
        local = at.astimezone(ZoneInfo(found.zone))
        times.append(f"{local:%a} {words.day(local.date())}, {local:%H:%M} in {found.zone}")
    return times


def _campaign(me: Viewer, key: UUID) -> page.Campaign:
    found = query.campaign(key)
    head = found["head"]
    state = CampaignState(head["state"])
    names = ("id", "name", "goal", "state", "version", "adversary", "starts_on", "ends_on", "created_by", "created_at",
             "started_at", "ended_at", "run_number", "unfinished", "prevented")  # fmt: skip
    cron, zone = head["recurrence_cron"] or "", head["recurrence_zone"] or "UTC"
    return page.Campaign(
        **{name: head[name] for name in names},
        actor_id=head["actor_attack_id"] or "",
        actor=head["actor"] or "",
        funnel=Funnel(
            planned=head["planned"],
            executed=_share(head["executed"], head["planned"]),
            evaluated=_share(head["evaluated"], head["executed"]),
            detected=_share(head["detected"], head["evaluated"]),
        ),
        tests=[_test(row) for row in found["tests"]],
        tactics=[
            page.Tactic(
                shortname=row["shortname"],
                name=row["name"],
                planned=row["planned"],
                detected=_share(row["detected"], row["evaluated"]),
            )
            for row in found["tactics"]
        ],
        runs=[_run(row) for row in found["runs"]],
        rhythm=page.Rhythm(
            cron=cron,
            zone=zone,
            next_times=_times(Recurrence(cron, zone)) if cron and state is not CampaignState.CANCELLED else (),
        ),
        against=_against(found["before"], found["compared"]) if found["before"] else None,
        history=[entry(row) for row in found["history"]],
        may=_may(me, state),
        refused={} if head["planned"] else {"start_campaign": "Put tests into it first."},
        others=[(one[0], one[1]) for one in head["others"]],
    )


def _may(me: Viewer, state: CampaignState) -> frozenset[str]:
    if not me.may(Permission.MANAGE_CAMPAIGNS):
        return frozenset()
    kinds = {"clone_campaign"} | (set(_OPEN_ACTIONS) if state.unfinished else set())
    return frozenset(kinds | ({"set_recurrence"} if state is not CampaignState.CANCELLED else set()))


def _share(n: int, of: int) -> Share:
    counted = Counted.count(min(n, of), of)
    return Share(n=counted.n, of=counted.of, low=counted.low, high=counted.high)


def _test(row: Mapping[str, Any]) -> page.Test:
    names = ("id", "number", "title", "state", "platform", "attack_id", "technique", "prevention", "detection",
             "not_applicable", "red", "blue")  # fmt: skip
    return page.Test(
        **{name: row[name] for name in names},
        waits_for=[(number, not TestState(state).unfinished) for _, number, state in row["waits_for"]],
    )


def _run(row: Mapping[str, Any]) -> page.Run:
    names = ("id", "name", "state", "run_number", "starts_on")
    return page.Run(**{name: row[name] for name in names}, progress=progress(row))


def _against(before: Mapping[str, Any], rows: list[dict[str, Any]]) -> page.Against:
    pairs = [
        (_result(row["outcome"], row["detection"]), _result(row["outcome_before"], row["detection_before"]))
        for row in rows
    ]
    made = compare(pairs)
    names = ("title", "platform", "attack_id", "number", "number_before", "outcome", "outcome_before")
    return page.Against(
        run=_run(before),
        counts=made.counts,
        now=Share(n=made.now.n, of=made.now.of, low=made.now.low, high=made.now.high),
        before=Share(n=made.before.n, of=made.before.of, low=made.before.low, high=made.before.high),
        rows=[
            page.Compared(change=change(*pair), **{name: row[name] for name in names})
            for pair, row in zip(pairs, rows, strict=True)
        ],
    )


def _result(outcome: str | None, detection: str | None) -> Result | None:
    return Result(Outcome(outcome), Detection(detection)) if outcome and detection else None
