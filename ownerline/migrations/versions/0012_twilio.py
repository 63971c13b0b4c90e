"""twilio."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Keep a book of calls, agents' phones and recordings at Twilio."""
    op.create_table(
        "twilio_call",
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("sid", sa.String(length=34), nullable=True),
        sa.Column(
            "direction",
            sa.Enum(
                "outbound",
                "inbound",
                name="twilio_call_direction",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("trunk", sa.String(length=64), nullable=False),
        sa.Column("e164", sa.String(length=17), nullable=True),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("order", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ringing_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "answered_by",
            sa.Enum(
                "human",
                "machine",
                "unsure",
                name="twilio_call_answered_by",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("room", sa.Text(), nullable=True),
        sa.Column("in_room_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("is_abandoned", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_cut", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "result",
            sa.Enum(
                "answered",
                "machine",
                "busy",
                "no_answer",
                "rejected",
                "invalid_number",
                "congestion",
                "carrier_error",
                "abandoned",
                "cancelled",
                "lost",
                name="twilio_call_result",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("hangup_cause", sa.Integer(), nullable=True),
        sa.Column("sip_code", sa.Integer(), nullable=True),
        sa.Column("error_code", sa.Integer(), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("price", sa.Numeric(precision=12, scale=5), nullable=True),
        sa.Column("turn_no", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("document", sa.Text(), nullable=True),
        sa.Column("token", sa.Text(), nullable=True),
        sa.Column("page", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("is_asking", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("is_recorded_turn", sa.Boolean(), nullable=True),
        sa.Column("is_silenced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("recording_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("announced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told_ringing", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("told_answered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("told_in_room", sa.Text(), nullable=True),
        sa.Column("told_ended", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (result IS NULL) AND (ended_at IS NULL) = (seconds IS NULL)",
            name=op.f("ck_twilio_call_ended_with_a_result"),
        ),
        sa.PrimaryKeyConstraint("call_id", name=op.f("pk_twilio_call")),
        sa.UniqueConstraint("sid", name=op.f("uq_twilio_call_sid")),
    )
    op.create_index(
        "ix_twilio_call_open",
        "twilio_call",
        ["ends_by"],
        unique=False,
        postgresql_where=sa.text("NOT told_ended"),
    )
    op.create_index("ix_twilio_call_placed", "twilio_call", ["placed_at"], unique=False)
    op.create_index("ix_twilio_call_ended", "twilio_call", ["ended_at"], unique=False)
    op.create_table(
        "twilio_seat",
        sa.Column("seat_id", sa.Uuid(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=False),
        sa.Column("sid", sa.String(length=34), nullable=True),
        sa.Column("conference_sid", sa.String(length=34), nullable=True),
        sa.Column("call_id", sa.Uuid(), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("gone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "trouble",
            sa.Enum(
                "busy",
                "no_answer",
                "rejected",
                "unreachable",
                "hung_up",
                name="phonetrouble",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("price", sa.Numeric(precision=12, scale=5), nullable=True),
        sa.PrimaryKeyConstraint("seat_id", name=op.f("pk_twilio_seat")),
        sa.UniqueConstraint("sid", name=op.f("uq_twilio_seat_sid")),
    )
    op.create_index(
        "uq_twilio_seat_room",
        "twilio_seat",
        ["room"],
        unique=True,
        postgresql_where=sa.text("part = 'seat' AND gone_at IS NULL"),
    )
    op.create_index("ix_twilio_seat_room", "twilio_seat", ["room", "rung_at"], unique=False)
    op.create_index("ix_twilio_seat_rung", "twilio_seat", ["rung_at"], unique=False)
    op.create_index("ix_twilio_seat_gone", "twilio_seat", ["gone_at"], unique=False)
    op.create_table(
        "twilio_recording",
        sa.Column("sid", sa.String(length=34), nullable=False),
        sa.Column("call_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "consent",
            sa.Enum(
                "one_party",
                "announce",
                "ask",
                "never",
                name="twilio_recording_consent",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("is_paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("ready_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seconds", sa.Double(), nullable=True),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["call_id"], ["twilio_call.call_id"], name=op.f("fk_twilio_recording_call_id")
        ),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_twilio_recording")),
    )
    op.create_index("ix_twilio_recording_call", "twilio_recording", ["call_id"], unique=False)


def downgrade() -> None:
    """Forget it."""
    op.drop_table("twilio_recording")
    op.drop_table("twilio_seat")
    op.drop_table("twilio_call")
