"""What leads decide about countermeasures: in place, planned, not applicable, or nothing."""

from collections.abc import Mapping

from data.database import Actor, unit_of_work
from data.repositories import audit, countermeasures
from data.repositories.countermeasures import Decided
from domain.countermeasures import CountermeasureState
from domain.errors import BadInput
from domain.roles import Permission, Role, require

BATCH_MAX = 500
NOTE_MAX = 500


def decide(actor: Actor, role: Role, said: Mapping[str, CountermeasureState | None], *, note: str = "") -> int:
    """Say what stands for countermeasures, by D3FEND's ids; None takes back what was said. Returns how many changed."""
    require(role, Permission.MANAGE_COUNTERMEASURES)
    if not 1 <= len(said) <= BATCH_MAX:
        raise BadInput(f"Between 1 and {BATCH_MAX} countermeasures at a time. Nothing was changed.")
    if len(note) > NOTE_MAX or "\0" in note:
        raise BadInput(f"A note has at most {NOTE_MAX} characters.", errors={"note": "too long"})
    text = note.strip()
    if CountermeasureState.NOT_APPLICABLE in said.values() and not text:
        raise BadInput("Say why it does not apply: it then counts nowhere.", errors={"note": "needed"})
    with unit_of_work() as session:
        known = countermeasures.known(session, said.keys())
        wanted = {key: None if state is None else Decided(state, text) for key, state in sorted(said.items())}
        changed = {key: value for key, value in wanted.items() if known[key].decided != value}
        countermeasures.decide(session, actor, {known[key].id: value for key, value in changed.items()})
        entries = [
            audit.Entry(
                "countermeasure.decided",
                entity=("countermeasure", key),
                before=_facts(known[key].decided, known[key].name),
                after=_facts(value, known[key].name),
            )
            for key, value in changed.items()
        ]
        if entries:
            audit.record_many(session, actor, entries)
    return len(changed)


def _facts(said: Decided | None, name: str) -> dict[str, object]:
    facts: dict[str, object] = {"name": name}
    return facts if said is None else facts | {"state": said.state, "note": said.note}
