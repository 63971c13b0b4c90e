"""answer chance."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


_INDEXES = {
    "ix_due_call_waiting": ["next_at", "due_by"],
    "ix_due_call_lane": ["campaign", "priority", "due_by", "due_call_id"],
}
_WAITING = "state = 'waiting'"


def upgrade() -> None:
    """Keep what is learned of answers; let the queue's indexes hold the script's calls alone."""
    op.create_table(
        "answer_chance",
        sa.Column("answer_chance_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=True),
        sa.Column("weekend", sa.Boolean(), nullable=False),
        sa.Column("hour", sa.SmallInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("chance", sa.Float(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_answer_chance_hour_of_a_day")),
        sa.CheckConstraint(
            "answers BETWEEN 0 AND attempts", name=op.f("ck_answer_chance_answers_of_attempts")
        ),
        sa.CheckConstraint("chance BETWEEN 0 AND 1", name=op.f("ck_answer_chance_chance_of_one")),
        sa.ForeignKeyConstraint(
            ["community_id"],
            ["community.community_id"],
            name=op.f("fk_answer_chance_community_id"),
        ),
        sa.PrimaryKeyConstraint("answer_chance_id", name=op.f("pk_answer_chance")),
        sa.UniqueConstraint(
            "community_id",
            "weekend",
            "hour",
            name=op.f("uq_answer_chance_community_id_weekend_hour"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    _index_again(where=_WAITING + " AND mode = 'automatic'")


def downgrade() -> None:
    """Forget it; index every waiting call again."""
    _index_again(where=_WAITING)
    op.drop_table("answer_chance")


def _index_again(*, where: str) -> None:
    for name, columns in _INDEXES.items():
        op.drop_index(name, table_name="due_call")
        op.create_index(name, "due_call", columns, postgresql_where=sa.text(where))
