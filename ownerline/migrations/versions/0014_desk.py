"""desk: which page speaks for an agent."""

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


def downgrade() -> None:
    """Go one step back."""
    op.drop_table("desk_tab")
