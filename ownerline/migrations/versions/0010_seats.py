"""seats."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_BREAKS = ("rest", "lunch", "meeting", "training", "paperwork", "sent")
_TROUBLES = ("busy", "no_answer", "rejected", "unreachable", "hung_up")
_COMMANDS = (
    "hold",
    "back",
    "to_agent",
    "to_number",
    "invite",
    "dismiss",
    "pause_recording",
    "resume_recording",
    "monitor",
)


def upgrade() -> None:
    """Know where agents' phones are, and take commands on their calls."""
    _breaks((*_BREAKS, "phone"))
    op.add_column("agent", sa.Column("seated_on", sa.Text(), nullable=True))
    op.add_column("agent", sa.Column("seat_seen_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "agent",
        sa.Column("phone_asked", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("agent", sa.Column("phone_rung_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "agent", sa.Column("phone_rings", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("agent", sa.Column("phone_trouble", sa.String(length=32), nullable=True))
    op.create_check_constraint(
        op.f("ck_agent_phonetrouble"), "agent", f"phone_trouble IN {_TROUBLES!r}"
    )
    op.add_column("attempt", sa.Column("passed_on_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "floor_command",
        sa.Column("command_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kind", _words("commandkind", _COMMANDS), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column(
            "given",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            _words("commandstate", ("asked", "taken", "done", "failed")),
            server_default="asked",
            nullable=False,
        ),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state = 'failed') = (reason IS NOT NULL)",
            name=op.f("ck_floor_command_failed_for_a_reason"),
        ),
        sa.CheckConstraint(
            "(state IN ('done', 'failed')) = (ended_at IS NOT NULL)",
            name=op.f("ck_floor_command_ends_once"),
        ),
        sa.CheckConstraint(
            "kind = 'monitor' OR attempt_id IS NOT NULL",
            name=op.f("ck_floor_command_is_of_a_call"),
        ),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.agent_id"], name=op.f("fk_floor_command_agent_id")
        ),
        sa.PrimaryKeyConstraint("command_id", name=op.f("pk_floor_command")),
    )
    op.create_index(
        "ix_floor_command_open",
        "floor_command",
        ["expires_at"],
        postgresql_where=sa.text("state IN ('asked', 'taken')"),
    )
    op.create_index("ix_floor_command_agent", "floor_command", ["agent_id", "asked_at"])


def downgrade() -> None:
    """Forget the phones; who was on a break because of theirs rests."""
    op.drop_table("floor_command")
    op.drop_column("attempt", "passed_on_at")
    op.drop_constraint(op.f("ck_agent_phonetrouble"), "agent", type_="check")
    for column in (
        "phone_trouble",
        "phone_rings",
        "phone_rung_at",
        "phone_asked",
        "seat_seen_at",
        "seated_on",
    ):
        op.drop_column("agent", column)
    op.execute("UPDATE agent SET break_reason = 'rest' WHERE break_reason = 'phone'")
    _breaks(_BREAKS)


def _breaks(words: Sequence[str]) -> None:
    op.drop_constraint(op.f("ck_agent_breakreason"), "agent", type_="check")
    op.create_check_constraint(
        op.f("ck_agent_breakreason"), "agent", f"break_reason IN {tuple(words)!r}"
    )


def _words(name: str, words: Sequence[str]) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)
