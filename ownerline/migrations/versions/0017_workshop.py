"""workshop."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "script_draft",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("based_on", sa.Integer(), nullable=False),
        sa.Column("saves", sa.Integer(), server_default="1", nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_script_draft")),
    )
    op.create_table(
        "script_edition",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("whole", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.Column("in_use", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.CheckConstraint("version > 0", name=op.f("ck_script_edition_version_counts_up")),
        sa.PrimaryKeyConstraint("name", "version", name=op.f("pk_script_edition")),
    )
    op.create_index(
        "uq_script_edition_in_use",
        "script_edition",
        ["name"],
        unique=True,
        postgresql_where=sa.text("in_use"),
    )
    op.add_column("attempt_due_call", sa.Column("script_version", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Forget it."""
    op.drop_column("attempt_due_call", "script_version")
    op.drop_table("script_edition")
    op.drop_table("script_draft")
