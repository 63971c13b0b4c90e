"""matters."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Find the complaint that a promised call answers; note that finance went by a waiver."""
    op.add_column("waiver", sa.Column("booked_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_waiver_booked_when_approved"),
        "waiver",
        "booked_at IS NULL OR state = 'approved'",
    )
    op.create_index("ix_complaint_callback_request_id", "complaint", ["callback_request_id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_complaint_callback_request_id", table_name="complaint")
    op.drop_column("waiver", "booked_at")
