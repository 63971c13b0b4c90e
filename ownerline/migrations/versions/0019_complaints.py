"""complaints."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0019"
down_revision: str | None = "0018"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

_KEYS = {
    "community_id": "community",
    "unit_id": "unit",
    "person_id": "person",
    "callback_request_id": "callback_request",
}
_CHECKS = {
    "says_something": "words <> '' AND accountable <> ''",
    "serious_has_manager": "serious = (manager_by IS NOT NULL)",
    "closed_by_something_done": "(closed_at IS NULL) = (done IS NULL)",
    "closed_is_replied": "closed_at IS NULL OR replied_at IS NOT NULL",
    "satisfied_after": "satisfied_at IS NULL OR closed_at IS NOT NULL",
    "cycle_counts": "cycle >= 1",
}


def upgrade() -> None:
    """Keep complaints, and every step each one took."""
    op.create_table(
        "complaint",
        sa.Column("complaint_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("community_id", sa.BigInteger(), nullable=False),
        sa.Column("unit_id", sa.BigInteger(), nullable=True),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "category",
            _one_of(
                "complaintcategory",
                *("attitude", "quality", "late_handover", "service", "fees", "other"),
            ),
            nullable=False,
        ),
        sa.Column(
            "channel",
            _one_of("complaintchannel", "hotline", "our_call", "visit", "message", "letter"),
            nullable=False,
        ),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("serious", sa.Boolean(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.Text(), nullable=False),
        sa.Column("accountable", sa.Text(), nullable=False),
        sa.Column("agent_id", sa.BigInteger(), nullable=True),
        sa.Column("rules", sa.String(length=64), nullable=False),
        sa.Column("cycle", sa.Integer(), server_default="1", nullable=False),
        sa.Column("reply_by", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("manager_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("manager_told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.Text(), nullable=True),
        sa.Column("satisfied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("callback_request_id", sa.BigInteger(), nullable=True),
        *(
            sa.CheckConstraint(check, name=op.f(f"ck_complaint_{name}"))
            for name, check in _CHECKS.items()
        ),
        *(
            sa.ForeignKeyConstraint([key], [f"{table}.{key}"], name=op.f(f"fk_complaint_{key}"))
            for key, table in _KEYS.items()
        ),
        sa.PrimaryKeyConstraint("complaint_id", name=op.f("pk_complaint")),
    )
    op.create_index(
        "ix_complaint_open", "complaint", ["reply_by"], postgresql_where="closed_at IS NULL"
    )
    op.create_index("ix_complaint_taken_at", "complaint", ["taken_at"])
    op.create_index(op.f("ix_complaint_person_id"), "complaint", ["person_id"])
    op.create_index(op.f("ix_complaint_unit_id"), "complaint", ["unit_id"])
    op.create_table(
        "complaint_step",
        sa.Column("complaint_step_id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("complaint_id", sa.BigInteger(), nullable=False),
        sa.Column("cycle", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            _one_of(
                "complaintstepkind",
                *("replied", "closed", "satisfied", "dissatisfied"),
                *("manager_told", "handed_over"),
            ),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("due_by", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["complaint_id"],
            ["complaint.complaint_id"],
            name=op.f("fk_complaint_step_complaint_id"),
        ),
        sa.PrimaryKeyConstraint("complaint_step_id", name=op.f("pk_complaint_step")),
    )
    op.create_index(op.f("ix_complaint_step_complaint_id"), "complaint_step", ["complaint_id"])


def downgrade() -> None:
    """Forget them."""
    op.drop_table("complaint_step")
    op.drop_table("complaint")


def _one_of(name: str, *words: str) -> sa.Enum:
    return sa.Enum(*words, name=name, native_enum=False, create_constraint=True, length=32)
