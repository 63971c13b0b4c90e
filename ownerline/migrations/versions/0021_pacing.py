"""pacing."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_BOUNDS = (
    "odds",
    "spent",
    "surely_above",
    "progressive",
    "small_team",
    "channels",
    "rate",
    "most",
)


def upgrade() -> None:
    """Let one dialer pace a campaign, keep every decision, and let supervisors tighten it."""
    op.create_table(
        "pacing_holder",
        sa.Column("campaign", sa.String(64), nullable=False),
        sa.Column("dialer_id", sa.Uuid(), nullable=False),
        sa.PrimaryKeyConstraint("campaign", name=op.f("pk_pacing_holder")),
    )
    op.create_table(
        "pacing_run",
        sa.Column("pacing_run_id", sa.Uuid(), nullable=False),
        sa.Column("campaign", sa.String(64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("epoch", sa.DateTime(timezone=True), nullable=False),
        sa.Column("day_ends_s", sa.Float(), nullable=True),
        sa.Column("learned", postgresql.JSONB(), nullable=False),
        sa.Column("dialer_id", sa.Uuid(), nullable=True),
        sa.PrimaryKeyConstraint("pacing_run_id", name=op.f("pk_pacing_run")),
    )
    op.create_index("ix_pacing_run_campaign", "pacing_run", ["campaign", "began_at"])
    op.create_table(
        "pacing_decision",
        sa.Column("pacing_run_id", sa.Uuid(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("glance", postgresql.JSONB(), nullable=False),
        sa.Column("limits", postgresql.JSONB(), nullable=False),
        sa.Column("dial", sa.Integer(), nullable=False),
        sa.Column("placed", sa.Integer(), nullable=False),
        sa.Column("bound", sa.Text(), nullable=False),
        sa.Column("odds", sa.Float(), nullable=True),
        sa.Column("odds_limit", sa.Float(), nullable=True),
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("free_soon", sa.Float(), nullable=False),
        sa.Column("due", sa.Float(), nullable=False),
        sa.CheckConstraint(
            "placed >= 0 AND placed <= dial", name=op.f("ck_pacing_decision_placed_as_decided")
        ),
        sa.CheckConstraint(
            "bound IN ({})".format(", ".join(f"'{each}'" for each in _BOUNDS)),
            name=op.f("ck_pacing_decision_bound_is_known"),
        ),
        sa.ForeignKeyConstraint(
            ["pacing_run_id"],
            ["pacing_run.pacing_run_id"],
            name=op.f("fk_pacing_decision_pacing_run_id"),
        ),
        sa.PrimaryKeyConstraint("pacing_run_id", "n", name=op.f("pk_pacing_decision")),
    )
    op.create_index("ix_pacing_decision_at", "pacing_decision", ["at"])
    op.create_table(
        "pacing_learned",
        sa.Column("campaign", sa.String(64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("learned", postgresql.JSONB(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("campaign", "day", name=op.f("pk_pacing_learned")),
    )
    op.create_table(
        "pacing_tightening",
        sa.Column("campaign", sa.String(64), nullable=False),
        sa.Column("target", sa.Float(), nullable=True),
        sa.Column("one_line_each", sa.Boolean(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("set_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "target > 0 AND target < 1", name=op.f("ck_pacing_tightening_target_is_a_share")
        ),
        sa.CheckConstraint(
            "one_line_each OR target IS NOT NULL", name=op.f("ck_pacing_tightening_tightens")
        ),
        sa.PrimaryKeyConstraint("campaign", name=op.f("pk_pacing_tightening")),
    )


def downgrade() -> None:
    """Take it back."""
    op.drop_table("pacing_tightening")
    op.drop_table("pacing_learned")
    op.drop_index("ix_pacing_decision_at", table_name="pacing_decision")
    op.drop_table("pacing_decision")
    op.drop_index("ix_pacing_run_campaign", table_name="pacing_run")
    op.drop_table("pacing_run")
    op.drop_table("pacing_holder")
