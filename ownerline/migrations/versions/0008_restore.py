"""restore."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_INSTANTS = ("restored_at", "restored_from_at", "reconciled_at")


def upgrade() -> None:
    """Note what a restored installation has still to find out, and the rings it found."""
    for name in _INSTANTS:
        op.add_column("installation", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(
        op.f("ck_installation_reconciled_after_a_restore"),
        "installation",
        "(restored_at IS NULL) = (restored_from_at IS NULL)"
        " AND (restored_at IS NOT NULL OR reconciled_at IS NULL)",
    )
    op.create_table(
        "found_ring",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("e164", sa.String(length=17), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("held_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_found_ring")),
    )
    op.create_index(op.f("ix_found_ring_e164"), "found_ring", ["e164"])


def downgrade() -> None:
    """Forget both."""
    op.drop_table("found_ring")
    op.drop_constraint(
        op.f("ck_installation_reconciled_after_a_restore"), "installation", type_="check"
    )
    for name in reversed(_INSTANTS):
        op.drop_column("installation", name)
