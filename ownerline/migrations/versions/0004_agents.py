"""agents."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_TASKS = "'better_number', 'dispute', 'deceased', 'extension', 'talk', 'identity'"


def upgrade() -> None:
    """Go one step forward."""
    op.create_table(
        "agent",
        sa.Column("agent_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("team", sa.String(length=64), nullable=True),
        sa.Column("skills", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("languages", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("weight", sa.Float(), server_default="1", nullable=False),
        sa.Column("endpoint", sa.Text(), nullable=True),
        sa.Column("room", sa.String(length=64), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("state", _state("agentstate"), server_default="offline", nullable=False),
        sa.Column("state_since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("due_call_id", sa.BigInteger(), nullable=True),
        sa.Column("dial", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("hang_up", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "break_reason",
            sa.Enum(
                "rest",
                "lunch",
                "meeting",
                "training",
                "paperwork",
                "sent",
                name="breakreason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("signed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("name <> '' AND room <> ''", name=op.f("ck_agent_named")),
        sa.CheckConstraint("weight > 0", name=op.f("ck_agent_takes_owners")),
        sa.CheckConstraint(
            "(state IN ('on_call', 'wrap_up') AND attempt_id IS NOT NULL)"
            " OR (state = 'reserved' AND num_nonnulls(attempt_id, due_call_id) = 1)"
            " OR (state IN ('ready', 'break', 'offline')"
            " AND num_nonnulls(attempt_id, due_call_id, until) = 0)",
            name=op.f("ck_agent_stands_somewhere"),
        ),
        sa.CheckConstraint(
            "(state = 'break') = (break_reason IS NOT NULL)",
            name=op.f("ck_agent_break_has_a_reason"),
        ),
        sa.CheckConstraint(
            "until IS NOT NULL OR (state <> 'wrap_up' AND due_call_id IS NULL)",
            name=op.f("ck_agent_ends_once"),
        ),
        sa.ForeignKeyConstraint(
            ["due_call_id"], ["due_call.due_call_id"], name=op.f("fk_agent_due_call_id")
        ),
        sa.PrimaryKeyConstraint("agent_id", name=op.f("pk_agent")),
        sa.UniqueConstraint("name", name=op.f("uq_agent_name")),
        sa.UniqueConstraint("room", name=op.f("uq_agent_room")),
        sa.UniqueConstraint("due_call_id", name=op.f("uq_agent_due_call_id")),
    )
    op.create_index("uq_agent_attempt", "agent", ["attempt_id"], unique=True)
    op.create_index(
        "ix_agent_ready", "agent", ["state_since"], postgresql_where=sa.text("state = 'ready'")
    )
    op.create_table(
        "agent_state_change",
        sa.Column(
            "agent_state_change_id", sa.BigInteger(), sa.Identity(always=False), nullable=False
        ),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("from_state", _state("from_state"), nullable=False),
        sa.Column("to_state", _state("to_state"), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=True),
        sa.Column("due_call_id", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.agent_id"], name=op.f("fk_agent_state_change_agent_id")
        ),
        sa.PrimaryKeyConstraint("agent_state_change_id", name=op.f("pk_agent_state_change")),
    )
    op.create_index("ix_agent_state_change_agent", "agent_state_change", ["agent_id", "at"])
    op.create_table(
        "preview_skip",
        sa.Column("preview_skip_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("due_call_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "reason",
            sa.Enum(
                "needs_preparation",
                "owner_is_here",
                "called_just_now",
                "wrong_language",
                "conflict_of_interest",
                "bad_moment",
                name="skipreason",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.agent_id"], name=op.f("fk_preview_skip_agent_id")
        ),
        sa.ForeignKeyConstraint(
            ["due_call_id"], ["due_call.due_call_id"], name=op.f("fk_preview_skip_due_call_id")
        ),
        sa.PrimaryKeyConstraint("preview_skip_id", name=op.f("pk_preview_skip")),
    )
    op.create_index(op.f("ix_preview_skip_agent_id"), "preview_skip", ["agent_id"])
    op.create_index(op.f("ix_preview_skip_due_call_id"), "preview_skip", ["due_call_id"])
    op.create_table(
        "portfolio",
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by_hand", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"], ["agent.agent_id"], name=op.f("fk_portfolio_agent_id")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_portfolio_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_portfolio")),
    )
    op.create_index(op.f("ix_portfolio_agent_id"), "portfolio", ["agent_id"])

    op.drop_column("attempt", "agent")
    op.add_column("attempt", sa.Column("agent_id", sa.BigInteger(), nullable=True))
    op.add_column("attempt", sa.Column("met_at", sa.DateTime(timezone=True), nullable=True))
    op.create_foreign_key(
        op.f("fk_attempt_agent_id"), "attempt", "agent", ["agent_id"], ["agent_id"]
    )
    op.create_index(
        "ix_attempt_agent",
        "attempt",
        ["agent_id", "started_at"],
        postgresql_where=sa.text("agent_id IS NOT NULL"),
    )
    op.add_column(
        "attempt_due_call", sa.Column("wrapped_up_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("attempt_due_call", sa.Column("wrapped_up_by", sa.Text(), nullable=True))
    op.create_index(
        "ix_attempt_due_call_open",
        "attempt_due_call",
        ["attempt_id"],
        postgresql_where=sa.text("settled_at IS NULL"),
    )
    op.add_column("due_call", sa.Column("agent_id", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_due_call_agents",
        "due_call",
        ["next_at"],
        postgresql_where=sa.text("state = 'waiting' AND mode = 'agent'"),
    )
    op.add_column("callback_request", sa.Column("agent_id", sa.BigInteger(), nullable=True))
    op.add_column(
        "callback_request",
        sa.Column(
            "mode",
            sa.Enum(
                "agent",
                "automatic",
                name="callmode",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
    )
    _tasks(_TASKS + ", 'wrap_up'")


def downgrade() -> None:
    """Go one step back."""
    op.execute("UPDATE agent_task SET kind = 'talk' WHERE kind = 'wrap_up'")
    _tasks(_TASKS)
    op.drop_column("callback_request", "mode")
    op.drop_column("callback_request", "agent_id")
    op.drop_index("ix_due_call_agents", table_name="due_call")
    op.drop_column("due_call", "agent_id")
    op.drop_index("ix_attempt_due_call_open", table_name="attempt_due_call")
    op.drop_column("attempt_due_call", "wrapped_up_by")
    op.drop_column("attempt_due_call", "wrapped_up_at")
    op.drop_index("ix_attempt_agent", table_name="attempt")
    op.drop_column("attempt", "met_at")
    op.drop_column("attempt", "agent_id")
    op.add_column("attempt", sa.Column("agent", sa.Text(), nullable=True))
    op.drop_table("portfolio")
    op.drop_table("preview_skip")
    op.drop_table("agent_state_change")
    op.drop_table("agent")


def _state(name: str) -> sa.Enum:
    return sa.Enum(
        "ready",
        "reserved",
        "on_call",
        "wrap_up",
        "break",
        "offline",
        name=name,
        native_enum=False,
        create_constraint=True,
        length=32,
    )


def _tasks(kinds: str) -> None:
    op.drop_constraint(op.f("ck_agent_task_kind_known"), "agent_task")
    op.create_check_constraint(op.f("ck_agent_task_kind_known"), "agent_task", f"kind IN ({kinds})")
