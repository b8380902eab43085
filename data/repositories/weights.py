"""Versions of the weights: only ever added to."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from data.database import Actor
from data.models import ScoreWeights
from domain.score import Weights

_LOCK = 4721
_PARTS = ("tests", "rules", "countermeasures", "freshness", "platforms")
PARAMETERS = (
    "prevented", "partly_prevented", "alerted", "logged", "missed", "rule_saturation", "half_life_days",
    "freshness_window_days", "own_group", "exploitation", "high_priority", "low_priority",
)  # fmt: skip


def newest(session: Session, *, lock: bool = False) -> int:
    """The number of the version in force; with `lock` nobody else adds one before this transaction ends."""
    if lock:
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    return session.scalar(select(func.max(ScoreWeights.version))) or 0


def add(session: Session, weights: Weights, reason: str, actor: Actor) -> None:
    session.add(
        ScoreWeights(
            version=weights.version,
            **{name: getattr(weights, name) for name in _PARTS},
            parameters={name: getattr(weights, name) for name in PARAMETERS},
            author_id=actor.id,
            author_name=actor.name,
            reason=reason,
        )
    )
