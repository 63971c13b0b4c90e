"""console."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Go one step forward."""
    op.alter_column("api_user", "token_hash", existing_type=sa.LargeBinary(), nullable=True)
    op.add_column("api_user", sa.Column("password_hash", sa.Text(), nullable=True))
    op.add_column(
        "api_user",
        sa.Column(
            "must_change_password", sa.Boolean(), server_default=sa.text("false"), nullable=False
        ),
    )
    op.add_column(
        "api_user",
        sa.Column("wrong_passwords", sa.Integer(), server_default="0", nullable=False),
    )
    op.add_column("api_user", sa.Column("locked_until", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "api_user",
        sa.Column(
            "language",
            sa.Enum(
                "zh-CN",
                "en",
                name="language",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    op.create_table(
        "console_session",
        sa.Column("console_session_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("api_user_id", sa.BigInteger(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("browser", sa.String(length=200), nullable=False),
        sa.CheckConstraint(
            "octet_length(token_hash) = 32", name=op.f("ck_console_session_token_is_sha256")
        ),
        sa.ForeignKeyConstraint(
            ["api_user_id"], ["api_user.api_user_id"], name=op.f("fk_console_session_api_user_id")
        ),
        sa.PrimaryKeyConstraint("console_session_id", name=op.f("pk_console_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_console_session_token_hash")),
    )
    op.create_index(
        op.f("ix_console_session_api_user_id"), "console_session", ["api_user_id"], unique=False
    )


def downgrade() -> None:
    """Forget it; who had no token gets one that nobody knows."""
    op.drop_table("console_session")
    op.execute(
        "UPDATE api_user SET token_hash = sha256(random()::text::bytea) WHERE token_hash IS NULL"
    )
    for column in (
        "language",
        "locked_until",
        "wrong_passwords",
        "must_change_password",
        "password_hash",
    ):
        op.drop_column("api_user", column)
    op.alter_column("api_user", "token_hash", existing_type=sa.LargeBinary(), nullable=False)
