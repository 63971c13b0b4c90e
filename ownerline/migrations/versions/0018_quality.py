"""quality."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    """Let reports find a month's calls; keep quality samples, their sheets and corrections."""
    op.create_index("ix_attempt_started", "attempt", ["started_at"], postgresql_using="brin")
    op.create_index("ix_due_call_due_by", "due_call", ["due_by"], postgresql_using="brin")
    op.create_table(
        "quality_sample",
        sa.Column("sample_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("share", sa.Float(), nullable=False),
        sa.Column("least", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("population", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("drawn_by", sa.Text(), nullable=False),
        sa.Column("survey_id", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "extract(day FROM month) = 1", name=op.f("ck_quality_sample_of_a_whole_month")
        ),
        sa.CheckConstraint(
            "population >= 0 AND least >= 1 AND most >= 1", name=op.f("ck_quality_sample_counts")
        ),
        sa.ForeignKeyConstraint(
            ["survey_id"], ["survey.survey_id"], name=op.f("fk_quality_sample_survey_id")
        ),
        sa.PrimaryKeyConstraint("sample_id", name=op.f("pk_quality_sample")),
        sa.UniqueConstraint("month", name=op.f("uq_quality_sample_month")),
    )
    op.create_table(
        "quality_item",
        sa.Column("item_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("sample_id", sa.BigInteger(), nullable=False),
        sa.Column("attempt_id", sa.Uuid(), nullable=False),
        sa.Column("due_call_id", sa.BigInteger(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("reason", _reason(), nullable=False),
        sa.Column("talked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("survey_target_id", sa.BigInteger(), nullable=True),
        *(
            sa.ForeignKeyConstraint([key], [f"{table}.{key}"], name=op.f(f"fk_quality_item_{key}"))
            for key, table in (
                ("sample_id", "quality_sample"),
                ("person_id", "person"),
                ("community_id", "community"),
                ("survey_target_id", "survey_target"),
            )
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_quality_item")),
        sa.UniqueConstraint("attempt_id", name=op.f("uq_quality_item_attempt_id")),
    )
    op.create_index(op.f("ix_quality_item_sample_id"), "quality_item", ["sample_id"])
    op.create_index(op.f("ix_quality_item_agent_id"), "quality_item", ["agent_id"])
    op.create_table(
        "quality_score",
        sa.Column("item_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("sheet", sa.String(length=64), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.Text(), nullable=False),
        sa.Column("editor", sa.String(length=64), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_by", sa.Text(), nullable=True),
        sa.Column("total", sa.Float(), nullable=True),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_quality_score_saved")),
        sa.CheckConstraint(
            "num_nonnulls(finished_at, finished_by, total) IN (0, 3)",
            name=op.f("ck_quality_score_ends"),
        ),
        sa.CheckConstraint(
            "total BETWEEN 0 AND 100", name=op.f("ck_quality_score_total_of_a_hundred")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["quality_item.item_id"], name=op.f("fk_quality_score_item_id")
        ),
        sa.PrimaryKeyConstraint("item_id", name=op.f("pk_quality_score")),
    )
    op.create_table(
        "quality_correction",
        sa.Column("correction_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("item_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("sheet", sa.String(length=64), nullable=False),
        sa.Column("answers", postgresql.JSONB(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("total", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["item_id"], ["quality_score.item_id"], name=op.f("fk_quality_correction_item_id")
        ),
        sa.PrimaryKeyConstraint("correction_id", name=op.f("pk_quality_correction")),
    )
    op.create_index(op.f("ix_quality_correction_item_id"), "quality_correction", ["item_id"])


def downgrade() -> None:
    """Forget the samples."""
    for table in ("quality_correction", "quality_score", "quality_item", "quality_sample"):
        op.drop_table(table)
    op.drop_index("ix_due_call_due_by", table_name="due_call")
    op.drop_index("ix_attempt_started", table_name="attempt")


def _reason() -> sa.Enum:
    return sa.Enum(
        "overdue",
        "repair",
        "survey",
        "promised",
        "uploaded",
        "complaint",
        "enquiry",
        "notice",
        "followup",
        "greeting",
        "prospect",
        "missed_call",
        name="reason",
        native_enum=False,
        create_constraint=True,
        length=32,
    )
