"""inbound."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_DIRECTIONS = ("outbound", "inbound")
_RESULTS = ("told", "put_through", "wish", "word", "opted_out", "hung_up", "missed")


def upgrade() -> None:
    """Know who rang whom, and keep the calls that come in."""
    op.add_column(
        "attempt",
        sa.Column(
            "direction",
            sa.Enum(*_DIRECTIONS, name="direction", native_enum=False, length=32),
            server_default="outbound",
            nullable=False,
        ),
    )
    op.create_check_constraint(
        op.f("ck_attempt_direction"), "attempt", f"direction IN {_DIRECTIONS!r}"
    )
    op.create_table(
        "inbound_call",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("bridge", sa.String(length=32), nullable=False),
        sa.Column("trunk", sa.String(length=64), nullable=False),
        sa.Column("e164", sa.String(length=17), nullable=True),
        sa.Column("dialled", sa.Text(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("callback_person_id", sa.BigInteger(), nullable=True),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column(
            "result",
            sa.Enum(
                *_RESULTS,
                name="inboundresult",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("wish_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("wish_e164", sa.String(length=17), nullable=True),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("message_s", sa.Float(), nullable=True),
        sa.Column("talk", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (result IS NULL) AND (ended_at IS NULL) = (seconds IS NULL)"
            " AND at <= ended_at",
            name=op.f("ck_inbound_call_ended_with_a_result"),
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.agent_id"], name=op.f("fk_inbound_call_agent_id")
        ),
        sa.ForeignKeyConstraint(
            ["attempt_id"], ["attempt.attempt_id"], name=op.f("fk_inbound_call_attempt_id")
        ),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.community_id"],
            name=op.f("fk_inbound_call_community_id"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.person_id"],
            name=op.f("fk_inbound_call_person_id"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["callback_person_id"],
            ["person.person_id"],
            name=op.f("fk_inbound_call_callback_person_id"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_inbound_call")),
        sa.UniqueConstraint("channel", name=op.f("uq_inbound_call_channel")),
    )
    op.create_index("ix_inbound_call_at", "inbound_call", ["at"])
    op.create_index("ix_inbound_call_person", "inbound_call", ["person_id", "at"])
    op.create_index(
        "ix_inbound_call_callback",
        "inbound_call",
        ["callback_person_id", "at"],
        postgresql_where=sa.text("callback_person_id IS NOT NULL"),
    )
    op.create_index(
        "ix_inbound_call_live",
        "inbound_call",
        ["trunk"],
        postgresql_where=sa.text("ended_at IS NULL"),
    )


def downgrade() -> None:
    """Forget both."""
    op.drop_table("inbound_call")
    op.drop_constraint(op.f("ck_attempt_direction"), "attempt", type_="check")
    op.drop_column("attempt", "direction")
