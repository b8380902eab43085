"""What people decide about detection rules: which count, which of our own go, and which logs there are to read."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from data.database import Actor, unit_of_work
from data.repositories import audit, log_sources, rules
from data.repositories.log_sources import Declared, LogKey
from data.sources.own_rules import SLUG as OWN
from domain.errors import BadInput
from domain.roles import Permission, Role, require

BATCH_MAX = 1_000
NOTE_MAX = 500
LOGS_MAX = 500


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one rule: `done`, `same` (nothing to do) or `refused`, and why."""

    rule_id: UUID
    title: str
    state: str
    detail: str = ""


def set_enabled(actor: Actor, role: Role, rule_ids: Sequence[UUID], *, enabled: bool) -> list[Result]:
    """Whether rules count as a claim of coverage; each has its own answer. Doing it twice changes nothing."""
    require(role, Permission.MANAGE_RULES)
    _check_batch(rule_ids)
    results, entries = [], []
    with unit_of_work() as session:
        for rule in rules.locked(session, rule_ids):
            if rule.removed_at is not None:
                results.append(Result(rule.id, rule.title, "refused", "Its source no longer has it."))
            elif rule.enabled == enabled:
                results.append(Result(rule.id, rule.title, "same"))
            else:
                rule.enabled = enabled
                after = {"title": rule.title, "source": rule.source}
                action = "rule.enabled" if enabled else "rule.disabled"
                entries.append(audit.Entry(action, entity=("rule", str(rule.id)), after=after))
                results.append(Result(rule.id, rule.title, "done"))
        if entries:
            session.flush()
            audit.record_many(session, actor, entries)
    return results + _missing(rule_ids, results)


def remove_own(actor: Actor, role: Role, rule_ids: Sequence[UUID]) -> list[Result]:
    """Take rules of our own out of use; what they detected stays with its tests. Uploading one again brings it back."""
    require(role, Permission.MANAGE_RULES)
    _check_batch(rule_ids)
    results, entries, now = [], [], datetime.now(UTC)
    with unit_of_work() as session:
        for rule in rules.locked(session, rule_ids):
            if rule.source != OWN:
                results.append(Result(rule.id, rule.title, "refused", "It belongs to its source; disable it instead."))
            elif rule.removed_at is not None:
                results.append(Result(rule.id, rule.title, "same"))
            else:
                rule.removed_at = now
                entries.append(audit.Entry("rule.removed", entity=("rule", str(rule.id)), after={"title": rule.title}))
                results.append(Result(rule.id, rule.title, "done"))
        if entries:
            session.flush()
            audit.record_many(session, actor, entries)
    return results + _missing(rule_ids, results)


def declare_logs(actor: Actor, role: Role, said: Mapping[LogKey, bool | None], *, note: str = "") -> int:
    """Say of kinds of logs whether they are collected here; None takes back what was said. Returns how many changed.

    A key is product, category and service as rules name them, '' where they name none.
    """
    require(role, Permission.MANAGE_LOG_SOURCES)
    if not 1 <= len(said) <= LOGS_MAX:
        raise BadInput(f"Between 1 and {LOGS_MAX} log sources at a time. Nothing was changed.")
    if len(note) > NOTE_MAX or "\0" in note:
        raise BadInput(f"A note has at most {NOTE_MAX} characters.", errors={"note": "too long"})
    wanted = {key: None if value is None else Declared(value, note.strip()) for key, value in sorted(said.items())}
    with unit_of_work() as session:
        log_sources.check_known(session, wanted)
        before = log_sources.held(session, wanted)
        changed = {key: value for key, value in wanted.items() if before.get(key) != value}
        log_sources.declare(session, actor, changed)
        entries = [
            audit.Entry(
                "log_source.declared",
                entity=("log_source", " / ".join(part for part in key if part) or "none named"),
                before=_facts(before.get(key)),
                after=_facts(value),
            )
            for key, value in changed.items()
        ]
        if entries:
            audit.record_many(session, actor, entries)
    return len(changed)


def _facts(said: Declared | None) -> dict[str, object] | None:
    return None if said is None else {"collected": said.collected, "note": said.note}


def _check_batch(rule_ids: Sequence[UUID]) -> None:
    if not 1 <= len(rule_ids) <= BATCH_MAX:
        raise BadInput(f"Between 1 and {BATCH_MAX:,} rules at a time. Nothing was changed.")


def _missing(rule_ids: Sequence[UUID], results: Sequence[Result]) -> list[Result]:
    found = {one.rule_id for one in results}
    gone = (key for key in dict.fromkeys(rule_ids) if key not in found)
    return [Result(key, "A rule that is not there any more", "refused", "There is no such rule.") for key in gone]
