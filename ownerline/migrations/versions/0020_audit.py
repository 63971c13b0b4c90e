"""audit."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Let the audit be read by who and by what; keep which browsers a user has signed in at."""
    op.create_index("ix_audit_entry_actor", "audit_entry", ["actor", "audit_entry_id"])
    op.create_index("ix_audit_entry_action", "audit_entry", ["action", "audit_entry_id"])
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], postgresql_using="brin")
    op.create_table(
        "known_browser",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("api_user_id", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("wrong_passwords", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "octet_length(token_hash) = 32", name=op.f("ck_known_browser_token_is_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["api_user_id"],
            ["api_user.api_user_id"],
            name=op.f("fk_known_browser_api_user_id"),
        ),
        sa.PrimaryKeyConstraint("token_hash", "api_user_id", name=op.f("pk_known_browser")),
    )
    op.create_index("ix_known_browser_api_user_id", "known_browser", ["api_user_id", "seen_at"])


def downgrade() -> None:
    """Take it back."""
    op.drop_table("known_browser")
    op.drop_index("ix_audit_entry_at", table_name="audit_entry")
    op.drop_index("ix_audit_entry_action", table_name="audit_entry")
    op.drop_index("ix_audit_entry_actor", table_name="audit_entry")
