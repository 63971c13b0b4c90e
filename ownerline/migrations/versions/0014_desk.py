"""desk: which page speaks for an agent, and the script they go by on a call."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "desk_tab",
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("tab", sa.String(length=64), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("looked_of", sa.String(length=64), nullable=True),
        sa.Column(
            "looked",
            postgresql.ARRAY(sa.String(length=32)),
            server_default="{}",
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.agent_id"], name=op.f("fk_desk_tab_agent_id")
        ),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_desk_tab")),
    )
    op.create_table(
        "call_guide",
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("base", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "answers", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("counter", sa.Integer(), server_default="0", nullable=False),
        sa.Column("wrong_proofs", sa.Integer(), server_default="0", nullable=False),
        sa.Column("identified", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.Column(
            "drafts", postgresql.JSONB(astext_type=sa.Text()), server_default="{}", nullable=False
        ),
        sa.CheckConstraint("counter >= 0 AND wrong_proofs >= 0", name=op.f("ck_call_guide_counts")),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.attempt_id"], name=op.f("fk_call_guide_attempt_id")
        ),
        sa.PrimaryKeyConstraint("attempt_id", name=op.f("pk_call_guide")),
    )


def downgrade() -> None:
    """Go one step back."""
    op.drop_table("call_guide")
    op.drop_table("desk_tab")
