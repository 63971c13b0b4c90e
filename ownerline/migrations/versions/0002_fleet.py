"""Several dialers: their leases, whose attempt is whose, places in a shared rate."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "dialer_lease",
        sa.Column("dialer_id", sa.Uuid(), nullable=False),
        sa.Column("bridge", sa.String(length=32), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "live",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("dialer_id", name=op.f("pk_dialer_lease")),
    )
    op.create_table(
        "trunk_places",
        sa.Column("bridge", sa.String(length=32), nullable=False),
        sa.Column("trunk", sa.String(length=64), nullable=False),
        sa.Column("taken", postgresql.ARRAY(sa.DateTime(timezone=True)), nullable=False),
        sa.PrimaryKeyConstraint("bridge", "trunk", name=op.f("pk_trunk_places")),
    )
    op.add_column("attempt", sa.Column("dialer_id", sa.Uuid(), nullable=True))
    op.create_index(
        "ix_attempt_live_dialer",
        "attempt",
        ["dialer_id"],
        postgresql_where=sa.text("state <> 'ended'"),
    )


def downgrade() -> None:
    """Go one step back."""
    op.drop_index("ix_attempt_live_dialer", table_name="attempt")
    op.drop_column("attempt", "dialer_id")
    op.drop_table("trunk_places")
    op.drop_table("dialer_lease")
