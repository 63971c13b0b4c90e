"""replay."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Keep what claims and refills of the window saw, and in which look a verdict was given."""
    op.create_table(
        "claim_record",
        sa.Column("claim_record_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "queue",
                "agent",
                "preview",
                "file",
                name="lookkind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("bridge", sa.String(32), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("looked_at", sa.Integer(), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False),
        sa.Column("placed", sa.Integer(), nullable=False),
        sa.Column("record", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "looked_at > 0 AND refused >= 0 AND refused <= looked_at AND placed >= 0",
            name=op.f("ck_claim_record_counts_what_it_saw"),
        ),
        sa.PrimaryKeyConstraint("claim_record_id", name=op.f("pk_claim_record")),
    )
    op.create_index("ix_claim_record_at", "claim_record", ["at", "claim_record_id"])
    op.create_index(
        "ix_claim_record_refused",
        "claim_record",
        ["at", "claim_record_id"],
        postgresql_where=sa.text("refused > 0"),
    )
    op.create_table(
        "window_record",
        sa.Column("window_record_id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("first", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("window_record_id", name=op.f("pk_window_record")),
    )
    op.create_index("ix_window_record_at", "window_record", ["at", "window_record_id"])
    op.add_column("verdict", sa.Column("claim_record_id", sa.BigInteger(), nullable=True))
    op.create_index("ix_verdict_claim_record", "verdict", ["claim_record_id"])
    op.create_index("ix_verdict_at", "verdict", ["at"], postgresql_using="brin")
    op.create_index(
        "ix_due_call_settled",
        "due_call",
        ["settled_at"],
        postgresql_where=sa.text("settled_at IS NOT NULL"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_due_call_settled", table_name="due_call")
    op.drop_index("ix_verdict_at", table_name="verdict")
    op.drop_index("ix_verdict_claim_record", table_name="verdict")
    op.drop_column("verdict", "claim_record_id")
    op.drop_table("window_record")
    op.drop_table("claim_record")
