"""Navigator layers of others, kept to be laid over the heatmap. They never enter a figure of ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from data.database import Actor, reading, unit_of_work
from data.repositories import audit, overlays
from domain import navigator
from domain.roles import Permission, Role, require


@dataclass(frozen=True, slots=True)
class Kept:
    """One layer that was kept. `left_out`: the technique ids that are not on the loaded release."""

    id: UUID
    name: str
    domain: str
    placed: int
    left_out: Sequence[str]


def keep(actor: Actor, role: Role, content: bytes) -> list[Kept]:
    """Keep every layer of a Navigator file: all of them or, when one cannot be read, none (BadInput, TooLarge)."""
    require(role, Permission.OVERLAY)
    layers = navigator.parse(content)
    kept = []
    with unit_of_work() as session:
        for layer in layers:
            placed = overlays.place(session, layer)
            row = overlays.add(session, layer, placed, actor.id)
            audit.record(
                session,
                actor,
                "overlay.added",
                entity=("navigator_overlay", str(row.id)),
                after={"name": row.name, "placed": row.placed, "not_placed": row.not_placed},
            )
            kept.append(Kept(row.id, row.name, row.domain, row.placed, placed.left_out))
    return kept


def remove(actor: Actor, role: Role, overlay_id: UUID) -> None:
    require(role, Permission.OVERLAY)
    with unit_of_work() as session:
        row = overlays.get(session, overlay_id)
        entity = ("navigator_overlay", str(row.id))
        audit.record(session, actor, "overlay.removed", entity=entity, before={"name": row.name})
        session.delete(row)


def newest_of(owner_id: UUID) -> tuple[UUID, str] | None:
    """Id and domain of the layer this person kept last."""
    with reading() as session:
        row = overlays.newest_of(session, owner_id)
        return None if row is None else (row.id, row.domain)
