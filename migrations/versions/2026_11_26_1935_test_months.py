"""Which months of validated tests have changed: what the times of tests are read again by.

Revision ID: 2026_11_26_1935
Revises: 2026_11_26_1930
"""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1935"
down_revision = "2026_11_26_1930"
branch_labels = None
depends_on = None

_EMPTY = """
  DELETE FROM test_month AS kept
  USING (SELECT DISTINCT date_trunc('month', executed_at AT TIME ZONE 'UTC')::date AS month FROM old_rows) AS touched
  WHERE kept.month = touched.month AND NOT EXISTS (
    SELECT FROM security_test AS t WHERE t.state = 'validated'
      AND t.executed_at >= kept.month::timestamp AT TIME ZONE 'UTC'
      AND t.executed_at < (kept.month + interval '1 month') AT TIME ZONE 'UTC');
"""
_FUNCTION = """
CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
{body}
  RETURN NULL;
END $$;
"""


def _months(*tables: str) -> str:
    """New stamps for the months of these rows. Random, not a count: a copied or restored database repeats none."""
    rows = " UNION ALL ".join(f"SELECT executed_at, state FROM {table}" for table in tables)
    return f"""
  INSERT INTO test_month (month, stamp)
  SELECT month, gen_random_uuid() FROM (
    SELECT DISTINCT date_trunc('month', executed_at AT TIME ZONE 'UTC')::date AS month FROM ({rows}) AS t
    WHERE state = 'validated' AND executed_at IS NOT NULL) AS touched
  ORDER BY month
  ON CONFLICT (month) DO UPDATE SET stamp = excluded.stamp;
"""


# Fires after the generation of the tests has moved: whoever changes tests holds that row, so that two of them never
# wait for each other's months.
TRIGGERS = (
    _FUNCTION.format(name="test_months_inserted", body=_months("new_rows"))
    + _FUNCTION.format(name="test_months_updated", body=_months("old_rows", "new_rows"))
    + _FUNCTION.format(name="test_months_deleted", body=_months("old_rows") + _EMPTY)
    + """
CREATE TRIGGER security_test_months_insert AFTER INSERT ON security_test
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION test_months_inserted();
CREATE TRIGGER security_test_months_update AFTER UPDATE ON security_test
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION test_months_updated();
CREATE TRIGGER security_test_months_delete AFTER DELETE ON security_test
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION test_months_deleted();

CREATE FUNCTION test_months_renew() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM test_month;
"""
    + _months("security_test")
    + """
END $$;

CREATE OR REPLACE FUNCTION rollup_tests_rebuild() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM rollup_test_rows_rebuild();
  PERFORM rollup_summaries_refresh(ARRAY(SELECT id FROM technique));
  PERFORM test_months_renew();
END $$;

SELECT test_months_renew();
"""
)


def upgrade() -> None:
    op.create_table(
        "test_month",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("stamp", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_test_month"),
    )
    op.execute(TRIGGERS)


def downgrade() -> None:
    op.execute(
        """
        CREATE OR REPLACE FUNCTION rollup_tests_rebuild() RETURNS void LANGUAGE plpgsql AS $$
        BEGIN
          PERFORM rollup_test_rows_rebuild();
          PERFORM rollup_summaries_refresh(ARRAY(SELECT id FROM technique));
        END $$;
        DROP FUNCTION test_months_renew();
        """
    )
    for operation, name in (("insert", "inserted"), ("update", "updated"), ("delete", "deleted")):
        op.execute(f"DROP TRIGGER security_test_months_{operation} ON security_test")
        op.execute(f"DROP FUNCTION test_months_{name}()")
    op.drop_table("test_month")
