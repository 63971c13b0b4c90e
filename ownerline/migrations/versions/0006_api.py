"""api."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "api_user",
        sa.Column("api_user_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "agent",
                "supervisor",
                "admin",
                "integrator",
                name="apirole",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name <> ''", name=op.f("ck_api_user_name_given")),
        sa.CheckConstraint(
            "octet_length(token_hash) = 32", name=op.f("ck_api_user_token_is_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.agent_id"], name=op.f("fk_api_user_agent_id")
        ),
        sa.PrimaryKeyConstraint("api_user_id", name=op.f("pk_api_user")),
        sa.UniqueConstraint("name", name=op.f("uq_api_user_name")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_api_user_token_hash")),
    )
    op.create_table(
        "idempotency_key",
        sa.Column("api_user_id", sa.BigInteger(), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("location", sa.Text(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "octet_length(request_hash) = 32", name=op.f("ck_idempotency_key_request_is_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["api_user_id"], ["api_user.api_user_id"], name=op.f("fk_idempotency_key_api_user_id")
        ),
        sa.PrimaryKeyConstraint("api_user_id", "key", name=op.f("pk_idempotency_key")),
    )
    op.create_index(op.f("ix_idempotency_key_asked_at"), "idempotency_key", ["asked_at"])


def downgrade() -> None:
    """Go one step back."""
    op.drop_index(op.f("ix_idempotency_key_asked_at"), table_name="idempotency_key")
    op.drop_table("idempotency_key")
    op.drop_table("api_user")
