"""whatif."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Keep the console's rehearsals of days to come."""
    op.create_table(
        "rehearsal",
        sa.Column("rehearsal_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "running",
                "done",
                "failed",
                "stopped",
                name="rehearsalstate",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            server_default="running",
            nullable=False,
        ),
        sa.Column("played", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stop_asked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trouble", sa.Text(), nullable=True),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "(state = 'failed') = (trouble IS NOT NULL)",
            name=op.f("ck_rehearsal_failed_for_a_reason"),
        ),
        sa.CheckConstraint(
            "(state = 'done') = (answer IS NOT NULL)", name=op.f("ck_rehearsal_done_with_an_answer")
        ),
        sa.PrimaryKeyConstraint("rehearsal_id", name=op.f("pk_rehearsal")),
    )
    op.create_index(
        "uq_rehearsal_one_runs",
        "rehearsal",
        ["state"],
        unique=True,
        postgresql_where=sa.text("state = 'running'"),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("rehearsal")
