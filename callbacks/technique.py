"""The technique page: all of it in one answer, a rule beside it, and what leads and blue may change."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from dash import ALL, Dash, Input, Output, State, ctx, set_props
from dash.exceptions import PreventUpdate

from callbacks import viewer
from callbacks.navigating import query_of
from callbacks.prose import plain, to_html
from callbacks.viewer import Viewer
from data.queries import measured, snapshots, technique_lists
from data.queries import technique as query
from domain.errors import BadInput
from domain.outcomes import Outcome
from domain.roles import Permission
from domain.snapshots import Kind
from jobs import techniques
from pages import technique as page
from pages.components import technique_lists as lists
from pages.components import toast
from pages.components.figure import Share
from pages.components.timeline import Entry

_PATH = "/technique/"
_OUTCOMES = {
    Outcome.BLOCKED: "blocked",
    Outcome.ALERTED: "alerted",
    Outcome.LOGGED: "logged only",
    Outcome.MISSED: "missed",
}


def open(me: Viewer, asked: Mapping[str, str], attack_id: str) -> tuple[object, str, str]:
    data = _technique(me, attack_id, asked.get("domain", ""))
    panel = _rule_panel(me, attack_id, asked.get("rule", ""))
    return page.render_technique(data, panel), page.title(data), page.answer(data)


def register(app: Dash) -> None:
    @app.callback(
        Output("rule-panel", "children"), Input("url", "search"), State("url", "pathname"), prevent_initial_call=True
    )
    def choose_rule(search: str | None, path: str | None) -> object:
        if not (path or "").startswith(_PATH):
            raise PreventUpdate
        return _rule_panel(viewer.current(), _attack_id(path), query_of(search).get("rule", ""))

    @app.callback(
        Output("page", "children", allow_duplicate=True),
        Output("answer", "children", allow_duplicate=True),
        Input("technique-reviewed", "n_clicks"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def reviewed(clicks: int | None, path: str | None, search: str | None) -> tuple[Any, Any]:
        if not clicks:
            raise PreventUpdate
        me = viewer.current()
        asked = query_of(search)
        techniques.mark_reviewed(me.actor, me.role, _attack_id(path), asked.get("domain", ""))
        set_props(toast.REGION, {"children": toast.toast("Marked as reviewed.")})
        content, _, answer = open(me, asked, _attack_id(path))
        return content, answer

    @app.callback(
        Output("page", "children", allow_duplicate=True),
        Input({"type": "rule-enabled", "rule": ALL, "enable": ALL}, "n_clicks"),
        State("url", "pathname"),
        State("url", "search"),
        prevent_initial_call=True,
    )
    def switch_rule(clicks: list[int | None], path: str | None, search: str | None) -> Any:
        if not any(clicks) or not isinstance(ctx.triggered_id, dict):
            raise PreventUpdate
        me = viewer.current()
        enabled = ctx.triggered_id.get("enable") == "yes"
        techniques.set_rule_enabled(me.actor, me.role, viewer.key(ctx.triggered_id.get("rule")), enabled=enabled)
        words = "The rule is enabled." if enabled else "The rule is disabled and no longer counts."
        set_props(toast.REGION, {"children": toast.toast(words)})
        content, _, answer = open(me, query_of(search), _attack_id(path))
        set_props("answer", {"children": answer})
        return content


def _attack_id(path: str | None) -> str:
    return (path or "").removeprefix(_PATH).strip("/")


def _rule_panel(me: Viewer, attack_id: str, rule: str) -> object:
    if not rule:
        return None
    try:
        row = technique_lists.rule(str(viewer.key(rule)))
    except BadInput:
        row = None
    if row is None:
        return None
    data = lists.RuleText(
        rule=_rule(row),
        external_id=row["external_id"],
        licence=row["licence"] or "",
        body=row["body"],
        language=row["language"],
        written_on=row["written_on"],
        changed_on=row["changed_on"],
        techniques=_json(row["techniques"]),
        references=_json(row["references"]),
        description=row["description"],
        removed=row["removed"],
        may_manage=me.may(Permission.MANAGE_RULES),
    )
    return page.rule_panel(data, f"{_PATH}{attack_id}")


def _technique(me: Viewer, attack_id: str, domain: str) -> page.Technique:
    found = query.technique(attack_id, domain)
    head = found["head"]
    related = found["related"]
    return page.Technique(
        attack_id=head["attack_id"],
        name=head["name"],
        domain=head["domain"],
        attack_version=head["version"] or "",
        url=head["url"],
        object_version=head["object_version"],
        modified_at=_moment(head["modified_at"]),
        tactics=[tuple(pair) for pair in _json(head["tactics"])],
        platforms=_json(head["platforms"]),
        description_html=to_html(head["description"]),
        status=found["status"],
        stale=found["stale"],
        evidence_at=_evidence_at(found["age_days"]),
        proven=Share(**found["proven"]),
        score=_score(found),
        parent=_ref(head["parent_id"], head["parent_name"]),
        successor=_ref(head["successor_id"], head["successor_name"]),
        revoked=head["revoked"],
        deprecated=head["deprecated"],
        vanished_at=_moment(head["vanished_at"]),
        shortened=head["shortened"],
        in_scope=found["in_scope"],
        scope_reason=head["scope_reason"],
        review_since=_moment(head["review_since"]),
        reviewed_at=_moment(head["reviewed_at"]),
        reviewed_by=head["reviewed_by"],
        may_review=me.may(Permission.REVIEW_TECHNIQUE),
        subtechniques_proven=Share(**found["proven_below"]) if found["proven_below"] else None,
        subtechniques=[lists.SubTechnique(**row) for row in found["subtechniques"]],
        tests=[_test(row, head["attack_id"]) for row in found["tests"]],
        tests_total=found["tests_by_state"]["planned"],
        rules=[_rule(row, head["attack_id"]) for row in found["rules"]],
        rules_total=found["rules"][0]["total"] if found["rules"] else 0,
        rules_enabled=found["rules"][0]["enabled_total"] if found["rules"] else 0,
        rules_elsewhere=found["not_counted_rules"],
        successor_elsewhere=found["successor_elsewhere"] or "",
        groups=_related(related, "group"),
        software=_related(related, "software"),
        campaigns=_related(related, "campaign"),
        mitigations=_related(related, "mitigation"),
        strategies=[_strategy(row) for row in found["strategies"]],
        data_components=_related(related, "data_component"),
        countermeasures=[_countermeasure(row) for row in found["countermeasures"]],
        relevance=_relevance(found["relevance"]) if head["active"] else None,
        detection_html=to_html(head["detection"]) if head["detection"] else "",
        history=[_entry(row) for row in found["history"]],
        score_days=_score_days(found),
    )


def _score_days(found: Mapping[str, Any]) -> list[page.ScoreDay]:
    """Every day a snapshot knew a score of it, and now."""
    head, score = found["head"], found["score"]
    kept = [
        page.ScoreDay(day=row["day"], value=row["score"], evaluated=row["evaluated"], kind=Kind(row["kind"]))
        for row in snapshots.of_technique(head["attack_id"], head["domain"])
        if row["score"] is not None
    ]
    if not score["known"]:
        return kept
    evaluated = found["tests_by_state"]["evaluated"]
    return [*kept, page.ScoreDay(day=measured.today(), value=score["value"], evaluated=evaluated)]


def _score(found: Mapping[str, Any]) -> page.Score | None:
    score = found["score"]
    if not score["known"]:
        return None
    reasons = _reasons(found)
    parts = [
        page.ScorePart(
            name=part["name"],
            weight=part["weight"],
            value=part["value"] if part["state"] != "not_applicable" else None,
            points=part["points"],
            reason=reasons.get(part["name"], "") if part["state"] == "measured" else _STATES[part["state"]],
        )
        for part in score["parts"]
    ]
    return page.Score(value=score["value"], weights_version=score["version"], parts=parts)


_STATES = {"no_evidence": "nothing tested yet", "not_applicable": "no data; its weight is spread over the others"}


def _reasons(found: Mapping[str, Any]) -> dict[str, str]:
    proven = found["proven"]
    return {
        "Tests": f"{proven['n']} of {proven['of']} procedures held",
        "Detection rules": f"{found['rules_enabled']} enabled",
        "Freshness": f"newest evidence is {found['age_days']} days old",
        "Platforms": "share of its platforms in scope with a validated test",
    }


def _test(row: Mapping[str, Any], attack_id: str) -> lists.Test:
    observed = [lists.Observed(**one) for one in _json(row["observations"])]
    names = ("number", "title", "state", "platform", "prevention", "detection", "campaign", "not_applicable")
    return lists.Test(
        **{name: row[name] for name in names},
        executed_at=_moment(row["executed_at"]),
        validated_at=_moment(row["validated_at"]),
        claimed_technique="" if row["claimed_technique"] == attack_id else row["claimed_technique"],
        observations=observed,
    )


def _rule(row: Mapping[str, Any], attack_id: str = "") -> lists.Rule:
    names = ("id", "title", "level", "status", "author", "log_source", "source", "enabled")
    claimed = row.get("claimed_id", "")
    return lists.Rule(**{name: row[name] for name in names}, claimed_id="" if claimed == attack_id else claimed)


def _countermeasure(row: Mapping[str, Any]) -> lists.Countermeasure:
    names = ("d3fend_id", "name", "tactic", "state", "note")
    return lists.Countermeasure(**{name: row[name] for name in names}, artifacts=_json(row["artifacts"]))


def _relevance(found: Mapping[str, Any]) -> tuple[float, str]:
    return found["value"], found["why"].partition(" = ")[2]


def _related(rows: list[dict[str, Any]], kind: str) -> list[lists.Related]:
    return [
        lists.Related(attack_id=row["attack_id"] or "", name=row["name"], url=row["url"], note=plain(row["note"]))
        for row in rows
        if row["kind"] == kind
    ]


def _strategy(row: Mapping[str, Any]) -> lists.Strategy:
    analytics = [
        lists.Analytic(
            attack_id=one["attack_id"] or "",
            name=one["name"],
            platforms=one["platforms"],
            log_sources=sorted({_log_source(log) for log in one["log_sources"] or []}),
            text_html=to_html(one["description"]),
        )
        for one in _json(row["analytics"])
    ]
    return lists.Strategy(attack_id=row["attack_id"] or "", name=row["name"], url=row["url"], analytics=analytics)


def _log_source(log: Mapping[str, Any]) -> str:
    name, channel = log.get("name") or "", log.get("channel") or ""
    return f"{name} ({channel})" if channel else name


def _entry(row: Mapping[str, Any]) -> Entry:
    at = _moment(row["at"]) or datetime.now(UTC)
    if row["side"] == "attack":
        what = row["what"].replace("_", " ")
        return Entry(
            at=at,
            side="attack",
            text=f"{what.capitalize()} in ATT&CK {row['version']}".strip(),
            detail=row["detail"] or "",
        )
    outcome = row["what"]
    words = _OUTCOMES[Outcome(outcome)] if outcome in set(Outcome) else "not applicable"
    return Entry(at=at, side="lead", text=f"Test {row['number']} validated: {words}", detail=row["detail"] or "")


def _ref(attack_id: str | None, name: str | None) -> page.Ref | None:
    return page.Ref(attack_id=attack_id, name=name or "") if attack_id else None


def _evidence_at(age: int | None) -> datetime | None:
    if age is None:
        return None
    return datetime.combine(datetime.now(UTC).date() - timedelta(days=age), datetime.min.time(), UTC)


def _moment(value: str | datetime | None) -> datetime | None:
    """A time as the cached answer carries it: ISO text in UTC."""
    if value is None or isinstance(value, datetime):
        return value
    found = datetime.fromisoformat(value)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _json(text: str | None) -> list[Any]:
    return orjson.loads(text) if text else []
