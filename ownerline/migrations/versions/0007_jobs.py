"""The job queue's own tables, the scheduler's ledger, webhooks and their deliveries."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from procrastinate.schema import SchemaManager
from sqlalchemy.dialects import postgresql

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

# By name, because the job queue brings no way back.
_DROP_ALL_OF_THE_QUEUE = """
DO $$
DECLARE
    thing record;
BEGIN
    FOR thing IN
        SELECT format('DROP TABLE IF EXISTS %s CASCADE', oid::regclass) AS drop FROM pg_class
        WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r'
          AND starts_with(relname, 'procrastinate_')
    LOOP EXECUTE thing.drop; END LOOP;
    FOR thing IN
        SELECT format('DROP FUNCTION %s CASCADE', oid::regprocedure) AS drop FROM pg_proc
        WHERE pronamespace = current_schema()::regnamespace
          AND starts_with(proname, 'procrastinate_')
    LOOP EXECUTE thing.drop; END LOOP;
    FOR thing IN
        SELECT format('DROP TYPE %s CASCADE', oid::regtype) AS drop FROM pg_type
        WHERE typnamespace = current_schema()::regnamespace AND typtype IN ('e', 'c')
          AND starts_with(typname, 'procrastinate_')
    LOOP EXECUTE thing.drop; END LOOP;
END
$$
"""


def upgrade() -> None:
    """Go one step forward."""
    _execute(SchemaManager.get_schema())
    op.create_table(
        "scheduled_run",
        sa.Column("job", sa.String(length=64), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job", "key", name=op.f("pk_scheduled_run")),
    )
    op.create_index("ix_scheduled_run_fired", "scheduled_run", ["fired_at"])
    op.create_table(
        "retention_mark",
        sa.Column("kept", sa.String(length=64), nullable=False),
        sa.Column("reached", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("kept", name=op.f("pk_retention_mark")),
    )
    op.create_table(
        "webhook",
        sa.Column("webhook_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("secret", sa.Text(), nullable=False),
        sa.Column("kinds", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("rests_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures_in_a_row", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("cardinality(kinds) > 0", name=op.f("ck_webhook_has_a_kind")),
        sa.PrimaryKeyConstraint("webhook_id", name=op.f("pk_webhook")),
    )
    op.create_table(
        "delivery",
        sa.Column(
            "delivery_id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False
        ),
        sa.Column("webhook_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("payload", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("give_up_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_status", sa.Text(), nullable=True),
        sa.Column("delivered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "delivered_at IS NULL OR failed_at IS NULL", name=op.f("ck_delivery_one_end")
        ),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhook.webhook_id"], name=op.f("fk_delivery_webhook_id")
        ),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_webhook_id"), "delivery", ["webhook_id"])
    op.create_index("ix_delivery_created", "delivery", ["created_at"])
    op.create_index(
        "ix_delivery_open",
        "delivery",
        ["created_at"],
        postgresql_where=sa.text("delivered_at IS NULL AND failed_at IS NULL"),
    )


def downgrade() -> None:
    """Go one step back."""
    op.drop_table("delivery")
    op.drop_table("webhook")
    op.drop_table("retention_mark")
    op.drop_table("scheduled_run")
    _execute(_DROP_ALL_OF_THE_QUEUE)


def _execute(script: str) -> None:
    """Run a script of many statements, in which a percent sign is one."""
    connection = op.get_bind().connection.driver_connection
    if connection is None:
        message = "a migration runs on an open connection"
        raise RuntimeError(message)
    connection.execute(script)
