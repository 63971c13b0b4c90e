"""How a promise will be paid, and what was typed at a step that was left again."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Add both."""
    op.add_column("promise", sa.Column("pay_by", sa.Text(), nullable=True))
    typed = sa.Column("typed", postgresql.JSONB(), server_default="{}", nullable=False)
    op.add_column("call_guide", typed)


def downgrade() -> None:
    """Drop both."""
    op.drop_column("call_guide", "typed")
    op.drop_column("promise", "pay_by")
