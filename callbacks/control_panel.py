"""What stands beside a framework when one of its controls is chosen."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from callbacks.compliance import day_of
from callbacks.viewer import Viewer
from data.queries import compliance_control
from domain.compliance import DecisionKind, code_key
from domain.errors import NotFound
from domain.roles import Permission
from pages import framework as page
from pages.components import control as panels
from pages.components import framework_lists as lists
from pages.components.compliance import Decided
from pages.components.timeline import Entry

_SHORTENED = frozenset({"nist_800_53"})  # written with two digits there, and with as many as needed by NIST


def panel(me: Viewer, data: lists.Framework) -> Any:
    """The panel of the control that the address names; None for none, and for one that is not there."""
    code = data.query.get("control", "")
    if not code:
        return None
    try:
        found = compliance_control.control(data.slug, code, None if data.as_of == data.today else data.as_of)
    except NotFound:
        return None
    one = found["control"]
    plan = f"/plan?framework={data.slug}&control={quote(one['code'], safe='')}" if data.may_plan else ""
    return panels.control_panel(
        panels.ControlDetail(
            code=one["code"],
            shown=shown_code(data.slug, one["code"]),
            name=one["name"],
            framework=page.title(data),
            kind=data.kind,
            state=one["state"],
            tally=one["tally"],
            none_fits=one["not_mappable"],
            not_placed=len(one["not_placed"]),
            note=found["note"],
            techniques=_techniques(found),
            tests=[_test(key, test) for key in one["techniques"] for test in found["tests"].get(key, ())],
            rows=[_mapping_row(row) for row in found["rows"]],
            decided=decided_of(one["decision"]),
            history=_history(found["history"]),
            close=data.href(control=""),
            plan=plan,
            today=data.today,
            may_decide=me.may(Permission.ACCEPT_RISK),
        )
    )


def _techniques(found: Mapping[str, Any]) -> list[panels.Technique]:
    made = []
    for key in found["control"]["techniques"]:
        tests, known = found["tests"].get(key, ()), found["map"][key]
        kept = {name: known[name] for name in ("name", "status", "stale", "in_scope", "templates")}
        made.append(panels.Technique(attack_id=key, **kept, counting=tests[0]["counting"] if tests else 0))
    return made


def _test(technique: str, test: Mapping[str, Any]) -> panels.Test:
    at = test["executed_at"]
    return panels.Test(
        **{name: test[name] for name in ("number", "title", "platform", "held")},
        technique=technique,
        outcome=test["outcome"] or "",
        executed_at=datetime.fromisoformat(at) if at else None,
    )


def _mapping_row(row: Mapping[str, Any]) -> panels.MappingRow:
    strength = " ".join(part for part in (row["score_category"], row["score_value"]) if part)
    return panels.MappingRow(
        claimed=row["claimed_id"],
        claimed_name=row["claimed_name"],
        placed=row["attack_id"],
        active=row["active"],
        resolution=row["resolution"],
        mapping_type=row["mapping_type"],
        strength=strength,
        comment=row["comment"],
    )


def _history(found: list[Mapping[str, Any]]) -> list[Entry]:
    """Every decision and its end, newest first."""
    entries = []
    for one in found:
        until = f", until {one['expires_on']}" if one["expires_on"] else ""
        name = DecisionKind(one["kind"]).label
        made = datetime.fromisoformat(one["created_at"])
        entries.append(Entry(at=made, side="lead", text=f"{name}{until}", detail=one["reason"], who=one["author"]))
        if one["withdrawn_at"]:
            ended = datetime.fromisoformat(one["withdrawn_at"]).astimezone(UTC)
            entries.append(Entry(at=ended, side="lead", text=f"{name}: withdrawn", who=one["withdrawn_by"]))
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def shown_code(slug: str, code: str) -> str:
    """A code as its framework's makers write it."""
    return code_key(code) if slug in _SHORTENED else code


def decided_of(found: Mapping[str, Any] | None) -> Decided | None:
    if found is None:
        return None
    return Decided(
        kind=found["kind"],
        reason=found["reason"],
        expires_on=day_of(found["expires_on"]),
        author=found["author"],
        holds=found["holds"],
    )
