"""What else a row of a mapping says; and ATT&CK's own mitigations as a framework, for maps that are loaded already.

Revision ID: 2026_11_26_2010
Revises: 2026_11_26_1940
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_26_2010"
down_revision = "2026_11_26_1940"
branch_labels = None
depends_on = None

# Later loads of ATT&CK keep them up to date; an empty hash is one that they will not take for their own.
FRAMEWORKS = """
INSERT INTO framework (slug, name, version, kind, origin, domain, attack_version, content_hash)
SELECT 'attack_mitigations' || suffix, 'ATT&CK mitigations' || beside, release.version, 'controls', 'attack',
  release.domain, release.version, ''
FROM attack_release AS release
JOIN (VALUES ('enterprise-attack', '', ''), ('mobile-attack', '_mobile', ', Mobile'), ('ics-attack', '_ics', ', ICS'))
  AS named (domain, suffix, beside) ON named.domain = release.domain
WHERE release.state = 'adopted'
"""
CONTROLS = """
INSERT INTO control (framework_id, code, name, position, content_hash)
SELECT framework.id, object.attack_id, object.name, row_number() OVER (ORDER BY object.attack_id), ''
FROM framework JOIN attack_object AS object ON object.domain = framework.domain
WHERE framework.origin = 'attack' AND object.kind = 'mitigation' AND object.active AND object.attack_id IS NOT NULL
"""
MAPPINGS = """
INSERT INTO control_mapping (framework_id, control_id, claimed_id, claimed_name, technique_id, resolution,
  mapping_type, comment, position)
SELECT framework.id, control.id, technique.attack_id, technique.name, technique.id, 'direct', 'mitigates',
  link.description, row_number() OVER (ORDER BY control.code, technique.attack_id)
FROM framework
JOIN control ON control.framework_id = framework.id
JOIN attack_object AS object ON object.domain = framework.domain AND object.kind = 'mitigation' AND object.active
  AND object.attack_id = control.code
JOIN attack_relationship AS link ON link.domain = framework.domain AND link.source_ref = object.stix_id
  AND link.kind = 'mitigates' AND link.active
JOIN technique ON technique.domain = framework.domain AND technique.stix_id = link.target_ref AND technique.active
WHERE framework.origin = 'attack'
"""


def upgrade() -> None:
    op.add_column(
        "control_mapping",
        sa.Column(
            "details", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'::jsonb"), nullable=False
        ),
    )
    for statement in (FRAMEWORKS, CONTROLS, MAPPINGS):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DELETE FROM framework WHERE origin = 'attack'")
    op.drop_column("control_mapping", "details")
