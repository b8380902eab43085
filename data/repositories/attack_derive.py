"""What follows from a domain's objects and relationships: parents, columns, successors, links, how many groups.

Each is one statement that touches only what differs, so that a small change stays small.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from domain.attack_ids import chain_end

_PARENTS = """
UPDATE technique AS child SET parent_id = found.parent_id
FROM (
  SELECT c.id, (
    SELECT p.id FROM technique AS p
    WHERE p.domain = c.domain AND p.attack_id = split_part(c.attack_id, '.', 1) AND p.id <> c.id
    ORDER BY p.active DESC, p.id LIMIT 1
  ) AS parent_id
  FROM technique AS c WHERE c.domain = :domain AND c.is_subtechnique
  UNION ALL
  SELECT c.id, NULL FROM technique AS c WHERE c.domain = :domain AND NOT c.is_subtechnique
) AS found
WHERE child.id = found.id AND child.parent_id IS DISTINCT FROM found.parent_id
"""

_WANTED_TACTICS = """
CREATE TEMPORARY TABLE wanted_tactic ON COMMIT DROP AS
SELECT DISTINCT ON (technique.id, tactic.shortname) technique.id AS technique_id, tactic.id AS tactic_id
FROM technique CROSS JOIN unnest(technique.tactics) AS named (shortname)
JOIN tactic ON tactic.domain = technique.domain AND tactic.shortname = named.shortname AND tactic.vanished_at IS NULL
WHERE technique.domain = :domain
ORDER BY technique.id, tactic.shortname, tactic.active DESC, tactic.id
"""
_DROP_TACTICS = """
DELETE FROM technique_tactic AS kept USING technique
WHERE technique.id = kept.technique_id AND technique.domain = :domain AND NOT EXISTS (
  SELECT FROM wanted_tactic AS w WHERE (w.technique_id, w.tactic_id) = (kept.technique_id, kept.tactic_id))
"""
_ADD_TACTICS = """
INSERT INTO technique_tactic (technique_id, tactic_id)
SELECT technique_id, tactic_id FROM wanted_tactic ON CONFLICT DO NOTHING
"""

_REVOKED_BY = """
SELECT source.id AS source, target.id AS target
FROM attack_relationship AS link
JOIN technique AS source ON source.domain = link.domain AND source.stix_id = link.source_ref
JOIN technique AS target ON target.domain = link.domain AND target.stix_id = link.target_ref
WHERE link.domain = :domain AND link.kind = 'revoked-by' AND link.active AND source.revoked
  AND source.vanished_at IS NULL AND target.vanished_at IS NULL
ORDER BY target.active, target.attack_id
"""
_SUCCESSORS = """
UPDATE technique SET successor_id = found.successor
FROM (
  SELECT t.id, ends.successor FROM technique AS t
  LEFT JOIN unnest(CAST(:sources AS uuid[]), CAST(:successors AS uuid[])) AS ends (source, successor)
    ON ends.source = t.id
  WHERE t.domain = :domain
) AS found
WHERE technique.id = found.id AND technique.successor_id IS DISTINCT FROM found.successor
"""

# Direct relationships between active ends. From ATT&CK 18 on a technique's data components are those that the log
# sources of the analytics of its detection strategies name; before, the component's own `detects`.
_WANTED_LINKS = """
CREATE TEMPORARY TABLE wanted_link ON COMMIT DROP AS
WITH link AS (
  SELECT kind, source_ref, target_ref FROM attack_relationship WHERE domain = :domain AND active
), part AS (
  SELECT id, stix_id, kind, details FROM attack_object WHERE domain = :domain AND active
), hit AS (
  SELECT id, stix_id FROM technique WHERE domain = :domain AND active
), direct AS (
  SELECT hit.id AS technique_id, part.id AS object_id, part.details,
    CASE
      WHEN link.kind = 'uses' AND part.kind IN ('group', 'software', 'campaign') THEN part.kind || '_uses'
      WHEN link.kind = 'mitigates' AND part.kind = 'mitigation' THEN 'mitigates'
      WHEN link.kind = 'detects' AND part.kind IN ('data_component', 'detection_strategy') THEN part.kind
    END AS kind
  FROM link JOIN part ON part.stix_id = link.source_ref JOIN hit ON hit.stix_id = link.target_ref
)
SELECT technique_id, object_id, kind FROM direct WHERE kind IS NOT NULL
UNION
SELECT hit.id, part.id, 'targets'
FROM link JOIN hit ON hit.stix_id = link.source_ref JOIN part ON part.stix_id = link.target_ref
WHERE link.kind = 'targets' AND part.kind = 'asset'
UNION
SELECT direct.technique_id, component.id, 'data_component'
FROM direct
CROSS JOIN jsonb_array_elements_text(direct.details -> 'analytic_refs') AS named (stix_id)
JOIN part AS analytic ON analytic.stix_id = named.stix_id AND analytic.kind = 'analytic'
CROSS JOIN jsonb_array_elements(analytic.details -> 'log_sources') AS log
JOIN part AS component ON component.stix_id = log ->> 'data_component_ref' AND component.kind = 'data_component'
WHERE direct.kind = 'detection_strategy'
"""
_DROP_LINKS = """
DELETE FROM technique_link AS kept USING technique
WHERE technique.id = kept.technique_id AND technique.domain = :domain AND NOT EXISTS (
  SELECT FROM wanted_link AS w
  WHERE (w.technique_id, w.object_id, w.kind) = (kept.technique_id, kept.object_id, kept.kind))
"""
_ADD_LINKS = """
INSERT INTO technique_link (technique_id, object_id, kind)
SELECT technique_id, object_id, kind FROM wanted_link ON CONFLICT DO NOTHING
"""

_GROUP_COUNTS = """
UPDATE technique SET group_count = counted.groups
FROM (
  SELECT t.id, count(link.object_id) AS groups FROM technique AS t
  LEFT JOIN technique_link AS link ON link.technique_id = t.id AND link.kind = 'group_uses'
  WHERE t.domain = :domain GROUP BY t.id
) AS counted
WHERE technique.id = counted.id AND technique.group_count <> counted.groups
"""

_SUCCESSOR_NAMES = """
SELECT retired.stix_id, successor.attack_id || ' ' || successor.name AS name
FROM technique AS retired JOIN technique AS successor ON successor.id = retired.successor_id
WHERE retired.domain = :domain
"""


def derive(session: Session, domain: str) -> None:
    """Bring everything derived up to date with the objects and relationships of `domain`."""
    where = {"domain": domain}
    session.execute(text(_PARENTS), where)
    for statement in (_WANTED_TACTICS, _DROP_TACTICS, _ADD_TACTICS):
        session.execute(text(statement), where)
    _follow_revocations(session, domain)
    session.execute(text(_WANTED_LINKS), where)
    session.execute(text("ANALYZE wanted_link"))
    for statement in (_DROP_LINKS, _ADD_LINKS, _GROUP_COUNTS):
        session.execute(text(statement), where)


def successors(session: Session, domain: str) -> dict[str, str]:
    """STIX id of a revoked technique -> id and name of the end of its chain."""
    return {row.stix_id: row.name for row in session.execute(text(_SUCCESSOR_NAMES), {"domain": domain})}


def _follow_revocations(session: Session, domain: str) -> None:
    """Set every revoked technique's successor to the end of its chain; where two are named, an active one wins."""
    links: dict[UUID, UUID] = {row.source: row.target for row in session.execute(text(_REVOKED_BY), {"domain": domain})}
    ends = {source: end for source in links if (end := chain_end(source, links)) is not None}
    session.execute(
        text(_SUCCESSORS), {"domain": domain, "sources": list(ends.keys()), "successors": list(ends.values())}
    )
