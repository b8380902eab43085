"""What people do to tests, kept before it is done; evidence; campaigns that recur; notifications; saved views.

Revision ID: 2026_11_24_1310
Revises: 2026_11_24_1255
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_24_1310"
down_revision = "2026_11_24_1255"
branch_labels = None
depends_on = None

_UUID = sa.text("uuidv7()")
_NOW = sa.text("now()")
_MOMENT = sa.DateTime(timezone=True)
_EMPTY = sa.text("'{}'::jsonb")
_NONE = sa.text("''")


def _id() -> sa.Column[object]:
    return sa.Column("id", sa.Uuid(), server_default=_UUID, nullable=False)


def upgrade() -> None:
    _tests()
    _campaigns()
    _actions()
    _evidence()
    _notifications()
    _views()


def _tests() -> None:
    op.add_column("security_test", sa.Column("procedure", sa.Text(), server_default=_NONE, nullable=False))
    op.add_column("security_test", sa.Column("arguments", postgresql.JSONB(), server_default=_EMPTY, nullable=False))
    op.add_column("security_test", sa.Column("timer_since", _MOMENT, nullable=True))
    op.add_column("security_test", sa.Column("campaign_position", sa.Integer(), nullable=True))
    op.add_column("security_test", sa.Column("import_key", sa.Text(), nullable=True))
    op.create_index(
        "uq_security_test_import_key",
        "security_test",
        ["import_key"],
        unique=True,
        postgresql_where=sa.text("import_key IS NOT NULL"),
    )
    for side in ("red", "blue"):
        op.create_index(
            f"ix_security_test_{side}_assignee",
            "security_test",
            [f"{side}_assignee", "state"],
            postgresql_where=sa.text(f"{side}_assignee IS NOT NULL"),
        )
    op.create_index(
        "ix_remediation_due", "remediation", ["due_on"], postgresql_where=sa.text("state IN ('open', 'in_progress')")
    )


def _campaigns() -> None:
    for column in (
        sa.Column("recurrence_cron", sa.Text(), nullable=True),
        sa.Column("recurrence_zone", sa.Text(), nullable=True),
        sa.Column("next_run_at", _MOMENT, nullable=True),
        sa.Column("series_id", sa.Uuid(), nullable=True),
        sa.Column("run_number", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("adversary_id", sa.Uuid(), nullable=True),
        sa.Column("updated_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("started_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
    ):
        op.add_column("test_campaign", column)
    op.create_index(
        "ix_test_campaign_next_run_at",
        "test_campaign",
        ["next_run_at"],
        postgresql_where=sa.text("next_run_at IS NOT NULL"),
    )
    # one spawned campaign a series and run, whatever number of schedulers tries
    op.create_index(
        "uq_test_campaign_series_run",
        "test_campaign",
        ["series_id", "run_number"],
        unique=True,
        postgresql_where=sa.text("series_id IS NOT NULL"),
    )
    op.create_table(
        "campaign_dependency",
        sa.Column("test_id", sa.Uuid(), nullable=False),
        sa.Column("depends_on_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint("test_id <> depends_on_id", name=op.f("ck_campaign_dependency_not_itself")),
        sa.ForeignKeyConstraint(
            ["test_id"],
            ["security_test.id"],
            name=op.f("fk_campaign_dependency_test_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["depends_on_id"],
            ["security_test.id"],
            name=op.f("fk_campaign_dependency_depends_on_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("test_id", "depends_on_id", name=op.f("pk_campaign_dependency")),
    )
    op.create_index("ix_campaign_dependency_depends_on_id", "campaign_dependency", ["depends_on_id"])


def _actions() -> None:
    op.create_table(
        "workflow_action",
        _id(),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("test_id", sa.Uuid(), nullable=False),
        sa.Column("batch_id", sa.Uuid(), nullable=True),
        sa.Column("position", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("seen_version", sa.Integer(), nullable=True),
        sa.Column("payload", postgresql.JSONB(), server_default=_EMPTY, nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("ip", postgresql.INET(), nullable=True),
        sa.Column("request_id", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("accepted_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("available_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("finished_at", _MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'done', 'refused', 'failed', 'cancelled')", name=op.f("ck_workflow_action_state")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workflow_action")),
    )
    op.create_index("ix_workflow_action_test", "workflow_action", ["test_id", "accepted_at"])
    op.create_index("ix_workflow_action_batch", "workflow_action", ["batch_id", "position"])
    op.create_index(
        "ix_workflow_action_open",
        "workflow_action",
        ["available_at"],
        postgresql_where=sa.text("state = 'queued'"),
    )
    op.create_index("ix_workflow_action_accepted", "workflow_action", ["accepted_at"])


def _evidence() -> None:
    op.create_table(
        "evidence",
        _id(),
        sa.Column("test_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("side", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("caption", sa.Text(), server_default=_NONE, nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(), nullable=False),
        sa.Column("object_key", sa.Text(), nullable=False),
        sa.Column("uploaded_by", sa.Uuid(), nullable=True),
        sa.Column("uploaded_by_name", sa.Text(), nullable=False),
        sa.Column("uploaded_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("deleted_at", _MOMENT, nullable=True),
        sa.Column("deleted_by_name", sa.Text(), nullable=True),
        sa.Column("deleted_reason", sa.Text(), nullable=True),
        sa.CheckConstraint("side IN ('red', 'blue')", name=op.f("ck_evidence_side")),
        sa.CheckConstraint("size >= 0", name=op.f("ck_evidence_size")),
        sa.CheckConstraint("length(sha256) = 32", name=op.f("ck_evidence_sha256")),
        sa.ForeignKeyConstraint(
            ["test_id"], ["security_test.id"], name=op.f("fk_evidence_test_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by"], ["user_account.id"], name=op.f("fk_evidence_uploaded_by"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence")),
        sa.UniqueConstraint("object_key", name=op.f("uq_evidence_object_key")),
    )
    op.create_index("ix_evidence_test", "evidence", ["test_id", "uploaded_at"])


def _notifications() -> None:
    op.create_table(
        "notification",
        _id(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), server_default=_NONE, nullable=False),
        sa.Column("link", sa.Text(), server_default=_NONE, nullable=False),
        sa.Column("test_id", sa.Uuid(), nullable=True),
        # the same event tells a person once, however often it is delivered
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("read_at", _MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_notification_user_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["test_id"], ["security_test.id"], name=op.f("fk_notification_test_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification")),
        sa.UniqueConstraint("user_id", "event_key", name=op.f("uq_notification_user_id_event_key")),
    )
    op.create_index("ix_notification_user", "notification", ["user_id", sa.text("created_at DESC")])
    op.create_index("ix_notification_unread", "notification", ["user_id"], postgresql_where=sa.text("read_at IS NULL"))
    op.create_index(
        "ix_notification_test", "notification", ["test_id"], postgresql_where=sa.text("test_id IS NOT NULL")
    )
    op.create_table(
        "notification_channel",
        _id(),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'::text[]"), nullable=False),
        sa.Column("digest", sa.Text(), server_default=sa.text("'none'"), nullable=False),
        sa.Column("digest_due_at", _MOMENT, nullable=True),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.CheckConstraint("digest IN ('none', 'daily', 'weekly')", name=op.f("ck_notification_channel_digest")),
        sa.CheckConstraint("(user_id IS NULL) <> (role IS NULL)", name=op.f("ck_notification_channel_one_recipient")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_notification_channel_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_channel")),
    )
    op.create_index("ix_notification_channel_user_id", "notification_channel", ["user_id"])
    op.create_table(
        "notification_delivery",
        _id(),
        sa.Column("channel_id", sa.Uuid(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("event_key", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'queued'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("available_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.Column("sent_at", _MOMENT, nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('queued', 'held', 'sent', 'failed')", name=op.f("ck_notification_delivery_state")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"],
            ["notification_channel.id"],
            name=op.f("fk_notification_delivery_channel_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notification_delivery")),
        sa.UniqueConstraint("channel_id", "event_key", name=op.f("uq_notification_delivery_channel_id_event_key")),
    )
    op.create_index(
        "ix_notification_delivery_due",
        "notification_delivery",
        ["available_at"],
        postgresql_where=sa.text("state = 'queued'"),
    )


def _views() -> None:
    op.create_table(
        "saved_view",
        _id(),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("shared", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", _MOMENT, server_default=_NOW, nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_saved_view_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_view")),
        sa.UniqueConstraint("user_id", "page", "name", name=op.f("uq_saved_view_user_id_page_name")),
    )


def downgrade() -> None:
    for table in (
        "saved_view",
        "notification_delivery",
        "notification_channel",
        "notification",
        "evidence",
        "workflow_action",
        "campaign_dependency",
    ):
        op.drop_table(table)
    op.drop_index("uq_test_campaign_series_run", table_name="test_campaign")
    op.drop_index("ix_test_campaign_next_run_at", table_name="test_campaign")
    for column in (
        "recurrence_cron",
        "recurrence_zone",
        "next_run_at",
        "series_id",
        "run_number",
        "adversary_id",
        "updated_at",
        "started_at",
        "ended_at",
    ):
        op.drop_column("test_campaign", column)
    op.drop_index("ix_remediation_due", table_name="remediation")
    for side in ("red", "blue"):
        op.drop_index(f"ix_security_test_{side}_assignee", table_name="security_test")
    op.drop_index("uq_security_test_import_key", table_name="security_test")
    for column in ("procedure", "arguments", "timer_since", "campaign_position", "import_key"):
        op.drop_column("security_test", column)
