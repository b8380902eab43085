"""Imported Navigator layers, and where what they name lies on the loaded map."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, load_only

from data import lane
from data.models import NavigatorOverlay, Technique
from domain import navigator
from domain.attack_ids import KnownTechnique, TechniqueIndex
from domain.errors import NotFound
from domain.heatmap_shown import Mark, Overlay


@dataclass(frozen=True, slots=True)
class Placed:
    """`marks` lie on active techniques of the loaded release; `left_out`: ids that do not, each once."""

    marks: Sequence[Mark]
    left_out: Sequence[str]

    @property
    def techniques(self) -> int:
        return len({mark.technique for mark in self.marks})


def named(domain: str) -> list[tuple[str, str]]:
    """Id and name of a domain's layers, newest first: asked with every view, so it takes the short way."""
    rows = lane.ask(
        "SELECT id::text, name FROM navigator_overlay WHERE domain = %(domain)s ORDER BY created_at DESC, id DESC",
        {"domain": domain},
    )
    return [(str(key), str(name)) for key, name in rows]


def newest_of(session: Session, owner_id: UUID) -> NavigatorOverlay | None:
    return session.scalars(
        select(NavigatorOverlay)
        .where(NavigatorOverlay.owner_id == owner_id)
        .options(load_only(NavigatorOverlay.name, NavigatorOverlay.domain))
        .order_by(NavigatorOverlay.created_at.desc(), NavigatorOverlay.id)
        .limit(1)
    ).first()


def get(session: Session, overlay_id: UUID) -> NavigatorOverlay:
    overlay = session.get(NavigatorOverlay, overlay_id)
    if overlay is None:
        raise NotFound("There is no such layer; it may have been removed.")
    return overlay


def add(session: Session, layer: navigator.Layer, placed: Placed, owner_id: UUID | None) -> NavigatorOverlay:
    overlay = NavigatorOverlay(
        name=layer.name,
        domain=layer.domain,
        attack_version=layer.attack_version,
        layer=navigator.as_dict(layer),
        placed=placed.techniques,
        not_placed=len(placed.left_out),
        owner_id=owner_id,
    )
    session.add(overlay)
    session.flush()
    return overlay


def place(session: Session, layer: navigator.Layer) -> Placed:
    """Put a layer on the release loaded for its domain: as it is, through revoked-by, through known successors."""
    rows = session.execute(
        select(
            Technique.id,
            Technique.attack_id,
            Technique.active,
            Technique.revoked,
            Technique.successor_id,
            Technique.tactics,
        ).where(Technique.domain == layer.domain, Technique.attack_id.is_not(None))
    ).all()
    index = TechniqueIndex(
        KnownTechnique(row.id, row.attack_id, active=row.active, revoked=row.revoked, successor=row.successor_id)
        for row in rows
    )
    active = {row.id: row for row in rows if row.active}
    marks, left_out = [], []
    for note in layer.notes:
        if not note.enabled:
            continue
        technique = active.get(index.place(note.technique).key)
        if technique is None:
            left_out.append(note.technique)
            continue
        # a tactic of another release, or one the technique has left, must not make the note disappear
        tactic = note.tactic if note.tactic in technique.tactics else None
        marks.append(Mark(technique.attack_id, tactic, note.score, note.colour, note.comment))
    return Placed(marks, list(dict.fromkeys(left_out)))


def shown(session: Session, overlay_id: UUID) -> tuple[Overlay, str, Sequence[str]]:
    """A layer as the heatmap draws it on today's release, its domain, and the ids it leaves out."""
    row = get(session, overlay_id)
    placed = place(session, navigator.read(row.layer))
    overlay = Overlay(str(row.id), row.name, placed.marks, placed.techniques, len(placed.left_out))
    return overlay, row.domain, placed.left_out
