"""What happened to a campaign, out of the audit log, in words."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from pages.components import words
from pages.components.timeline import Entry

_SAID = {
    "campaign.created": "Planned",
    "campaign.edited": "Plan changed",
    "campaign.tests_added": "Tests added",
    "campaign.test_removed": "Test taken out",
    "campaign.test_moved": "Order changed",
    "campaign.dependencies_set": "Dependencies changed",
    "campaign.recurrence_set": "Rhythm changed",
    "campaign.started": "Started",
    "campaign.finished": "Finished",
    "campaign.cancelled": "Cancelled",
    "campaign.spawned": "Came again",
    "campaign.run_refused": "Could not come again",
}
_FIELDS = {
    "name": "name",
    "goal": "goal",
    "actor_attack_id": "actor",
    "starts_on": "start",
    "ends_on": "end",
    "cron": "rhythm",
    "zone": "time zone",
}


def entry(row: Mapping[str, Any]) -> Entry:
    """A line of the timeline; `row` is {at, actor_name, action, before, after}."""
    at = row["at"] if row["at"].tzinfo else row["at"].replace(tzinfo=UTC)
    by_itself = row["action"] in ("campaign.spawned", "campaign.run_refused")
    return Entry(
        at=at,
        side="system" if by_itself else "lead",
        text=_SAID.get(row["action"], row["action"].removeprefix("campaign.").replace("_", " ").capitalize()),
        detail=_detail(row["action"], row["before"], row["after"]),
        who=row["actor_name"],
    )


def _detail(action: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    if action == "campaign.spawned":
        said = f"The run of {words.day(datetime.fromisoformat(after['due']).date())} was planned."
        skipped = int(after.get("skipped", 0))
        return (
            said
            + (f" {words.plural(skipped, 'earlier time')} was missed and skipped." if skipped == 1 else "")
            + (f" {words.plural(skipped, 'earlier time')} were missed and skipped." if skipped > 1 else "")
        )
    if action == "campaign.tests_added":
        added = len(after.get("members", ())) - len(before.get("members", ()))
        return words.plural(added, "test") if added > 0 else ""
    if action in ("campaign.edited", "campaign.recurrence_set"):
        return "; ".join(
            f"{label}: {_value(after[name])}" for name, label in _FIELDS.items() if name in after and name != "goal"
        ) or ("The goal." if "goal" in after else "")
    return str(after.get("note") or "")


def _value(value: Any) -> str:
    if value is None or value == "":
        return "none"
    try:
        return words.day(date.fromisoformat(str(value)))
    except ValueError:
        return str(value)
