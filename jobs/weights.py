"""Deciding on another version of the weights."""

from collections.abc import Mapping

from data.database import Actor, unit_of_work
from data.repositories import audit, weights
from domain.errors import StaleVersion
from domain.roles import Permission, Role, require
from domain.snapshots import weights_kept
from domain.weights import checked_reason, proposed


def decide(actor: Actor, role: Role, values: Mapping[str, object], reason: str, *, seen_version: int) -> int:
    """Put these weights in force from now on; returns their version. What was scored before keeps naming its own.

    Raises PermissionDenied, BadInput, and StaleVersion when somebody decided since `seen_version`.
    """
    require(role, Permission.MANAGE_WEIGHTS)
    why = checked_reason(reason)
    made = proposed(values, seen_version + 1)
    with unit_of_work() as session:
        if weights.newest(session, lock=True) != seen_version:
            raise StaleVersion("Somebody changed the weights meanwhile: look at them again before you go on.")
        weights.add(session, made, why, actor)
        after = {**weights_kept(made), "reason": why}
        audit.record(session, actor, "weights.decided", entity=("weights", str(made.version)), after=after)
    return made.version
