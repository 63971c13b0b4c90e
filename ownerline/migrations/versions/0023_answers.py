"""answers."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_KINDS = (
    *("mobile", "fixed", "fixed_or_mobile", "toll_free", "premium", "shared_cost", "voip"),
    *("personal", "pager", "uan", "voicemail", "satellite", "unknown"),
)
_KIND = sa.Enum(*_KINDS, name="phonekind", native_enum=False, create_constraint=True, length=32)


def upgrade() -> None:
    """Learn of kinds of phones and of owners; keep with an attempt what was foretold of it."""
    op.add_column("phone", sa.Column("kind", _KIND, nullable=True))
    op.add_column("attempt", sa.Column("foretold", sa.REAL(), nullable=True))
    op.create_check_constraint("foretold_of_one", "attempt", "foretold BETWEEN 0 AND 1")
    op.create_table(
        "answer_kind",
        sa.Column("kind", _KIND, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("effect", sa.REAL(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name=op.f("pk_answer_kind")),
    )
    op.create_table(
        "answer_owner",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("slopes", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.Column("shifts", postgresql.ARRAY(sa.REAL()), nullable=False),
        sa.CheckConstraint(
            "cardinality(slopes) = 3 AND cardinality(shifts) = 3",
            name=op.f("ck_answer_owner_each_part_of_a_day"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.person_id"], name=op.f("fk_answer_owner_person_id")
        ),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_answer_owner")),
    )
    op.create_table(
        "answer_fit",
        sa.Column("singleton", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("learned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("owners", sa.Integer(), nullable=False),
        sa.Column("spread", sa.Float(), nullable=False),
        sa.Column("taste", sa.Float(), nullable=False),
        sa.Column("slope", sa.Float(), nullable=False),
        sa.Column("shift", sa.Float(), nullable=False),
        sa.Column("held_out", sa.Integer(), nullable=False),
        sa.Column("brier", sa.Float(), nullable=True),
        sa.Column("brier_place", sa.Float(), nullable=True),
        sa.CheckConstraint("singleton", name=op.f("ck_answer_fit_one_row")),
        sa.PrimaryKeyConstraint("singleton", name=op.f("pk_answer_fit")),
    )


def downgrade() -> None:
    """Forget it."""
    op.drop_table("answer_fit")
    op.drop_table("answer_owner")
    op.drop_table("answer_kind")
    op.drop_column("attempt", "foretold")
    op.drop_column("phone", "kind")
