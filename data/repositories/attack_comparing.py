"""The map and what stands on it, as one transaction sees them: taken before and after a version is put in its place."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from data.repositories import claims
from domain.rehearsal import Content, Held, Move, Technique, moves

_TECHNIQUES = """
SELECT t.id, t.domain, t.attack_id, t.name, t.active, parent.attack_id AS parent, t.tactics, t.platforms,
  successor.attack_id AS successor, coalesce(ends.named, '{}') AS named
FROM technique AS t
LEFT JOIN technique AS parent ON parent.id = t.parent_id
LEFT JOIN technique AS successor ON successor.id = t.successor_id AND successor.active
LEFT JOIN (
  SELECT link.domain, link.source_ref, array_agg(DISTINCT target.attack_id) AS named
  FROM attack_relationship AS link
  JOIN technique AS target ON target.domain = link.domain AND target.stix_id = link.target_ref AND target.active
  WHERE link.kind = 'revoked-by' AND link.active GROUP BY 1, 2
) AS ends ON ends.domain = t.domain AND ends.source_ref = t.stix_id AND t.revoked
WHERE t.attack_id IS NOT NULL
"""
# What is removed moves too, and nobody needs to read of it; ATT&CK's own mitigations come anew with each version.
_HELD = """
SELECT 'tests' AS content, claimed_technique AS claimed, technique_id AS key, count(*) AS number
FROM security_test GROUP BY 2, 3
UNION ALL
SELECT 'rules', claim.claimed_id, claim.technique_id, count(*)
FROM rule_technique AS claim JOIN detection_rule AS rule ON rule.id = claim.rule_id AND rule.removed_at IS NULL
GROUP BY 2, 3
UNION ALL
SELECT 'templates', claimed_technique, technique_id, count(*) FROM test_template WHERE removed_at IS NULL GROUP BY 2, 3
UNION ALL
SELECT 'mappings', mapping.claimed_id, mapping.technique_id, count(*)
FROM control_mapping AS mapping JOIN control ON control.id = mapping.control_id AND control.removed_at IS NULL
JOIN framework ON framework.id = control.framework_id AND framework.removed_at IS NULL AND framework.origin <> 'attack'
GROUP BY 2, 3
UNION ALL
SELECT 'countermeasures', link.claimed_id, link.technique_id, count(*)
FROM countermeasure_technique AS link
JOIN countermeasure ON countermeasure.id = link.countermeasure_id AND countermeasure.removed_at IS NULL
GROUP BY 2, 3
"""
# One rule or countermeasure may claim several ids: it is counted once.
_DISTINCT = {
    Content.RULES: """SELECT count(DISTINCT claim.rule_id) FROM rule_technique AS claim
      JOIN detection_rule AS rule ON rule.id = claim.rule_id AND rule.removed_at IS NULL
      WHERE claim.claimed_id = ANY (:claimed)""",
    Content.COUNTERMEASURES: """SELECT count(DISTINCT link.countermeasure_id) FROM countermeasure_technique AS link
      JOIN countermeasure ON countermeasure.id = link.countermeasure_id AND countermeasure.removed_at IS NULL
      WHERE link.claimed_id = ANY (:claimed)""",
}

Techniques = dict[UUID, Technique]


def techniques(session: Session) -> dict[str, Techniques]:
    """Domain -> key -> technique, retired ones included."""
    found: dict[str, Techniques] = {}
    for row in session.execute(text(_TECHNIQUES)):
        found.setdefault(row.domain, {})[row.id] = Technique(
            attack_id=row.attack_id,
            name=row.name,
            active=row.active,
            parent=row.parent,
            tactics=frozenset(row.tactics),
            platforms=frozenset(row.platforms),
            successor=row.successor,
            named=tuple(row.named),
        )
    return found


def held(session: Session) -> list[Held[UUID]]:
    """What stands on the maps, counted by the id it claims and the technique it lies on."""
    return [Held(Content(row.content), row.claimed, row.key, row.number) for row in session.execute(text(_HELD))]


def moved(
    session: Session, what: Iterable[Held[UUID]], before: dict[str, Techniques], after: dict[str, Techniques]
) -> list[Move]:
    """Where all of it lies on the map as it stands now in this transaction, if that is elsewhere."""
    loaded = claims.index(session)
    return moves(what, lambda claimed: loaded.place(claimed).key, _all(before), _all(after))


def numbers(session: Session, found: Iterable[Move]) -> dict[str, dict[str, int]]:
    """Content -> how many `moved` from one technique to another, were `lost` from one, and `found` one."""
    listed = list(found)
    kinds = {
        "moved": [one for one in listed if one.before and one.after],
        "lost": [one for one in listed if one.before and not one.after],
        "found": [one for one in listed if not one.before],
    }
    return {
        content: {kind: _number(session, content, [one for one in ones if one.content is content])
                  for kind, ones in kinds.items()}
        for content in Content
    }  # fmt: skip


def _number(session: Session, content: Content, found: list[Move]) -> int:
    statement = _DISTINCT.get(content)
    if statement is None or not found:
        return sum(one.number for one in found)
    return int(session.execute(text(statement), {"claimed": [one.claimed for one in found]}).scalar_one())


def _all(maps: dict[str, Techniques]) -> Techniques:
    return {key: one for each in maps.values() for key, one in each.items()}
