"""matters."""

from collections.abc import Sequence

from alembic import op

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Let the complaint be found that a promised call answers."""
    op.create_index("ix_complaint_callback_request_id", "complaint", ["callback_request_id"])


def downgrade() -> None:
    """Take it back."""
    op.drop_index("ix_complaint_callback_request_id", table_name="complaint")
